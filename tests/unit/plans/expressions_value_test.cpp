#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "expressions_harness.h"

namespace wave::plans {
namespace {

using testing::ElementsAre;

TEST(Expressions, TheLastExpressionIsTheValue) {
  Harness h;
  EXPECT_EQ(h.number("1 + 1"), 2);
  EXPECT_EQ(h.number("(1 + 2) * 3"), 9);
  EXPECT_EQ(h.number("let a = 3; /* a note */ ((a + 1)) * 2;;"), 8);
  EXPECT_EQ(h.number("const f = x => x * 2\n// twice\nf(21)"), 42);
  EXPECT_EQ(h.number("if (1 > 2) 5; else { const x = 3; (x) }"), 3);
  EXPECT_EQ(h.number("let text = 'é😀'; (text.length)"), 3);
  EXPECT_EQ(h.error("2 > 1"), "true");
}

TEST(Expressions, VariablesThatNeedEachOtherAreReported) {
  Harness h;
  EXPECT_EQ(h.number("a + 1", {{"a", "b * 2"}, {"b", "3"}}), 7);
  const auto problems = h.problems("a", {{"a", "b + 1"}, {"b", "c + 1"}, {"c", "a + 1"}});
  ASSERT_FALSE(problems.empty());
  EXPECT_NE(problems.front().find("variables need each other: a -> b -> c -> a"), std::string::npos)
      << problems.front();
}

}  // namespace
}  // namespace wave::plans
