#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wave {

/// Every length of time in the project. Microseconds: a pushed sample reaches a decision in under a
/// millisecond.
using Duration = std::chrono::microseconds;
/// A point in civil time, UTC. For what is stored or shown; may jump.
using UtcTime = std::chrono::sys_time<std::chrono::microseconds>;
/// A point on the monotonic clock. For ages, time-outs and back-off; never jumps.
using MonoTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::microseconds>;

using namespace std::chrono_literals;

/// The only way to ask what time it is, so that tests, the simulation and the backtest decide.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual UtcTime utc() const = 0;
  virtual MonoTime mono() const = 0;
};

/// Seconds since 1970 as a double, for JavaScript and JSON.
double epoch_seconds(UtcTime time);
/// From seconds since 1970; clamps to the years 1970 to 9999 (hostile input must not overflow).
UtcTime from_epoch_seconds(double seconds);
double seconds(Duration duration);
/// From seconds, rounded to the microsecond; clamps to +-100 years.
Duration from_seconds(double seconds);

/// ISO-8601 in UTC with `Z`, seconds, and milliseconds where they are not zero: `2026-11-24T09:30:00Z`.
std::string iso8601(UtcTime time);
/// Parses ISO-8601 with `Z` or an offset (`2026-11-24T09:30:00+09:00`, fractions allowed, a space for T
/// allowed), or epoch seconds.
std::optional<UtcTime> parse_time(std::string_view text);

/// `1500ms`, `15s`, `1m`, `1h30m`, `35d`, `2w`; no bare numbers, no negatives, at most 100 years.
std::optional<Duration> parse_duration(std::string_view text);
/// The shortest exact spelling: `15s`, `1m30s`, `250ms`, `0s`.
std::string format_duration(Duration duration);

}  // namespace wave
