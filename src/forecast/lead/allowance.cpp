#include "forecast/lead/allowance.h"

#include <algorithm>

namespace wave::forecast {
namespace {

constexpr Duration saved_for = 3 * 24h;
constexpr Duration scale_in_window = 5min;
/// The fleet of the last days says too much after the load has fallen: the smaller of the two counts.
constexpr Duration recent = 6h;
/// From spent to acting again: a part of the full allowance, so that it does not flutter.
constexpr double back_at = 0.1;

}  // namespace

void Allowance::step(const Step& now) {
  needs_.push_back(now.reactive);
  const auto kept = static_cast<std::size_t>(std::max<std::int64_t>(scale_in_window / now.step, 1));
  while (needs_.size() > kept) needs_.pop_front();
  reactive_ = *std::ranges::max_element(needs_);
  const double pace = std::min(seconds(now.step) / seconds(recent), 1.0);
  recent_fleet_ = saved_ ? recent_fleet_ + pace * (now.reactive - recent_fleet_) : now.mean_fleet;
  const double fleet = std::max(std::min(now.mean_fleet, recent_fleet_), 1.0);
  const double before = full_;
  full_ = terms_.share * fleet * (seconds(saved_for) / seconds(now.step));
  if (saved_ && full_ < before) *saved_ *= full_ / before;
  if (now.proven || !saved_) saved_ = full_;
  if (*saved_ <= 0) spent_ = true;
  if (*saved_ > back_at * full_) spent_ = false;
}

void Allowance::charge(double units) {
  const double used = terms_.credits_savings ? units : std::max(units, reactive_);
  saved_ = std::clamp(saved_.value_or(full_) + (1 + terms_.share) * reactive_ - used, 0.0, full_);
}

}  // namespace wave::forecast
