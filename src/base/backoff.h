#pragma once

#include <algorithm>

#include "base/runtime.h"

namespace wave {

/// `first`, doubled so many times, at most `longest`.
constexpr Duration doubled(Duration first, int times, Duration longest) {
  return std::min(longest, first * (std::int64_t{1} << std::min(times, 20)));
}

/// 80 to 120 % of it, so that those who failed together do not come back together.
inline Duration spread(Duration wait, Runtime& runtime) {
  return from_seconds(seconds(wait) * (0.8 + 0.4 * runtime.random()));
}

}  // namespace wave
