#include <cmath>
#include <limits>
#include <numbers>

#include <gtest/gtest.h>

#include "forecast/lead/forecaster.h"
#include "forecast/lead/ridge.h"
#include "forecast/lead/sizer.h"

namespace wave::forecast {
namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();
constexpr int minutes_a_day = 1440;

/// A day like every other: 100 at night, 1000 at noon, with a little deterministic noise.
double daily(int minute) {
  const double phase = 2 * std::numbers::pi * (minute % minutes_a_day) / minutes_a_day;
  const double noise = std::sin(minute * 12.9898) * 20;
  return 550 - 450 * std::cos(phase) + noise;
}

LeadForecaster taught(int days, double (*load)(int) = daily) {
  LeadForecaster forecaster({.step = 1min, .lead = 15min, .span = 1min, .unit = 25});
  for (int minute = 0; minute < days * minutes_a_day; ++minute) forecaster.add(load(minute));
  return forecaster;
}

TEST(ForgettingRidge, FindsTheLineThatIsThere) {
  ForgettingRidge ridge(2, 1e9, 1e-9);
  for (int i = 0; i < 50; ++i) {
    const double x[] = {static_cast<double>(i), 1.0};
    ridge.add(x, 3.0 * i + 7);
  }
  EXPECT_FALSE(ridge.solved());
  ridge.solve();
  const double at[] = {100.0, 1.0};
  EXPECT_NEAR(ridge.predict(at), 307, 0.01);
}

TEST(ForgettingRidge, TheRecentPastOutweighsTheOld) {
  ForgettingRidge ridge(1, 10, 1e-9);
  const double x[] = {1.0};
  for (int i = 0; i < 100; ++i) ridge.add(x, 0);
  for (int i = 0; i < 100; ++i) ridge.add(x, 10);
  ridge.solve();
  EXPECT_NEAR(ridge.predict(x), 10, 0.05);
}

TEST(LeadForecaster, SaysHowMuchHistoryIsMissing) {
  const auto forecaster = taught(1);
  EXPECT_FALSE(forecaster.forecast());
  EXPECT_EQ(forecaster.problem(), "needs 1d8h of history, has 1d");
}

TEST(LeadForecaster, AMorningRiseIsSeenBeforeItComes) {
  LeadForecaster forecaster({.step = 1min, .lead = 15min, .span = 1min, .unit = 25});
  int inside = 0;
  int asked = 0;
  double error = 0;
  double error_of_persistence = 0;
  for (int minute = 0; minute < 6 * minutes_a_day; ++minute) {
    forecaster.add(daily(minute));
    if (minute < 5 * minutes_a_day) continue;
    const auto forecast = forecaster.forecast();
    ASSERT_TRUE(forecast) << forecaster.problem();
    const double truth = daily(minute + 15 + 1);
    ++asked;
    if (truth <= forecast->quantile(0.9)) ++inside;
    error += std::abs(truth - forecast->median());
    error_of_persistence += std::abs(truth - daily(minute));
    EXPECT_LE(forecast->quantile(0.5), forecast->quantile(0.9));
    EXPECT_NEAR(forecast->exceedance(forecast->quantile(0.9)), 0.1, 0.02);
  }
  EXPECT_NEAR(static_cast<double>(inside) / asked, 0.9, 0.05);
  EXPECT_LT(error, 0.6 * error_of_persistence);
}

TEST(LeadForecaster, WhatItSaidIsKeptWithTheTruth) {
  auto forecaster = taught(4);
  ASSERT_TRUE(forecaster.outcome());
  EXPECT_NEAR(forecaster.outcome()->load, daily(4 * minutes_a_day - 1), 0.5);
  EXPECT_NEAR(forecaster.outcome()->level, daily(4 * minutes_a_day - 1 - 16), 0.5);
  EXPECT_LE(forecaster.outcome()->q50, forecaster.outcome()->q95);
}

TEST(LeadForecaster, HostileSeriesGiveFiniteForecastsOrNone) {
  const auto zero = [](int) { return 0.0; };
  const auto constant = [](int) { return 42.0; };
  const auto negative = [](int minute) { return -daily(minute); };
  const auto nothing = [](int) { return missing; };
  const auto hole = [](int minute) {
    return minute > 2 * minutes_a_day && minute < 9 * minutes_a_day ? missing : daily(minute);
  };
  const auto shift = [](int minute) { return daily(minute) * (minute > 9 * minutes_a_day ? 3 : 1); };
  const auto infinite = [](int minute) {
    return minute % 7 == 0 ? std::numeric_limits<double>::infinity() : daily(minute);
  };
  const auto huge = [](int minute) { return minute % 500 == 0 ? 1e300 : daily(minute); };
  for (double (*load)(int) : {+zero, +constant, +negative, +nothing, +hole, +shift, +infinite, +huge}) {
    const auto forecaster = taught(10, load);
    const auto forecast = forecaster.forecast();
    if (!forecast) {
      EXPECT_NE(forecaster.problem(), "");
      continue;
    }
    for (const double probability : {0.0, 0.05, 0.5, 0.95, 1.0}) {
      EXPECT_TRUE(std::isfinite(forecast->quantile(probability)));
      EXPECT_GE(forecast->quantile(probability), 0);
    }
  }
  EXPECT_NEAR(taught(10, +constant).forecast()->median(), 42, 0.5);
  EXPECT_FALSE(taught(10, +nothing).forecast());
}

TEST(LeadForecaster, LearnsInStepsOfTenSecondsAndOfHalfAnHour) {
  for (const Duration step : {Duration(10s), Duration(30min)}) {
    LeadForecaster forecaster({.step = step, .lead = 5min, .span = 5min, .unit = 25});
    const auto steps = static_cast<int>(4 * 24h / step);
    for (int i = 0; i < steps; ++i) forecaster.add(daily(static_cast<int>(i * step / 1min)));
    const auto forecast = forecaster.forecast();
    ASSERT_TRUE(forecast) << format_duration(step) << ": " << forecaster.problem();
    EXPECT_NEAR(forecast->median(), daily(0), 80) << format_duration(step);
  }
}

TEST(Sizer, AHigherPriceOfViolationsBuysMoreUnits) {
  const auto forecaster = taught(5);
  double before = 0;
  for (const double cost : {1.0, 14.0, 100.0}) {
    Sizer sizer({.per_unit = 25, .limit_per_unit = 35, .violation_cost = cost}, 20);
    sizer.step(daily(5 * minutes_a_day), {.forecast = forecaster.forecast(), .lead = 15});
    EXPECT_GE(sizer.need(), before) << cost;
    before = sizer.need();
  }
  EXPECT_GE(before, std::ceil(forecaster.forecast()->median() / 35));
}

TEST(Sizer, AMarginIsCapped) {
  const auto forecaster = taught(5);
  const double median = forecaster.forecast()->median();
  Sizer sizer({.per_unit = 25, .limit_per_unit = 35, .quantile = 0.999, .max_margin = 0.0});
  sizer.step(median, {.forecast = forecaster.forecast(), .lead = 15});
  EXPECT_EQ(sizer.need(), std::ceil(median / 25));
}

TEST(Sizer, AForecastThatIsNotProvenBuysLess) {
  const auto forecaster = taught(5);
  const auto needed = [&](Sizer::Told told) {
    told.forecast = forecaster.forecast();
    // Finer than the noise, so that each price buys another number.
    Sizer sizer({.per_unit = 0.25, .limit_per_unit = 0.35}, 1);
    sizer.step(told.forecast->median(), told);
    return sizer.need();
  };
  EXPECT_LT(needed({}), needed({.proven = true}));
  EXPECT_EQ(needed({.event = true}), needed({.proven = true}));
}

TEST(Sizer, NothingIsWishedWithoutAForecastOrASurprise) {
  Sizer sizer({.per_unit = 10, .limit_per_unit = 14});
  for (int i = 0; i < 100; ++i) sizer.step(i == 50 ? 1e6 : 100, {.lead = 5});
  EXPECT_EQ(sizer.need(), 0);
  sizer.step(missing, {.lead = 5});
  EXPECT_EQ(sizer.need(), 0);
}

TEST(Allowance, WhatIsNotProvenMayCostItsShareAndNoMore) {
  Allowance allowance({.share = 0.1});
  double wished = 0;
  double reactive = 0;
  int limited = 0;
  for (int minute = 0; minute < 20 * minutes_a_day; ++minute) {
    allowance.step({.reactive = 10, .mean_fleet = 10});
    const double units = allowance.spent() ? 10 : 20;
    allowance.charge(units);
    wished += std::max(units, 10.0);
    reactive += 10;
    if (allowance.spent()) ++limited;
  }
  // A tenth for twenty days and the three days that were saved up.
  EXPECT_NEAR(wished / reactive, 1 + 0.1 * 23 / 20, 0.01);
  EXPECT_GT(limited, 10 * minutes_a_day);
}

TEST(Allowance, AProvenForecastIsNotLimited) {
  Allowance allowance({.share = 0.1});
  for (int minute = 0; minute < 20 * minutes_a_day; ++minute) {
    allowance.step({.reactive = 10, .mean_fleet = 10, .proven = true});
    allowance.charge(30);
  }
  EXPECT_FALSE(allowance.spent());
  EXPECT_FALSE(allowance.scarce());
}

TEST(Allowance, WhatIsSavedShrinksWithALoadThatFalls) {
  Allowance allowance({.share = 0.1});
  for (int minute = 0; minute < minutes_a_day; ++minute) {
    allowance.step({.reactive = 30, .mean_fleet = 30});
    allowance.charge(30);
  }
  EXPECT_FALSE(allowance.scarce());
  // The mean of the last days has hardly moved, which would pay for a day of twice the fleet.
  int minutes = 0;
  for (; minutes < minutes_a_day && !allowance.spent(); ++minutes) {
    allowance.step({.reactive = 10, .mean_fleet = 30});
    if (!allowance.spent()) allowance.charge(20);
  }
  EXPECT_LT(minutes, 15 * 60);
}

TEST(Allowance, AfterItHasShrunkItIsSavedUpAgain) {
  Allowance allowance({.share = 0.1});
  for (const double load : {30.0, 10.0, 30.0}) {
    for (int minute = 0; minute < 4 * minutes_a_day; ++minute) {
      allowance.step({.reactive = load, .mean_fleet = 30});
      allowance.charge(load);
    }
    EXPECT_FALSE(allowance.scarce()) << load;
  }
}

TEST(Sizer, ASurpriseIsHeldUntilTheAllowanceIsSpent) {
  const auto forecaster = taught(5);
  Sizer sizer({.per_unit = 25, .limit_per_unit = 35}, 20);
  bool held = false;
  bool spent = false;
  for (int minute = 0; minute < 10 * minutes_a_day && !spent; ++minute) {
    sizer.step(minute % 15 == 14 ? 4000 : 300, {.forecast = forecaster.forecast(), .lead = 5});
    held = held || sizer.need() >= std::ceil(4000.0 / 35);
    spent = sizer.spent();
  }
  EXPECT_TRUE(held);
  EXPECT_TRUE(spent);
  EXPECT_EQ(sizer.need(), 0);
}

TEST(Sizer, SmallDifferencesChangeNothing) {
  EXPECT_EQ(with_hysteresis(104, 100, 100, 100), 100);
  EXPECT_EQ(with_hysteresis(120, 100, 100, 100), 120);
  EXPECT_EQ(with_hysteresis(80, 95, 80, 100), 100);  // needed again within the lead time
  EXPECT_EQ(with_hysteresis(80, 85, 80, 100), 85);
}

}  // namespace
}  // namespace wave::forecast
