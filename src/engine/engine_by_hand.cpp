#include "definitions/load.h"
#include "engine/engine.h"
#include "engine/record.h"

namespace wave::engine {
namespace {

/// Older spellings are taken, as in definitions.
Result<std::map<std::string, double>> by_their_names(std::map<std::string, double> asked,
                                                     const definitions::KindTable& kind) {
  std::map<std::string, double> out;
  for (const auto& [name, wish] : asked) {
    const auto known = std::ranges::find_if(kind.values, [&name](const definitions::ValueSpec& one) {
      return one.name == name || (!one.alias.empty() && one.alias == name);
    });
    if (known == kind.values.end()) {
      std::string names;
      for (const auto& one : kind.values) names += (names.empty() ? "" : ", ") + std::string(one.name);
      return fail(ErrorCode::invalid_argument, "it has no value '" + name + "', but " + names);
    }
    if (!out.emplace(known->name, wish).second)
      return fail(ErrorCode::invalid_argument,
                  "'" + std::string(known->name) + "' and '" + std::string(known->alias) + "' are one value");
  }
  return out;
}

/// What stands in the way of a change, whoever asks for it.
std::optional<Error> refusal(const decisions::Input& input, double wished) {
  if (wished == input.current) return std::nullopt;
  if (input.refused_by && !input.raise_floor)
    return Error{.code = ErrorCode::conflict, .message = "it is steered by " + *input.refused_by};
  for (const auto& block : input.blocks)
    if (block.stops(input.value, input.current, wished, input.now))
      return Error{.code = ErrorCode::busy,
                   .message = block.reason + (block.until ? ", until " + iso8601(*block.until) : ""),
                   .retryable = true};
  return std::nullopt;
}

/// A longer pause has its own reason, which a change by hand does not end.
void pause_at_least(Component& component, UtcTime until) {
  component.expire_pause();
  const auto& held = component.paused();
  if (held && (!held->until || *held->until >= until)) return;
  component.pause({until, "scaled by hand"});
}

}  // namespace

Result<Component*> Engine::named(const std::string& component_id) const {
  std::vector<std::string> ids;
  if (generation_) {
    if (auto* found = generation_->component(component_id)) return found;
    for (const auto& [id, component] : generation_->components) ids.push_back(id);
  }
  return fail(ErrorCode::not_found,
              "no component '" + component_id + "'" + definitions::did_you_mean(component_id, ids));
}

Task<Result<Engine::Outcome>> Engine::scale(std::string component_id, ByHand wanted) {
  const auto found = named(component_id);
  if (!found) co_return std::unexpected(found.error());
  const auto component = (*found)->shared_from_this();
  co_await component->observe();
  if (!component->known()) {
    co_return within(
        "component " + component_id,
        component->error().value_or(Error{.code = ErrorCode::busy, .message = "a change is being sent"}));
  }
  auto values = by_their_names(std::move(wanted.values), *component->definition().kind);
  if (!values) co_return within("component " + component_id, std::move(values.error()));
  Outcome outcome;
  bool change_needed = false;
  for (const auto& [value, wish] : *values) {
    if (auto why = absent(*component, value))
      co_return fail(ErrorCode::invalid_argument,
                     "component " + component_id + ": " + value + " cannot be set: " + *why);
    const auto input = input_for(*component, value, parts_.runtime.utc());
    outcome.decisions.push_back(decisions::decide_by_hand(input, wish, component->definition()));
    if (auto refused = refusal(input, outcome.decisions.back().final))
      co_return within("component " + component_id, std::move(*refused));
    change_needed |= outcome.decisions.back().action == decisions::Action::scale;
  }
  component->expire_pause();
  outcome.pause = component->paused();
  if (wanted.dry_run) co_return outcome;
  const auto pause = [&](Component& whom) {
    if (wanted.pause_for) pause_at_least(whom, parts_.runtime.utc() + *wanted.pause_for);
    outcome.pause = whom.paused();
  };
  if (!change_needed) {
    pause(*component);
    co_return outcome;
  }
  if (component->applying()) co_return fail(ErrorCode::busy, "a change is being sent; try again", true);
  components::Change change{.values = {}, .basis = {}, .reason = "scaled by hand"};
  change.raise_floor = raises_floor(*component);
  for (const auto& decision : outcome.decisions) {
    change.values[decision.value] = decision.final;
    change.basis[decision.value] = decision.current;
  }
  ++in_flight_;
  outcome.attempt = co_await component->apply(std::move(change));
  --in_flight_;
  // A reload meanwhile has put another in its place.
  auto* const successor = generation_->component(component_id);
  Component& live = successor != nullptr ? *successor : *component;
  for (const auto& decision : outcome.decisions) {
    // What a person set is not undone within the stabilization window.
    if (!outcome.attempt->error)
      decisions::record_foreign_change(
          live.state(decision.value), decision.at,
          outcome.attempt->reached_of(decision.value).value_or(decision.current));
    record(decision, {}, {}, &*outcome.attempt);
  }
  if (outcome.attempt->error)
    live.save();
  else
    pause(live);
  co_return outcome;
}

}  // namespace wave::engine
