#pragma once

#include <deque>
#include <optional>

#include "base/time.h"

namespace wave::forecast {

/// What looking ahead may cost beyond reacting, while the forecast is hardly better than the last value: a
/// share of the fleet that reacting needs, saved up for three days at most. A forecast that has proved itself
/// is not limited.
///
/// Told once a step: `step`, then `charge` with what was wished for. Begins saved up.
class Allowance {
 public:
  /// `share`: 0.1 is a tenth of the fleet. `credits_savings`: what is wished for below the reactive fleet is
  /// saved, too.
  Allowance(double share, bool credits_savings) : share_(share), credits_savings_(credits_savings) {}

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
  /// Half of it is gone: time to be economical.
  bool scarce() const { return saved_ && *saved_ < 0.5 * full_; }

 private:
  double share_;
  bool credits_savings_;
  std::deque<double> needs_;  ///< of the last five minutes: how long reacting keeps what it had
  double reactive_ = 1;
  double full_ = 0;              ///< unit-steps
  std::optional<double> saved_;  ///< unit-steps
  bool spent_ = false;
};

}  // namespace wave::forecast
