#include "forecast/rolling_series.h"

#include <array>
#include <cmath>

#include <gtest/gtest.h>

namespace wave::forecast {
namespace {

const UtcTime noon = *parse_time("2026-11-25T12:00:00Z");
const RollingSeries::Options minutes{.step = 1min, .history = 1h, .fresh_for = 50s};

TEST(RollingSeries, AStepIsTheMeanOfItsSamples) {
  RollingSeries series(minutes, noon);
  series.add(noon + 10s, 4);
  series.add(noon + 50s, 8);
  EXPECT_EQ(series.close(noon + 59s), 0u);
  EXPECT_EQ(series.close(noon + 60s), 1u);
  EXPECT_EQ(series.value(0), 6);
  EXPECT_EQ(series.time(0), noon);
  EXPECT_EQ(series.end(), noon + 1min);
}

TEST(RollingSeries, AnOutageIsMarkedOnceTheLastSampleIsStale) {
  RollingSeries series({.step = 1min, .history = 1h, .fresh_for = 2min}, noon);
  series.add(noon + 30s, 5);
  series.close(noon + 4min);
  ASSERT_EQ(series.size(), 4u);
  EXPECT_EQ(series.value(0), 5);
  EXPECT_EQ(series.value(1), 5);  // 90 s after the sample
  EXPECT_TRUE(std::isnan(series.value(2)));
  EXPECT_TRUE(std::isnan(series.value(3)));
  EXPECT_EQ(series.known(), 2u);
}

TEST(RollingSeries, ASourceThatIsLateIsWaitedFor) {
  RollingSeries series({.step = 1min, .history = 1h, .delay = 5min, .fresh_for = 50s}, noon);
  EXPECT_EQ(series.begin(), noon - 5min);
  series.add(noon - 4min - 30s, 7);
  EXPECT_EQ(series.close(noon + 1min), 1u);
  EXPECT_EQ(series.value(0), 7);
}

TEST(RollingSeries, WhatIsOverNeverChanges) {
  RollingSeries series(minutes, noon);
  series.add(noon, 1);
  series.close(noon + 2min);
  series.add(noon + 30s, 9);
  series.close(noon + 3min);
  EXPECT_EQ(series.value(0), 1);
}

TEST(RollingSeries, ThePastFillsOnlyHoles) {
  RollingSeries series(minutes, noon);
  series.add(noon, 1);
  series.close(noon + 2min);
  const std::array<float, 4> past{10, 11, 12, 13};
  series.fill(noon - 2min, past);
  ASSERT_EQ(series.size(), 4u);
  EXPECT_EQ(series.begin(), noon - 2min);
  EXPECT_EQ(series.value(0), 10);
  EXPECT_EQ(series.value(2), 1);
  EXPECT_EQ(series.value(3), 13);
  EXPECT_EQ(series.known(), 4u);
}

TEST(RollingSeries, KeepsNoMoreThanItsHistory) {
  RollingSeries series({.step = 1min, .history = 3min, .fresh_for = 50s}, noon);
  for (int minute = 0; minute < 10; ++minute) {
    series.add(noon + minute * 1min, minute);
    series.close(noon + (minute + 1) * 1min);
  }
  ASSERT_EQ(series.size(), 3u);
  EXPECT_EQ(series.value(0), 7);
  const std::array<float, 1> older{99};
  series.fill(noon + 6min, older);
  EXPECT_EQ(series.size(), 3u);
}

TEST(RollingSeries, AClockThatJumpsAYearLeavesABoundedSeriesOfHoles) {
  RollingSeries series(minutes, noon);
  series.add(noon, 1);
  series.close(noon + 1min);
  series.add(noon + 365 * 24h, 2);
  EXPECT_LE(series.close(noon + 365 * 24h + 1min), 61u);
  EXPECT_LE(series.size(), 60u);
  EXPECT_EQ(series.end(), noon + 365 * 24h + 1min);
}

TEST(RollingSeries, ASliceReachesBeyondBothEnds) {
  RollingSeries series(minutes, noon);
  series.add(noon, 3);
  series.close(noon + 1min);
  const auto slice = series.slice(noon - 1min, noon + 2min);
  ASSERT_EQ(slice.size(), 3u);
  EXPECT_TRUE(std::isnan(slice[0]));
  EXPECT_EQ(slice[1], 3);
  EXPECT_TRUE(std::isnan(slice[2]));
}

}  // namespace
}  // namespace wave::forecast
