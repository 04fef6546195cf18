#include "forecast/lead/record.h"

#include <cmath>
#include <numbers>
#include <random>

#include <gtest/gtest.h>

namespace wave::forecast {
namespace {

constexpr int steps_a_day = 1440;

/// 100 at night, 1000 at noon; `at` in days.
double sine(double at) {
  return 550 - 450 * std::cos(2 * std::numbers::pi * at);
}

struct Objections {
  int good = 0;  ///< to a forecaster of that load, on half a day after three and a half
  int bad = 0;   ///< to one that says the load of two and a half hours ago
  int asked = 0;
};

Objections objections(Duration step, std::int64_t lead, double noise) {
  LeadForecaster forecaster({.step = step, .lead = step * lead, .span = 2min, .unit = 25});
  Record good(step, forecaster.horizon_steps());
  Record bad(step, forecaster.horizon_steps());
  Objections out;
  std::minstd_rand random(1);
  const auto a_day = 24h / step;
  for (std::int64_t i = 0; i < 4 * a_day; ++i) {
    const double at = static_cast<double>(i) / static_cast<double>(a_day);
    const double unit = static_cast<double>(random()) / static_cast<double>(std::minstd_rand::max());
    forecaster.add(sine(at) + noise * (2 * unit - 1));
    if (auto outcome = forecaster.outcome()) {
      good.add(*outcome);
      const double then = sine(at - 0.1);
      bad.add(
          {.load = outcome->load, .level = outcome->level, .q50 = then, .q90 = then + 20, .q95 = then + 30});
    }
    if (2 * i < 7 * a_day) continue;
    ++out.asked;
    if (!good.objection().empty()) ++out.good;
    if (!bad.objection().empty()) ++out.bad;
  }
  return out;
}

TEST(Record, OnADailyWaveItObjectsToBadForecastsAndNotToGoodOnes) {
  for (const Duration step : {Duration(10s), Duration(1min), Duration(5min)}) {
    for (const std::int64_t lead : {1, 5, 15, 30}) {
      for (const double noise : {0.0, 20.0}) {
        // Steps of ten seconds take long to learn from.
        if (step == Duration(10s) && (lead == 30) != (noise > 0)) continue;
        const auto found = objections(step, lead, noise);
        const std::string where =
            format_duration(step) + ", lead " + std::to_string(lead) + ", noise " + std::to_string(noise);
        EXPECT_EQ(found.good, 0) << where;
        EXPECT_EQ(found.bad, found.asked) << where;
      }
    }
  }
}

TEST(Record, TheReferenceKnowsNothingThatWasNotKnownWhenTheForecastWasMade) {
  // The load jumps by 100 with every fifth step and stays there: a reference that learned at once what the
  // jump was would have lost nothing by the fifth truth after it.
  Record record(1min, 5);
  for (int i = 0; i < 5; ++i) record.add({.load = 100, .level = 0, .q50 = 100, .q90 = 100, .q95 = 100});
  EXPECT_DOUBLE_EQ(record.pinball_of_persistence(), 0.9 * 100);
  EXPECT_EQ(record.mase(), 0);
}

TEST(Record, AForecastIsProvenWhenItLosesClearlyLessThanTheLastValue) {
  Record better(1min, 1);
  Record equal(1min, 1);
  EXPECT_FALSE(better.proven());
  for (int i = 0; i < steps_a_day; ++i) {
    const double load = i % 2 == 0 ? 100 : 50;
    better.add({.load = load, .level = 150 - load, .q50 = load, .q90 = load + 5, .q95 = load + 9});
    equal.add({.load = load, .level = 150 - load, .q50 = 75, .q90 = 200 - load, .q95 = 200 - load});
  }
  EXPECT_TRUE(better.proven());
  EXPECT_FALSE(equal.proven());
}

/// Loads without a pattern, and a forecast that knows how they scatter: there is nothing more to know,
/// whatever their level.
TEST(Record, AFallOfTheLevelProvesNothing) {
  constexpr std::int64_t horizon = 8;
  Record record(1min, horizon);
  std::minstd_rand random(1);
  const auto draw = [&] {
    return static_cast<double>(random()) / static_cast<double>(std::minstd_rand::max());
  };
  for (int minute = 0; minute < 8 * steps_a_day; ++minute) {
    const double scale = minute < 4 * steps_a_day ? 1000 : 100;
    const double level = scale * (0.9 + 0.2 * draw());
    const double load = scale * (0.9 + 0.2 * draw());
    // 90 % of the differences of two such loads are below that.
    const double rise = scale * 0.2 * (1 - std::sqrt(0.2));
    record.add({.load = load, .level = level, .q50 = level, .q90 = level + rise, .q95 = level + 2 * rise});
    if (minute < steps_a_day) continue;
    ASSERT_FALSE(record.proven()) << minute;
    ASSERT_EQ(record.objection(), "") << minute;
  }
}

TEST(Record, TheMedianIsMeasuredAgainstTheLastValue) {
  Record record(1min, 1);
  for (int i = 0; i < 10; ++i) record.add({.load = 100, .level = 80, .q50 = 95, .q90 = 110, .q95 = 120});
  EXPECT_NEAR(record.mase(), 0.25, 1e-9);
}

TEST(Record, AForecastWithoutARecordMayNotAct) {
  Record record(1min, 1);
  EXPECT_EQ(record.objection(), "the forecast has no record yet (0 known outcomes)");
}

TEST(Record, AForecastThatIsAlwaysTooLowStandsAside) {
  Record record(1min, 1);
  for (int i = 0; i < steps_a_day; ++i)
    record.add({.load = 100, .level = 100, .q50 = 50, .q90 = 60, .q95 = 70});
  EXPECT_EQ(record.coverage90(), 0);
  EXPECT_NE(record.objection().find("worse than the last value"), std::string::npos) << record.objection();
}

TEST(Record, AGoodOneActs) {
  Record record(1min, 1);
  for (int i = 0; i < steps_a_day; ++i) {
    const double load = 100 + 10 * (i % 10);
    record.add({.load = load, .level = 50, .q50 = 145, .q90 = 180, .q95 = 190});
  }
  EXPECT_NEAR(record.coverage50(), 0.5, 0.01);
  EXPECT_NEAR(record.coverage90(), 0.9, 0.01);
  EXPECT_EQ(record.objection(), "");
}

}  // namespace
}  // namespace wave::forecast
