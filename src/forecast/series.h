#pragma once

#include <vector>

#include "base/time.h"

namespace wave::forecast {

/// A regular series: the value of the step that begins at `start + i * step` is `values[i]`. NaN is a value
/// that is missing; infinities do not occur.
struct Series {
  UtcTime start;
  Duration step;
  std::vector<double> values;
};

}  // namespace wave::forecast
