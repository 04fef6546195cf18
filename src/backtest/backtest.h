#pragma once

#include <functional>
#include <string>
#include <vector>

#include "backtest/recorded.h"
#include "backtest/simulated.h"
#include "base/error.h"
#include "definitions/definitions.h"

namespace wave::backtest {

/// The share of what a unit can carry that it is meant to carry.
constexpr double utilisation = 0.6;

struct Question {
  std::vector<Recording> recordings;
  UtcTime from;  ///< rows before it are history; at it desired = ready = need
  UtcTime to;
  std::string component_id;                    ///< whose capacity is judged
  std::string load_metric;                     ///< what its units carry
  double capacity = 0;                         ///< load that one unit can carry
  std::function<void(double share)> progress;  ///< may be empty; called about a hundred times

  /// Load that a unit is meant to carry; need is load / per_unit(), rounded up.
  double per_unit() const { return utilisation * capacity; }
};

/// What was there during one tick, after its decision.
struct Tick {
  UtcTime at;
  double load = 0;     ///< NaN where the recording has none
  double desired = 0;  ///< ordered
  double ready = 0;    ///< serving
};

struct Answer {
  Duration tick{0};  ///< the load's step, at most a minute
  Duration ready_after{0};
  std::vector<Tick> ticks;
  std::vector<Changed> changes;  ///< oldest first
};

/// Runs the production engine over the recordings on a virtual clock, with simulated components whatever
/// their kind. Errors: invalid_argument for a question that does not fit the definitions.
Result<Answer> run(definitions::Definitions definitions, const Question& question);

}  // namespace wave::backtest
