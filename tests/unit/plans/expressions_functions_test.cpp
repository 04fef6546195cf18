#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "expressions_harness.h"

namespace wave::plans {
namespace {

using testing::HasSubstr;

TEST(Expressions, TheClockIsTheBatchs) {
  Harness h;
  EXPECT_EQ(h.number("now()"), 1'800'000'000);
  EXPECT_EQ(h.number("hour('UTC')"), 8);
  EXPECT_EQ(h.number("hour('Asia/Seoul')"), 17);
  EXPECT_EQ(h.number("weekday('UTC')"), 5);
  EXPECT_EQ(h.error("between('08:00', '09:00', 'UTC')"), "true");
  EXPECT_EQ(h.error("between('09:00', '18:00', 'UTC')"), "false");
  EXPECT_EQ(h.error("between('22:00', '08:30', 'UTC')"), "true");
  EXPECT_FALSE(h.problems("hour('Asia/Soul')").empty());
}

TEST(Expressions, AMetricIsAVariableAndThrowsWhenItIsNotFresh) {
  Harness h;
  h.expressions->declare_metrics({"rps", "my-id"});
  const auto sum = h.compile("rps / 200 + metric('my-id')");
  const auto careful = h.compile("metric('rps', {otherwise: 7})");
  h.set("rps", 400);
  h.set("my-id", 5);
  auto results = h.evaluate({sum, careful});
  EXPECT_EQ(results[0].number, 7);
  EXPECT_EQ(results[1].number, 400);
  h.set("rps", Cell{.problem = "metric rps: stale"});
  results = h.evaluate({sum, careful});
  EXPECT_THAT(results[0].error, HasSubstr("metric rps: stale"));
  EXPECT_EQ(results[1].excused, results[1].read);
  EXPECT_EQ(results[0].not_fresh.size(), 1u);
  EXPECT_EQ(results[1].number, 7);
}

TEST(Expressions, VariablesAreLazyAndTheirErrorsTheirUsers) {
  Harness h;
  h.expressions->declare_metrics({"rps"});
  const Harness::Variables variables = {{"load", "rps / 10"}, {"bad", "null.x"}};
  const auto uses = h.compile("load + 1", variables, "p");
  h.set("rps", 50);
  EXPECT_EQ(h.evaluate({uses})[0].number, 6);
  EXPECT_THAT(h.error("bad + 1", variables), HasSubstr("TypeError"));
}

/// The engine's heap grows by chunks for which it asks the system for random numbers.
TEST(Expressions, ManyPlansCompile) {
  Harness h;
  ExpressionId last = 0;
  for (int i = 0; i < 3000; ++i)
    last = h.compile("Math.ceil(api_rps / " + std::to_string(i + 1) + ")", {}, std::to_string(i));
  h.set("api_rps", 6000);
  EXPECT_EQ(h.evaluate({last})[0].number, 2);
}

TEST(Expressions, ProblemsAreFoundBeforeAnythingRuns) {
  Harness h;
  h.expressions->declare_metrics({"rps"});
  EXPECT_THAT(h.problems("rsp * 2").front(), HasSubstr("rsp"));
  EXPECT_EQ(h.problems("1 +\n )"),
            std::vector<std::string>{"2:2: SyntaxError: expected expression, got ')'"});
  EXPECT_THAT(h.problems("1 +").front(), HasSubstr("1:"));
  EXPECT_FALSE(h.problems("a", {{"a", "b"}, {"b", "a"}}).empty());
}

/// Each is its own error within its limit; a good one in the same batch gives its number.
TEST(Expressions, HostileScriptsHurtOnlyThemselves) {
  for (const char* script :
       {"while (true) {}", "let a = []; while (true) a.push(new Array(1e5).fill(1))",
        "(function f() { return f() + 1 })()", "'x'.repeat(2 ** 31)", "let s = 'a'; while (true) s += s",
        "throw new Error('no')", "'seven'", "new Array(-1)", "({ valueOf() { while (true) {} } }) * 1",
        "Array.prototype.map = () => 7", "[].constructor.constructor('return 1')()"}) {
    Harness h;
    const auto bad = h.compile(script, {}, "bad");
    const auto good = h.compile("[1, 2].map(x => x + 1)[1]", {}, "good");
    const auto results = h.evaluate({bad, good});
    ASSERT_EQ(results.size(), 2u) << script;
    EXPECT_NE(results[0].outcome, Evaluation::Outcome::number) << script << " gave " << results[0].number;
    EXPECT_NE(results[0].error, "") << script;
    EXPECT_LT(results[0].error.size(), 2000u);
    EXPECT_EQ(results[1].number, 3) << script << ": " << results[1].error;
  }
}

}  // namespace
}  // namespace wave::plans
