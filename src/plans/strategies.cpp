#include "plans/strategies.h"

#include <cmath>

#include "base/text.h"

namespace wave::plans {
namespace {

using definitions::Target;
using definitions::Threshold;

/// More than any system can be asked for; keeps whole numbers exact.
constexpr double most_units = 1e9;

double up(double number) {
  return std::min(std::ceil(number), most_units);
}

/// Both bounds belong to it (design: 0.9 <= ratio and ratio <= 1.1).
bool within_tolerance(double ratio, const Target& target) {
  return ratio >= 1 - target.tolerance && ratio <= 1 + target.tolerance;
}

StrategyWish total_wish(const Target& target, double metric, const Capacity& capacity) {
  const std::string sum = target.metric + " " + shortest(metric) + " / " + shortest(target.value);
  const double ratio = metric / (target.value * capacity.current);
  if (capacity.current > 0 && within_tolerance(ratio, target)) {
    return {.desired = capacity.current,
            .why = sum + ", ratio " + shortest(std::round(ratio * 1000) / 1000) +
                   " is within the tolerance of " + shortest(target.tolerance)};
  }
  return {.desired = up(metric / target.value), .why = sum};
}

StrategyWish average_wish(const Target& target, double metric, const Capacity& capacity) {
  const double ready = capacity.ready.value_or(capacity.current);
  const double ratio = metric / target.value;
  const std::string sum = target.metric + " " + shortest(metric) + " / " + shortest(target.value);
  if (ready <= 0)
    return {.desired = capacity.current, .relative = true, .why = sum + ": no unit is ready to be averaged"};
  if (within_tolerance(ratio, target)) {
    return {.desired = capacity.current,
            .relative = true,
            .why = sum + ", ratio " + shortest(std::round(ratio * 1000) / 1000) +
                   " is within the tolerance of " + shortest(target.tolerance)};
  }
  // Units that were ordered and do not serve yet must not turn the direction.
  const double wished = up(ready * ratio);
  const double desired = ratio > 1 ? std::max(wished, capacity.current) : std::min(wished, capacity.current);
  return {.desired = desired, .relative = true, .why = sum + " x " + shortest(ready) + " ready"};
}

}  // namespace

std::optional<StrategyWish> target_wish(const Target& target, double metric, const Capacity& capacity) {
  if (!std::isfinite(metric) || metric < 0) return std::nullopt;
  const std::string activation = target.metric + " " + shortest(metric) +
                                 (metric > target.activation_above ? " > " : " <= ") +
                                 shortest(target.activation_above) + " (activation)";
  if (target.has_activation && metric <= target.activation_above) return {{.desired = 0, .why = activation}};
  if (capacity.current <= 0 && target.kind == Target::Kind::average) {
    if (metric <= target.activation_above) return {{.desired = 0, .why = activation}};
    return {{.desired = 1, .why = activation}};
  }
  StrategyWish wish = target.kind == Target::Kind::per_unit ? total_wish(target, metric, capacity)
                                                            : average_wish(target, metric, capacity);
  if (target.has_activation && wish.desired < 1) {
    wish.desired = 1;
    wish.why += ", at least 1: " + activation;
  }
  return wish;
}

int threshold_side(const Threshold& threshold, double metric) {
  if (threshold.above && metric > *threshold.above) return 1;
  if (threshold.below && metric < *threshold.below) return -1;
  return 0;
}

std::optional<StrategyWish> threshold_wish(const Threshold& threshold, double metric,
                                           const Capacity& capacity, Duration crossed_for) {
  const int side = threshold_side(threshold, metric);
  if (side == 0 || crossed_for < threshold.settle) return std::nullopt;
  std::string why = threshold.metric + " " + shortest(metric) +
                    (side > 0 ? " > " + shortest(*threshold.above) : " < " + shortest(*threshold.below));
  if (threshold.kind == Threshold::Kind::to)
    return {{.desired = up(threshold.amount), .why = why + ": to " + shortest(threshold.amount)}};
  // Going down starts from what is ordered: units that fail are no reason to take more away.
  const double base = side > 0 ? capacity.ready.value_or(capacity.current) : capacity.current;
  double step = threshold.amount;
  if (threshold.kind == Threshold::Kind::by_percent) step = std::max(1.0, base * threshold.amount / 100);
  why += ": " + std::string(side > 0 ? "+" : "-") + shortest(threshold.amount) +
         (threshold.kind == Threshold::Kind::by_percent ? " % of " : " from ") + shortest(base);
  const double desired = side > 0 ? std::max(up(base + step), capacity.current)
                                  : std::max(0.0, std::min(std::ceil(base - step), capacity.current));
  return {{.desired = desired, .relative = true, .why = why}};
}

}  // namespace wave::plans
