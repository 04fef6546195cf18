#pragma once

namespace wave::cli {

/// The program. Returns the exit status of design: 0 done, 1 could not be done, 2 usage, 3 invalid
/// definitions.
int run(int argc, char** argv);

}  // namespace wave::cli
