#include "forecast/forecast.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "forecast/least_squares.h"
#include "forecast/models.h"

namespace wave::forecast {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

Series hourly(std::vector<double> values) {
  return {.start = {}, .step = 1h, .values = std::move(values)};
}

/// A day's wave, and noise of the size given that is the same in every run.
std::vector<double> waves(std::size_t length, double noise = 2, double level = 100) {
  std::vector<double> out;
  std::uint32_t state = 1;
  for (std::size_t t = 0; t < length; ++t) {
    state = state * 1664525U + 1013904223U;
    out.push_back(level + 30 * std::sin(static_cast<double>(t) * 2 * M_PI / 24) +
                  noise * (static_cast<double>(state >> 8) / (1 << 24) - 0.5));
  }
  return out;
}

/// Asks for a fan and checks what every answer owes: finite numbers, quantiles in order.
Answer fan(const Series& series, std::size_t horizon = 48) {
  const auto answer = forecast(series, {.horizon = horizon, .quantiles = {0.95, 0.05, 0.5, 0.9}});
  if (!answer) {
    ADD_FAILURE() << answer.error().text();
    return {};
  }
  EXPECT_EQ(answer->points.size(), horizon);
  EXPECT_FALSE(answer->model.empty());
  for (const auto& point : answer->points) {
    EXPECT_TRUE(std::isfinite(point.mean));
    for (const double value : point.quantiles) EXPECT_TRUE(std::isfinite(value));
    EXPECT_LE(point.quantiles[1], point.quantiles[2]);
    EXPECT_LE(point.quantiles[2], point.quantiles[3]);
    EXPECT_LE(point.quantiles[3], point.quantiles[0]);
  }
  return *answer;
}

ErrorCode refusal(std::vector<double> values) {
  const auto answer = forecast(hourly(std::move(values)), {.horizon = 1});
  return answer ? ErrorCode::internal : answer.error().code;
}

TEST(Forecast, SaysWhyNotForWhatHoldsTooLittle) {
  EXPECT_EQ(refusal({}), ErrorCode::no_data);
  EXPECT_EQ(refusal({7}), ErrorCode::no_data);
  EXPECT_EQ(refusal({nan, nan, nan}), ErrorCode::no_data);
}

TEST(Forecast, RefusesAQuestionWithoutSense) {
  const Series series = hourly(waves(100));
  EXPECT_FALSE(forecast(series, {.horizon = 0}));
  EXPECT_FALSE(forecast(series, {.horizon = 1, .quantiles = {1.0}}));
  EXPECT_FALSE(forecast(series, {.horizon = 1, .quantiles = {nan}}));
  EXPECT_FALSE(forecast(series, {.horizon = 1, .quantiles = {0.5}, .seasons = {1}}));
}

TEST(Forecast, ZerosAndConstantsStay) {
  for (const double value : {0.0, 5.0, -3.0})
    for (const auto& point : fan(hourly(std::vector<double>(400, value))).points)
      EXPECT_NEAR(point.mean, value, 1e-6);
}

TEST(Forecast, TwoValuesAreEnoughForAWideOne) {
  const auto answer = fan(hourly({10, 12}), 3);
  EXPECT_GT(answer.points[0].quantiles[0], 12);
  EXPECT_GT(answer.points[2].quantiles[0], answer.points[0].quantiles[0]);
}

TEST(Forecast, FindsTheDayAndFollowsIt) {
  const auto answer = fan(hourly(waves(24 * 14)));
  ASSERT_FALSE(answer.seasons.empty());
  EXPECT_EQ(answer.seasons.front(), 24U);
  const auto truth = waves(24 * 16, 0);
  for (std::size_t h = 0; h < 48; ++h) EXPECT_NEAR(answer.points[h].mean, truth[24 * 14 + h], 2) << h;
}

TEST(Forecast, FindsACycleThatIsNoDay) {
  std::vector<double> values;
  for (int t = 0; t < 400; ++t) values.push_back(50 + 20 * std::sin(t * 2 * M_PI / 17));
  EXPECT_EQ(fan(hourly(values)).seasons, std::vector<std::size_t>{17});
}

TEST(Forecast, NegativeValuesAreValues) {
  auto values = waves(24 * 14, 2, 0);
  EXPECT_LT(fan(hourly(values)).points[18].mean, -20);
}

TEST(Forecast, HolesAndSpikesDoNotMatterMuch) {
  auto values = waves(24 * 28);
  for (std::size_t t = 24 * 10; t < 24 * 17; ++t) values[t] = nan;
  values[24 * 20] = 150;
  values[3] = std::numeric_limits<double>::infinity();
  const auto answer = fan(hourly(values));
  const auto truth = waves(24 * 30, 0);
  for (std::size_t h = 0; h < 48; ++h) EXPECT_NEAR(answer.points[h].mean, truth[24 * 28 + h], 5) << h;
}

TEST(Forecast, AHoleAtTheEndIsBridged) {
  auto values = waves(24 * 14);
  for (std::size_t t = values.size() - 5; t < values.size(); ++t) values[t] = nan;
  const auto truth = waves(24 * 16, 0);
  EXPECT_NEAR(fan(hourly(values)).points[10].mean, truth[24 * 14 + 10], 3);
}

TEST(Forecast, ShorterThanItsSeason) {
  fan(hourly(waves(20)));
}

TEST(Forecast, AStepYesterdayIsFollowed) {
  auto values = waves(24 * 14);
  for (std::size_t t = values.size() - 24; t < values.size(); ++t) values[t] += 100;
  double mean = 0;
  for (const auto& point : fan(hourly(values), 24).points) mean += point.mean / 24;
  // The new level is 200: off by less than half the step either way.
  EXPECT_GT(mean, 150);
  EXPECT_LT(mean, 250);
}

TEST(Forecast, AClockChangeMovesTheDayByAnHour) {
  auto values = waves(24 * 14);
  values.erase(values.end() - 24);
  fan(hourly(values));
}

TEST(Forecast, AMillionPoints) {
  Series series{.start = {}, .step = 1min, .values = {}};
  for (std::size_t t = 0; t < 1'000'000; ++t)
    series.values.push_back(100 + 50 * std::sin(static_cast<double>(t) * 2 * M_PI / 1440));
  fan(series, 15);
}

TEST(Forecast, TheSameTwice) {
  const Series series = hourly(waves(24 * 14));
  const auto first = fan(series);
  const auto second = fan(series);
  for (std::size_t h = 0; h < 48; ++h) EXPECT_EQ(first.points[h].mean, second.points[h].mean);
}

/// Weekly models fit a fifteenth day for the first time. Nobody has seen yet how they do on this series.
TEST(Forecast, AModelThatNothingHasTriedIsNotAsked) {
  for (const std::size_t days : {14, 15, 16}) {
    auto values = waves((days + 1) * 24);
    for (std::size_t t = 0; t < values.size(); ++t) values[t] *= std::pow(1.1, static_cast<double>(t / 24));
    const auto past = static_cast<std::ptrdiff_t>(days * 24);
    const auto answer =
        forecast(hourly({values.begin(), values.begin() + past}), {.horizon = 24, .seasons = {24, 168}});
    ASSERT_TRUE(answer);
    double error = 0, repetition = 0;
    for (std::size_t h = 0; h < 24; ++h) {
      error += std::abs(answer->points[h].mean - values[days * 24 + h]);
      repetition += std::abs(values[(days - 1) * 24 + h] - values[days * 24 + h]);
    }
    EXPECT_LT(error, repetition) << days << " days";
  }
}

TEST(LeastSquares, FindsTheLineThroughItsPoints) {
  LeastSquares squares(2);
  for (const double x : {0.0, 1.0, 2.0}) squares.add({1, x}, 3 + 2 * x);
  const auto found = squares.solve(0);
  EXPECT_NEAR(found[0], 3, 1e-9);
  EXPECT_NEAR(found[1], 2, 1e-9);
}

TEST(LeastSquares, ColumnsThatSayTheSameAreNoTrouble) {
  LeastSquares squares(2);
  for (const double x : {1.0, 2.0}) squares.add({x, x}, 2 * x);
  const auto found = squares.solve(0);
  EXPECT_NEAR(found[0] + found[1], 2, 1e-9);
}

/// By hand: season 2, past 1 3 2 5 3 6; the seasonal naive says 3 6. With truth 4 8 its errors are 1 and 2,
/// the in-sample differences over a season 1 2 1 1; MASE = 1.5 / 1.25 = 1.2.
TEST(Models, TheSeasonalNaiveHasTheMaseOfAHand) {
  const Values past = {1, 3, 2, 5, 3, 6};
  const auto& pool = models();
  const auto naive = std::ranges::find(pool, same_time_of_season, &Model::name);
  ASSERT_NE(naive, pool.end());
  const Values ahead = naive->ahead(past, {.day = 2}, 2);
  EXPECT_EQ(ahead, (Values{3, 6}));
  double scale = 0;
  for (std::size_t t = 2; t < past.size(); ++t) scale += std::abs(past[t] - past[t - 2]) / 4;
  EXPECT_DOUBLE_EQ((std::abs(4 - ahead[0]) + std::abs(8 - ahead[1])) / 2 / scale, 1.2);
}

}  // namespace
}  // namespace wave::forecast
