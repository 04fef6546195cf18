#pragma once

#include <deque>

#include "components/component.h"

namespace wave::backtest {

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
  std::uint64_t changes() const { return changes_; }

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
  std::uint64_t changes_ = 0;
};

}  // namespace wave::backtest
