#pragma once

#include <deque>
#include <optional>
#include <string>

#include "forecast/lead/allowance.h"
#include "forecast/lead/forecaster.h"

namespace wave::forecast {

/// How many units to have ready, from a forecast of the load and from surprises.
///
/// Told once a step: `step`. Between steps the need stays. Keeps the needs of the last steps and what
/// surprised it; losing them (a restart) costs only that a surprise is not held.
class Sizer {
 public:
  struct Options {
    double per_unit = 1;               ///< load that one unit is meant to carry
    double limit_per_unit = 1;         ///< load that one unit can carry before it counts as violated
    double violation_cost = 14;        ///< one violated minute is worth so many minutes of the mean fleet
    std::optional<double> quantile;    ///< instead of the price
    std::optional<double> max_margin;  ///< counts at most (1 + this) times the median
    bool reactive_floor = true;        ///< shorter memory: the reactive rule stands below
  };
  /// `mean_fleet`: units that the load of the last days needed; 0 where that is not known.
  explicit Sizer(Options options, double mean_fleet = 0);
  /// How long a window the forecast looks at.
  static Duration span(bool reactive_floor) { return reactive_floor ? 3min : 5min; }
  /// Units that the load of the last days needed, in the mean.
  double mean_fleet() const { return mean_fleet_; }
  /// The load per unit that the reactive rule goes by: without its floor a unit runs closer to its limit.
  double reactive_per_unit() const;

  struct Told {
    std::optional<LeadForecast> forecast;  ///< of the window that begins a lead time from now
    bool acts = true;                      ///< false: it only tells what would have been a surprise
    bool proven = false;                   ///< it has been clearly better than the last value
    bool event = false;                    ///< somebody knows what comes: its cost is not the forecast's
    std::int64_t lead = 1;                 ///< in steps
    Duration step = 1min;
  };
  /// The newest load (NaN where it is missing) and what is forecast.
  void step(double load, const Told& told);

  /// Units wished for now: the largest need of the last `lead` steps, since capacity that may be needed again
  /// before it could come back is not taken away. 0: no need.
  double need() const { return need_; }
  /// The same of the newest step alone.
  double newest() const { return newest_; }
  /// Looking ahead has cost as much as a forecast may that has not proved itself: the reactive rule alone
  /// decides.
  bool spent() const { return allowance_.spent(); }
  /// `forecast 4210 (P90 5020, not proven): 26, a surprise holds 30`
  const std::string& why() const { return why_; }

 private:
  struct Past {
    double wish = 0;   ///< of the forecast alone
    double total = 0;  ///< with surprises
  };
  double priced(const LeadForecast& forecast, bool trusted) const;
  double wish(const LeadForecast& forecast, bool trusted) const;
  double held(double load, std::int64_t lead, Duration step);

  Options options_;
  std::deque<Past> past_;         ///< newest last, at most `lead` + a few
  std::deque<double> surprises_;  ///< loads that surprised, 0 for those that did not; newest last
  double mean_fleet_ = 0;
  Allowance allowance_;
  double need_ = 0;
  double newest_ = 0;
  std::string why_;
};

/// What to wish for: up to the larger of the newest need and the reactive wish when that is clearly more than
/// what is there, down to the larger of the lead time's need and the reactive wish when that is clearly less,
/// and otherwise what is there.
double with_hysteresis(double newest, double need, double reactive, double current);

}  // namespace wave::forecast
