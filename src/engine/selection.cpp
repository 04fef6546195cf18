#include "engine/selection.h"

#include <algorithm>
#include <cmath>

#include "base/cron.h"
#include "base/text.h"
#include "plans/strategies.h"

namespace wave::engine {
namespace {

using definitions::PlanItem;

bool has(const std::vector<std::uint32_t>& columns, std::uint32_t column) {
  return std::ranges::find(columns, column) != columns.end();
}

/// One item while it is tried.
class Trial {
 public:
  Trial(const Generation& generation, Plan& plan, std::uint32_t index, Moment now)
      : generation_(generation),
        item_(plan.definition->items[index]),
        compiled_(plan.compiled->items[index]),
        memory_(plan.memory[index]),
        plan_id_(plan.definition->id),
        now_(now) {}

  /// Whether the item wins; false with `error` when it could not be told.
  bool wins() {
    if (item_.schedule && !active()) return false;
    tried_ = true;
    if (!compiled_.condition) return true;
    const auto& result = generation_.evaluations[*compiled_.condition];
    note(result);
    using Outcome = plans::Evaluation::Outcome;
    if (result.outcome == Outcome::boolean) return result.boolean;
    error = result.outcome == Outcome::error || result.outcome == Outcome::other
                ? result.error
                : "expression gave " + shortest(result.number) + ", not true or false";
    return false;
  }

  /// The item's wishes for one of its components. False: it could not be told and the next item is to be
  /// tried.
  bool wish(std::size_t which, Component* component, ComponentOutcome& out) {
    const auto& asked = item_.components[which];
    const auto& compiled = compiled_.components[which];
    if (compiled.at_least && !ask(*compiled.at_least, main_value(*component), true, component, out))
      return false;
    for (const auto& [value, number] : compiled.values) {
      if (!ask(number, value, false, component, out)) return false;
    }
    if (item_.target && !strategy(target(*component), *component, out)) return false;
    if (item_.threshold && !strategy(threshold(*component), *component, out)) return false;
    (void)asked;
    return true;
  }

  /// What the item wishes when what it reads is not fresh. True when that settles the component.
  bool fallback(std::size_t which, Component* component, ComponentOutcome& out) {
    if (!unfresh_) {
      memory_.unfresh_since.reset();
      return false;
    }
    if (!memory_.unfresh_since) memory_.unfresh_since = now_.mono;
    for (const auto* metric : needed_)
      memory_.unfresh_since = std::min(*memory_.unfresh_since, metric->stale_since());
    if (!item_.fallback || now_.mono - *memory_.unfresh_since < item_.fallback->after) return false;
    const auto value = main_value(*component);
    excused_ = item_.fallback->both_directions;
    using Desired = definitions::Fallback::Desired;
    const std::string since =
        " without fresh data for " +
        format_duration(std::chrono::floor<std::chrono::seconds>(now_.mono - *memory_.unfresh_since));
    if (item_.fallback->desired == Desired::number) {
      add({.desired = std::ceil(item_.fallback->number), .why = "fallback" + since}, value, component, out);
    } else if (item_.fallback->desired == Desired::last) {
      const auto last = memory_.last.find(component->definition().id + "/" + value);
      if (last != memory_.last.end())
        add({.desired = last->second, .why = "fallback: last wish," + since}, value, component, out);
    }
    (void)which;
    return true;
  }

  bool tried() const { return tried_; }
  const std::vector<const Metric*>& read() const { return read_; }
  /// Those of them without whose fresh data capacity must not fall.
  const std::vector<const Metric*>& needed() const { return needed_; }
  /// Its fallback says that what it read need not be fresh.
  bool excused() const { return excused_; }
  /// It won and wished something that is no capacity, or what it would have wished could not be asked: no
  /// reason to go down.
  bool invalid() const { return invalid_ || unknown_; }
  bool is_unknown() const { return unknown_; }
  std::string error;

  static std::string main_value(const Component& component) {
    return std::string(component.definition().kind->main_value());
  }
  bool only_at_least(std::size_t which) const {
    const auto& asked = item_.components[which];
    return asked.at_least && asked.values.empty() && !item_.target && !item_.threshold;
  }

 private:
  bool active() const {
    const auto& schedule = *item_.schedule;
    if (!schedule.duration) return memory_.firing.has_value();
    if (!memory_.cron) return false;
    const auto begun = memory_.cron->previous(now_.utc + schedule.lead, schedule.timezone);
    return begun && now_.utc < *begun + *schedule.duration;
  }

  void read_metric(const Metric* metric) {
    if (metric == nullptr) return;
    add_once(read_, metric);
    add_once(needed_, metric);
  }

  void note(const plans::Evaluation& result) {
    unknown_ |= result.is_unknown;
    for (const auto column : result.read) {
      const auto* metric = generation_.columns[column].metric;
      const bool is_excused = has(result.excused, column) && !has(result.not_fresh, column);
      if (metric != nullptr && is_excused)
        add_once(read_, metric);
      else
        read_metric(metric);
      if (generation_.columns[column].component != nullptr) relative_ = true;
    }
    for (const auto column : result.not_fresh) {
      if (generation_.columns[column].metric != nullptr) unfresh_ = true;
    }
  }

  bool ask(const plans::Number& number, const std::string& value, bool at_least, Component* component,
           ComponentOutcome& out) {
    decisions::Wish wish{.at_least = at_least};
    if (number.constant) {
      wish.desired = *number.constant;
    } else {
      const auto& result = generation_.evaluations[number.expression];
      relative_ = false;
      note(result);
      wish.relative = relative_;
      if (result.outcome == plans::Evaluation::Outcome::error) {
        error = result.error;
        return false;
      }
      if (result.outcome != plans::Evaluation::Outcome::number || !std::isfinite(result.number) ||
          result.number < 0) {
        error = value + " gave " + what_of(result) + ", not a number from 0 up";
        invalid_ = true;
        return true;  // the item has won and holds
      }
      wish.desired = result.number;
    }
    wish.why = (at_least ? value + " at least " : value + " = ") + shortest(wish.desired);
    for (const auto* metric : read_) {
      if (metric->fresh())
        wish.why += ", " + metric->definition().id + " = " + shortest(metric->sample()->value);
    }
    wish.desired = std::ceil(wish.desired);
    add(std::move(wish), value, component, out);
    return true;
  }

  static std::string what_of(const plans::Evaluation& result) {
    using Outcome = plans::Evaluation::Outcome;
    if (result.outcome == Outcome::boolean) return result.boolean ? "true" : "false";
    if (result.outcome == Outcome::number) return shortest(result.number);
    return "something else (" + result.error + ")";
  }

  void add(decisions::Wish wish, const std::string& value, Component* component, ComponentOutcome& out) {
    wish.plan_id = plan_id_;
    wish.item_id = item_.id;
    wish.priority = item_.priority;
    wish.instant = item_.schedule && !item_.schedule->duration;
    if (!wish.at_least) memory_.last[component->definition().id + "/" + value] = wish.desired;
    out.asks.push_back({value, std::move(wish)});
  }

  plans::Capacity capacity(const Component& component) const {
    const auto& seen = *component.observation();
    const auto current = seen.current.find(main_value(component));
    return {.current = current == seen.current.end() ? 0 : current->second, .ready = seen.ready};
  }

  const Metric* strategy_metric(const std::string& id) {
    const auto* metric = generation_.metric(id);
    read_metric(metric);
    if (metric == nullptr || !metric->fresh()) {
      unfresh_ = true;
      error = "metric " + id + ": " + (metric == nullptr ? "it is not there" : metric->problem());
      return nullptr;
    }
    return metric;
  }

  /// nullopt: could not be told. An empty inner value: no wish, capacity stays.
  std::optional<std::optional<plans::StrategyWish>> target(const Component& component) {
    const auto* metric = strategy_metric(item_.target->metric);
    if (metric == nullptr || !component.known()) return std::nullopt;
    auto wish = plans::target_wish(*item_.target, metric->sample()->value, capacity(component));
    if (!wish) error = "metric " + item_.target->metric + " is " + shortest(metric->sample()->value);
    if (wish && item_.proactive && metric->foresight() != nullptr)
      look_ahead(item_, memory_.ahead[component.definition().id], *metric, component, capacity(component),
                 *wish);
    return wish;
  }

  std::optional<std::optional<plans::StrategyWish>> threshold(const Component& component) {
    const auto* metric = strategy_metric(item_.threshold->metric);
    if (metric == nullptr || !component.known()) return std::nullopt;
    const double value = metric->sample()->value;
    const int side = plans::threshold_side(*item_.threshold, value);
    if (side != memory_.side || memory_.side_since == MonoTime{}) {
      memory_.side = side;
      memory_.side_since = now_.mono;
    }
    return plans::threshold_wish(*item_.threshold, value, capacity(component),
                                 now_.mono - memory_.side_since);
  }

  bool strategy(std::optional<std::optional<plans::StrategyWish>> told, Component& component,
                ComponentOutcome& out) {
    if (!told) return false;
    if (*told) {
      add({.desired = (*told)->desired,
           .relative = (*told)->relative,
           .why = (*told)->why,
           .shown = (*told)->shown,
           .ahead = (*told)->ahead},
          main_value(component), &component, out);
    }
    return true;
  }

  const Generation& generation_;
  const PlanItem& item_;
  const plans::CompiledItem& compiled_;
  ItemMemory& memory_;
  const std::string& plan_id_;
  Moment now_;
  std::vector<const Metric*> read_;
  std::vector<const Metric*> needed_;
  bool relative_ = false;
  bool unfresh_ = false;
  bool tried_ = false;
  bool excused_ = false;
  bool invalid_ = false;
  bool unknown_ = false;
};

}  // namespace

void select(const Generation& generation, Plan& plan, Moment now) {
  auto& outcome = plan.outcome;
  outcome.evaluated = true;
  outcome.items.assign(plan.definition->items.size(), {});
  outcome.components.clear();
  for (auto* component : plan.components) outcome.components.push_back({.component = component});
  std::vector<bool> settled(plan.components.size());
  for (const auto index : plan.order) {
    const auto& item = plan.definition->items[index];
    Trial trial(generation, plan, index, now);
    const bool wins = trial.wins();
    for (std::size_t i = 0; i < item.components.size(); ++i) {
      auto* component = generation.component(item.components[i].component_id);
      // Not enabled, or it has what a firing wished.
      if (component == nullptr || plan.memory[index].fired.contains(component->definition().id)) continue;
      const auto at = std::ranges::find(plan.components, component) - plan.components.begin();
      auto& out = outcome.components[static_cast<std::size_t>(at)];
      auto done = settled.begin() + at;
      if (*done && !trial.only_at_least(i)) continue;
      const auto before = out.asks.size();
      bool told = wins && trial.wish(i, component, out);
      if (!told) {
        out.asks.resize(before);
        // A lower item must not take the place of one of which nothing is known: capacity stays.
        told = trial.is_unknown() || trial.fallback(i, component, out);
        out.is_unknown |= trial.is_unknown();
      } else {
        outcome.items[index].won = true;
        plan.memory[index].unfresh_since.reset();
      }
      if (told && !trial.only_at_least(i)) *done = true;
      for (const auto* metric : trial.read()) add_once(out.tried, metric);
      if (!trial.excused())
        for (const auto* metric : trial.needed()) add_once(out.needed, metric);
      if (!trial.error.empty()) out.errors.push_back("item " + item.id + ": " + trial.error);
      if (trial.invalid()) out.invalid.push_back("item " + item.id + ": " + trial.error);
    }
    outcome.items[index].error = trial.error;
  }
}

bool update_firings(Plan& plan, UtcTime now) {
  bool changed = false;
  for (std::size_t i = 0; i < plan.definition->items.size(); ++i) {
    const auto& item = plan.definition->items[i];
    if (!item.enabled || !item.schedule || item.schedule->duration) continue;
    auto& memory = plan.memory[i];
    if (memory.firing && now > *memory.firing + item.schedule->grace) {
      memory.handled = *memory.firing;
      memory.firing.reset();
      memory.fired.clear();
      changed = true;
    }
    if (!memory.cron) continue;
    const auto last = memory.cron->previous(now, item.schedule->timezone);
    if (!last || *last <= memory.handled || memory.firing == last) continue;
    if (now > *last + item.schedule->grace) {
      memory.handled = *last;
    } else {
      memory.firing = *last;
      memory.fired.clear();
    }
    changed = true;
  }
  return changed;
}

std::optional<UtcTime> next_edge(const Plan& plan, UtcTime after) {
  std::optional<UtcTime> soonest;
  const auto take = [&](std::optional<UtcTime> edge) {
    if (edge && *edge > after && (!soonest || *edge < *soonest)) soonest = edge;
  };
  for (std::size_t i = 0; i < plan.definition->items.size(); ++i) {
    const auto& item = plan.definition->items[i];
    const auto& cron = plan.memory[i].cron;
    if (!item.enabled || !item.schedule || !cron) continue;
    const UtcTime until = after + item.schedule->lead;
    if (const auto next = cron->next(until, item.schedule->timezone)) take(*next - item.schedule->lead);
    if (!item.schedule->duration) continue;
    if (const auto begun = cron->previous(until, item.schedule->timezone))
      take(*begun + *item.schedule->duration);
  }
  return soonest;
}

}  // namespace wave::engine
