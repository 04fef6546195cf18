#include <gtest/gtest.h>

#include "plans/expressions_child.h"

// Expressions start this very program again as the process that evaluates them.
int main(int argc, char** argv) {
  if (wave::plans::is_expressions_child(argc, argv)) return wave::plans::expressions_child_main(argc, argv);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
