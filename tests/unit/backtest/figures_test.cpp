#include "backtest/figures.h"

#include <gtest/gtest.h>

namespace wave::backtest {
namespace {

TEST(Figures, WhatIsOrderedServesAfterItsLeadTimeAndGoesAtOnce) {
  EXPECT_EQ(serve({2, 5, 5, 5, 4, 4}, 2), (std::vector<double>{2, 2, 2, 5, 4, 4}));
  EXPECT_EQ(serve({2, 5, 3, 3, 3}, 2), (std::vector<double>{2, 2, 2, 3, 3}));
}

TEST(Figures, CountsByHand) {
  // One unit carries 10, is meant to carry 6, and is violated above 8.5.
  const Setting test{.past = {}, .load = {6, 12, 18, 6}, .per_unit = 6, .capacity = 10};
  const auto figures = figures_of(test, {.desired = {1, 1, 3, 3}, .ready = {1, 1, 1, 3}});
  EXPECT_EQ(figures.slo_pct, 50);                            // 12 and 18 on one unit
  EXPECT_NEAR(figures.unserved_pct, 100.0 * 10 / 42, 1e-9);  // 2 and 8 of 42
  EXPECT_EQ(figures.tau_u, 50);
  EXPECT_EQ(figures.tau_o, 25);
  EXPECT_NEAR(figures.theta_u, 100 * (0.5 + 2.0 / 3) / 4, 1e-9);
  EXPECT_NEAR(figures.theta_o, 100 * 2.0 / 4, 1e-9);
  EXPECT_NEAR(figures.cost, 8.0 / 12, 1e-9);  // the oracle has 3 from the start
}

TEST(Figures, TheOracleIsNeverShortAndTheReactiveOneIs) {
  Setting test{.past = {}, .load = {}, .per_unit = 6, .capacity = 10};
  for (int i = 0; i < 600; ++i) test.load.push_back(i % 200 < 100 ? 6 : 60);
  for (const auto& [name, course] : baselines(test)) {
    const auto figures = figures_of(test, course);
    if (name == "oracle" || name == "static_peak") {
      EXPECT_EQ(figures.slo_pct, 0) << name;
    }
    if (name == "oracle") {
      EXPECT_EQ(figures.cost, 1);
    }
    // Each rise is seen a minute late and takes five to serve.
    if (name == "reactive") {
      EXPECT_NEAR(figures.slo_pct, 100 * 3 * 6 / 600.0, 1e-9);
    }
  }
}

TEST(Figures, AReactivePolicySeesALongRowWhenItIsOver) {
  Setting test{.past = {}, .load = std::vector<double>(20, 6), .per_unit = 6, .capacity = 10};
  std::fill(test.load.begin() + 5, test.load.end(), 60);
  const auto ordered = [&] {
    for (const auto& [name, course] : baselines(test))
      if (name == "reactive") return course.desired;
    return std::vector<double>();
  };
  EXPECT_EQ(ordered()[5], 1);
  EXPECT_EQ(ordered()[6], 10);
  test.row_ticks = 5;
  EXPECT_EQ(ordered()[9], 1);
  EXPECT_EQ(ordered()[10], 10);
  // The first row began two ticks before the test: its second is over at 8, and tells of the tick before.
  test.row_offset = 2;
  EXPECT_EQ(ordered()[7], 1);
  EXPECT_EQ(ordered()[8], 10);
}

}  // namespace
}  // namespace wave::backtest
