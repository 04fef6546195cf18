#include "plans/windows.h"

#include <gtest/gtest.h>

namespace wave::plans {
namespace {

MonoTime at(int second) {
  return MonoTime(std::chrono::seconds(1000 + second));
}

Windows counter(std::initializer_list<double> values) {
  Windows windows;
  windows.keep(1h);
  int second = 0;
  for (const double value : values) windows.add(at(second++ * 10), value);
  return windows;
}

TEST(Windows, FunctionsCoverTheWindowAndNoMore) {
  const auto windows = counter({100, 1, 2, 3, 4});
  const auto value = [&](WindowFunction function, double percentile = 0) {
    return windows.value(function, 40s, percentile, at(40)).value();
  };
  EXPECT_EQ(value(WindowFunction::avg), 2.5);
  EXPECT_EQ(value(WindowFunction::min), 1);
  EXPECT_EQ(value(WindowFunction::max), 4);
  EXPECT_EQ(value(WindowFunction::sum), 10);
  EXPECT_EQ(value(WindowFunction::count), 4);
  EXPECT_EQ(value(WindowFunction::last), 4);
  EXPECT_EQ(value(WindowFunction::percentile, 50), 2.5);
  EXPECT_EQ(value(WindowFunction::percentile, 100), 4);
  EXPECT_NEAR(value(WindowFunction::slope), 0.1, 1e-12);
}

TEST(Windows, RateTakesADropAsACounterReset) {
  const auto windows = counter({10, 20, 5, 15});
  EXPECT_DOUBLE_EQ(windows.value(WindowFunction::rate, 1min, 0, at(30)).value(), 25.0 / 30);
}

TEST(Windows, TooFewSamplesAreNoData) {
  const auto windows = counter({7});
  EXPECT_EQ(windows.value(WindowFunction::avg, 5s, 0, at(60)).error().code, ErrorCode::no_data);
  EXPECT_EQ(windows.value(WindowFunction::rate, 1min, 0, at(1)).error().code, ErrorCode::no_data);
  EXPECT_EQ(windows.value(WindowFunction::count, 5s, 0, at(60)).value(), 0);
}

TEST(Windows, LateSamplesFindTheirPlaceAndEqualTimesReplace) {
  Windows windows;
  windows.keep(1h);
  windows.add(at(20), 3);
  windows.add(at(10), 2);
  windows.add(at(20), 5);
  EXPECT_EQ(windows.size(), 2u);
  EXPECT_EQ(windows.value(WindowFunction::last, 1min, 0, at(30)).value(), 5);
  EXPECT_EQ(windows.value(WindowFunction::last, 1min, 0, at(15)).value(), 2);
}

}  // namespace
}  // namespace wave::plans
