#include "decisions/limits.h"

#include <cmath>

#include "base/text.h"

namespace wave::decisions {
namespace {

using definitions::RatePolicy;
using definitions::ScalingRules;

/// Growth and shrinkage by the changes after `since`.
struct Moved {
  double added = 0;
  double removed = 0;
  std::optional<UtcTime> oldest;
};

Moved moved_since(const State& state, UtcTime since) {
  Moved moved;
  for (const PastChange& change : state.changes) {
    if (change.at <= since) continue;
    if (!moved.oldest) moved.oldest = change.at;
    (change.to > change.from ? moved.added : moved.removed) += std::abs(change.to - change.from);
  }
  return moved;
}

double bound_of(const RatePolicy& policy, double start, bool up) {
  if (policy.type == RatePolicy::Type::count) return up ? start + policy.value : start - policy.value;
  // A share of nothing is nothing: from zero a first unit is allowed, or scale to zero would be for good.
  if (up && start < 1) return 1;
  return up ? std::ceil(start * (1 + policy.value / 100)) : std::floor(start * (1 - policy.value / 100));
}

std::string describe(const RatePolicy& policy) {
  return format_number(policy.value) + (policy.type == RatePolicy::Type::percent ? " %" : "") + " per " +
         format_duration(policy.period);
}

}  // namespace

Limited stabilize(double wish, double current, const State& state, const definitions::Behavior& behavior,
                  UtcTime now) {
  const UtcTime up_since = now - behavior.up.stabilization_window;
  const UtcTime down_since = now - behavior.down.stabilization_window;
  Recommendation smallest{now, wish};
  Recommendation largest{now, wish};
  for (const Recommendation& past : state.recommendations) {
    if (past.at > up_since && past.value < smallest.value) smallest = past;
    if (past.at > down_since && past.value >= largest.value) largest = past;
  }
  if (current < smallest.value) {
    if (smallest.value == wish) return {wish};
    return {.value = smallest.value,
            .retry_at = smallest.at + behavior.up.stabilization_window,
            .text = "the smallest wish of the last " + format_duration(behavior.up.stabilization_window) +
                    " was " + format_number(smallest.value)};
  }
  if (current > largest.value) {
    if (largest.value == wish) return {wish};
    return {.value = largest.value,
            .retry_at = largest.at + behavior.down.stabilization_window,
            .text = "the largest wish of the last " + format_duration(behavior.down.stabilization_window) +
                    " was " + format_number(largest.value)};
  }
  if (wish == current) return {wish};
  const bool up = wish > current;
  const Recommendation& holder = up ? smallest : largest;
  const Duration window = up ? behavior.up.stabilization_window : behavior.down.stabilization_window;
  return {.value = current,
          .retry_at = holder.at + window,
          .text = std::string("the ") + (up ? "smallest" : "largest") + " wish of the last " +
                  format_duration(window) + " was " + format_number(holder.value) + ", at " +
                  iso8601(holder.at)};
}

Limited limit_rate(double wish, double current, const State& state, const definitions::Behavior& behavior,
                   UtcTime now) {
  if (wish == current) return {wish};
  const bool up = wish > current;
  const ScalingRules& rules = up ? behavior.up : behavior.down;
  const std::string way = up ? "up" : "down";
  if (rules.select == ScalingRules::Select::disabled)
    return {.value = current, .text = "scaling " + way + " is disabled by its select_policy"};
  if (rules.policies.empty()) return {wish};
  // select max: the policy that allows the largest change; for down that is the smallest number.
  const bool take_larger = (rules.select == ScalingRules::Select::max) == up;
  std::optional<double> allowed;
  const RatePolicy* chosen = nullptr;
  std::optional<UtcTime> retry_at;
  for (const RatePolicy& policy : rules.policies) {
    const Moved moved = moved_since(state, now - policy.period);
    const double bound = bound_of(policy, current - moved.added + moved.removed, up);
    if (allowed && (take_larger ? bound <= *allowed : bound >= *allowed)) continue;
    allowed = bound;
    chosen = &policy;
    retry_at = moved.oldest.value_or(now) + policy.period;
  }
  const double limit = up ? std::max(*allowed, current) : std::max(std::min(*allowed, current), 0.0);
  if (up ? wish <= limit : wish >= limit) return {wish};
  return {.value = limit,
          .retry_at = retry_at,
          .text = "scale_" + way + " allows " + describe(*chosen) + ", now to " + format_number(limit)};
}

Limited cool_down(double wish, double current, const State& state,
                  const definitions::ComponentDefinition& component, UtcTime now) {
  if (wish == current || state.changes.empty()) return {wish};
  const bool up = wish > current;
  const Duration wait = up ? component.cooldown_up : component.cooldown_down;
  const UtcTime end = state.changes.back().at + wait;
  if (now >= end) return {wish};
  return {.value = current,
          .retry_at = end,
          .text = std::string("cooldown ") + (up ? "up" : "down") + " of " + format_duration(wait) +
                  " after the change of " + iso8601(state.changes.back().at) + " lasts until " +
                  iso8601(end)};
}

}  // namespace wave::decisions
