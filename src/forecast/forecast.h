#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "forecast/series.h"

namespace wave::forecast {

struct Question {
  std::size_t horizon = 0;             ///< steps after the last value, at least 1
  std::vector<double> quantiles{0.5};  ///< each in (0, 1)
  std::vector<std::size_t> seasons{};  ///< their lengths in steps; empty: found in the series
};

struct Point {
  double mean = 0;                ///< the point forecast
  std::vector<double> quantiles;  ///< as in the question; never falling with the probability
};

struct Answer {
  std::string model;  ///< what was weighted most, in words that the docs use
  std::vector<std::size_t> seasons;
  std::vector<Point> points;  ///< one for each step of the horizon
};

/// What comes after the series. A pure function of its arguments.
///
/// Errors: invalid_argument for a question that makes no sense; no_data, with the reason, for a series that
/// nothing can be said about (empty, a single point, nothing but holes).
Result<Answer> forecast(const Series& series, const Question& question);

}  // namespace wave::forecast
