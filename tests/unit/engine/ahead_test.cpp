#include "engine/ahead.h"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include "metrics/kinds.h"
#include "support/memory_store.h"
#include "support/services.h"

namespace wave::engine {
namespace {

/// 1000 in the mean, with a daily wave.
double load_at(UtcTime at) {
  return 1000 + 400 * std::sin(2 * std::numbers::pi * epoch_seconds(at) / 86400);
}

/// A source that takes ten seconds to tell its past.
class Slow final : public metrics::Source {
 public:
  explicit Slow(Runtime& runtime) : runtime_(runtime) {}
  Task<Result<std::vector<metrics::Series>>> poll() override { co_return fail(ErrorCode::no_data, "unused"); }
  bool has_past() const override { return true; }
  Task<Result<std::vector<metrics::PastSeries>>> past(metrics::PastRange range) override {
    co_await runtime_.sleep(10s);
    std::vector<metrics::PastSeries> out(1);
    for (UtcTime at = range.from; at < range.to; at += range.step)
      out[0].points.emplace_back(at, load_at(at));
    co_return out;
  }

 private:
  Runtime& runtime_;
};

class AheadTest : public testing::Test {
 protected:
  AheadTest() {
    definition->id = "rps";
    definition->kind = &metrics::push().table;
    definition->stale_after = 2min;
    definition->learning = {.step = 1min, .history = 7 * 24h};
    foresight = std::make_shared<Foresight>(parts, definition);
    item.target = definitions::Target{};
    item.target->value = 10;
    item.target->limit_per_unit = 14;
    item.proactive = definitions::Proactive{};
  }
  Foresight::View view() { return foresight->view({.lead = 5min, .span = 2min, .unit = item.target->value}); }

  test::TestServices world;
  test::MemoryStore store;
  Log log{world.runtime, LogLevel::error, false, [](std::string_view) {}};
  Parts parts{.runtime = world.runtime, .log = log, .services = world.services, .store = &store};
  std::shared_ptr<definitions::MetricDefinition> definition =
      std::make_shared<definitions::MetricDefinition>();
  definitions::PlanItem item;
  std::shared_ptr<Foresight> foresight;
};

TEST_F(AheadTest, OnAFirstStartTheMeanFleetIsThatOfThePastTheSourceTold) {
  Ahead ahead;
  foresight->start(std::make_shared<Slow>(world.runtime));
  ahead.hear(*foresight, view(), item);
  EXPECT_EQ(ahead.sizer(), nullptr);
  world.runtime.advance(1min);
  foresight->add(world.runtime.utc(), load_at(world.runtime.utc()));
  ahead.hear(*foresight, view(), item);
  ASSERT_NE(ahead.sizer(), nullptr) << view().problem;
  EXPECT_NEAR(ahead.sizer()->mean_fleet(), 100, 5);
  EXPECT_GT(ahead.sizer()->need(), 50);
  foresight->stop();
}

TEST_F(AheadTest, EachForecastThatIsAskedForHasARecord) {
  foresight->start(std::make_shared<Slow>(world.runtime));
  EXPECT_NE(view().problem, "");
  world.runtime.advance(1min);
  foresight->add(world.runtime.utc(), load_at(world.runtime.utc()));
  const auto standings = foresight->standings();
  ASSERT_EQ(standings.size(), 1u);
  EXPECT_EQ(standings[0].problem, "");
  EXPECT_EQ(standings[0].ask.lead, Duration(5min));
  EXPECT_GT(standings[0].record->count(), 4 * 1440);
  EXPECT_LT(standings[0].record->mase(), 0.5);
  EXPECT_NEAR(standings[0].record->coverage90(), 0.9, 0.05);
  EXPECT_NE(view().record.find("P90 covered"), std::string::npos) << view().record;
  foresight->stop();
}

}  // namespace
}  // namespace wave::engine
