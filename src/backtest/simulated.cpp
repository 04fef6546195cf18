#include "backtest/simulated.h"

#include <algorithm>

namespace wave::backtest {

double Simulated::ready() const {
  double coming = 0;
  for (const auto& order : orders_)
    if (order.ready_at > runtime_.mono()) coming += order.units;
  return desired() - coming;
}

Task<Result<components::Observation>> Simulated::observe() {
  std::erase_if(orders_, [&](const Order& order) { return order.ready_at <= runtime_.mono(); });
  components::Observation seen{.current = values_, .ready = ready()};
  seen.changing = !orders_.empty();
  co_return seen;
}

Task<Result<components::Applied>> Simulated::apply(components::Change change) {
  const double before = desired();
  for (const auto& [value, number] : change.values) values_[value] = number;
  const double after = desired();
  if (after != before)
    changes_.push_back({.at = runtime_.utc(), .from = before, .to = after, .why = std::move(change.reason)});
  if (after > before) orders_.push_back({after - before, runtime_.mono() + ready_after_});
  for (double less = before - after; less > 0 && !orders_.empty();) {
    auto& newest = orders_.back();
    const double taken = std::min(less, newest.units);
    newest.units -= taken;
    less -= taken;
    if (newest.units <= 0) orders_.pop_back();
  }
  co_return components::Applied{.request_id = {}, .changed = after != before};
}

}  // namespace wave::backtest
