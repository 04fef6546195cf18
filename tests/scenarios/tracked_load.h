#pragma once

#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <numbers>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "world.h"

namespace wave::test {

/// Reproducible noise in [-1, 1], the same for a minute wherever it is asked for.
inline double noise(UtcTime when) {
  auto x = static_cast<std::uint64_t>(when.time_since_epoch() / Duration(1min)) * 0x9E3779B97F4A7C15ull;
  x ^= x >> 29;
  x *= 0xBF58476D1CE4E5B9ull;
  x ^= x >> 32;
  return static_cast<double>(x % 2001) / 1000 - 1;
}

/// A daily wave around 1000.
inline double usual(UtcTime when) {
  return (1000 + 400 * std::sin(2 * std::numbers::pi * epoch_seconds(when) / 86400)) *
         (1 + 0.02 * noise(when));
}

inline double flat(UtcTime) {
  return 1;
}

/// The production engine that follows a daily wave, with a past on disk and a load that a test decides. The
/// parameter is the `floor` of `proactive`.
class TrackedLoad : public testing::TestWithParam<const char*> {
 protected:
  static constexpr double per_unit = 10;
  static constexpr double limit_per_unit = 14;  ///< what it is unless somebody writes another
  static constexpr Duration ready_after = 5min;
  using Moved = std::function<double(UtcTime)>;

  /// `items`: what follows the metric's item, such as events. Without `looks_ahead` it only reacts.
  static std::string definitions(bool looks_ahead, const std::string& items = "") {
    const std::string proactive =
        looks_ahead ? "    proactive: { floor: " + std::string(GetParam()) + " }\n" : "";
    return R"(
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
)" + proactive +
           "    scaling_components: [{ component_id: web }]\n" + items;
  }

  /// `past`: how many times the usual load there was; `days` of it. `states`: what an earlier daemon kept.
  void begin(UtcTime start, const std::string& text, int days, const Moved& past,
             const std::map<std::string, std::string>& states = {}) {
    desired.clear();
    world = std::make_unique<SimulatedWorld>(start, text);
    world->store.kept = states;
    for (UtcTime hour = start - std::chrono::hours(24 * days); hour < start; hour += 1h) {
      history::StoredRollup one{.metric_id = "rps", .start = hour, .step = 1min, .values = {}};
      for (UtcTime at = hour; at < hour + 1h; at += 1min)
        one.values.push_back(static_cast<float>(usual(at) * past(at)));
      world->store.add_rollups({std::move(one)});
    }
    world->components()["web"] = {.desired = std::ceil(usual(start) * past(start) / per_unit),
                                  .ready_after = ready_after};
    world->start();
  }

  /// Runs until then; `load`: how many times the usual comes, 0 for none. What was desired is kept by minute.
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
  /// What was ordered a lead time ago and not taken away since.
  double ready_at(UtcTime when) const {
    double least = desired.at(when);
    for (auto at = desired.lower_bound(when - ready_after); at->first < when; ++at)
      least = std::min(least, at->second);
    return least;
  }

  /// A text of the decisions since `from` that holds these words, printed so that people can quote it.
  std::string told(UtcTime from, const std::string& words) const { return find(from, words, "").second; }
  /// When a text that holds `words` and not `without` first stood in a decision that was new then.
  std::optional<UtcTime> first_told(UtcTime from, const std::string& words,
                                    const std::string& without = "") const {
    const auto [at, text] = find(from, words, without);
    return text.empty() ? std::nullopt : std::optional(at);
  }

  std::unique_ptr<SimulatedWorld> world;
  std::map<UtcTime, double> desired;

 private:
  std::pair<UtcTime, std::string> find(UtcTime from, const std::string& words,
                                       const std::string& without) const {
    for (const auto& record : world->store.records) {
      if (record.last_at < from) continue;
      const auto decision = nlohmann::json::parse(record.json);
      for (const auto& [list, key] : {std::pair("reasons", "text"), std::pair("wishes", "why")}) {
        for (const auto& one : decision[list]) {
          const std::string text = one[key];
          if (text.find(words) == std::string::npos) continue;
          if (!without.empty() && text.find(without) != std::string::npos) continue;
          std::printf("%s %s: %s\n", iso8601(record.first_at).c_str(), record.action.c_str(), text.c_str());
          return {record.first_at, text};
        }
      }
    }
    return {};
  }
};

}  // namespace wave::test
