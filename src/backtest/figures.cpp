#include "backtest/figures.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <map>

namespace wave::backtest {
namespace {

constexpr double violated_above = 0.85;
constexpr double tolerance = 0.1;
constexpr Duration scale_in_window = 5min;
constexpr Duration refresh = 6h;
constexpr std::int64_t most_days = 14;

double need(const Setting& test, double load) {
  return need_of(load, test.per_unit);
}

std::int64_t ticks(const Setting& test, Duration duration) {
  return std::max<std::int64_t>((duration + test.tick - Duration{1}) / test.tick, 1);
}

/// The load of a tick, before the test where that is negative.
double load_at(const Setting& test, std::int64_t tick) {
  if (tick >= static_cast<std::int64_t>(test.load.size())) return test.load.back();
  if (tick >= 0) return test.load[static_cast<std::size_t>(tick)];
  const auto place = static_cast<std::int64_t>(test.past.size()) + tick;
  return place >= 0 ? test.past[static_cast<std::size_t>(place)] : test.load.front();
}

/// The newest tick whose load is known at `tick`.
std::int64_t newest_known(const Setting& test, std::int64_t tick) {
  return (tick + test.row_offset) / test.row_ticks * test.row_ticks - test.row_offset - 1;
}

Course course_of(const Setting& test, std::vector<double> desired) {
  Course out{.desired = std::move(desired), .ready = {}};
  out.ready = serve(out.desired, ticks(test, test.ready_after));
  return out;
}

/// Up at once; down to the largest wish of the scale-in window.
std::vector<double> follow(const Setting& test, const std::function<double(std::int64_t, double)>& wish) {
  std::vector<double> out;
  std::deque<double> wishes;
  const auto window = static_cast<std::size_t>(ticks(test, scale_in_window));
  double current = need(test, test.load.front());
  for (std::int64_t t = 0; t < static_cast<std::int64_t>(test.load.size()); ++t) {
    wishes.push_back(wish(t, current));
    if (wishes.size() > window) wishes.pop_front();
    const double highest = *std::ranges::max_element(wishes);
    current = std::max(std::min(current, highest), wishes.back());
    out.push_back(current);
  }
  return out;
}

double reactive_wish(const Setting& test, double headroom, std::int64_t t, double current) {
  const double load = load_at(test, newest_known(test, t)) * (1 + headroom);
  const double ratio = load / (test.per_unit * current);
  return ratio >= 1 - tolerance && ratio <= 1 + tolerance ? current : need(test, load);
}

/// The mean of each hour of the day over the days before, as known at the last refresh.
class HourlyMeans {
 public:
  explicit HourlyMeans(const Setting& test) : test_(test) {}
  double at(std::int64_t now, std::int64_t tick) {
    const auto every = ticks(test_, refresh);
    const auto known = now >= 0 ? now / every * every : 0;
    if (known != known_) {
      known_ = known;
      means_.clear();
    }
    const auto hour = ticks(test_, 1h);
    const auto day = 24 * hour;
    const auto place = (tick % day + day) % day / hour;
    const auto [found, is_new] = means_.try_emplace(place, 0);
    if (is_new) found->second = mean(known, place * hour, hour, day);
    return found->second;
  }

 private:
  double mean(std::int64_t known, std::int64_t from, std::int64_t hour, std::int64_t day) const {
    double sum = 0;
    double count = 0;
    const auto oldest = -static_cast<std::int64_t>(test_.past.size());
    for (std::int64_t d = -most_days; d * day + from < known; ++d) {
      if (known - (d * day + from) > most_days * day) continue;
      for (std::int64_t tick = d * day + from; tick < d * day + from + hour; ++tick) {
        if (tick < oldest || tick >= known || !std::isfinite(load_at(test_, tick))) continue;
        sum += load_at(test_, tick);
        ++count;
      }
    }
    return count > 0 ? sum / count : 0;
  }

  const Setting& test_;
  std::int64_t known_ = -1;
  std::map<std::int64_t, double> means_;
};

std::vector<double> oracle(const Setting& test) {
  const auto lead = ticks(test, test.ready_after);
  return follow(test, [&](std::int64_t t, double) {
    double largest = 1;
    for (auto k = t; k <= t + lead; ++k) largest = std::max(largest, need(test, load_at(test, k)));
    return largest;
  });
}

double sum_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

}  // namespace

double need_of(double load, double per_unit) {
  return std::isfinite(load) ? std::max(1.0, std::ceil(load / per_unit)) : 1;
}

bool is_violated(double load, double ready, double capacity) {
  return load > violated_above * capacity * ready;
}

std::vector<double> serve(const std::vector<double>& desired, std::int64_t lead_ticks) {
  std::vector<double> out;
  std::deque<std::pair<std::int64_t, double>> coming;
  double total = desired.empty() ? 0 : desired.front();
  double waiting = 0;
  for (std::int64_t t = 0; t < static_cast<std::int64_t>(desired.size()); ++t) {
    for (; !coming.empty() && coming.front().first <= t; coming.pop_front()) waiting -= coming.front().second;
    const double now = desired[static_cast<std::size_t>(t)];
    if (now > total) {
      coming.emplace_back(t + lead_ticks, now - total);
      waiting += now - total;
    }
    for (double less = total - now; less > 0 && !coming.empty();) {
      const double taken = std::min(less, coming.back().second);
      coming.back().second -= taken;
      waiting -= taken;
      less -= taken;
      if (coming.back().second <= 0) coming.pop_back();
    }
    total = now;
    out.push_back(total - waiting);
  }
  return out;
}

Figures figures_of(const Setting& test, const Course& course) {
  Figures out;
  double violated = 0, load = 0, unserved = 0, actions = 0, known = 0;
  for (std::size_t t = 0; t < test.load.size(); ++t) {
    if (t > 0 && course.desired[t] != course.desired[t - 1]) ++actions;
    const double now = test.load[t];
    if (!std::isfinite(now)) continue;
    ++known;
    const double ready = course.ready[t];
    const double needed = need(test, now);
    if (is_violated(now, ready, test.capacity)) ++violated;
    load += now;
    unserved += std::max(0.0, now - test.capacity * ready);
    out.theta_u += std::max(0.0, needed - ready) / needed;
    out.theta_o += std::max(0.0, ready - needed) / needed;
    if (ready < needed) ++out.tau_u;
    if (ready > needed) ++out.tau_o;
  }
  if (known == 0) return out;
  const double percent = 100 / known;
  out.slo_pct = percent * violated;
  out.unserved_pct = load > 0 ? 100 * unserved / load : 0;
  out.theta_u *= percent;
  out.theta_o *= percent;
  out.tau_u *= percent;
  out.tau_o *= percent;
  out.cost = sum_of(course.desired) / sum_of(oracle(test));
  out.actions_day = actions / (static_cast<double>(test.load.size()) * seconds(test.tick) / 86400);
  return out;
}

std::vector<std::pair<std::string, Course>> baselines(const Setting& test) {
  std::vector<std::pair<std::string, Course>> out;
  double peak = 1;
  for (const auto* part : {&test.past, &test.load})
    for (const double load : *part) peak = std::max(peak, need(test, load));
  out.emplace_back("static_peak", course_of(test, std::vector<double>(test.load.size(), peak)));
  for (const auto& [name, headroom] : {std::pair{"reactive", 0.0}, std::pair{"reactive_15", 0.15},
                                       std::pair{"reactive_30", 0.3}, std::pair{"reactive_60", 0.6}}) {
    out.emplace_back(name, course_of(test, follow(test, [&, more = headroom](std::int64_t t, double current) {
                                       return reactive_wish(test, more, t, current);
                                     })));
  }
  HourlyMeans means(test);
  const auto lead = ticks(test, test.ready_after);
  out.emplace_back("aws_like", course_of(test, follow(test, [&](std::int64_t t, double current) {
                                           return std::max(
                                               reactive_wish(test, 0, t, current),
                                               need(test, std::max(means.at(t, t), means.at(t, t + lead))));
                                         })));
  out.emplace_back("oracle", course_of(test, oracle(test)));
  return out;
}

}  // namespace wave::backtest
