#pragma once

#include <optional>

#include "decisions/decision.h"

namespace wave::decisions {

/// A number after one limit, and when the limit will allow more.
struct Limited {
  double value = 0;
  std::optional<UtcTime> retry_at{};
  std::string text{};  ///< why it became another; empty when it did not
};

/// `current` clamped into [smallest recommendation of the up window, largest of the down window]; `wish` is
/// the newest recommendation (Kubernetes, stabilizeRecommendationWithBehaviors).
Limited stabilize(double wish, double current, const State& state, const definitions::Behavior& behavior,
                  UtcTime now);

/// How far the policies allow to go from `current` towards `wish`, given the changes within their periods
/// (Kubernetes, convertDesiredReplicasWithBehaviorRate).
Limited limit_rate(double wish, double current, const State& state, const definitions::Behavior& behavior,
                   UtcTime now);

/// No change that way until so long after the last change, whichever way that went.
Limited cool_down(double wish, double current, const State& state,
                  const definitions::ComponentDefinition& component, UtcTime now);

}  // namespace wave::decisions
