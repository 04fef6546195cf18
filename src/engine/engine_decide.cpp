#include <algorithm>
#include <limits>

#include "definitions/load.h"
#include "engine/engine.h"
#include "engine/evaluator.h"
#include "engine/record.h"

namespace wave::engine {
namespace {

/// A repeated outcome is counted here and written this often.
constexpr Duration write_repeats_every = 60s;

/// Held at a number that nobody knows.
decisions::Decision held(const Component& component, std::string value, UtcTime now, std::string rule,
                         std::string why) {
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  decisions::Decision decision{
      .component_id = component.definition().id, .value = std::move(value), .at = now, .current = unknown};
  decision.final = decision.computed = unknown;
  decision.action = decisions::Action::hold;
  decision.reasons.push_back(
      {.rule = std::move(rule), .from = unknown, .to = unknown, .text = std::move(why)});
  return decision;
}

}  // namespace

bool raises_floor(const Component& component) {
  return !component.observation()->steering.empty() &&
         component.definition().on_conflict == definitions::OnConflict::raise_floor;
}

std::optional<std::string> absent(const Component& component, const std::string& value) {
  const auto& seen = *component.observation();
  if (seen.current.contains(value)) return std::nullopt;
  if (const std::string lacks = component.definition().lacks(value); !lacks.empty()) return lacks;
  for (const auto& block : seen.blocks)
    if (block.value == value && !block.only_down) return block.reason;
  // Who tells nothing at all has nothing yet.
  if (seen.current.empty()) return std::nullopt;
  return "it has no " + value + " now";
}

decisions::Input Engine::input_for(const Component& component, const std::string& value, UtcTime now) const {
  const auto& seen = *component.observation();
  const auto& definition = component.definition();
  const auto current = seen.current.find(value);
  const auto limits = definition.limits.find(value);
  decisions::Input input{.component_id = definition.id, .value = value, .now = now};
  input.current = current == seen.current.end() ? 0 : current->second;
  const bool main = value == definition.kind->main_value() || definition.kind->values.empty();
  if (main) input.ready = seen.ready;
  input.changing = seen.changing;
  input.blocks = seen.blocks;
  const auto* other = seen.steers(value);
  if (other != nullptr && definition.on_conflict != definitions::OnConflict::ignore) {
    input.raise_floor =
        definition.on_conflict == definitions::OnConflict::raise_floor && other->can_raise_floor;
    if (!input.raise_floor) input.refused_by = other->who + " (" + other->advice + ")";
  }
  const auto bound = [&value](const std::map<std::string, double>& bounds) -> std::optional<double> {
    const auto one = bounds.find(value);
    return one == bounds.end() ? std::nullopt : std::optional(one->second);
  };
  input.system_min = bound(seen.system_min);
  input.system_max = bound(seen.system_max);
  if (component.paused()) {
    input.paused_until = component.paused()->until.value_or(UtcTime::max());
    input.pause_reason = component.paused()->reason;
  }
  const double least = limits == definition.limits.end() ? 1 : limits->second.min;
  input.switched_off = main && !input.raise_floor && definition.kind->vendor == "kubernetes" &&
                       input.current == 0 && least > 0;
  input.ready_after = component.ready_after();
  input.dry_run = options_.dry_run || definition.dry_run;
  return input;
}

/// One decision for each value of the component that a plan names.
std::vector<decisions::Decision> Engine::decide_values(Component& component, UtcTime now,
                                                       std::vector<const Metric*>& inputs,
                                                       std::vector<std::string>& errors) {
  const auto& kind = *component.definition().kind;
  std::map<std::string, std::vector<decisions::Wish>> wishes;
  wishes[std::string(kind.main_value())];
  std::vector<const Metric*> needed;
  std::string invalid;
  bool is_unknown = false;
  for (const auto index : generation_->users[&component]) {
    const auto& plan = *generation_->plans[index];
    for (const auto& outcome : plan.outcome.components) {
      if (outcome.component != &component) continue;
      for (const auto& ask : outcome.asks) wishes[ask.value].push_back(ask.wish);
      for (const auto* metric : outcome.tried) add_once(inputs, metric);
      for (const auto* metric : outcome.needed) add_once(needed, metric);
      is_unknown |= outcome.is_unknown;
      if (!outcome.invalid.empty()) invalid = "plan " + plan.definition->id + " > " + outcome.invalid.front();
      for (const auto& error : outcome.errors)
        errors.push_back("plan " + plan.definition->id + " > " + error);
    }
  }
  std::vector<decisions::Decision> made;
  for (auto& [value, asked] : wishes) {
    if (auto why = absent(component, value)) {
      if (asked.empty() && wishes.size() > 1) continue;
      made.push_back(held(component, value, now, "absent", std::move(*why)));
      made.back().wishes = std::move(asked);
      continue;
    }
    auto input = input_for(component, value, now);
    input.wishes = std::move(asked);
    input.invalid = invalid;
    input.outage = is_unknown;
    input.errors = errors;
    for (const auto* metric : needed) {
      if (!metric->fresh()) input.not_fresh.push_back({metric->definition().id, metric->problem()});
      input.outage |= !metric->fresh() && metric->sample().has_value();
    }
    made.push_back(decisions::decide(input, component.definition(), component.state(value)));
    ++counters_.decisions;
  }
  return made;
}

void Engine::decide_component(Component& component) {
  if (component.applying()) return;  // decided again when it is done
  component.expire_pause();
  const UtcTime now = parts_.runtime.utc();
  if (!component.known()) {
    // It is observed at its own pace. Before the first answer there is nothing to tell.
    if (!component.error() && !component.observation()) return;
    auto decision = not_observed(component, now);
    latest_[{decision.component_id, decision.value}] = decision;
    record(decision, {}, {}, nullptr);
    return;
  }
  std::vector<const Metric*> inputs;
  std::vector<std::string> errors;
  auto made = decide_values(component, now, inputs, errors);
  std::map<std::string, double> wanted;
  for (const auto& decision : made) {
    latest_[{decision.component_id, decision.value}] = decision;
    if (decision.action == decisions::Action::scale) wanted[decision.value] = decision.final;
    if (decision.action == decisions::Action::hold) ++counters_.held;
    if (decision.retry_at) {
      look_again(component,
                 parts_.runtime.mono() + std::chrono::duration_cast<Duration>(*decision.retry_at - now));
    }
  }
  if (wanted.empty()) {
    finish_firings(component, made);
    for (const auto& decision : made) record(decision, inputs, errors, nullptr);
    return;
  }
  if (const auto retry_at = component.retry_at(wanted); retry_at && *retry_at > parts_.runtime.mono()) {
    look_again(component, *retry_at);
    return;
  }
  spawn(apply(component.shared_from_this(), std::move(made), std::move(inputs), std::move(errors)));
}

Task<void> Engine::apply(std::shared_ptr<Component> component, std::vector<decisions::Decision> decisions,
                         std::vector<const Metric*> inputs, std::vector<std::string> errors) {
  ++in_flight_;
  components::Change change;
  for (const auto& decision : decisions) {
    if (decision.action != decisions::Action::scale) continue;
    change.values[decision.value] = decision.final;
    change.basis[decision.value] = decision.current;
    for (const auto& reason : decision.reasons) {
      if (!change.reason.empty()) change.reason += "; ";
      change.reason += reason.text;
    }
  }
  change.raise_floor = raises_floor(*component);
  const Generation* generation = generation_.get();
  auto attempt = co_await component->apply(std::move(change));
  ++counters_.scaled;
  for (const auto& decision : decisions) {
    record(decision, inputs, errors, decision.action == decisions::Action::scale ? &attempt : nullptr);
  }
  if (attempt.error) {
    parts_.log.error("could not scale",
                     {{"component", component->definition().id}, {"error", attempt.error->text()}});
    if (const auto retry_at = component->retry_at(attempt.values)) look_again(*component, *retry_at);
  } else {
    for (const auto& decision : decisions) {
      parts_.log.info("scaled",
                      {{"component", decision.component_id}, {"decision", decision_text(decision)}});
    }
    if (attempt.reached) {
      parts_.log.info("not all at once", {{"component", component->definition().id}, {"why", attempt.rest}});
      if (const auto retry_at = component->retry_at(attempt.values)) look_again(*component, *retry_at);
    }
  }
  if (generation == generation_.get() && !stopping_) {
    if (!attempt.error && !attempt.reached) finish_firings(*component, decisions);
    observed(*component);
  }
  if (--in_flight_ == 0 && !turning_) past_.clear();
}

/// A firing is over when what it wished is there (or nothing but a lower number was in its way).
void Engine::finish_firings(const Component& component, const std::vector<decisions::Decision>& decisions) {
  const auto users = generation_->users.find(&component);
  if (users == generation_->users.end()) return;
  for (const auto index : users->second) {
    auto& plan = *generation_->plans[index];
    if (!plan.has_instants) continue;
    for (std::size_t i = 0; i < plan.memory.size(); ++i) {
      auto& memory = plan.memory[i];
      if (!memory.firing) continue;
      const auto& item_id = plan.definition->items[i].id;
      const bool done = std::ranges::any_of(decisions, [&](const decisions::Decision& decision) {
        return decision.wish && decision.final == *decision.wish &&
               std::ranges::any_of(decision.wishes, [&](const decisions::Wish& wish) {
                 return wish.instant && wish.plan_id == plan.definition->id && wish.item_id == item_id;
               });
      });
      if (!done) continue;
      memory.fired.insert(component.definition().id);
      const bool everywhere = std::ranges::all_of(
          plan.definition->items[i].components, [&](const definitions::ComponentWish& wish) {
            return memory.fired.contains(wish.component_id) ||
                   generation_->component(wish.component_id) == nullptr;
          });
      plan_due(index);
      if (!everywhere) continue;
      memory.handled = *memory.firing;
      memory.firing.reset();
      memory.fired.clear();
      if (parts_.store != nullptr) parts_.store->put_state(firing_key(plan, i), iso8601(memory.handled));
    }
  }
}

void Engine::look_again(const Component& component, MonoTime when) {
  const auto& id = component.definition().id;
  const MonoTime now = parts_.runtime.mono();
  auto& planned = look_again_[id];
  if (planned.at > now && planned.at <= when) return;
  parts_.runtime.cancel(planned.timer);
  planned.at = std::max(when, now + Duration(1ms));
  planned.timer = parts_.runtime.at(planned.at, [this, id] {
    if (const auto* found = generation_->component(id)) observed(*found);
  });
}

void Engine::record(const decisions::Decision& decision, const std::vector<const Metric*>& inputs,
                    const std::vector<std::string>& errors, const Component::Attempt* attempt) {
  if (parts_.store == nullptr) return;
  auto& recorded = recorded_[{decision.component_id, decision.value}];
  auto now = signature(decision, errors);
  const MonoTime mono = parts_.runtime.mono();
  const auto write_repeats = [&] {
    if (recorded.repeats == 0) return;
    parts_.store->repeat_decision(decision.component_id, decision.value, recorded.last_at, recorded.repeats);
    recorded.repeats = 0;
    recorded.written = mono;
  };
  if (attempt == nullptr && now == recorded.signature) {
    ++recorded.repeats;
    recorded.last_at = decision.at;
    if (mono - recorded.written >= write_repeats_every) write_repeats();
    return;
  }
  write_repeats();
  recorded.signature = std::move(now);
  recorded.written = mono;
  static constexpr std::string_view names[] = {"scale", "hold", "none"};
  parts_.store->add_decision({.first_at = decision.at,
                              .last_at = decision.at,
                              .component_id = decision.component_id,
                              .value = decision.value,
                              .action = std::string(names[static_cast<int>(decision.action)]),
                              .json = record_json(decision, inputs, errors, attempt)});
}

/// No decision without an observation: hold, at a capacity that nobody knows.
decisions::Decision Engine::not_observed(const Component& component, UtcTime now) {
  const auto& error = component.error();
  return held(component, std::string(component.definition().kind->main_value()), now, "not_observed",
              error ? error->text() : "it was not observed");
}

Task<Result<std::vector<decisions::Decision>>> Engine::decide_once(std::optional<UtcTime> at) {
  const UtcTime now = at.value_or(parts_.runtime.utc());
  std::vector<std::uint32_t> all;
  for (std::uint32_t i = 0; i < generation_->plans.size(); ++i) all.push_back(i);
  auto evaluated = co_await evaluate(*generation_, all, now, true);
  if (!evaluated) co_return std::unexpected(evaluated.error());
  std::vector<decisions::Decision> out;
  std::vector<Component*> named;
  for (auto& plan : generation_->plans) {
    for (std::size_t i = 0; i < plan->memory.size(); ++i) {
      // Without stored state, what fired within its grace is due.
      const auto& schedule = plan->definition->items[i].schedule;
      if (schedule && !schedule->duration)
        plan->memory[i].handled = std::min(plan->memory[i].handled, now - schedule->grace - 1s);
    }
    if (plan->has_instants) update_firings(*plan, now);
    select(*generation_, *plan, {now, parts_.runtime.mono()});
    named.insert(named.end(), plan->components.begin(), plan->components.end());
  }
  std::ranges::sort(named, {},
                    [](const Component* one) -> const std::string& { return one->definition().id; });
  named.erase(std::ranges::unique(named).begin(), named.end());
  for (auto* component : named) {
    if (!component->known()) {
      out.push_back(not_observed(*component, now));
      continue;
    }
    std::vector<const Metric*> inputs;
    std::vector<std::string> errors;
    for (auto& decision : decide_values(*component, now, inputs, errors)) out.push_back(std::move(decision));
  }
  co_return out;
}

}  // namespace wave::engine
