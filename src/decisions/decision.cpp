#include "decisions/decision.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "decisions/limits.h"

namespace wave::decisions {
namespace {

using definitions::ComponentDefinition;

/// Those that are written, else what the system itself allows.
definitions::Limits limits_of(const ComponentDefinition& component, const std::string& value) {
  if (const auto found = component.limits.find(value); found != component.limits.end()) return found->second;
  if (component.kind != nullptr) {
    for (const auto& spec : component.kind->values)
      if (spec.name == value) return {.min = spec.lowest, .max = spec.highest};
  }
  return {.min = 1, .max = 1e308};
}

/// The way from a wish to a decision: each step may change the number and then says why.
class Path {
 public:
  Path(const Input& input, const ComponentDefinition& component, State& state, Decision& decision)
      : input_(input), component_(component), state_(state), decision_(decision), number_(input.current) {}

  void arbitrate();
  void limit();
  void hold_back();
  void finish();

 private:
  void step(std::string rule, double to, std::string text) {
    decision_.reasons.push_back(
        {.rule = std::move(rule), .from = number_, .to = to, .text = std::move(text)});
    number_ = to;
  }
  void step(std::string rule, Limited limited) {
    if (limited.text.empty()) return;
    look_at(limited.retry_at);
    step(std::move(rule), limited.value, std::move(limited.text));
  }
  void look_at(std::optional<UtcTime> when) {
    if (when && (!decision_.retry_at || *when < *decision_.retry_at)) decision_.retry_at = when;
  }
  const Wish* strongest() const;
  void wait_for_step(const Wish& wish);
  void raise();
  void explain_no_wish();
  definitions::Limits limits() const;
  void bound();

  const Input& input_;
  const ComponentDefinition& component_;
  State& state_;
  Decision& decision_;
  double number_;
  const Wish* winner_ = nullptr;
};

const Wish* Path::strongest() const {
  const Wish* best = nullptr;
  for (const Wish& wish : input_.wishes) {
    if (wish.at_least) continue;
    if (best == nullptr || wish.priority > best->priority ||
        (wish.priority == best->priority && wish.desired > best->desired))
      best = &wish;
  }
  return best;
}

/// A wish computed from what is there takes no second step the same way until the first one serves.
void Path::wait_for_step(const Wish& wish) {
  const int direction = wish.desired > input_.current ? 1 : wish.desired < input_.current ? -1 : 0;
  if (!wish.relative || direction == 0 || !state_.relative_step_at) return;
  const bool was_applied = !state_.changes.empty() && state_.changes.back().at >= *state_.relative_step_at &&
                           state_.changes.back().to == state_.relative_step_to;
  if (!was_applied || state_.relative_step_direction != direction) return;
  const UtcTime until = *state_.relative_step_at + input_.ready_after;
  const bool serves = input_.ready && (direction > 0 ? *input_.ready >= state_.relative_step_to
                                                     : *input_.ready <= state_.relative_step_to);
  if (serves || input_.now >= until) return;
  look_at(until);
  step("relative_step", input_.current,
       "the step to " + format_number(state_.relative_step_to) + " of " + iso8601(*state_.relative_step_at) +
           " is not ready yet; the next one waits until it is, or until " + iso8601(until));
}

void Path::raise() {
  for (const Wish& wish : input_.wishes) {
    if (!wish.at_least || wish.desired <= number_) continue;
    step("at_least", wish.desired, wish.plan_id + "/" + wish.item_id + ": " + wish.why);
    decision_.wish = number_;
  }
}

void Path::explain_no_wish() {
  for (const std::string& error : input_.errors) step("error", number_, error);
  if (!input_.errors.empty()) return;
  for (const NotFresh& metric : input_.not_fresh)
    step("not_fresh", number_, "metric " + metric.metric_id + ": " + metric.problem);
}

void Path::arbitrate() {
  winner_ = strongest();
  if (winner_ != nullptr) {
    step("wish", winner_->desired, winner_->plan_id + "/" + winner_->item_id + ": " + winner_->why);
    if (winner_->shown)
      decision_.reasons.push_back({.rule = "forecast_only",
                                   .from = number_,
                                   .to = *winner_->shown,
                                   .text = "ahead would be " + format_number(*winner_->shown)});
    wait_for_step(*winner_);
    decision_.wish = number_;
  } else {
    explain_no_wish();
  }
  raise();
}

definitions::Limits Path::limits() const {
  return limits_of(component_, input_.value);
}

void Path::limit() {
  if (decision_.wish) {
    if (const auto least = limits(); !least.min_written && number_ < least.min)
      step("limits", least.min, "a wish below " + format_number(least.min) + " needs a `min` that says so");
    const double wish = number_;
    auto held = stabilize(wish, input_.current, state_, component_.behavior, input_.now);
    // A window ends just before the news that comes at the same pace: a fall waits for it, or it would be
    // taken back at once.
    if (held.retry_at && held.value > wish)
      *held.retry_at += component_.behavior.down.stabilization_window / 10;
    step("stabilization", std::move(held));
    // What is held without data counts as wished, here and below: what comes after an outage shall not undo
    // it at once.
    state_.recommendations.push_back({input_.now, input_.outage ? std::max(wish, input_.current) : wish});
  } else if (input_.outage) {
    state_.recommendations.push_back({input_.now, input_.current});
  }
  if (!input_.invalid.empty() && number_ < input_.current)
    step("error", input_.current, "capacity may not fall: " + input_.invalid);
  if (!input_.not_fresh.empty() && number_ < input_.current) {
    const NotFresh& metric = input_.not_fresh.front();
    step("fresh_only_down", input_.current,
         "capacity may not fall while a metric is not fresh: " + metric.metric_id + ": " + metric.problem);
  }
  step("rate", limit_rate(number_, input_.current, state_, component_.behavior, input_.now));
  step("cooldown", cool_down(number_, input_.current, state_, component_, input_.now));
  bound();
}

/// Bounds that are written hold always, others only bind a wish.
void Path::bound() {
  const definitions::Limits limits = this->limits();
  const bool wished = number_ != input_.current;
  const auto below = [&](double bound, const std::string& name) {
    if (number_ < bound) step("limits", bound, name + " is " + format_number(bound));
  };
  const auto above = [&](double bound, const std::string& name) {
    if (number_ > bound) step("limits", bound, name + " is " + format_number(bound));
  };
  if (limits.min_written || wished) below(limits.min, "min");
  if (limits.max_written || wished) above(limits.max, "max");
  if (number_ == input_.current) return;
  if (input_.system_min) below(*input_.system_min, "the system's own minimum");
  if (input_.system_max) above(*input_.system_max, "the system's own maximum");
}

/// What keeps a change from being made although it is computed.
void Path::hold_back() {
  decision_.computed = number_;
  if (number_ == input_.current) return;
  const double current = input_.current;
  const auto blocked = std::ranges::find_if(input_.blocks, [&](const Block& block) {
    return block.stops(input_.value, current, number_, input_.now);
  });
  if (input_.switched_off) {
    step("switched_off", current, "somebody scaled it to 0 although min is above 0; scale it up to resume");
  } else if (input_.refused_by && !input_.raise_floor) {
    step("conflict", current, "steered by " + *input_.refused_by);
  } else if (number_ < current && !component_.scale_in) {
    step("scale_in", current, "scale_in is false");
  } else if (blocked != input_.blocks.end() && blocked->until) {
    look_at(blocked->until);
    step("blocked", current, blocked->reason + ", until " + iso8601(*blocked->until));
  } else if (blocked != input_.blocks.end()) {
    step("in_progress", current, blocked->reason);
  } else if (input_.paused_until && *input_.paused_until > input_.now) {
    std::string text = "paused";
    if (*input_.paused_until != UtcTime::max()) {
      look_at(input_.paused_until);
      text += " until " + iso8601(*input_.paused_until);
    }
    step("pause", current, text + (input_.pause_reason.empty() ? "" : ": " + input_.pause_reason));
  } else if (input_.dry_run) {
    step("dry_run", current, "dry run: would set " + format_number(number_));
  }
}

void Path::finish() {
  decision_.final = number_;
  const bool kept_by_something = decision_.wish ? *decision_.wish != input_.current ||
                                                      (winner_ != nullptr && winner_->desired != number_)
                                                : !input_.not_fresh.empty() || !input_.errors.empty();
  if (number_ != input_.current) {
    decision_.action = Action::scale;
  } else if (kept_by_something || decision_.computed != input_.current) {
    decision_.action = Action::hold;
  }
  if (decision_.action == Action::scale && winner_ != nullptr && winner_->relative) {
    state_.relative_step_at = input_.now;
    state_.relative_step_to = number_;
    state_.relative_step_direction = number_ > input_.current ? 1 : -1;
  }
}

}  // namespace

Decision decide(const Input& input, const ComponentDefinition& component, State& state) {
  forget(state, input.now, component);
  Decision decision{
      .component_id = input.component_id, .value = input.value, .at = input.now, .current = input.current};
  decision.wishes = input.wishes;
  Path path(input, component, state, decision);
  path.arbitrate();
  path.limit();
  path.hold_back();
  path.finish();
  compact(state);
  return decision;
}

Decision decide_by_hand(const Input& input, double wished, const ComponentDefinition& component) {
  Decision decision{
      .component_id = input.component_id, .value = input.value, .at = input.now, .current = input.current};
  decision.wish = wished;
  double number = wished;
  decision.reasons.push_back({.rule = "wish", .from = input.current, .to = wished, .text = "by hand"});
  const auto clamp = [&](double bound, bool breaks, const std::string& name) {
    if (!breaks) return;
    decision.reasons.push_back(
        {.rule = "limits", .from = number, .to = bound, .text = name + " is " + format_number(bound)});
    number = bound;
  };
  if (component.kind != nullptr || component.limits.contains(input.value)) {
    const auto limits = limits_of(component, input.value);
    clamp(limits.min, number < limits.min, "min");
    clamp(limits.max, number > limits.max, "max");
  }
  if (input.system_min) clamp(*input.system_min, number < *input.system_min, "the system's own minimum");
  if (input.system_max) clamp(*input.system_max, number > *input.system_max, "the system's own maximum");
  if (number < input.current && !component.scale_in) {
    decision.reasons.push_back(
        {.rule = "scale_in", .from = number, .to = input.current, .text = "scale_in is false"});
    number = input.current;
  }
  decision.final = number;
  decision.computed = number;
  decision.action = number != input.current ? Action::scale : wished != number ? Action::hold : Action::none;
  return decision;
}

}  // namespace wave::decisions
