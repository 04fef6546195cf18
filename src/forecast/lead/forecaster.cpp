#include "forecast/lead/forecaster.h"

#include <algorithm>
#include <cmath>

namespace wave::forecast {
namespace {

// The recipe's constants; docs/decisions/0008-proactive-policy.md says what each is worth.
constexpr int most_days = 7;
constexpr double exponent = 0.75;
constexpr double stretch = 3;
/// Two regressions, one that forgets sooner, are averaged: what each has learned of noise differs.
constexpr double later_half_life_days = 8;
constexpr double sooner_half_life_days = 3;
constexpr double scale_half_life_days = 3;
constexpr double penalty = 3e-3;
constexpr double error_days = 4;
/// At steps of many minutes four days are too few errors for a tail.
constexpr double least_errors_kept = 500;
constexpr double least_scale = 0.02;
constexpr double least_errors_days = 0.25;
constexpr double bias = 0.1;
constexpr std::size_t season_features = 14;
/// Units in a fleet where nobody says what one carries.
constexpr double usual_fleet = 24;
constexpr double lag_minutes[] = {1, 2, 3, 4, 5, 7, 10, 14, 19, 25, 35, 50, 70, 100};

std::int64_t up(Duration duration, Duration step) {
  return std::max<std::int64_t>((duration + step - Duration{1}) / step, 1);
}

std::vector<std::int64_t> lags_of(Duration step) {
  std::vector<std::int64_t> lags;
  for (const double minutes : lag_minutes) {
    const auto lag = static_cast<std::int64_t>(std::llround(minutes * 60 / seconds(step)));
    if (lag > 0 && (lags.empty() || lag != lags.back())) lags.push_back(lag);
  }
  return lags;
}

std::int64_t day_of(Duration step) {
  return std::max<std::int64_t>(std::llround(86400 / seconds(step)), 1);
}

}  // namespace

double LeadForecast::quantile(double probability) const {
  const auto& z = *sorted_;
  const double place = probability * static_cast<double>(z.size() - 1);
  const auto low = static_cast<std::size_t>(place);
  const auto high = std::min(low + 1, z.size() - 1);
  const double between = z[low] + (place - static_cast<double>(low)) * (z[high] - z[low]);
  const double load =
      unit_ *
      std::max(0.0, std::pow(std::max(0.0, stretch * (center_ + scale_ * between)), 1 / exponent) - 1);
  return factor_ * load + amount_;
}

LeadForecast LeadForecast::raised(double factor, double amount) const {
  LeadForecast out = *this;
  out.factor_ *= factor;
  out.amount_ = amount_ * factor + amount;
  return out;
}

double LeadForecast::exceedance(double load) const {
  load = (load - amount_) / factor_;
  if (load < 0) return 1;
  const double scaled = std::pow(std::max(load, 0.0) / unit_ + 1, exponent) / stretch;
  const auto threshold = static_cast<float>((scaled - center_) / scale_);
  const auto above = sorted_->end() - std::ranges::upper_bound(*sorted_, threshold);
  return static_cast<double>(above) / static_cast<double>(sorted_->size());
}

LeadForecaster::LeadForecaster(Options options)
    : options_(options),
      lead_(up(options.lead, options.step)),
      span_(up(options.span, options.step)),
      day_(day_of(options.step)),
      lags_(lags_of(options.step)),
      level_(static_cast<std::size_t>((most_days + 1) * day_ + lead_ + steps(120))),
      smooth_(static_cast<std::size_t>((most_days + 1) * day_ + lead_ + steps(120))),
      known_(static_cast<std::size_t>(lead_ + span_ + 2)),
      error_(static_cast<std::size_t>(steps(60) + steps(20) + 2)),
      typical_(static_cast<std::size_t>((most_days + 1) * day_ + lead_)),
      largest_(static_cast<std::size_t>((most_days + 1) * day_ + lead_)),
      later_(season_features + lags_.size(), later_half_life_days * static_cast<double>(day_), penalty),
      sooner_(season_features + lags_.size(), sooner_half_life_days * static_cast<double>(day_), penalty),
      scale_(errors_size, scale_half_life_days * static_cast<double>(day_), penalty) {}

double LeadForecaster::unit_of(std::vector<float> loads) {
  std::erase_if(loads, [](float load) { return !std::isfinite(load) || load <= 0; });
  if (loads.empty()) return 1;
  const auto place = loads.begin() + static_cast<std::ptrdiff_t>(loads.size() * 95 / 100);
  std::nth_element(loads.begin(), place, loads.end());
  return *place / usual_fleet;
}

std::int64_t LeadForecaster::steps(double minutes) const {
  return std::max<std::int64_t>(std::llround(minutes * 60 / seconds(options_.step)), 1);
}

double LeadForecaster::g(double load) const {
  return std::pow(std::max(load, 0.0) / options_.unit + 1, exponent) / stretch;
}

double LeadForecaster::inverse(double scaled) const {
  return options_.unit * std::max(0.0, std::pow(std::max(0.0, stretch * scaled), 1 / exponent) - 1);
}

void LeadForecaster::add(double value) {
  outcome_.reset();
  take(value);
  learn();
  const auto every = steps(60);
  if (level_.end() % every == 0) {
    later_.solve();
    sooner_.solve();
    scale_.solve();
    sort_errors();
  }
  look();
}

/// A missing value is taken for what the day before did from here on, so that features have something to
/// stand on; nothing is learned from it.
void LeadForecaster::take(double value) {
  const auto place = level_.end();
  const bool known = std::isfinite(value);
  double scaled = 0;
  if (known) {
    scaled = g(value);
  } else {
    const double last = level_[place - 1];
    scaled = level_.has(place - day_ - 1) ? last + level_[place - day_] - level_[place - day_ - 1] : last;
    value = inverse(scaled);
  }
  level_.push(scaled);
  known_.push(known ? 1 : 0);
  const auto half = static_cast<std::size_t>(std::llround(2 * 60 / seconds(options_.step)));
  raw_.push_back(std::max(value, 0.0));
  if (raw_.size() > 2 * half + 1) raw_.pop_front();
  if (raw_.size() <= half) return;
  double sum = 0;
  for (const double one : raw_) sum += one;
  smooth_.push(g(sum / static_cast<double>(raw_.size())));
}

/// Learns from the decision whose window ended with the newest value.
void LeadForecaster::learn() {
  const auto first = level_.end() - lead_ - span_;
  if (first < 1) return;
  const bool expected = !pending_.empty() && static_cast<std::int64_t>(pending_.size()) == lead_ + span_;
  if (!expected) return;
  const Pending then = std::move(pending_.front());
  pending_.pop_front();
  double largest = 0;
  bool complete = true;
  for (auto place = level_.end() - span_; place < level_.end(); ++place) {
    largest = std::max(largest, level_[place]);
    complete = complete && known_[place] > 0;
  }
  if (!complete || then.x.empty()) {
    keep_error(recent_error_);
    return;
  }
  const double error = largest - then.center;
  later_.add(then.x, largest - then.level);
  sooner_.add(then.x, largest - then.level);
  if (then.predicted) {
    scale_.add(then.scale_x, std::abs(error));
    standard_.push_back(static_cast<float>(error / then.scale));
    const double kept = std::max(error_days * static_cast<double>(day_), least_errors_kept);
    while (static_cast<double>(standard_.size()) > kept) standard_.pop_front();
    if (!sorted_.empty()) {
      outcome_ = then.told;
      outcome_->load = inverse(largest);
      outcome_->level = inverse(then.level);
    }
  }
  keep_error(std::abs(error));
}

void LeadForecaster::keep_error(double error) {
  const double share = 1 / static_cast<double>(steps(8));
  recent_error_ += share * (error - recent_error_);
  error_.push(error);
  const auto width = 2 * steps(10) + 1;
  double sum = 0;
  double largest = 0;
  for (auto place = std::max<std::int64_t>(error_.end() - width, 0); place < error_.end(); ++place) {
    sum += error_[place];
    largest = std::max(largest, error_[place]);
  }
  typical_.push(sum / static_cast<double>(std::min(width, error_.end())));
  largest_.push(largest);
}

void LeadForecaster::sort_errors() {
  if (static_cast<double>(standard_.size()) < least_errors_days * static_cast<double>(day_)) return;
  sorted_.assign(standard_.begin(), standard_.end());
  std::ranges::sort(sorted_);
}

void LeadForecaster::look() {
  auto& now = pending_.emplace_back();
  now.level = level_[level_.end() - 1];
  features(now.x);
  now.center = now.level;
  if (!now.x.empty()) {
    now.predicted = later_.solved() && sooner_.solved();
    if (now.predicted) now.center += (later_.predict(now.x) + sooner_.predict(now.x)) / 2;
    scale_features(now.scale_x, now.level);
    const double guess = scale_.solved() ? scale_.predict(now.scale_x) : recent_error_;
    now.scale = std::max({least_scale, guess, 0.3 * recent_error_});
  }
  if (const auto told = forecast()) {
    now.told.q50 = told->quantile(0.5);
    now.told.q90 = told->quantile(0.9);
    now.told.q95 = told->quantile(0.95);
  }
}

void LeadForecaster::features(std::vector<double>& x) {
  const auto now = level_.end();
  const double level = level_[now - 1];
  // The last day on which the window's time is past already.
  const auto first = (lead_ + span_ + steps(4) + day_) / day_;
  const auto around = steps(4);
  double rise = 0, rise_before = 0, rise_after = 0, rise_first = 0, same = 0, peak = 0, difference = 0;
  double same_first = 0, same_last = 0, rise_last = 0;
  int days = 0;
  for (std::int64_t d = first; d < first + most_days; ++d) {
    const auto then = now + lead_ - d * day_;
    const auto from = now - 1 - d * day_;
    if (then - steps(10) < level_.begin() || from - steps(15) < level_.begin()) break;
    const double at = smooth_[then];
    rise += at - smooth_[from];
    rise_before += smooth_[then - around] - smooth_[from];
    rise_after += smooth_[then + around] - smooth_[from];
    same += at - level;
    if (days == 0) rise_first = at - smooth_[from];
    if (days == 0) same_first = at - level;
    same_last = at - level;
    rise_last = at - smooth_[from];
    double largest = 0;
    for (auto j = -steps(3); j <= steps(3); ++j) largest = std::max(largest, level_[then + j]);
    peak += largest - level;
    double sum = 0;
    for (std::int64_t j = 0; j < steps(15); ++j) sum += level_[from - j] - level_[now - 1 - j];
    difference += sum / static_cast<double>(steps(15));
    ++days;
  }
  if (days == 0) return;
  double mean = 0;
  double highest = level;
  double lowest = level;
  const auto hour = std::min(steps(60), now - level_.begin());
  for (std::int64_t j = 0; j < hour; ++j) {
    const double one = level_[now - 1 - j];
    mean += one / static_cast<double>(hour);
    highest = std::max(highest, one);
    lowest = std::min(lowest, one);
  }
  const double n = days;
  day_peak_ = peak / n;
  day_difference_ = difference / n;
  x = {rise / n,  rise_first, rise_last,       rise_before / n, rise_after / n,  same / n,       same_first,
       same_last, day_peak_,  day_difference_, mean - level,    highest - level, lowest - level, bias};
  for (const auto lag : lags_) x.push_back(level_[now - 1 - lag] - level);
}

void LeadForecaster::scale_features(std::array<double, errors_size>& x, double level) const {
  const auto now = level_.end();
  const auto range = [&](std::int64_t width) {
    double highest = level;
    double lowest = level;
    for (auto place = std::max(level_.begin(), now - width); place < now; ++place) {
      highest = std::max(highest, level_[place]);
      lowest = std::min(lowest, level_[place]);
    }
    return highest - lowest;
  };
  double hour = 0;
  const auto width = std::min(steps(60), error_.end());
  for (auto place = error_.end() - width; place < error_.end(); ++place) hour += error_[place];
  if (width > 0) hour /= static_cast<double>(width);
  // The errors' places count from the first decision; `now` is that of the one being made.
  const auto decision = error_.end() + lead_ + span_ - 1;
  double typical = 0;
  double largest = 0;
  int days = 0;
  for (int d = 1; d <= most_days; ++d) {
    const auto place = decision - d * day_ + steps(10);
    if (!typical_.has(place)) {
      if (place < typical_.begin()) break;
      continue;
    }
    typical += typical_[place];
    largest += largest_[place];
    ++days;
  }
  if (days > 0) {
    typical /= days;
    largest /= days;
  }
  x = {0.05,    range(steps(60)), range(steps(12)),          recent_error_,           hour, typical,
       largest, 0.1 * level,      std::abs(day_difference_), std::max(0.0, day_peak_)};
}

std::optional<LeadForecast> LeadForecaster::forecast() const {
  if (pending_.empty() || !pending_.back().predicted || sorted_.empty()) return std::nullopt;
  LeadForecast out;
  out.unit_ = options_.unit;
  out.center_ = pending_.back().center;
  out.scale_ = pending_.back().scale;
  out.sorted_ = &sorted_;
  return out;
}

std::string LeadForecaster::problem() const {
  if (forecast()) return {};
  const auto whole = [this](std::int64_t count) {
    return format_duration(std::chrono::floor<std::chrono::minutes>(options_.step * count));
  };
  const auto needed = (lead_ + span_ + steps(4) + day_) / day_ * day_ + steps(120) +
                      static_cast<std::int64_t>(least_errors_days * static_cast<double>(day_));
  return "needs " + whole(needed) + " of history, has " + whole(level_.end());
}

}  // namespace wave::forecast
