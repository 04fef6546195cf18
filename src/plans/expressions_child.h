#pragma once

namespace wave::plans {

/// Expressions run in a second process of the same program, started with a hidden first argument. `main` and
/// the main functions of tests ask this first:
///
///   if (plans::is_expressions_child(argc, argv)) return plans::expressions_child_main(argc, argv);
bool is_expressions_child(int argc, char** argv);

/// Serves its parent until that closes the socket; then the process ends.
int expressions_child_main(int argc, char** argv);

}  // namespace wave::plans
