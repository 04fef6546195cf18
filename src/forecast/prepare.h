#pragma once

#include "forecast/models.h"
#include "forecast/series.h"

namespace wave::forecast {

/// A series as models want it: finite, without holes at its ends, no longer than needed, on an additive
/// scale.
struct Prepared {
  Values values;         ///< on the model scale
  std::size_t late = 0;  ///< steps between the last value known and the end of the series
  enum class Scale { plain, root, log } scale = Scale::plain;

  double to(double value) const;
  double back(double value) const;
};

/// `seasons` are only used to fill holes and to bound how much is kept. `values` is empty if nothing is
/// known.
Prepared prepare(const Series& series, const std::vector<std::size_t>& seasons);

/// Cycles in the series, shortest first: the calendar's where they show, or what its autocorrelation shows.
std::vector<std::size_t> find_seasons(const Series& series);

}  // namespace wave::forecast
