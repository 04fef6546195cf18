#pragma once

#include <string_view>

#include "base/time.h"

namespace wave {

/// Seconds since 1970 as the clocks of some place show them.
using LocalSeconds = std::chrono::local_seconds;

/// A stretch of time during which a zone keeps one offset: UTC in [begin, end), local = UTC + offset.
struct ZoneSpan {
  std::chrono::sys_seconds begin;
  std::chrono::sys_seconds end;
  std::chrono::seconds offset{0};
};

/// The stretch that holds `time`. Unknown zones count as UTC.
ZoneSpan zone_span(std::chrono::sys_seconds time, std::string_view timezone);

/// The instant at which clocks there first show `local`, or the end of the gap that swallows it.
std::chrono::sys_seconds first_instant(LocalSeconds local, std::string_view timezone);

}  // namespace wave
