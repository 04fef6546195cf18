#include "backtest/suggest.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "components/component.h"
#include "definitions/load.h"
#include "metrics/metric.h"

namespace wave::backtest {
namespace {

const UtcTime newest = *parse_time("2026-11-25T00:00:00Z");

definitions::Definitions parsed(const std::string& yaml) {
  definitions::Catalog catalog;
  for (const auto* kind : metrics::registry()) catalog.metrics.push_back(&kind->table);
  for (const auto* kind : components::registry()) catalog.components.push_back(&kind->table);
  auto loaded = definitions::load_text("test.yaml", yaml, catalog);
  EXPECT_TRUE(loaded.ok()) << loaded.errors.at(0).text();
  return std::move(loaded.definitions);
}

std::string following(const std::string& strategy) {
  return R"(kind: Metric
id: load
metric_kind: push
forecast: { step: 5m }
---
kind: ScalingComponent
id: web
component_kind: logger
limits: { min: 1, max: 100 }
ready_after: 10m
---
kind: ScalingPlan
id: follow
plans:
  - id: track
    )" + strategy +
         "\n    scaling_components: [{ component_id: web }]\n";
}

/// A steep morning every day, at five minutes.
Question question(std::int64_t days, std::int64_t days_of_test) {
  Question made;
  made.component_id = "web";
  made.load_metric = "load";
  made.capacity = 10 / utilisation;
  made.from = newest - days_of_test * 24h;
  made.to = newest;
  forecast::Series series{.start = newest - days * 24h, .step = 5min, .values = {}};
  for (std::int64_t i = 0; i < days * 288; ++i) {
    const auto minute = i % 288 * 5;
    const double wobble = static_cast<double>(i * 7919 % 13);
    series.values.push_back(wobble + (minute < 480 || minute > 1200
                                          ? 50
                                          : std::min(50.0 + 6.0 * static_cast<double>(minute - 480), 400.0)));
  }
  made.recordings.push_back({"load", std::move(series)});
  return made;
}

const Candidate& first(const Suggestions& told, bool Candidate::* is) {
  return *std::ranges::find_if(told.frontier, [is](const auto& one) { return one.*is; });
}

// One search serves several facts: it is 28 runs of days.
TEST(Suggest, TheFrontierIsChosenBeforeTheTestAndConfirmedInIt) {
  const auto told = suggest(parsed(following("target: { metric: load, per_unit: 10 }")), question(3, 1));
  ASSERT_TRUE(told) << told.error().text();
  EXPECT_EQ(told->tried, 28u);
  EXPECT_EQ(told->plan_id, "follow");
  EXPECT_EQ(told->item_id, "track");
  // A quarter of what comes before the test is history.
  EXPECT_EQ(told->from, newest - 3 * 24h + 12h);
  EXPECT_EQ(told->to, newest - 24h);
  EXPECT_TRUE(told->is_short);

  ASSERT_GE(told->frontier.size(), 2u);
  for (std::size_t i = 0; i < told->frontier.size(); ++i) {
    const auto& one = told->frontier[i];
    if (i > 0) {
      EXPECT_GE(one.chosen_on.cost, told->frontier[i - 1].chosen_on.cost);
    }
    for (const auto& other : told->frontier) {
      EXPECT_TRUE(one.is_beaten || other.chosen_on.slo_pct > one.chosen_on.slo_pct ||
                  other.chosen_on.cost >= one.chosen_on.cost);
    }
    // What a unit carries stays as it is.
    EXPECT_DOUBLE_EQ(one.set.limit_per_unit, 14);
  }
  const auto& yours = first(*told, &Candidate::is_yours);
  EXPECT_FALSE(yours.set.proactive);
  EXPECT_GT(yours.chosen_on.slo_pct, 0);
  const auto& suggested = first(*told, &Candidate::is_suggested);
  EXPECT_LE(suggested.chosen_on.slo_pct, yours.chosen_on.slo_pct);
  EXPECT_LE(suggested.chosen_on.cost, yours.chosen_on.cost);
  // More capacity violates less, also on the day that the choice has not seen.
  EXPECT_LT(told->frontier.back().chosen_on.slo_pct, yours.chosen_on.slo_pct);
  EXPECT_LT(told->frontier.back().confirmed.slo_pct, yours.confirmed.slo_pct);
}

TEST(Suggest, TheFiguresOfYourOwnAreThoseOfABacktest) {
  const auto definitions =
      parsed(following("target: { metric: load, per_unit: 10 }\n    proactive: { violation_cost: 5 }"));
  const auto asked = question(3, 1);
  const auto told = suggest(definitions, asked);
  ASSERT_TRUE(told) << told.error().text();
  // Five, the user's own target and five minutes are of the grid: no setting is tried twice.
  EXPECT_EQ(told->tried, 27u);
  const auto& yours = first(*told, &Candidate::is_yours);
  const auto answer = run(definitions, asked);
  ASSERT_TRUE(answer);
  const auto figures = figures_of(
      [&] {
        Setting test{
            .past = {}, .load = {}, .ready_after = 10min, .per_unit = 10, .capacity = asked.capacity};
        for (const auto& tick : answer->ticks) test.load.push_back(tick.load);
        return test;
      }(),
      [&] {
        Course course;
        for (const auto& tick : answer->ticks) {
          course.desired.push_back(tick.desired);
          course.ready.push_back(tick.ready);
        }
        return course;
      }());
  EXPECT_DOUBLE_EQ(yours.confirmed.slo_pct, figures.slo_pct);
  EXPECT_DOUBLE_EQ(yours.confirmed.cost, figures.cost);
}

TEST(Suggest, WithoutADayBeforeTheTestNothingIsChosen) {
  const auto told = suggest(parsed(following("target: { metric: load, per_unit: 10 }")), question(2, 1));
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(told.error().message.find("that is only 1d"), std::string::npos) << told.error().message;
}

TEST(Suggest, OnlyATargetPerUnitCanBeVaried) {
  const auto told = suggest(parsed(following("target: { metric: load, average: 10 }")), question(4, 1));
  ASSERT_FALSE(told);
  EXPECT_NE(told.error().message.find("no plan item follows 'load' for 'web'"), std::string::npos);
}

}  // namespace
}  // namespace wave::backtest
