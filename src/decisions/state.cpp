#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "decisions/decision.h"

namespace wave::decisions {
namespace {

using definitions::ComponentDefinition;
using nlohmann::json;

/// More is never needed to decide and never kept.
constexpr std::size_t most_recommendations = 4096;
constexpr std::size_t most_changes = 4096;

Duration longest_window(const ComponentDefinition& component) {
  return std::max(component.behavior.up.stabilization_window, component.behavior.down.stabilization_window);
}

/// How long a change matters to rate policies and cooldowns.
Duration longest_memory(const ComponentDefinition& component) {
  Duration longest = std::max(component.cooldown_up, component.cooldown_down);
  for (const auto* rules : {&component.behavior.up, &component.behavior.down})
    for (const auto& policy : rules->policies) longest = std::max(longest, policy.period);
  return longest;
}

std::int64_t micros(UtcTime time) {
  return time.time_since_epoch().count();
}

std::optional<UtcTime> time_of(const json& value) {
  if (!value.is_number_integer()) return std::nullopt;
  return UtcTime(Duration(value.get<std::int64_t>()));
}

bool is_number(const json& value) {
  return value.is_number() && std::isfinite(value.get<double>());
}

}  // namespace

void forget(State& state, UtcTime now, const ComponentDefinition& component) {
  for (auto& one : state.recommendations) one.at = std::min(one.at, now);
  for (auto& one : state.changes) one.at = std::min(one.at, now);
  if (state.relative_step_at) state.relative_step_at = std::min(*state.relative_step_at, now);
  const Duration window = longest_window(component);
  auto& recent = state.recommendations;
  recent.erase(recent.begin(),
               std::ranges::find_if(recent, [&](const auto& one) { return now - one.at < window; }));
  const Duration memory = longest_memory(component);
  auto& changes = state.changes;
  const auto first = std::ranges::find_if(changes, [&](const auto& one) { return now - one.at < memory; });
  changes.erase(changes.begin(), first == changes.end() && !changes.empty() ? first - 1 : first);
}

void compact(State& state) {
  auto& all = state.recommendations;
  // One that is followed by an equal one can be neither the smallest nor the largest of a window alone.
  if (all.size() >= 2 && all[all.size() - 2].value == all.back().value) all.erase(all.end() - 2);
  if (all.size() % 256 != 0 || all.empty()) return;
  std::vector<Recommendation> kept;
  double smallest = all.back().value;
  double largest = smallest;
  for (auto one = all.rbegin(); one != all.rend(); ++one) {
    const bool matters = one == all.rbegin() || one->value < smallest || one->value > largest;
    smallest = std::min(smallest, one->value);
    largest = std::max(largest, one->value);
    if (matters) kept.push_back(*one);
  }
  std::ranges::reverse(kept);
  if (kept.size() >= most_recommendations) {
    // Each pair becomes its larger wish at the later time: holds longer, never shorter.
    std::vector<Recommendation> halved;
    for (std::size_t i = 1; i < kept.size(); i += 2)
      halved.push_back({kept[i].at, std::max(kept[i - 1].value, kept[i].value)});
    kept = std::move(halved);
  }
  all = std::move(kept);
}

void record_change(State& state, UtcTime at, double from, double to, const ComponentDefinition& component) {
  forget(state, at, component);
  state.changes.push_back({at, from, to});
  if (state.changes.size() > most_changes) state.changes.erase(state.changes.begin());
}

void record_foreign_change(State& state, UtcTime at, double to) {
  state.recommendations.push_back({at, to});
  compact(state);
}

void shift(State& state, Duration by) {
  for (auto& one : state.recommendations) one.at += by;
  for (auto& one : state.changes) one.at += by;
  if (state.relative_step_at) *state.relative_step_at += by;
}

std::string to_json(const State& state) {
  json out = {{"recommendations", json::array()}, {"changes", json::array()}};
  for (const auto& one : state.recommendations)
    out["recommendations"].push_back(json::array({micros(one.at), one.value}));
  for (const auto& one : state.changes)
    out["changes"].push_back(json::array({micros(one.at), one.from, one.to}));
  if (state.last_applied) out["last_applied"] = *state.last_applied;
  if (state.relative_step_at) {
    out["relative_step"] = {{"at", micros(*state.relative_step_at)},
                            {"to", state.relative_step_to},
                            {"direction", state.relative_step_direction}};
  }
  return out.dump();
}

std::optional<State> state_from_json(const std::string& text) {
  const json in = json::parse(text, nullptr, false);
  if (!in.is_object()) return std::nullopt;
  State state;
  const auto list = [&](const char* key) { return in.contains(key) ? in[key] : json::array(); };
  for (const json& one : list("recommendations")) {
    if (!one.is_array() || one.size() != 2 || !time_of(one[0]) || !is_number(one[1])) return std::nullopt;
    state.recommendations.push_back({*time_of(one[0]), one[1].get<double>()});
  }
  for (const json& one : list("changes")) {
    if (!one.is_array() || one.size() != 3 || !time_of(one[0]) || !is_number(one[1]) || !is_number(one[2]))
      return std::nullopt;
    state.changes.push_back({*time_of(one[0]), one[1].get<double>(), one[2].get<double>()});
  }
  if (in.contains("last_applied") && is_number(in["last_applied"]))
    state.last_applied = in["last_applied"].get<double>();
  if (in.contains("relative_step")) {
    const json& step = in["relative_step"];
    if (!step.is_object() || !step.contains("at") || !step.contains("to") || !step.contains("direction") ||
        !time_of(step["at"]) || !is_number(step["to"]) || !step["direction"].is_number_integer())
      return std::nullopt;
    state.relative_step_at = time_of(step["at"]);
    state.relative_step_to = step["to"].get<double>();
    state.relative_step_direction = step["direction"].get<int>() < 0 ? -1 : 1;
  }
  return state;
}

}  // namespace wave::decisions
