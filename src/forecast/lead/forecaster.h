#pragma once

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "forecast/lead/ridge.h"
#include "forecast/lead/ring.h"

namespace wave::forecast {

/// What the largest load within a window to come may be: `center + scale * z` on the forecaster's own scale,
/// where z is drawn from the errors of the last days. Valid until the forecaster takes its next value.
class LeadForecast {
 public:
  /// The load that is not exceeded with that probability. Never below 0.
  double quantile(double probability) const;
  /// The probability that the load exceeds that.
  double exceedance(double load) const;
  double median() const { return quantile(0.5); }
  /// The same where all loads are `factor` (at least 1) times as large, and `amount` larger.
  LeadForecast raised(double factor, double amount) const;

 private:
  friend class LeadForecaster;
  double unit_ = 1;
  double center_ = 0;
  double scale_ = 0;
  double factor_ = 1;
  double amount_ = 0;
  const std::vector<float>* sorted_ = nullptr;
};

/// Forecasts the largest load of [now + lead, now + lead + span) from the regular series of a metric, step by
/// step: a regression that forgets, on the same hours of the last seven days and the last hour; a second one
/// for the size of its errors; quantiles from the errors themselves
/// (docs/decisions/0008-proactive-policy.md).
///
/// A pure function of the values added, about 4 us each. Values that are missing (NaN) are neither learned
/// from nor taken for zero. Memory: about 130 bytes a step of the last eight days.
class LeadForecaster {
 public:
  struct Options {
    Duration step = 1min;
    Duration lead = 5min;  ///< how long capacity takes to serve; rounded up to steps
    Duration span = 5min;  ///< of the window whose largest load counts; at least a step
    /// A load that is neither small nor large change, such as what one unit carries; above 0.
    double unit = 1;
  };
  explicit LeadForecaster(Options options);
  /// A unit for loads of which nobody says what one unit carries.
  static double unit_of(std::vector<float> loads);

  void add(double value);
  /// What comes after the values added; `problem` says why there is none.
  std::optional<LeadForecast> forecast() const;
  /// `needs 1d6h of history, has 3h`; empty when there is a forecast.
  std::string problem() const;

  std::int64_t lead_steps() const { return lead_; }
  /// Steps from a forecast until its truth is known.
  std::int64_t horizon_steps() const { return lead_ + span_; }

  /// What became of the forecast whose window has just ended; nullopt when none has, or values were missing.
  struct Outcome {
    double load = 0;   ///< the largest load that came
    double level = 0;  ///< the load when it was forecast: what persistence would have said
    double q50 = 0, q90 = 0, q95 = 0;
  };
  const std::optional<Outcome>& outcome() const { return outcome_; }

 private:
  static constexpr std::size_t errors_size = 10;
  struct Pending {
    std::vector<double> x;
    std::array<double, errors_size> scale_x{};
    double level = 0;
    double center = 0;
    double scale = 0;
    bool predicted = false;
    Outcome told;
  };

  std::int64_t steps(double minutes) const;
  double g(double load) const;
  double inverse(double scaled) const;
  void take(double value);
  void learn();
  void keep_error(double error);
  void sort_errors();
  void look();
  void features(std::vector<double>& x);
  void scale_features(std::array<double, errors_size>& x, double level) const;

  Options options_;
  std::int64_t lead_;
  std::int64_t span_;
  std::int64_t day_;
  std::vector<std::int64_t> lags_;
  Ring level_;    ///< g of each value; missing ones as they are imputed
  Ring smooth_;   ///< g of the centred mean; its place i is known 2 min after the value's
  Ring known_;    ///< 1 where the value was not missing
  Ring error_;    ///< |error| by the place of the decision
  Ring typical_;  ///< mean of the errors within 10 min around it
  Ring largest_;  ///< the largest of them
  std::deque<double> raw_;
  ForgettingRidge later_;   ///< the change from the present level
  ForgettingRidge sooner_;  ///< the same, from a shorter memory
  ForgettingRidge scale_;
  std::deque<Pending> pending_;  ///< decisions whose windows have not ended; the newest last
  std::deque<float> standard_;   ///< errors in units of their scale, newest last
  std::vector<float> sorted_;
  double recent_error_ = 0;
  double day_difference_ = 0;
  double day_peak_ = 0;
  std::optional<Outcome> outcome_;
};

}  // namespace wave::forecast
