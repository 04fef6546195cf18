#pragma once

#include <deque>
#include <optional>

#include "base/time.h"

namespace wave::forecast {

/// What looking ahead may cost beyond reacting, while the forecast is hardly better than the last value: a
/// share of the fleet that reacting needs, saved up for three days at most. A forecast that has proved itself
/// is not limited.
///
/// What is saved counts in days of the fleet: when the load falls to a lower level, it shrinks with it.
///
/// Told once a step: `step`, then `charge` with what was wished for. Begins saved up.
class Allowance {
 public:
  struct Terms {
    double share = 0.1;  ///< of the fleet
    /// What is wished for below the reactive fleet is saved, too.
    bool credits_savings = false;
    double scarce_below = 0.5;  ///< part of what can be saved
  };
  explicit Allowance(const Terms& terms) : terms_(terms) {}

  struct Step {
    double reactive = 1;    ///< units that the newest load needs
    double mean_fleet = 1;  ///< units
    bool proven = false;    ///< the forecast is clearly better than the last value
    Duration step = 1min;
  };
  void step(const Step& now);
  void charge(double units);
  /// Nothing is left: the reactive rule alone decides until a tenth has been saved up again.
  bool spent() const { return spent_; }
  /// Much of it is gone: time to be economical.
  bool scarce() const { return saved_ && *saved_ < terms_.scarce_below * full_; }

 private:
  Terms terms_;
  std::deque<double> needs_;  ///< of the last five minutes: how long reacting keeps what it had
  double reactive_ = 1;
  double recent_fleet_ = 0;      ///< that reacting needs, in the mean of the last hours
  double full_ = 0;              ///< unit-steps
  std::optional<double> saved_;  ///< unit-steps
  bool spent_ = false;
};

}  // namespace wave::forecast
