#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/time.h"

namespace wave::backtest {

/// What a policy did, tick by tick.
struct Course {
  std::vector<double> desired;  ///< ordered
  std::vector<double> ready;    ///< serving
};

/// The load of a test and the units that carry it.
struct Setting {
  std::vector<double> past;  ///< ticks before the test
  std::vector<double> load;
  Duration tick = 1min;
  std::int64_t row_ticks = 1;   ///< a value is known when the row that holds it is over
  std::int64_t row_offset = 0;  ///< ticks of the first row that are before the test
  Duration ready_after = 5min;
  double per_unit = 1;  ///< load that one unit is meant to carry; need is load / per_unit, rounded up
  double capacity = 1;  ///< load that one unit can carry; above 0.85 of it counts as violated
};

/// How good a course was. All but `cost` and `actions_day` are percentages.
struct Figures {
  double slo_pct = 0;               ///< ticks with load > 0.85 capacity x ready
  double unserved_pct = 0;          ///< load above capacity x ready, of all load
  double cost = 0;                  ///< units ordered, relative to the oracle's
  double actions_day = 0;           ///< changes a day
  double theta_u = 0, theta_o = 0;  ///< mean shortage and surplus of ready, relative to need
  double tau_u = 0, tau_o = 0;      ///< time in shortage and in surplus
};

/// Units that a load needs: at least one, also where it is not known.
double need_of(double load, double per_unit);
/// Whether so many ready units were too few for a load.
bool is_violated(double load, double ready, double capacity);

Figures figures_of(const Setting& test, const Course& course);

/// What is ready when that was ordered: additions `ready_after` later, removals at once, not yet ready ones
/// first. The first tick's order is ready from the start.
std::vector<double> serve(const std::vector<double>& desired, std::int64_t lead_ticks);

/// The policies that every report compares with, by name: static_peak, reactive, reactive_15, reactive_30,
/// reactive_60 (that many per cent of headroom), aws_like, oracle.
std::vector<std::pair<std::string, Course>> baselines(const Setting& test);

}  // namespace wave::backtest
