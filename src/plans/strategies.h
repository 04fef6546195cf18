#pragma once

#include <optional>
#include <string>

#include "definitions/definitions.h"

namespace wave::plans {

/// What is there when a strategy computes.
struct Capacity {
  double current = 0;           ///< desired there now
  std::optional<double> ready;  ///< what serves; `current` where the system does not say
};

struct StrategyWish {
  double desired = 0;             ///< whole, >= 0
  bool relative = false;          ///< computed from current or ready capacity
  std::string why;                ///< `api_rps 4200 / 200`
  std::optional<double> shown{};  ///< what a forecast that is only shown would wish
  bool ahead = false;             ///< a forecast was counted in
};

/// `target` with the semantics of the Kubernetes HPA: ratio, tolerance (keeps `current` within it), total
/// (`per_unit`) or average per ready unit; from and to zero only as `activation` allows. Always a wish for a
/// finite metric >= 0; nullopt when the metric cannot be one.
std::optional<StrategyWish> target_wish(const definitions::Target& target, double metric,
                                        const Capacity& capacity);

/// +1 above the upper bound, -1 below the lower one, 0 between (or at a bound).
int threshold_side(const definitions::Threshold& threshold, double metric);

/// A step when the metric has been on one side for at least `settle`; else nullopt (capacity stays).
/// `crossed_for`: how long it has been on this side.
std::optional<StrategyWish> threshold_wish(const definitions::Threshold& threshold, double metric,
                                           const Capacity& capacity, Duration crossed_for);

}  // namespace wave::plans
