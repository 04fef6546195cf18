#include "forecast/lead/allowance.h"

#include <algorithm>

namespace wave::forecast {
namespace {

constexpr Duration saved_for = 3 * 24h;
constexpr Duration scale_in_window = 5min;
/// From spent to acting again: a part of the full allowance, so that it does not flutter.
constexpr double back_at = 0.1;

}  // namespace

void Allowance::step(const Step& now) {
  needs_.push_back(now.reactive);
  const auto kept = static_cast<std::size_t>(std::max<std::int64_t>(scale_in_window / now.step, 1));
  while (needs_.size() > kept) needs_.pop_front();
  reactive_ = *std::ranges::max_element(needs_);
  full_ = share_ * std::max(now.mean_fleet, 1.0) * (seconds(saved_for) / seconds(now.step));
  if (now.proven || !saved_) saved_ = full_;
  if (*saved_ <= 0) spent_ = true;
  if (*saved_ > back_at * full_) spent_ = false;
}

void Allowance::charge(double units) {
  const double used = credits_savings_ ? units : std::max(units, reactive_);
  saved_ = std::clamp(saved_.value_or(full_) + (1 + share_) * reactive_ - used, 0.0, full_);
}

}  // namespace wave::forecast
