#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/cron.h"
#include "decisions/decision.h"
#include "engine/ahead.h"
#include "engine/component.h"
#include "engine/metric.h"
#include "plans/compiled.h"

namespace wave::engine {

/// One wish of a plan for one value of a component.
struct Ask {
  std::string value;
  decisions::Wish wish;
};

/// What a plan's last evaluation means for one component.
struct ComponentOutcome {
  Component* component = nullptr;
  std::vector<Ask> asks;
  std::vector<const Metric*> tried;   ///< read by items that were tried, each once
  std::vector<const Metric*> needed;  ///< of those, the ones without which capacity may not fall
  std::vector<std::string> errors;    ///< of those items: `item follow-load: TypeError ...`
  std::vector<std::string> invalid;   ///< of items that won and wished something that is no capacity
  bool is_unknown = false;            ///< what an item would have wished could not be asked
};

struct ItemOutcome {
  bool won = false;
  std::string error;
};

struct PlanOutcome {
  bool evaluated = false;
  std::vector<ItemOutcome> items;            ///< as in the definition
  std::vector<ComponentOutcome> components;  ///< as Plan::components
};

/// What an item remembers from one evaluation to the next.
struct ItemMemory {
  std::optional<Cron> cron;  ///< of its schedule
  int side = 0;              ///< of a threshold
  MonoTime side_since{};
  std::optional<MonoTime> unfresh_since;
  UtcTime handled{};                   ///< the last firing of a `cron_expression` that is over
  std::optional<UtcTime> firing;       ///< one that stands
  std::set<std::string> fired;         ///< components that have what it wished
  std::map<std::string, double> last;  ///< last wish by `component/value`, for fallbacks
  std::map<std::string, Ahead> ahead;  ///< by component, of a proactive target
};

/// A plan at work.
struct Plan {
  const definitions::PlanDefinition* definition = nullptr;
  const plans::CompiledPlan* compiled = nullptr;
  std::vector<std::uint32_t> order;    ///< items by descending priority, then file order; enabled ones only
  std::vector<Component*> components;  ///< that its items name, in id order
  std::vector<ItemMemory> memory;      ///< as in the definition
  PlanOutcome outcome;
  MonoTime evaluated_at{};
  Runtime::TimerId timer = 0;
  Runtime::TimerId edge_timer = 0;
  bool due = false;
  bool has_instants = false;
};

/// One thing outside that expressions read, and what the engine of expressions was last told about it.
struct Column {
  plans::Read read;
  const Metric* metric = nullptr;
  const Component* component = nullptr;
  std::uint64_t told_version = 0;
  bool told = false;
  bool told_fresh = false;
  double told_value = 0;
};

/// Adds it where it is not there yet.
inline void add_once(std::vector<const Metric*>& metrics, const Metric* metric) {
  if (std::ranges::find(metrics, metric) == metrics.end()) metrics.push_back(metric);
}

using Metrics = std::map<std::string, std::shared_ptr<Metric>, std::less<>>;

/// Everything that one version of the definitions becomes; a reload makes another and swaps.
struct Generation {
  std::shared_ptr<const definitions::Definitions> definitions;
  std::unique_ptr<plans::Expressions> expressions;
  plans::CompiledPlans compiled;
  Metrics metrics;
  std::map<std::string, std::shared_ptr<Component>, std::less<>> components;
  std::vector<std::unique_ptr<Plan>> plans;                      ///< enabled ones, in id order
  std::vector<Column> columns;                                   ///< as Expressions::columns
  std::vector<plans::Evaluation> evaluations;                    ///< the latest, by ExpressionId
  std::map<const Metric*, std::vector<std::uint32_t>> readers;   ///< plans by metric
  std::map<const Component*, std::vector<std::uint32_t>> users;  ///< plans that name or read a component

  Metric* metric(std::string_view id) const {
    const auto found = metrics.find(id);
    return found == metrics.end() ? nullptr : found->second.get();
  }
  Component* component(std::string_view id) const {
    const auto found = components.find(id);
    return found == components.end() ? nullptr : found->second.get();
  }
};

}  // namespace wave::engine
