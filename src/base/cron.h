#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace wave {

/// Whether the system's tz database knows the name (`Asia/Seoul`, `UTC`).
bool is_timezone(std::string_view name);
/// Names near `word`, for suggestions.
std::optional<std::string> similar_timezone(std::string_view word);
/// What a clock on the wall there shows, for `hour`, `weekday` and local times in tables.
struct LocalTime {
  int year, month, day, hour, minute, second, weekday;  ///< weekday: 0 is Sunday
  int offset_seconds;                                   ///< east of UTC
};
/// Unknown zones count as UTC.
LocalTime local_time(UtcTime time, std::string_view timezone);

/// A cron expression of five, six (seconds first) or seven fields (year last), with `*`, lists, ranges,
/// steps, names, `?`, `L`, `W`, `#` and `@daily` and friends. When both day fields are restricted, either
/// matches (as in Vixie cron).
///
/// Over daylight saving: a time in a gap fires once, at the first moment after the gap; a time that comes
/// twice fires once, the first time; wildcards in minutes or hours follow the real time that passes.
class Cron {
 public:
  /// invalid_argument; the message names the field and what it may hold.
  static Result<Cron> parse(std::string_view text);
  /// The first firing after `after`, at most 10 years ahead.
  std::optional<UtcTime> next(UtcTime after, std::string_view timezone) const;
  /// The last firing at or before `at`, at most 10 years back.
  std::optional<UtcTime> previous(UtcTime at, std::string_view timezone) const;

 private:
  struct Fields;
  std::shared_ptr<const Fields> fields_;
};

}  // namespace wave
