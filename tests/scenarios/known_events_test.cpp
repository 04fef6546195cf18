#include <cmath>

#include "tracked_load.h"

namespace wave::test {
namespace {

const UtcTime start = *parse_time("2026-06-13T18:00:00Z");  // a Saturday

UtcTime clock_time(int hour, int minute = 0) {
  return start + std::chrono::hours(hour - 18) + std::chrono::minutes(minute);
}

const std::string final_match = R"(---
kind: Event
id: final
metrics: [rps]
schedule: { cron: '0 22 * * SAT', timezone: Europe/Madrid, duration: 2h }
factor: 2
)";  // 20:00 to 22:00 UTC

class KnownEvents : public TrackedLoad {
 protected:
  void begin(const std::string& events, int days, const Moved& past) {
    TrackedLoad::begin(start, definitions(true, events), days, past);
  }
};

bool in_final(UtcTime when) {
  const auto local = local_time(when, "Europe/Madrid");
  return local.weekday == 6 && local.hour >= 22;
}

double match_load(UtcTime when) {
  return in_final(when) ? 2.2 : 1;
}

TEST_P(KnownEvents, CapacityServesWhenAKnownEventBegins) {
  begin(final_match, 28, match_load);
  run(clock_time(23), match_load);
  const double needed = usual(clock_time(20)) * 2.2 / 14;
  EXPECT_LT(desired_at(clock_time(19, 45)), 1.3 * usual(clock_time(19, 45)) / per_unit);
  EXPECT_GE(desired_at(clock_time(19, 55)), needed);  // serves five minutes later
  for (UtcTime at = clock_time(20); at < clock_time(22); at += 1min)
    EXPECT_GE(desired_at(at), usual(at) * 2.2 / 14) << iso8601(at);
  EXPECT_LT(desired_at(clock_time(22, 45)), 1.5 * usual(clock_time(22, 45)) / per_unit);
  const auto text = told(clock_time(19, 40), "event 'final'");
  EXPECT_NE(text.find("from 2026-06-13 22:00 Europe/Madrid for 2h, factor 2.1"), std::string::npos) << text;
  EXPECT_NE(text.find(" learned from 4 times"), std::string::npos) << text;
}

/// Four times a year: what one did is known at the next, whose kept past has none of them.
TEST_P(KnownEvents, WhatOneDidIsKnownAQuarterLaterAfterARestart) {
  const std::string quarterly = R"(---
kind: Event
id: final
metrics: [rps]
schedule: { cron: '0 20 13 MAR,JUN,SEP,DEC *', duration: 2h }
)";
  const auto load = [](UtcTime at) { return at >= clock_time(20) && at < clock_time(22) ? 4.0 : 1.0; };
  begin(quarterly, 14, flat);
  run(clock_time(22, 5), load);
  const auto kept = nlohmann::json::parse(world->store.kept.at("events/rps"));
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0]["name"], "final");
  EXPECT_EQ(kept[0]["start"], "2026-06-13T20:00:00Z");
  EXPECT_NEAR(kept[0]["factor"], 4, 0.1);
  std::printf("kept: %s\n", kept.dump().c_str());

  const auto states = world->store.kept;
  const Duration quarter = *parse_time("2026-09-13T18:00:00Z") - start;
  TrackedLoad::begin(start + quarter, definitions(true, quarterly), 14, flat, states);
  run(clock_time(20) + quarter, flat);
  EXPECT_NE(told(clock_time(19) + quarter, "event 'final'").find("factor 2 learned from 1 time"),
            std::string::npos);
  EXPECT_GE(desired_at(clock_time(19, 55) + quarter), 2 * usual(clock_time(20) + quarter) / limit_per_unit);
}

TEST_P(KnownEvents, WithoutAPastTheGivenFactorCountsOnTheLoadOfNow) {
  begin(final_match, 0, flat);
  run(clock_time(21), match_load);
  EXPECT_LT(desired_at(clock_time(19, 45)), 1.3 * usual(clock_time(19, 45)) / per_unit);
  EXPECT_GE(desired_at(clock_time(19, 55)), 1.9 * usual(clock_time(19, 55)) / per_unit);
  // The event's own load is not taken for the usual one and raised again.
  EXPECT_LE(desired_at(clock_time(20, 45)), 1.2 * 2.2 * usual(clock_time(20, 45)) / per_unit);
  EXPECT_NE(told(clock_time(19, 40), "event 'final'").find("factor 2 as given"), std::string::npos);
}

/// An event that does not happen: the load stays flat.
TEST_P(KnownEvents, AFakeOneCostsAtMostItsSpanAndIsTold) {
  begin(final_match, 28, match_load);
  run(clock_time(24), flat);
  EXPECT_GE(desired_at(clock_time(19, 57)), 1.1 * usual(clock_time(20)) / per_unit);
  const auto since_half = told(clock_time(20, 30), "stands aside");
  EXPECT_NE(since_half.find("event 'final'"), std::string::npos) << since_half;
  EXPECT_NE(since_half.find("the load has been"), std::string::npos) << since_half;
  // Half an hour into it nobody waits any longer; the stabilization window of scale-in is five minutes.
  for (UtcTime at = clock_time(20, 50); at < clock_time(24); at += 1min)
    EXPECT_LE(desired_at(at), 1.2 * usual(at) / per_unit + 2) << iso8601(at);
  EXPECT_LE(desired_at(clock_time(19, 45)), 1.2 * usual(clock_time(19, 45)) / per_unit + 2);
}

TEST_P(KnownEvents, NoEventMeansLessThanReacting) {
  begin(final_match, 28, match_load);
  // It comes late and much larger than expected.
  const auto late = [](UtcTime when) {
    return when >= clock_time(20, 40) && when < clock_time(22) ? 4.0 : 1.0;
  };
  run(clock_time(22), late);
  // A minute later at the latest there is what reacting asks for, but for the tolerance of a target.
  for (UtcTime at = clock_time(20, 1); at < clock_time(22); at += 1min)
    EXPECT_GE(desired_at(at), 0.9 * usual(at - Duration(1min)) * late(at - Duration(1min)) / per_unit)
        << iso8601(at);
}

/// The metric is not there for twenty minutes: nothing falls meanwhile, and afterwards the forecast stands
/// aside until it knows the last steps again.
TEST_P(KnownEvents, AfterAnOutageTheForecastStandsAside) {
  begin("", 14, flat);
  run(clock_time(19), flat);
  const double before = desired_at(clock_time(19));
  run(clock_time(19, 20), [](UtcTime) { return 0; });
  EXPECT_GE(desired_at(clock_time(19, 20)), before);
  run(clock_time(19, 30), flat);
  EXPECT_NE(told(clock_time(19, 20), "no look ahead: the metric has been missing").find("and more"),
            std::string::npos);
  EXPECT_LE(std::abs(desired_at(clock_time(19, 30)) - usual(clock_time(19, 30)) / per_unit),
            0.25 * usual(clock_time(19, 30)) / per_unit);
}

/// The load is another from one minute to the next, and jumps about: what the season says is no longer true.
TEST_P(KnownEvents, AfterALevelShiftTheForecastStandsAside) {
  begin("", 14, flat);
  const auto shifted = [](UtcTime when) {
    const auto hours = (when - clock_time(19)) / Duration(1h);
    return when < clock_time(19) ? 1.0 : hours % 2 == 0 ? 3.0 : 1.5;
  };
  run(clock_time(19 + 48), shifted);
  const auto text = told(clock_time(19), "no look ahead: ");
  EXPECT_TRUE(text.find("worse than the last value") != std::string::npos ||
              text.find("too sure") != std::string::npos ||
              text.find("it has cost as much") != std::string::npos)
      << text;
  for (UtcTime at = clock_time(19, 10); at < clock_time(19 + 48); at += 1min)
    ASSERT_GE(desired_at(at), usual(at - Duration(1min)) * shifted(at - Duration(1min)) / 14 - 1)
        << iso8601(at);
}

INSTANTIATE_TEST_SUITE_P(Floors, KnownEvents, testing::Values("reactive", "none"),
                         [](const auto& one) { return std::string(one.param); });

}  // namespace
}  // namespace wave::test
