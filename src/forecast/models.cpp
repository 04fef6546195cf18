#include "forecast/models.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "forecast/least_squares.h"

namespace wave::forecast {
namespace {

bool two_days(std::size_t length, Seasons seasons) {
  return seasons.day > 1 && length >= 2 * seasons.day;
}
bool three_days(std::size_t length, Seasons seasons) {
  return seasons.day > 1 && length >= 3 * seasons.day + 2;
}
bool two_weeks(std::size_t length, Seasons seasons) {
  return seasons.week > 1 && length >= 2 * seasons.week + seasons.day;
}
bool no_day(std::size_t length, Seasons seasons) {
  return seasons.day <= 1 && length >= 8;
}

Values last_value(std::span<const double> past, Seasons /*seasons*/, std::size_t horizon) {
  return Values(horizon, past.back());
}

/// Forecasts of `past` are appended to it, each a function of all before.
template <class Next>
Values extend(std::span<const double> past, std::size_t horizon, Next next) {
  Values all(past.begin(), past.end());
  all.reserve(past.size() + horizon);
  for (std::size_t h = 0; h < horizon; ++h) all.push_back(next(all, all.size()));
  return {all.begin() + static_cast<std::ptrdiff_t>(past.size()), all.end()};
}

Values repeat(std::span<const double> past, std::size_t season, std::size_t horizon) {
  return extend(past, horizon, [season](const Values& all, std::size_t t) { return all[t - season]; });
}
Values same_day(std::span<const double> past, Seasons seasons, std::size_t horizon) {
  return repeat(past, seasons.day, horizon);
}
Values same_week(std::span<const double> past, Seasons seasons, std::size_t horizon) {
  return repeat(past, seasons.week, horizon);
}

/// The mean of each slot of the cycle, recent cycles counting more; index: t modulo season.
Values profile_of(std::span<const double> past, std::size_t season, double memory, std::size_t cycles) {
  Values profile(season);
  Values weights(season);
  const std::size_t from = past.size() > cycles * season ? past.size() - cycles * season : 0;
  for (std::size_t t = from; t < past.size(); ++t) {
    const std::size_t cycles_ago = (past.size() - 1 - t) / season;
    const double weight = std::pow(memory, static_cast<double>(cycles_ago));
    profile[t % season] += weight * past[t];
    weights[t % season] += weight;
  }
  for (std::size_t s = 0; s < season; ++s) profile[s] /= weights[s];
  return profile;
}

/// The profile plus the present deviation from it, which fades as it did in the past.
Values corrected(std::span<const double> past, std::size_t season, std::size_t horizon, double memory) {
  const Values profile = profile_of(past, season, memory, 8);
  const std::size_t from = past.size() > 4 * season ? past.size() - 4 * season : 1;
  double product = 0;
  double square = 1e-12;
  for (std::size_t t = std::max<std::size_t>(from, 1); t < past.size(); ++t) {
    const double before = past[t - 1] - profile[(t - 1) % season];
    product += before * (past[t] - profile[t % season]);
    square += before * before;
  }
  const double keep = std::clamp(product / square, 0.0, 0.9995);
  double deviation = past.back() - profile[(past.size() - 1) % season];
  Values out(horizon);
  for (std::size_t h = 0; h < horizon; ++h) {
    deviation *= keep;
    out[h] = profile[(past.size() + h) % season] + deviation;
  }
  return out;
}
Values day_profile(std::span<const double> past, Seasons seasons, std::size_t horizon) {
  return corrected(past, seasons.day, horizon, 0.8);
}
Values week_profile(std::span<const double> past, Seasons seasons, std::size_t horizon) {
  return corrected(past, seasons.week, horizon, 0.7);
}

/// An autoregression whose every column is taken from its slot's mean (which is what seasonal dummies do).
class Autoregression {
 public:
  Autoregression(std::vector<std::size_t> lags, std::size_t slots)
      : lags_(std::move(lags)), slots_(std::max<std::size_t>(slots, 1)) {}

  void fit(std::span<const double> past) {
    const std::size_t first = *std::ranges::max_element(lags_);
    const std::size_t limit = std::max<std::size_t>(12 * slots_, 2000);
    from_ = std::max(first, past.size() > limit ? past.size() - limit : 0);
    const std::size_t width = lags_.size() + 1;
    means_.assign(slots_ * width, 0);
    Values counts(slots_);
    for (std::size_t t = from_; t < past.size(); ++t) {
      double* mean = &means_[(t % slots_) * width];
      for (std::size_t i = 0; i < lags_.size(); ++i) mean[i] += past[t - lags_[i]];
      mean[lags_.size()] += past[t];
      counts[t % slots_] += 1;
    }
    for (std::size_t s = 0; s < slots_; ++s)
      for (std::size_t i = 0; i < width; ++i) means_[s * width + i] /= std::max(counts[s], 1.0);
    LeastSquares squares(lags_.size());
    Values row(lags_.size());
    for (std::size_t t = from_; t < past.size(); ++t) {
      const double* mean = &means_[(t % slots_) * width];
      for (std::size_t i = 0; i < lags_.size(); ++i) row[i] = past[t - lags_[i]] - mean[i];
      squares.add(row, past[t] - mean[lags_.size()]);
    }
    weights_ = squares.solve(2e-4);
  }

  double at(const Values& all, std::size_t t) const {
    const double* mean = &means_[(t % slots_) * (lags_.size() + 1)];
    double out = mean[lags_.size()];
    for (std::size_t i = 0; i < lags_.size(); ++i) out += weights_[i] * (all[t - lags_[i]] - mean[i]);
    return out;
  }

 private:
  std::vector<std::size_t> lags_;
  std::size_t slots_;
  std::size_t from_ = 0;
  Values means_;
  Values weights_;
};

Values regress(std::span<const double> past, std::vector<std::size_t> lags, std::size_t slots,
               std::size_t horizon) {
  Autoregression model(std::move(lags), slots);
  model.fit(past);
  // An explosive fit must not run away: no further out than the past has been, and a half more.
  const auto [low, high] = std::ranges::minmax(past);
  const double room = 0.5 * (high - low);
  return extend(past, horizon,
                [&, lowest = low - room, highest = high + room](const Values& all, std::size_t t) {
                  return std::clamp(model.at(all, t), lowest, highest);
                });
}
Values day_regression(std::span<const double> past, Seasons seasons, std::size_t horizon) {
  return regress(past, {1, 2, seasons.day, seasons.day + 1}, seasons.day, horizon);
}
Values week_regression(std::span<const double> past, Seasons seasons, std::size_t horizon) {
  return regress(past, {1, 2, seasons.day, seasons.day + 1, seasons.week, seasons.week + 1}, seasons.day,
                 horizon);
}
Values short_regression(std::span<const double> past, Seasons /*seasons*/, std::size_t horizon) {
  return regress(past, past.size() < 24 ? std::vector<std::size_t>{1} : std::vector<std::size_t>{1, 2, 3}, 1,
                 horizon);
}

/// The regression on differences over a cycle: no level to return to.
Values differences(std::span<const double> past, std::size_t over, std::vector<std::size_t> lags,
                   std::size_t horizon) {
  Values change(past.size() - over);
  Values sizes(change.size());
  for (std::size_t t = over; t < past.size(); ++t) {
    change[t - over] = past[t] - past[t - over];
    sizes[t - over] = std::abs(change[t - over]);
  }
  // A step or an outage is no momentum: without this, a level that doubled once doubles again.
  const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
  std::ranges::nth_element(sizes, middle);
  if (*middle > 0)
    for (double& one : change) one = std::clamp(one, -6 * *middle, 6 * *middle);
  const Values ahead = regress(change, std::move(lags), 1, horizon);
  std::size_t h = 0;
  return extend(past, horizon, [&](const Values& all, std::size_t t) { return all[t - over] + ahead[h++]; });
}
Values day_differences(std::span<const double> past, Seasons seasons, std::size_t horizon) {
  return differences(past, seasons.day, {1, 2, seasons.day, seasons.day + 1}, horizon);
}
Values week_differences(std::span<const double> past, Seasons seasons, std::size_t horizon) {
  return differences(past, seasons.week, {1, 2, seasons.day}, horizon);
}

struct Smoothing {
  double level = 0.3;
  double season = 0.2;
  double trend = 0;
  double damping = 0.98;
};

/// Damped additive Holt-Winters; the sum of one-step absolute errors comes back in `loss`.
Values smooth(std::span<const double> past, std::size_t season, std::size_t horizon, Smoothing by,
              double& loss) {
  const std::size_t slots = std::max<std::size_t>(season, 1);
  Values index(slots, 0.0);
  double level = 0;
  for (std::size_t t = 0; t < slots; ++t) level += past[t] / static_cast<double>(slots);
  if (season > 1)
    for (std::size_t t = 0; t < slots; ++t) index[t] = past[t] - level;
  double trend = 0;
  loss = 0;
  for (std::size_t t = slots; t < past.size(); ++t) {
    const double expected = level + by.damping * trend + index[t % slots];
    const double error = past[t] - expected;
    loss += std::abs(error);
    level += by.damping * trend + by.level * error;
    trend = by.damping * trend + by.level * by.trend * error;
    if (season > 1) index[t % slots] += by.season * (1 - by.level) * error;
  }
  Values out(horizon);
  for (std::size_t h = 0; h < horizon; ++h) {
    trend *= by.damping;
    level += trend;
    out[h] = level + index[(past.size() + h) % slots];
  }
  return out;
}
Values smoothed(std::span<const double> past, std::size_t season, std::size_t horizon) {
  Values best;
  double least = std::numeric_limits<double>::infinity();
  for (const double level : {0.02, 0.1, 0.3, 0.7, 0.95}) {
    for (const double cycle : {0.1, 0.4}) {
      double loss = 0;
      const auto trend = level < 0.5 && season <= 1 ? 0.1 : 0.0;
      Values out = smooth(past, season, horizon, {.level = level, .season = cycle, .trend = trend}, loss);
      if (loss < least) {
        least = loss;
        best = std::move(out);
      }
    }
  }
  return best;
}
Values day_smoothing(std::span<const double> past, Seasons seasons, std::size_t horizon) {
  return smoothed(past, seasons.day, horizon);
}
Values week_smoothing(std::span<const double> past, Seasons seasons, std::size_t horizon) {
  return smoothed(past, seasons.week, horizon);
}
Values plain_smoothing(std::span<const double> past, Seasons /*seasons*/, std::size_t horizon) {
  return smoothed(past, 1, horizon);
}

}  // namespace

const std::vector<Model>& models() {
  static const std::vector<Model> all = {
      {"the last value", [](std::size_t, Seasons seasons) { return seasons.day <= 1; }, &last_value},
      {same_time_of_season, &two_days, &same_day},
      {"the same time of the last long season", &two_weeks, &same_week},
      {"season profile", &two_days, &day_profile},
      {"long season profile", &two_weeks, &week_profile},
      {"seasonal autoregression", &three_days, &day_regression},
      {"autoregression with two seasons",
       [](std::size_t length, Seasons seasons) {
         return two_weeks(length, seasons) && length >= 2 * seasons.week + 3 * seasons.day;
       },
       &week_regression},
      {"seasonal differences", &three_days, &day_differences},
      {"long seasonal differences", &two_weeks, &week_differences},
      {"exponential smoothing with a season", &two_days, &day_smoothing},
      {"exponential smoothing with a long season", &two_weeks, &week_smoothing},
      {"autoregression", &no_day, &short_regression},
      {"exponential smoothing", &no_day, &plain_smoothing},
  };
  return all;
}

}  // namespace wave::forecast
