#include "base/timezone.h"

#include <algorithm>

#include <date/tz.h>

#include "base/cron.h"
#include "base/text.h"

namespace wave {
namespace {

using std::chrono::sys_seconds;

const ZoneSpan kUtc{.begin = sys_seconds::min(), .end = sys_seconds::max()};

/// Null for UTC, unknown names, and machines without a tz database.
const date::time_zone* find_zone(std::string_view name) {
  if (name == "UTC") return nullptr;
  try {
    return date::locate_zone(std::string(name));
  } catch (const std::exception&) {
    return nullptr;
  }
}

ZoneSpan span_of(const date::sys_info& info) {
  return {.begin = info.begin, .end = info.end, .offset = info.offset};
}

/// `Seoul` of `Asia/Seoul`.
std::string_view city(std::string_view name) {
  return name.substr(name.find_last_of('/') + 1);
}

}  // namespace

ZoneSpan zone_span(sys_seconds time, std::string_view timezone) {
  const date::time_zone* zone = find_zone(timezone);
  if (zone == nullptr) return kUtc;
  try {
    return span_of(zone->get_info(time));
  } catch (const std::exception&) {
    return kUtc;
  }
}

sys_seconds first_instant(LocalSeconds local, std::string_view timezone) {
  const date::time_zone* zone = find_zone(timezone);
  if (zone == nullptr) return sys_seconds(local.time_since_epoch());
  try {
    const auto info = zone->get_info(date::local_seconds(local.time_since_epoch()));
    if (info.result == date::local_info::nonexistent) return info.second.begin;
    return sys_seconds(local.time_since_epoch() - info.first.offset);
  } catch (const std::exception&) {
    return sys_seconds(local.time_since_epoch());
  }
}

bool is_timezone(std::string_view name) {
  return name == "UTC" || find_zone(name) != nullptr;
}

std::optional<std::string> similar_timezone(std::string_view word) {
  try {
    const std::string wanted = to_lower(word);
    std::size_t best = std::max<std::size_t>(2, wanted.size() / 4) + 1;
    std::optional<std::string> found;
    for (const auto& zone : date::get_tzdb().zones) {
      const std::string name = to_lower(zone.name());
      const std::size_t distance = city(name) == wanted || city(name) == city(wanted)
                                       ? std::min<std::size_t>(1, edit_distance(name, wanted))
                                       : edit_distance(name, wanted) + 1;
      if (distance < best) {
        best = distance;
        found = zone.name();
      }
    }
    return found;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

LocalTime local_time(UtcTime time, std::string_view timezone) {
  const auto at = std::chrono::floor<std::chrono::seconds>(time);
  const auto offset = zone_span(at, timezone).offset;
  const LocalSeconds local{at.time_since_epoch() + offset};
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(local - day);
  return {.year = static_cast<int>(date.year()),
          .month = static_cast<int>(static_cast<unsigned>(date.month())),
          .day = static_cast<int>(static_cast<unsigned>(date.day())),
          .hour = static_cast<int>(clock.hours().count()),
          .minute = static_cast<int>(clock.minutes().count()),
          .second = static_cast<int>(clock.seconds().count()),
          .weekday = static_cast<int>(std::chrono::weekday(day).c_encoding()),
          .offset_seconds = static_cast<int>(offset.count())};
}

}  // namespace wave
