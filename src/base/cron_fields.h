#pragma once

#include <bitset>
#include <optional>
#include <vector>

#include "base/timezone.h"

namespace wave {

/// What a cron expression says about the clock on the wall; knows nothing of time zones.
struct CronFields {
  struct NthWeekday {
    unsigned weekday;  ///< 0 is Sunday
    unsigned nth;      ///< 1 to 5; 0: the last of the month
  };
  static constexpr int kFirstYear = 1970;
  static constexpr int kLastYear = 2199;

  std::bitset<60> seconds;
  std::bitset<60> minutes;
  std::bitset<24> hours;
  std::bitset<32> days;           ///< of the month, 1 to 31
  std::bitset<32> days_from_end;  ///< `L` is 0, `L-3` is 3
  std::bitset<32> nearest_days;   ///< `15W`
  bool last_weekday = false;      ///< `LW`
  std::bitset<13> months;         ///< 1 to 12
  std::bitset<7> weekdays;        ///< 0 is Sunday
  std::vector<NthWeekday> nth_weekdays;
  std::bitset<kLastYear - kFirstYear + 1> years;
  bool any_day = false;      ///< the day-of-month field begins with `*` or `?`
  bool any_weekday = false;  ///< so does the day-of-week field
  bool wildcard = false;     ///< minutes or hours begin with `*`: follows real time over daylight saving

  bool matches_day(std::chrono::local_days day) const;
  /// The first match at or after `from`, not after `limit`.
  std::optional<LocalSeconds> at_or_after(LocalSeconds from, LocalSeconds limit) const;
  /// The last match at or before `from`, not before `limit`.
  std::optional<LocalSeconds> at_or_before(LocalSeconds from, LocalSeconds limit) const;
};

}  // namespace wave
