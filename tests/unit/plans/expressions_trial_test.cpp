#include <gmock/gmock.h>

#include "base/loop.h"
#include "plans/compiled.h"
#include "plans/expressions.h"

namespace wave::plans {
namespace {

using testing::HasSubstr;

/// Evaluates with a loop, as the daemon does.
struct Daemon {
  Loop loop;
  std::unique_ptr<Expressions> expressions = std::move(*make_expressions(&loop));

  ExpressionId compile(const std::string& text) {
    auto result = expressions->compile({{.text = text, .variables = {}, .plan_id = text}});
    return std::get<0>(result->front()).id;
  }
  std::vector<Evaluation> evaluate(std::vector<ExpressionId> ids, bool is_patient = false) {
    auto result = loop.run_until(expressions->evaluate(
        {.now = loop.utc(), .changed = {}, .run = std::move(ids), .is_patient = is_patient}));
    EXPECT_TRUE(result);
    return result ? std::move(*result) : std::vector<Evaluation>(16);
  }
  void pass(Duration time) {
    loop.after(time, [this] { loop.stop(); });
    loop.run();
  }
};

const char* const hostile[] = {"while (true) {}", "let a = []; while (true) a.push(new Array(1e5).fill(1))",
                               "/^(a+)+$/.test('a'.repeat(40) + 'b')", "let s = 'a'; while (true) s += s"};

/// Nothing is known of any at first: the first that hits a limit sends the rest to a process of its own, and
/// there each gets its own error; the good one behind them gets its number.
TEST(ExpressionsApart, OneHitIsWhatABatchWaitsFor) {
  Daemon daemon;
  std::vector<ExpressionId> ids;
  for (const char* one : hostile) ids.push_back(daemon.compile(one));
  ids.push_back(daemon.compile("6 * 7"));
  const auto first = daemon.evaluate(ids);
  EXPECT_FALSE(first[0].is_unknown);
  EXPECT_THAT(first[0].error, HasSubstr("ran longer than"));
  for (std::size_t i = 1; i < first.size(); ++i) EXPECT_TRUE(first[i].is_unknown) << i;
  std::vector<Evaluation> later = first;
  for (int i = 0; i < 300 && std::ranges::any_of(later, &Evaluation::is_unknown); ++i) {
    daemon.pass(20ms);
    later = daemon.evaluate(ids);
  }
  for (std::size_t i = 0; i < std::size(hostile); ++i) {
    EXPECT_EQ(later[i].outcome, Evaluation::Outcome::error) << hostile[i];
    EXPECT_FALSE(later[i].is_unknown) << hostile[i];
    EXPECT_NE(later[i].error, "") << hostile[i];
  }
  EXPECT_EQ(later.back().number, 42) << later.back().error;
}

/// What has hit a limit is tried again beside the batches: none of them says anything but its last error, or
/// what it gives when it has become well.
TEST(ExpressionsApart, ASecondGoIsNoBatchsBusiness) {
  Daemon daemon;
  daemon.expressions->declare_metrics({"x"});
  const auto good = daemon.compile("6 * 7");
  const auto moody = daemon.compile("if (x > 1) while (true) {}; x");
  const auto with_x = [&](double x) {
    Expressions::Batch batch{.now = daemon.loop.utc(), .changed = {}, .run = {good, moody}};
    for (std::uint32_t i = 0; i < daemon.expressions->columns().size(); ++i)
      batch.changed.emplace_back(i, Cell{.value = x, .fresh = true});
    return *daemon.loop.run_until(daemon.expressions->evaluate(std::move(batch)));
  };
  EXPECT_THAT(with_x(2)[1].error, HasSubstr("ran longer than"));
  auto results = with_x(1);
  for (int i = 0; i < 300 && results[1].outcome != Evaluation::Outcome::number; ++i) {
    EXPECT_THAT(results[1].error, HasSubstr("ran longer than"));
    EXPECT_EQ(results[0].number, 42);
    daemon.pass(20ms);
    results = with_x(1);
  }
  EXPECT_EQ(results[1].number, 1) << results[1].error;
}

/// Those that have always ended in time do not stop the others either when all of them hit the limit at once.
TEST(ExpressionsApart, TheTrustedMayLoseABatchThreeLimitsOfTime) {
  Daemon daemon;
  daemon.expressions->declare_metrics({"x"});
  std::vector<ExpressionId> ids;
  for (int i = 0; i < 20; ++i)
    ids.push_back(daemon.compile("if (x > 1) while (true) {}; x + " + std::to_string(i)));
  ids.push_back(daemon.compile("6 * 7"));
  const auto with_x = [&](double x) {
    Expressions::Batch batch{.now = daemon.loop.utc(), .changed = {}, .run = ids};
    for (std::uint32_t i = 0; i < daemon.expressions->columns().size(); ++i)
      batch.changed.emplace_back(i, Cell{.value = x, .fresh = true});
    return *daemon.loop.run_until(daemon.expressions->evaluate(std::move(batch)));
  };
  EXPECT_EQ(with_x(1)[19].number, 20);
  const auto results = with_x(2);
  // Three that were interrupted, or two that cost the process its life.
  const auto judged = std::ranges::count_if(results, [](const auto& one) { return !one.is_unknown; });
  EXPECT_TRUE(judged == 2 || judged == 3) << judged;
  auto later = results;
  for (int i = 0; i < 500 && std::ranges::any_of(later, &Evaluation::is_unknown); ++i) {
    daemon.pass(20ms);
    later = with_x(2);
  }
  EXPECT_EQ(later.back().number, 42);
  for (int i = 0; i < 20; ++i)
    EXPECT_THAT(later[static_cast<std::size_t>(i)].error, HasSubstr("ran longer than"));
}

TEST(ExpressionsApart, APatientBatchLeavesNothingUnknown) {
  Daemon daemon;
  std::vector<ExpressionId> ids;
  for (const char* one : hostile) ids.push_back(daemon.compile(one));
  ids.push_back(daemon.compile("6 * 7"));
  const auto results = daemon.evaluate(ids, true);
  for (const auto& one : results) EXPECT_FALSE(one.is_unknown) << one.error;
  EXPECT_EQ(results.back().number, 42);
}

}  // namespace
}  // namespace wave::plans
