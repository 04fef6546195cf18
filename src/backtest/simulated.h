#pragma once

#include <deque>
#include <string>
#include <vector>

#include "components/component.h"

namespace wave::backtest {

/// A change of what is ordered, and why.
struct Changed {
  UtcTime at;
  double from = 0;
  double to = 0;
  std::string why;
};

/// Capacity as a recording's world has it: what is added serves `ready_after` later, what is taken away is
/// gone at once, the newest and not yet ready first.
class Simulated final : public components::Component {
 public:
  Simulated(const Runtime& runtime, std::string main_value, double desired, Duration ready_after)
      : runtime_(runtime),
        main_value_(std::move(main_value)),
        ready_after_(ready_after),
        values_{{main_value_, desired}} {}

  Task<Result<components::Observation>> observe() override;
  Task<Result<components::Applied>> apply(components::Change change) override;

  double desired() const { return values_.at(main_value_); }
  double ready() const;
  /// Oldest first.
  std::vector<Changed>& changes() { return changes_; }

 private:
  struct Order {
    double units = 0;
    MonoTime ready_at;
  };

  const Runtime& runtime_;
  std::string main_value_;
  Duration ready_after_;
  components::Values values_;
  std::deque<Order> orders_;
  std::vector<Changed> changes_;
};

}  // namespace wave::backtest
