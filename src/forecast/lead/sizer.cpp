#include "forecast/lead/sizer.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace wave::forecast {
namespace {

constexpr double mean_fleet_days = 7;
/// Candidates of a price, by how probable it is that they do not suffice.
constexpr int candidates = 256;
constexpr double most_units = 1e9;
/// What a violated minute counts for while the forecast is not proven: at the full price it buys more than it
/// is worth on a load that is busy all the time.
constexpr double part_unless_proven = 0.25;
/// What looking ahead may cost beyond reacting without a proven forecast. With the hold of a lead time, which
/// both pay for, the whole stays within a tenth; without the floor the hours that cost less are counted as
/// well, and it is time to be economical sooner.
constexpr Allowance::Terms above_floor{.share = 0.1, .credits_savings = false, .scarce_below = 0.5};
constexpr Allowance::Terms without_floor{.share = 0.3, .credits_savings = true, .scarce_below = 0.75};

std::string whole(double number) {
  return shortest(std::round(number));
}

std::int64_t steps_of(double minutes, Duration step) {
  return std::max<std::int64_t>(std::llround(minutes * 60 / seconds(step)), 1);
}

double units(double load, double each) {
  return std::clamp(std::ceil(load / each), 1.0, most_units);
}

}  // namespace

Sizer::Sizer(Options options, double mean_fleet)
    : options_(options),
      mean_fleet_(mean_fleet),
      allowance_(options.reactive_floor ? above_floor : without_floor) {}

/// The number at which one more unit costs as much as the violated minutes that it avoids.
double Sizer::priced(const LeadForecast& forecast, bool trusted) const {
  const double violation_cost = options_.violation_cost * (trusted ? 1 : part_unless_proven);
  const double price = violation_cost * std::max(mean_fleet_, 1.0);
  double best = units(forecast.quantile(1), options_.limit_per_unit);
  double least = best;
  for (int i = candidates - 1; i > 0 && best > 1; --i) {
    const double fewer =
        units(forecast.quantile(static_cast<double>(i) / candidates), options_.limit_per_unit);
    const double cost = fewer + price * forecast.exceedance(options_.limit_per_unit * fewer);
    if (cost < least) {
      least = cost;
      best = fewer;
    }
  }
  return best;
}

double Sizer::wish(const LeadForecast& forecast, bool trusted) const {
  double wished = options_.quantile ? units(forecast.quantile(*options_.quantile), options_.per_unit)
                                    : priced(forecast, trusted);
  if (options_.max_margin) {
    const double most = (1 + *options_.max_margin) * forecast.median();
    wished = std::min(wished, units(most, options_.per_unit));
  }
  return wished;
}

/// A load that what was wished in time could not carry is held for a while: what surprised once comes again.
double Sizer::held(double load, std::int64_t lead, Duration step) {
  double surprise = 0;
  if (static_cast<std::int64_t>(past_.size()) >= lead) {
    const double ready = past_[past_.size() - static_cast<std::size_t>(lead)].wish;
    if (ready > 0 && load > options_.limit_per_unit * ready) surprise = load;
  }
  surprises_.push_back(surprise);
  const bool floor = options_.reactive_floor;
  const auto memory = steps_of(floor ? 30 : 40, step);
  while (static_cast<std::int64_t>(surprises_.size()) > memory) surprises_.pop_front();
  const bool scarce = allowance_.scarce();
  const auto counted =
      std::min<std::ptrdiff_t>(std::ssize(surprises_), scarce ? steps_of(floor ? 10 : 25, step) : memory);
  const double largest = *std::max_element(surprises_.end() - counted, surprises_.end());
  if (largest <= 0) return 0;
  double factor = floor ? 1.2 : 1.28;
  if (scarce) factor = floor ? 1.0 : 1.1;
  return units(factor * largest, options_.limit_per_unit);
}

void Sizer::step(double load, const Told& told) {
  const auto& [forecast, acts, proven, event, lead, step] = told;
  if (!std::isfinite(load)) load = 0;
  const double share = 1 / (mean_fleet_days * 86400 / seconds(step));
  if (load > 0) {
    const double fleet = units(load, options_.per_unit);
    mean_fleet_ = mean_fleet_ > 0 ? mean_fleet_ + share * (fleet - mean_fleet_) : fleet;
  }
  // Where somebody knows what comes, it is not the forecast that must be believed.
  const bool trusted = proven || event;
  Past now;
  if (forecast) now.wish = wish(*forecast, trusted);
  const double hold = held(load, lead, step);
  now.total = acts ? std::max(now.wish, hold) : hold;
  past_.push_back(now);
  const auto memory = static_cast<std::size_t>(std::max<std::int64_t>(lead, 1));
  while (past_.size() > memory) past_.pop_front();
  newest_ = now.total;
  need_ = 0;
  for (const auto& one : past_) need_ = std::max(need_, one.total);
  allowance_.step({.reactive = load > 0 ? units(load, options_.per_unit) : 1,
                   .mean_fleet = mean_fleet_,
                   .proven = proven,
                   .step = step});
  if (allowance_.spent()) newest_ = need_ = 0;
  allowance_.charge(event ? std::min(need_, load > 0 ? units(load, options_.per_unit) : 1.0) : need_);
  why_.clear();
  if (allowance_.spent()) return;
  if (forecast && acts)
    why_ = "forecast " + whole(forecast->median()) + " (P90 " + whole(forecast->quantile(0.9)) +
           (trusted ? "" : ", not proven") + "): " + whole(now.wish);
  if (hold > 0 && (hold > now.wish || !acts))
    why_ += (why_.empty() ? "" : ", ") + ("a surprise holds " + whole(hold));
  if (need_ > now.total) why_ += (why_.empty() ? "" : ", ") + (whole(need_) + " within the lead time");
}

double Sizer::reactive_per_unit() const {
  if (options_.reactive_floor) return options_.per_unit;
  return options_.per_unit + 0.5 * (options_.limit_per_unit - options_.per_unit);
}

double with_hysteresis(double newest, double need, double reactive, double current) {
  if (const double up = std::max(newest, reactive); up > 1.05 * current) return up;
  if (const double down = std::max(need, reactive); down <= 0.9 * current) return down;
  return current;
}

}  // namespace wave::forecast
