#include "base/cron_fields.h"

#include <algorithm>

namespace wave {
namespace {

using Days = std::chrono::days;
using std::chrono::last;
using std::chrono::local_days;
using std::chrono::weekday;
using std::chrono::year_month_day;

unsigned last_day_of(const year_month_day& date) {
  return static_cast<unsigned>(year_month_day(local_days(date.year() / date.month() / last)).day());
}

unsigned weekday_of(local_days day) {
  return weekday(day).c_encoding();
}

/// The weekday (Monday to Friday) nearest to that day without leaving the month (Quartz `W`).
unsigned nearest_weekday(const year_month_day& date, unsigned wanted) {
  const unsigned end = last_day_of(date);
  const unsigned on = weekday_of(local_days(date.year() / date.month() / std::chrono::day(wanted)));
  if (on == 6) return wanted == 1 ? wanted + 2 : wanted - 1;
  if (on == 0) return wanted == end ? wanted - 2 : wanted + 1;
  return wanted;
}

template <std::size_t N>
int first_from(const std::bitset<N>& set, int from) {
  for (int i = from; i < static_cast<int>(N); ++i)
    if (set[static_cast<std::size_t>(i)]) return i;
  return -1;
}

template <std::size_t N>
int last_until(const std::bitset<N>& set, int until) {
  for (int i = until; i >= 0; --i)
    if (set[static_cast<std::size_t>(i)]) return i;
  return -1;
}

/// Seconds into the day of the first match at or after `from`; -1 when there is none.
int time_from(const CronFields& fields, int from) {
  const int from_hour = from / 3600;
  const int from_minute = from / 60 % 60;
  for (int hour = first_from(fields.hours, from_hour); hour >= 0; hour = first_from(fields.hours, hour + 1)) {
    const bool same_hour = hour == from_hour;
    int minute = first_from(fields.minutes, same_hour ? from_minute : 0);
    for (; minute >= 0; minute = first_from(fields.minutes, minute + 1)) {
      const bool same_minute = same_hour && minute == from_minute;
      const int second = first_from(fields.seconds, same_minute ? from % 60 : 0);
      if (second >= 0) return hour * 3600 + minute * 60 + second;
    }
  }
  return -1;
}

/// Seconds into the day of the last match at or before `until`; -1 when there is none.
int time_until(const CronFields& fields, int until) {
  const int until_hour = until / 3600;
  const int until_minute = until / 60 % 60;
  for (int hour = last_until(fields.hours, until_hour); hour >= 0;
       hour = last_until(fields.hours, hour - 1)) {
    const bool same_hour = hour == until_hour;
    int minute = last_until(fields.minutes, same_hour ? until_minute : 59);
    for (; minute >= 0; minute = last_until(fields.minutes, minute - 1)) {
      const bool same_minute = same_hour && minute == until_minute;
      const int second = last_until(fields.seconds, same_minute ? until % 60 : 59);
      if (second >= 0) return hour * 3600 + minute * 60 + second;
    }
  }
  return -1;
}

bool matches_day_of_month(const CronFields& fields, const year_month_day& date) {
  const unsigned day = static_cast<unsigned>(date.day());
  const unsigned end = last_day_of(date);
  if (fields.days[day] || fields.days_from_end[end - day]) return true;
  if (fields.last_weekday && nearest_weekday(date, end) == day) return true;
  // `W` moves a day by two at most.
  for (unsigned wanted = day > 2 ? day - 2 : 1; wanted <= std::min(day + 2, end); ++wanted)
    if (fields.nearest_days[wanted] && nearest_weekday(date, wanted) == day) return true;
  return false;
}

bool matches_weekday(const CronFields& fields, const year_month_day& date) {
  const unsigned on = weekday_of(local_days(date));
  if (fields.weekdays[on]) return true;
  const unsigned day = static_cast<unsigned>(date.day());
  return std::ranges::any_of(fields.nth_weekdays, [&](const CronFields::NthWeekday& wanted) {
    if (wanted.weekday != on) return false;
    return wanted.nth == 0 ? day + 7 > last_day_of(date) : (day - 1) / 7 + 1 == wanted.nth;
  });
}

bool matches_month(const CronFields& fields, const year_month_day& date) {
  const int year = static_cast<int>(date.year());
  return year >= CronFields::kFirstYear && year <= CronFields::kLastYear &&
         fields.years[static_cast<std::size_t>(year - CronFields::kFirstYear)] &&
         fields.months[static_cast<unsigned>(date.month())];
}

constexpr int kLastSecond = 86'399;

}  // namespace

bool CronFields::matches_day(local_days day) const {
  const year_month_day date(day);
  if (!matches_month(*this, date)) return false;
  const bool day_matches = matches_day_of_month(*this, date);
  const bool weekday_matches = matches_weekday(*this, date);
  return any_day || any_weekday ? day_matches && weekday_matches : day_matches || weekday_matches;
}

std::optional<LocalSeconds> CronFields::at_or_after(LocalSeconds from, LocalSeconds limit) const {
  local_days day = std::chrono::floor<Days>(from);
  int start = static_cast<int>((from - day).count());
  while (day <= limit) {
    const year_month_day date(day);
    if (!matches_month(*this, date)) {
      day = local_days((date.year() / date.month() / 1) + std::chrono::months(1));
    } else {
      const int time = matches_day(day) ? time_from(*this, start) : -1;
      if (time >= 0) {
        const LocalSeconds found = day + std::chrono::seconds(time);
        return found <= limit ? std::optional(found) : std::nullopt;
      }
      day += Days(1);
    }
    start = 0;
  }
  return std::nullopt;
}

std::optional<LocalSeconds> CronFields::at_or_before(LocalSeconds from, LocalSeconds limit) const {
  local_days day = std::chrono::floor<Days>(from);
  int start = static_cast<int>((from - day).count());
  while (day + Days(1) > limit) {
    const year_month_day date(day);
    if (!matches_month(*this, date)) {
      day = local_days(date.year() / date.month() / 1) - Days(1);
    } else {
      const int time = matches_day(day) ? time_until(*this, start) : -1;
      if (time >= 0) {
        const LocalSeconds found = day + std::chrono::seconds(time);
        return found >= limit ? std::optional(found) : std::nullopt;
      }
      day -= Days(1);
    }
    start = kLastSecond;
  }
  return std::nullopt;
}

}  // namespace wave
