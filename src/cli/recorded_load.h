#pragma once

#include <span>

#include "base/time.h"

namespace wave::cli {

/// Requests a second of examples/recordings/worldcup98.csv, the mean of each five minutes.
std::span<const double> recorded_load();
constexpr Duration recorded_step = 5min;
/// Where the first of them begins.
UtcTime recorded_begin();

}  // namespace wave::cli
