#include "forecast/prepare.h"

#include <algorithm>
#include <cmath>

namespace wave::forecast {
namespace {

constexpr std::size_t max_values = 45'000;  // a month of minutes

double median_of(Values values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

/// A hole takes what was there one cycle before or after, else a straight line between its ends.
void fill_holes(Values& values, const std::vector<std::size_t>& seasons) {
  const Values known = values;
  const std::size_t n = values.size();
  std::size_t before = 0;
  for (std::size_t t = 0; t < n; ++t) {
    if (!std::isnan(known[t])) {
      before = t;
      continue;
    }
    for (auto season = seasons.rbegin(); season != seasons.rend() && std::isnan(values[t]); ++season) {
      if (t >= *season) values[t] = values[t - *season];
      if (std::isnan(values[t]) && t + *season < n) values[t] = known[t + *season];
    }
    if (!std::isnan(values[t])) continue;
    std::size_t after = t;
    while (std::isnan(known[after])) ++after;  // ends are known
    for (std::size_t i = t; i < after; ++i) {
      const double part = static_cast<double>(i - before) / static_cast<double>(after - before);
      if (std::isnan(values[i])) values[i] = known[before] * (1 - part) + known[after] * part;
    }
  }
}

double correlation(const Values& values, std::size_t lag) {
  double mean = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  double product = 0;
  double square = 0;
  for (std::size_t t = 0; t < values.size(); ++t) {
    square += (values[t] - mean) * (values[t] - mean);
    if (t >= lag) product += (values[t] - mean) * (values[t - lag] - mean);
  }
  if (square <= 0) return 0;
  return product / square * static_cast<double>(values.size()) / static_cast<double>(values.size() - lag);
}

}  // namespace

double Prepared::to(double value) const {
  if (scale == Scale::log) return std::log(value);
  if (scale == Scale::root) return std::sqrt(std::max(value, 0.0));
  return value;
}

double Prepared::back(double value) const {
  if (scale == Scale::log) return std::exp(std::min(value, 700.0));
  if (scale == Scale::root) return value > 0 ? value * value : 0;
  return value;
}

Prepared prepare(const Series& series, const std::vector<std::size_t>& seasons) {
  Prepared out;
  const auto known = [](double value) { return std::isfinite(value) && std::abs(value) < 1e150; };
  const auto first = std::ranges::find_if(series.values, known);
  if (first == series.values.end()) return out;
  const auto last = std::find_if(series.values.rbegin(), series.values.rend(), known).base();
  out.late = static_cast<std::size_t>(series.values.end() - last);
  const std::size_t length = std::min<std::size_t>(static_cast<std::size_t>(last - first), max_values);
  out.values.assign(last - static_cast<std::ptrdiff_t>(length), last);
  for (double& value : out.values)
    if (!known(value)) value = std::nan("");
  const auto start = std::ranges::find_if(out.values, known);
  out.values.erase(out.values.begin(), start);
  fill_holes(out.values, seasons);
  const double middle = median_of(out.values);
  const double least = *std::ranges::min_element(out.values);
  if (least > 0 && least > 0.05 * middle)
    out.scale = Prepared::Scale::log;
  else if (least >= 0)
    out.scale = Prepared::Scale::root;
  for (double& value : out.values) value = out.to(value);
  return out;
}

std::vector<std::size_t> find_seasons(const Series& series) {
  const Values values = prepare(series, {}).values;
  std::vector<std::size_t> found;
  const auto in_steps = [&](Duration length) -> std::size_t {
    return series.step > Duration::zero() && length % series.step == Duration::zero()
               ? static_cast<std::size_t>(length / series.step)
               : 0;
  };
  const std::size_t day = in_steps(std::chrono::days(1));
  const std::size_t week = in_steps(std::chrono::days(7));
  if (day > 1 && values.size() >= 2 * day && correlation(values, day) > 0.1) found.push_back(day);
  // A week only beside a day: at a step below a day its lag alone is near a multiple of many cycles.
  const bool may_be_weekly = day <= 1 || !found.empty();
  if (may_be_weekly && week > 1 && values.size() >= 2 * week + day && correlation(values, week) > 0.1)
    found.push_back(week);
  if (!found.empty() || values.size() < 12) return found;
  const std::size_t tail = std::min<std::size_t>(values.size(), 2000);
  const Values recent(values.end() - static_cast<std::ptrdiff_t>(tail), values.end());
  std::size_t best = 0;
  double most = 0.3;
  double before = 1;
  bool fallen = false;
  for (std::size_t lag = 2; lag <= tail / 3; ++lag) {
    const double now = correlation(recent, lag);
    fallen = fallen || now < before - 0.1 || now < 0.2;
    if (fallen && now > most + (best == 0 ? 0 : 0.05)) {
      most = now;
      best = lag;
    }
    before = std::min(before, now);
  }
  if (best > 1) found.push_back(best);
  return found;
}

}  // namespace wave::forecast
