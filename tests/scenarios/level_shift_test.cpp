#include "tracked_load.h"

namespace wave::test {
namespace {

const UtcTime begun = *parse_time("2026-06-13T18:00:00Z");
const UtcTime shifted_at = begun + Duration(30h);
constexpr Duration day = 24h;

/// After three weeks of a daily pattern the level is another from one minute to the next, and stays.
class LevelShift : public TrackedLoad {
 protected:
  struct Seen {
    int violations = 0;
    double cost = 0;  ///< unit-minutes ordered
  };

  Seen run_with(bool looks_ahead, double level, UtcTime until) {
    const auto load = [level](UtcTime at) { return at < shifted_at ? 1 : level; };
    begin(begun, definitions(looks_ahead), 21, flat);
    run(until, load);
    Seen seen;
    for (UtcTime at = begun + ready_after + 1min; at < until; at += 1min) {
      seen.violations += usual(at) * load(at) > limit_per_unit * ready_at(at);
      seen.cost += desired_at(at);
    }
    return seen;
  }
};

/// The forecast stands aside as soon as its errors weigh, and comes back when it has learned the new level.
TEST_P(LevelShift, AfterADoublingTheForecastStandsAsideAndComesBackByItself) {
  const UtcTime until = shifted_at + 4 * day;
  const auto ahead = run_with(true, 2, until);
  const auto aside = first_told(shifted_at, "no look ahead: the forecast has been worse than the last value");
  ASSERT_TRUE(aside);
  EXPECT_LT(*aside, shifted_at + 1h);
  const auto back = first_told(shifted_at + 1h, "; ahead ", "no look ahead");
  ASSERT_TRUE(back);
  EXPECT_GT(*back, shifted_at + day);
  EXPECT_LT(*back, shifted_at + Duration(89h));
  const auto standing = world->engine().generation().metric("rps")->foresight()->standings().at(0);
  EXPECT_EQ(standing.problem, "");
  EXPECT_NEAR(standing.forecast->median() / (2 * usual(until)), 1, 0.1);
  const auto reactive = run_with(false, 2, until);
  EXPECT_LE(ahead.violations, reactive.violations);
  EXPECT_LE(ahead.cost, 1.1 * reactive.cost);
}

/// Too high a forecast is no danger: it may go on acting while it learns, as long as that costs little.
TEST_P(LevelShift, AfterAHalvingCapacityFollowsTheLoad) {
  const UtcTime until = shifted_at + 2 * day;
  const auto ahead = run_with(true, 0.5, until);
  for (UtcTime at = shifted_at + 3h; at < until; at += 1min)
    ASSERT_LE(desired_at(at), 0.5 * 1.3 * usual(at) / per_unit + 2) << iso8601(at);
  const auto reactive = run_with(false, 0.5, until);
  EXPECT_LE(ahead.violations, reactive.violations);
  EXPECT_LE(ahead.cost, 1.1 * reactive.cost);
}

INSTANTIATE_TEST_SUITE_P(Floors, LevelShift, testing::Values("reactive", "none"),
                         [](const auto& one) { return std::string(one.param); });

}  // namespace
}  // namespace wave::test
