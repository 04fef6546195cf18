#include "plans/strategies.h"

#include <gtest/gtest.h>

namespace wave::plans {
namespace {

using definitions::Target;
using definitions::Threshold;

Target per_unit(double value) {
  return {.metric = "rps", .kind = Target::Kind::per_unit, .value = value};
}

TEST(TargetStrategy, ATotalIsSharedAmongUnits) {
  EXPECT_EQ(target_wish(per_unit(200), 4200, {.current = 4})->desired, 21);
  EXPECT_EQ(target_wish(per_unit(200), 4201, {.current = 4})->desired, 22);
}

TEST(TargetStrategy, KeepsCurrentWithinTheTolerance) {
  EXPECT_EQ(target_wish(per_unit(100), 1100, {.current = 10})->desired, 10);
  EXPECT_EQ(target_wish(per_unit(100), 1101, {.current = 10})->desired, 12);
  EXPECT_EQ(target_wish(per_unit(100), 900, {.current = 10})->desired, 10);
  EXPECT_EQ(target_wish(per_unit(100), 899, {.current = 10})->desired, 9);
}

TEST(TargetStrategy, AnAverageMultipliesReadyUnits) {
  Target average = per_unit(50);
  average.kind = Target::Kind::average;
  const auto wish = target_wish(average, 75, {.current = 4, .ready = 4});
  EXPECT_EQ(wish->desired, 6);
  EXPECT_TRUE(wish->relative);
  // Two more were ordered and do not serve yet: growing must not shrink.
  EXPECT_EQ(target_wish(average, 60, {.current = 8, .ready = 4})->desired, 8);
  EXPECT_EQ(target_wish(average, 75, {.current = 4, .ready = 0})->desired, 4);
}

TEST(TargetStrategy, ActivationRulesTheWayFromAndToZero) {
  Target activated = per_unit(100);
  activated.has_activation = true;
  activated.activation_above = 5;
  EXPECT_EQ(target_wish(activated, 5, {.current = 3})->desired, 0);
  EXPECT_EQ(target_wish(activated, 5, {.current = 0})->desired, 0);
  EXPECT_EQ(target_wish(activated, 6, {.current = 0})->desired, 1);
}

TEST(TargetStrategy, WhatIsNoLoadIsNoWish) {
  EXPECT_FALSE(target_wish(per_unit(100), -1, {.current = 3}));
  EXPECT_FALSE(target_wish(per_unit(100), std::numeric_limits<double>::quiet_NaN(), {.current = 3}));
}

TEST(ThresholdStrategy, StepsOnlyAfterItSettled) {
  const Threshold threshold{.metric = "cpu", .above = 80, .below = 20, .amount = 2, .settle = 60s};
  EXPECT_FALSE(threshold_wish(threshold, 90, {.current = 4}, 59s));
  EXPECT_EQ(threshold_wish(threshold, 90, {.current = 4}, 60s)->desired, 6);
  EXPECT_EQ(threshold_wish(threshold, 10, {.current = 4}, 60s)->desired, 2);
  EXPECT_FALSE(threshold_wish(threshold, 80, {.current = 4}, 1h));
}

TEST(ThresholdStrategy, StepsByPercentAndToANumber) {
  Threshold threshold{.metric = "cpu", .above = 80, .below = 20};
  threshold.kind = Threshold::Kind::by_percent;
  threshold.amount = 20;
  EXPECT_EQ(threshold_wish(threshold, 90, {.current = 10}, 0s)->desired, 12);
  EXPECT_EQ(threshold_wish(threshold, 90, {.current = 2}, 0s)->desired, 3);
  EXPECT_EQ(threshold_wish(threshold, 10, {.current = 10}, 0s)->desired, 8);
  threshold.kind = Threshold::Kind::to;
  threshold.amount = 5;
  EXPECT_EQ(threshold_wish(threshold, 90, {.current = 10}, 0s)->desired, 5);
}

TEST(ThresholdStrategy, UnitsThatFailAreNoReasonToTakeMoreAway) {
  const Threshold threshold{.metric = "cpu", .above = 80, .below = 20, .amount = 2};
  EXPECT_EQ(threshold_wish(threshold, 10, {.current = 10, .ready = 3}, 0s)->desired, 8);
}

}  // namespace
}  // namespace wave::plans
