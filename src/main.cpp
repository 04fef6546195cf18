#include "cli/main.h"

#include "base/memory.h"
#include "plans/expressions_child.h"

int main(int argc, char** argv) {
  wave::return_unused_memory();
  if (wave::plans::is_expressions_child(argc, argv)) return wave::plans::expressions_child_main(argc, argv);
  return wave::cli::run(argc, argv);
}
