#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backtest/backtest.h"
#include "backtest/figures.h"

namespace wave::backtest {

/// What is tried of an item and its component.
struct Knobs {
  double per_unit = 0;
  double limit_per_unit = 0;
  std::optional<definitions::Proactive> proactive;
  Duration window{0};  ///< stabilization_window of scale_down
};

/// Settings that no other of those tried beats in violations and cost, or the user's own.
struct Candidate {
  Knobs set;
  bool is_yours = false;
  bool is_beaten = false;  ///< only the user's own may be
  bool is_suggested = false;
  Figures chosen_on;  ///< over the days that the choice was made on
  Figures confirmed;  ///< over the question's own days, which the choice has not seen
};

struct Suggestions {
  std::string plan_id;
  std::string item_id;
  UtcTime from;           ///< the choice was made on [from, to)
  UtcTime to;             ///< the test begins
  bool is_short = false;  ///< the recording has less than two weeks, the choice and its test few days each
  std::size_t tried = 0;
  std::vector<Candidate> frontier;  ///< cheapest first
};

/// Tries violation costs of 5, 14 and 40, targets of 0.85, 1 and 1.15 times the user's, and scale-in windows
/// of 2, 5 and 15 minutes, all with each other, on what comes before the question's test, and runs those that
/// are not beaten, and the user's own, on the test. Of what comes before, the first quarter, at most a week,
/// is only history. Suggested are the fewest violations that cost no more than the user's own settings.
///
/// What a unit can carry stays as it is: `limit_per_unit`, and the capacity that figures are computed with.
/// Errors: invalid_argument if no item follows the load with `per_unit`, or if less than a day is left.
Result<Suggestions> suggest(const definitions::Definitions& definitions, const Question& question);

}  // namespace wave::backtest
