#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "world.h"

namespace wave::test {
namespace {

constexpr double per_unit = 10;

const UtcTime start = *parse_time("2026-06-13T18:00:00Z");  // a Saturday

/// Reproducible noise in [-1, 1], the same for a minute wherever it is asked for.
double noise(UtcTime when) {
  auto x = static_cast<std::uint64_t>(when.time_since_epoch() / Duration(1min)) * 0x9E3779B97F4A7C15ull;
  x ^= x >> 29;
  x *= 0xBF58476D1CE4E5B9ull;
  x ^= x >> 32;
  return static_cast<double>(x % 2001) / 1000 - 1;
}

double usual(UtcTime when) {
  return (1000 + 400 * std::sin(2 * std::numbers::pi * epoch_seconds(when) / 86400)) *
         (1 + 0.02 * noise(when));
}

UtcTime clock_time(int hour, int minute = 0) {
  return start + std::chrono::hours(hour - 18) + std::chrono::minutes(minute);
}

const std::string without_event = R"(
kind: Metric
id: rps
metric_kind: push
stale_after: 2m
---
kind: ScalingComponent
id: web
component_kind: simulated
ready_after: 5m
limits: { min: 1, max: 1000 }
---
kind: ScalingPlan
id: p
plans:
  - id: track
    target: { metric: rps, per_unit: 10 }
    proactive: { floor: FLOOR }
    scaling_components: [{ component_id: web }]
)";

const std::string final_match = R"(---
kind: Event
id: final
metrics: [rps]
schedule: { cron: '0 22 * * SAT', timezone: Europe/Madrid, duration: 2h }
factor: 2
)";  // 20:00 to 22:00 UTC

/// The production engine with a past on disk, and a load that a test decides.
class KnownEvents : public testing::TestWithParam<const char*> {
 protected:
  using Moved = std::function<double(UtcTime)>;

  /// `past`: how many times the usual load there was; `days` of it.
  void begin(std::string text, int days, const Moved& past) {
    text.replace(text.find("FLOOR"), 5, GetParam());
    world = std::make_unique<SimulatedWorld>(start, std::move(text));
    for (UtcTime hour = start - std::chrono::hours(24 * days); hour < start; hour += 1h) {
      history::StoredRollup one{.metric_id = "rps", .start = hour, .step = 1min, .values = {}};
      for (UtcTime at = hour; at < hour + 1h; at += 1min)
        one.values.push_back(static_cast<float>(usual(at) * past(at)));
      world->store.add_rollups({std::move(one)});
    }
    world->components()["web"] = {.desired = std::ceil(usual(start) * past(start) / per_unit),
                                  .ready_after = 5min};
    world->start();
  }

  /// Runs until then; `load`: how many times the usual comes, 0 for none. What serves and what was desired
  /// is kept by minute.
  void run(UtcTime until, const Moved& load) {
    while (world->runtime.utc() < until) {
      const UtcTime now = world->runtime.utc();
      if (load(now) > 0) {
        EXPECT_TRUE(world->engine().push("rps", {}, usual(now) * load(now), now));
      }
      world->runtime.advance(1min);
      desired[world->runtime.utc()] = world->components()["web"].desired;
    }
  }

  double desired_at(UtcTime when) const { return desired.at(when); }

  /// A text of the decisions since `from` that holds these words, printed so
  /// that people can quote it.
  std::string told(UtcTime from, const std::string& words) const {
    std::string found;
    for (const auto& record : world->store.records) {
      if (record.last_at < from) continue;
      const auto decision = nlohmann::json::parse(record.json);
      for (const auto& [list, key] : {std::pair("reasons", "text"), std::pair("wishes", "why")}) {
        for (const auto& one : decision[list]) {
          const std::string text = one[key];
          if (!found.empty() || text.find(words) == std::string::npos) continue;
          found = text;
          std::printf("%s %s: %s\n", iso8601(record.first_at).c_str(), record.action.c_str(), text.c_str());
        }
      }
    }
    return found;
  }

  std::unique_ptr<SimulatedWorld> world;
  std::map<UtcTime, double> desired;
};

bool in_final(UtcTime when) {
  const auto local = local_time(when, "Europe/Madrid");
  return local.weekday == 6 && local.hour >= 22;
}

double match_load(UtcTime when) {
  return in_final(when) ? 2.2 : 1;
}
double flat(UtcTime) {
  return 1;
}

TEST_P(KnownEvents, CapacityServesWhenAKnownEventBegins) {
  begin(without_event + final_match, 28, match_load);
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

TEST_P(KnownEvents, WithoutAPastTheGivenFactorCountsOnTheLoadOfNow) {
  begin(without_event + final_match, 0, flat);
  run(clock_time(21), match_load);
  EXPECT_LT(desired_at(clock_time(19, 45)), 1.3 * usual(clock_time(19, 45)) / per_unit);
  EXPECT_GE(desired_at(clock_time(19, 55)), 1.9 * usual(clock_time(19, 55)) / per_unit);
  // The event's own load is not taken for the usual one and raised again.
  EXPECT_LE(desired_at(clock_time(20, 45)), 1.2 * 2.2 * usual(clock_time(20, 45)) / per_unit);
  EXPECT_NE(told(clock_time(19, 40), "event 'final'").find("factor 2 as given"), std::string::npos);
}

/// An event that does not happen: the load stays flat.
TEST_P(KnownEvents, AFakeOneCostsAtMostItsSpanAndIsTold) {
  begin(without_event + final_match, 28, match_load);
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
  begin(without_event + final_match, 28, match_load);
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
  begin(without_event, 14, flat);
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
  begin(without_event, 14, flat);
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
