#include "backtest/backtest.h"

#include <gtest/gtest.h>

#include "backtest/simulated.h"
#include "base/virtual_runtime.h"
#include "components/component.h"
#include "definitions/load.h"
#include "metrics/metric.h"

namespace wave::backtest {
namespace {

const UtcTime start = *parse_time("2026-11-25T00:00:00Z");

definitions::Catalog catalog() {
  definitions::Catalog made;
  for (const auto* kind : metrics::registry()) made.metrics.push_back(&kind->table);
  for (const auto* kind : components::registry()) made.components.push_back(&kind->table);
  return made;
}

definitions::Definitions definitions_of(const std::string& yaml) {
  auto loaded = definitions::load_text("test.yaml", yaml, catalog());
  EXPECT_TRUE(loaded.ok()) << loaded.errors.at(0).text();
  return std::move(loaded.definitions);
}

const std::string follow = R"(kind: Metric
id: load
metric_kind: push
---
kind: ScalingComponent
id: web
component_kind: logger
limits: { min: 1, max: 100 }
ready_after: 5m
---
kind: ScalingPlan
id: follow
plans:
  - id: track
    target: { metric: load, per_unit: 10 }
    scaling_components: [{ component_id: web }]
)";

Question question(std::vector<double> load) {
  Question made;
  made.from = start;
  made.to = start + Duration(1min) * static_cast<std::int64_t>(load.size());
  made.component_id = "web";
  made.load_metric = "load";
  made.capacity = 10 / utilisation;
  made.recordings.push_back({"load", {.start = start - 1min, .step = 1min, .values = {load.front()}}});
  auto& values = made.recordings.back().series.values;
  values.insert(values.end(), load.begin(), load.end());
  return made;
}

TEST(Backtest, CapacityIsOrderedAMinuteAfterTheLoadCameAndServesAfterItsLeadTime) {
  std::vector<double> load(20, 20);
  for (std::size_t i = 5; i < load.size(); ++i) load[i] = 60;
  const auto answer = run(definitions_of(follow), question(load));
  ASSERT_TRUE(answer) << answer.error().text();
  ASSERT_EQ(answer->ticks.size(), 20u);
  EXPECT_EQ(answer->ticks[0].desired, 2);
  EXPECT_EQ(answer->ticks[0].ready, 2);
  EXPECT_EQ(answer->ticks[5].load, 60);
  EXPECT_EQ(answer->ticks[5].desired, 2);  // minute 5 is known when it is over
  EXPECT_EQ(answer->ticks[6].desired, 6);
  EXPECT_EQ(answer->ticks[10].ready, 2);
  EXPECT_EQ(answer->ticks[11].ready, 6);  // five minutes after the order
  ASSERT_EQ(answer->changes.size(), 1u);
  EXPECT_EQ(answer->changes[0].at, start + 6min);
  EXPECT_EQ(answer->changes[0].from, 2);
  EXPECT_EQ(answer->changes[0].to, 6);
  EXPECT_NE(answer->changes[0].why.find("load 60 / 10"), std::string::npos) << answer->changes[0].why;
}

TEST(Backtest, CapacityIsTakenAwayAfterTheStabilizationWindow) {
  std::vector<double> load(20, 60);
  for (std::size_t i = 2; i < load.size(); ++i) load[i] = 20;
  const auto answer = run(definitions_of(follow), question(load));
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->ticks[3].desired, 6);
  EXPECT_EQ(answer->ticks[7].desired, 6);
  EXPECT_EQ(answer->ticks[8].desired, 2);
  EXPECT_EQ(answer->ticks[8].ready, 2);
}

TEST(Backtest, AHoleInTheRecordingHoldsCapacity) {
  std::vector<double> load(30, 60);
  for (std::size_t i = 5; i < 25; ++i) load[i] = std::numeric_limits<double>::quiet_NaN();
  const auto answer = run(definitions_of(follow), question(load));
  ASSERT_TRUE(answer) << answer.error().text();
  for (const auto& tick : answer->ticks) EXPECT_EQ(tick.desired, 6) << iso8601(tick.at);
}

TEST(Backtest, WhatDoesNotFitTheDefinitionsIsRefused) {
  auto wrong = question({1, 2, 3});
  wrong.component_id = "nobody";
  EXPECT_EQ(run(definitions_of(follow), wrong).error().message,
            "the definitions have no scaling component 'nobody'");
  wrong = question({1, 2, 3});
  wrong.to += 24h;
  EXPECT_EQ(run(definitions_of(follow), wrong).error().code, ErrorCode::invalid_argument);
}

/// A quiet night and a steep morning, every day the same.
double steep(std::int64_t minute) {
  const auto of_day = ((minute % 1440) + 1440) % 1440;
  return of_day < 480 || of_day > 1200 ? 50 : std::min(50.0 + 6.0 * static_cast<double>(of_day - 480), 400.0);
}

int violations(const std::string& yaml) {
  Question made = question({1});
  made.to = start + 24h;
  auto& series = made.recordings.front().series;
  series = {.start = start - 5 * 24h, .step = 1min, .values = {}};
  for (std::int64_t minute = -5 * 1440; minute < 1440; ++minute) series.values.push_back(steep(minute));
  const auto answer = run(definitions_of(yaml), made);
  EXPECT_TRUE(answer) << answer.error().text();
  int violated = 0;
  for (const auto& tick : answer->ticks) violated += tick.load > 14 * tick.ready ? 1 : 0;
  return violated;
}

TEST(Backtest, LookingAheadHasCapacityReadyBeforeTheMorning) {
  auto ahead = follow;
  ahead.insert(ahead.find("    scaling_components"), "    proactive: { violation_cost: 14 }\n");
  EXPECT_GE(violations(follow), 10);
  EXPECT_EQ(violations(ahead), 0);
}

TEST(Backtest, AForecastThatIsOnlyShownChangesNothing) {
  auto shown = follow;
  shown.insert(shown.find("    scaling_components"), "    proactive: { mode: forecast_only }\n");
  EXPECT_EQ(violations(shown), violations(follow));
}

TEST(Simulated, WhatIsTakenAwayIsTheNewestAndNotYetReady) {
  VirtualRuntime runtime;
  Simulated component(runtime, "desired", 4, 5min);
  const auto set = [&](double desired) {
    spawn(component.apply({.values = {{"desired", desired}}, .basis = {}}), [](auto) {});
  };
  set(10);
  EXPECT_EQ(component.ready(), 4);
  runtime.advance(2min);
  set(7);
  EXPECT_EQ(component.ready(), 4);
  runtime.advance(3min);
  EXPECT_EQ(component.ready(), 7);
  set(3);
  EXPECT_EQ(component.ready(), 3);
}

}  // namespace
}  // namespace wave::backtest
