#include "engine/outlook.h"

#include <cmath>

#include <gtest/gtest.h>

#include "metrics/kinds.h"
#include "support/memory_store.h"
#include "support/services.h"

namespace wave::engine {
namespace {

/// A source that remembers a sawtooth: the minute of the hour.
class Remembering final : public metrics::Source {
 public:
  explicit Remembering(Runtime& runtime) : runtime_(runtime) {}
  Task<Result<std::vector<metrics::Series>>> poll() override { co_return fail(ErrorCode::no_data, "unused"); }
  bool has_past() const override { return true; }
  Task<Result<std::vector<metrics::PastSeries>>> past(metrics::PastRange range) override {
    asked.push_back(range);
    co_await runtime_.sleep(1s);
    if (failures > 0) {
      --failures;
      co_return fail(ErrorCode::unavailable, "connection refused", true);
    }
    std::vector<metrics::PastSeries> out(series);
    for (auto& one : out)
      for (UtcTime at = range.from; at < range.to; at += range.step)
        one.points.emplace_back(at, static_cast<double>((at.time_since_epoch() / 1min) % 60));
    co_return out;
  }
  std::vector<metrics::PastRange> asked;
  int failures = 0;
  std::size_t series = 1;

 private:
  Runtime& runtime_;
};

class OutlookTest : public testing::Test {
 protected:
  OutlookTest() {
    definition->id = "rps";
    definition->kind = &metrics::push().table;
    definition->stale_after = 2min;
    definition->learning = {.step = 1min, .history = 24h};
  }
  std::shared_ptr<Outlook> make() {
    return std::make_shared<Outlook>(parts, definition, [this](bool past) { past ? ++pasts : ++steps; });
  }

  test::TestServices world;
  test::MemoryStore store;
  Log log{world.runtime, LogLevel::error, false, [](std::string_view) {}};
  Parts parts{.runtime = world.runtime, .log = log, .services = world.services, .store = &store};
  std::shared_ptr<definitions::MetricDefinition> definition =
      std::make_shared<definitions::MetricDefinition>();
  int steps = 0;
  int pasts = 0;
};

TEST_F(OutlookTest, TheFirstStartFillsADayFromTheSource) {
  const auto source = std::make_shared<Remembering>(world.runtime);
  const auto outlook = make();
  outlook->start(source);
  EXPECT_EQ(outlook->problem(), "reading the source's past");
  world.runtime.advance(2s);
  ASSERT_EQ(source->asked.size(), 1u);
  EXPECT_EQ(source->asked[0].to - source->asked[0].from, Duration(24h));
  EXPECT_EQ(outlook->series().known(), 1440u);
  EXPECT_EQ(outlook->series().value(61), 1);
  EXPECT_EQ(pasts, 1);
  EXPECT_EQ(outlook->problem(), "");
}

TEST_F(OutlookTest, ARestartReadsTheDiskAndAsksOnlyForTheGap) {
  {
    const auto outlook = make();
    outlook->start(std::make_shared<Remembering>(world.runtime));
    world.runtime.advance(2s);
    outlook->stop();
  }
  world.runtime.advance(30min);
  const auto source = std::make_shared<Remembering>(world.runtime);
  const auto outlook = make();
  outlook->start(source);
  world.runtime.advance(2s);
  ASSERT_EQ(source->asked.size(), 1u);
  EXPECT_EQ(source->asked[0].to - source->asked[0].from, Duration(30min));
  EXPECT_EQ(outlook->series().known(), 1440u);
}

TEST_F(OutlookTest, ASourceThatFailsIsAskedAgainLater) {
  const auto source = std::make_shared<Remembering>(world.runtime);
  source->failures = 1;
  const auto outlook = make();
  outlook->start(source);
  world.runtime.advance(2s);
  EXPECT_EQ(outlook->problem(), "the source's past cannot be read: connection refused");
  world.runtime.advance(2min);
  EXPECT_EQ(source->asked.size(), 2u);
  EXPECT_GE(outlook->series().known(), 1438u);  // the last two minutes had no sample
}

TEST_F(OutlookTest, SeveralSeriesAreMergedAsTheMetricSays) {
  definition->aggregate = definitions::Aggregate::sum;
  const auto source = std::make_shared<Remembering>(world.runtime);
  source->series = 3;
  const auto outlook = make();
  outlook->start(source);
  world.runtime.advance(2s);
  EXPECT_EQ(outlook->series().value(61), 3);
}

TEST_F(OutlookTest, SeveralSeriesWithoutARuleAreNoPast) {
  const auto source = std::make_shared<Remembering>(world.runtime);
  source->series = 2;
  const auto outlook = make();
  outlook->start(source);
  world.runtime.advance(2s);
  EXPECT_EQ(outlook->series().known(), 0u);
  EXPECT_EQ(pasts, 0);
  EXPECT_EQ(outlook->problem(), "the source's past has 2 series and the metric no 'aggregate'");
}

TEST_F(OutlookTest, EveryStepThatEndsIsTold) {
  const auto outlook = make();
  outlook->start(nullptr);
  for (int i = 0; i < 4; ++i) {
    outlook->add(world.runtime.utc(), i);
    world.runtime.advance(30s);
  }
  world.runtime.advance(1s);
  EXPECT_EQ(steps, 2);
  ASSERT_EQ(outlook->series().size(), 2u);
  EXPECT_EQ(outlook->series().value(0), 0.5);
  EXPECT_EQ(outlook->series().value(1), 2.5);
}

}  // namespace
}  // namespace wave::engine
