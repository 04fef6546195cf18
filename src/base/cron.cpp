#include "base/cron.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "base/cron_fields.h"
#include "base/text.h"

namespace wave {
namespace {

using Seconds = std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr std::size_t kLongestText = 256;
constexpr auto kHorizon = std::chrono::days(3653);

struct FieldRule {
  std::string_view name;
  int low;
  int high;
  std::string_view allowed;
  std::span<const std::string_view> names{};  ///< the first stands for `low`
  bool cyclic = true;                         ///< `FRI-MON` goes round the end
};

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

const FieldRule kSecond{.name = "second", .low = 0, .high = 59, .allowed = "0-59"};
const FieldRule kMinute{.name = "minute", .low = 0, .high = 59, .allowed = "0-59"};
const FieldRule kHour{.name = "hour", .low = 0, .high = 23, .allowed = "0-23"};
const FieldRule kDay{.name = "day of month", .low = 1, .high = 31, .allowed = "1-31, L, L-3, 15W or LW"};
const FieldRule kMonth{.name = "month", .low = 1, .high = 12, .allowed = "1-12 or JAN-DEC", .names = kMonths};
const FieldRule kWeekday{.name = "day of week",
                         .low = 0,
                         .high = 6,
                         .allowed = "0-7 (0 and 7 are Sunday), SUN-SAT, FRIL or FRI#2",
                         .names = kWeekdays};
const FieldRule kYear{.name = "year",
                      .low = CronFields::kFirstYear,
                      .high = CronFields::kLastYear,
                      .allowed = "1970-2199",
                      .cyclic = false};

std::unexpected<Error> bad(const FieldRule& rule, std::string_view item) {
  return fail(ErrorCode::invalid_argument, "bad " + std::string(rule.name) + " '" + std::string(item) +
                                               "'; it may hold " + std::string(rule.allowed));
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators, bool keep_empty) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find_first_of(separators);
    const std::string_view part = text.substr(0, end);
    if (keep_empty || !part.empty()) parts.push_back(part);
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<int> read_number(std::string_view text) {
  if (text.empty() || text.size() > 4 || text.front() == '-') return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// A number or a name within the field's range.
std::optional<int> read_value(const FieldRule& rule, std::string_view text) {
  const auto named = std::ranges::find(rule.names, to_lower(text));
  if (named != rule.names.end()) return rule.low + static_cast<int>(named - rule.names.begin());
  auto value = read_number(text);
  if (value && *value == 7 && &rule == &kWeekday) value = 0;
  if (!value || *value < rule.low || *value > rule.high) return std::nullopt;
  return value;
}

/// `*`, `a`, `a-b`, each with an optional `/step`; calls `set` for every value.
template <class Set>
Status read_range(const FieldRule& rule, std::string_view item, const Set& set) {
  const auto parts = split(item, "/", true);
  if (parts.size() > 2) return bad(rule, item);
  int step = 1;
  if (parts.size() == 2) {
    const auto number = read_number(parts[1]);
    if (!number || *number < 1) return bad(rule, item);
    step = *number;
  }
  int from = rule.low;
  int to = rule.high;
  if (parts[0] != "*") {
    const auto ends = split(parts[0], "-", true);
    if (ends.size() > 2) return bad(rule, item);
    const auto first = read_value(rule, ends[0]);
    const auto last = ends.size() == 2 ? read_value(rule, ends[1]) : first;
    if (!first || !last) return bad(rule, item);
    from = *first;
    if (ends.size() == 2) to = *last;
    if (ends.size() == 1 && parts.size() == 1) to = from;
  }
  if (to < from && !rule.cyclic) return bad(rule, item);
  const int size = rule.high - rule.low + 1;
  if (to < from) to += size;
  for (int value = from; value <= to; value += step) set(rule.low + (value - rule.low) % size);
  return {};
}

template <std::size_t N>
Status read_plain(const FieldRule& rule, std::string_view field, std::bitset<N>& out, int base = 0) {
  for (const std::string_view item : split(field, ",", true)) {
    const Status read =
        read_range(rule, item, [&](int value) { out.set(static_cast<std::size_t>(value - base)); });
    if (!read) return read;
  }
  return {};
}

bool is_open(std::string_view field) {
  return field.front() == '*' || field.front() == '?';
}

Status read_days(std::string_view field, CronFields& out) {
  out.any_day = is_open(field);
  if (field == "?") field = "*";
  for (const std::string_view item : split(field, ",", true)) {
    const std::string lower = to_lower(item);
    if (lower == "l") {
      out.days_from_end.set(0);
    } else if (lower == "lw") {
      out.last_weekday = true;
    } else if (lower.starts_with("l-")) {
      const auto before = read_number(std::string_view(lower).substr(2));
      if (!before || *before > 30) return bad(kDay, item);
      out.days_from_end.set(static_cast<std::size_t>(*before));
    } else if (lower.ends_with('w')) {
      const auto day = read_value(kDay, item.substr(0, item.size() - 1));
      if (!day) return bad(kDay, item);
      out.nearest_days.set(static_cast<std::size_t>(*day));
    } else if (Status read =
                   read_range(kDay, item, [&](int value) { out.days.set(static_cast<std::size_t>(value)); });
               !read) {
      return read;
    }
  }
  return {};
}

Status read_weekdays(std::string_view field, CronFields& out) {
  out.any_weekday = is_open(field);
  if (field == "?") field = "*";
  for (const std::string_view item : split(field, ",", true)) {
    const std::size_t hash = item.find('#');
    const bool last = item.size() > 1 && (item.ends_with('L') || item.ends_with('l'));
    if (hash != std::string_view::npos || last) {
      const auto weekday = read_value(kWeekday, item.substr(0, last ? item.size() - 1 : hash));
      const auto nth = last ? std::optional(0) : read_number(item.substr(hash + 1));
      if (!weekday || !nth || (!last && (*nth < 1 || *nth > 5))) return bad(kWeekday, item);
      out.nth_weekdays.push_back(
          {.weekday = static_cast<unsigned>(*weekday), .nth = static_cast<unsigned>(*nth)});
    } else if (Status read = read_range(
                   kWeekday, item, [&](int value) { out.weekdays.set(static_cast<std::size_t>(value)); });
               !read) {
      return read;
    }
  }
  return {};
}

std::string_view expand_macro(std::string_view text) {
  const std::string lower = to_lower(text);
  if (lower == "@yearly" || lower == "@annually") return "0 0 1 1 *";
  if (lower == "@monthly") return "0 0 1 * *";
  if (lower == "@weekly") return "0 0 * * 0";
  if (lower == "@daily" || lower == "@midnight") return "0 0 * * *";
  if (lower == "@hourly") return "0 * * * *";
  return text;
}

Result<CronFields> read_fields(std::string_view text) {
  if (text.size() > kLongestText)
    return fail(ErrorCode::invalid_argument, "a cron expression has at most 256 characters");
  const std::string_view expanded = expand_macro(text);
  if (expanded.starts_with('@'))
    return fail(
        ErrorCode::invalid_argument,
        "unknown '" + std::string(text) + "'; there are @yearly, @monthly, @weekly, @daily and @hourly");
  auto fields = split(expanded, " \t", false);
  if (fields.size() < 5 || fields.size() > 7)
    return fail(ErrorCode::invalid_argument,
                "a cron expression has 5, 6 (seconds first) or 7 fields (year last), not " +
                    std::to_string(fields.size()));
  if (fields.size() == 5) fields.insert(fields.begin(), "0");
  if (fields.size() == 6) fields.emplace_back("*");
  CronFields out;
  out.wildcard = fields[1].front() == '*' || fields[2].front() == '*';
  for (const Status& read :
       {read_plain(kSecond, fields[0], out.seconds), read_plain(kMinute, fields[1], out.minutes),
        read_plain(kHour, fields[2], out.hours), read_days(fields[3], out),
        read_plain(kMonth, fields[4], out.months), read_weekdays(fields[5], out),
        read_plain(kYear, fields[6], out.years, CronFields::kFirstYear)})
    if (!read) return std::unexpected(read.error());
  return out;
}

LocalSeconds to_local(sys_seconds time, Seconds offset) {
  return LocalSeconds(time.time_since_epoch() + offset);
}

sys_seconds to_sys(LocalSeconds local, Seconds offset) {
  return sys_seconds(local.time_since_epoch() - offset);
}

/// What clocks there showed last before the instant `span` ends; the two differ when they were put back.
LocalSeconds end_of_first_pass(const ZoneSpan& span, LocalSeconds local, std::string_view timezone) {
  if (span.begin == sys_seconds::min() || span.begin.time_since_epoch() < Seconds(-1'000'000'000'000))
    return local;
  const ZoneSpan before = zone_span(span.begin - Seconds(1), timezone);
  return std::max(local, to_local(span.begin, before.offset) - Seconds(1));
}

/// Wall times named by the expression happen once each: in order, each at the first instant that shows it.
std::optional<sys_seconds> next_fixed(const CronFields& fields, sys_seconds after,
                                      std::string_view timezone) {
  const ZoneSpan span = zone_span(after, timezone);
  const LocalSeconds start = end_of_first_pass(span, to_local(after, span.offset), timezone);
  const LocalSeconds limit = start + kHorizon;
  const auto found = fields.at_or_after(start + Seconds(1), limit);
  if (!found) return std::nullopt;
  return first_instant(*found, timezone);
}

std::optional<sys_seconds> previous_fixed(const CronFields& fields, sys_seconds at,
                                          std::string_view timezone) {
  const ZoneSpan span = zone_span(at, timezone);
  const LocalSeconds start = end_of_first_pass(span, to_local(at, span.offset), timezone);
  const auto found = fields.at_or_before(start, start - kHorizon);
  if (!found) return std::nullopt;
  return first_instant(*found, timezone);
}

/// Every instant whose wall time matches, also the second time and never one in a gap.
std::optional<sys_seconds> next_flowing(const CronFields& fields, sys_seconds after,
                                        std::string_view timezone) {
  const sys_seconds limit = after + kHorizon;
  sys_seconds from = after + Seconds(1);
  while (from <= limit) {
    const ZoneSpan span = zone_span(from, timezone);
    const sys_seconds end = std::min(span.end - Seconds(1), limit);
    const auto found = fields.at_or_after(to_local(from, span.offset), to_local(end, span.offset));
    if (found) return to_sys(*found, span.offset);
    from = end + Seconds(1);
  }
  return std::nullopt;
}

std::optional<sys_seconds> previous_flowing(const CronFields& fields, sys_seconds at,
                                            std::string_view timezone) {
  const sys_seconds limit = at - kHorizon;
  sys_seconds from = at;
  while (from >= limit) {
    const ZoneSpan span = zone_span(from, timezone);
    const sys_seconds begin = std::max(span.begin, limit);
    const auto found = fields.at_or_before(to_local(from, span.offset), to_local(begin, span.offset));
    if (found) return to_sys(*found, span.offset);
    from = begin - Seconds(1);
  }
  return std::nullopt;
}

/// Civil time that the calendar can carry; the rest of the years never fires.
bool in_range(UtcTime time) {
  return time >= std::chrono::sys_days(std::chrono::year(1900) / 1 / 1) &&
         time <= std::chrono::sys_days(std::chrono::year(2200) / 1 / 1);
}

}  // namespace

struct Cron::Fields : CronFields {};

Result<Cron> Cron::parse(std::string_view text) {
  auto fields = read_fields(text);
  if (!fields) return std::unexpected(fields.error());
  const LocalSeconds first = std::chrono::local_days(std::chrono::year(CronFields::kFirstYear) / 1 / 1);
  const LocalSeconds last = std::chrono::local_days(std::chrono::year(CronFields::kLastYear) / 12 / 31);
  if (!fields->at_or_after(first, last))
    return fail(ErrorCode::invalid_argument, "'" + std::string(text) + "' never fires: no such day exists");
  Cron cron;
  cron.fields_ = std::make_shared<const Fields>(Fields{std::move(*fields)});
  return cron;
}

std::optional<UtcTime> Cron::next(UtcTime after, std::string_view timezone) const {
  if (!fields_ || !in_range(after)) return std::nullopt;
  const auto from = std::chrono::floor<Seconds>(after);
  const auto found =
      fields_->wildcard ? next_flowing(*fields_, from, timezone) : next_fixed(*fields_, from, timezone);
  return found ? std::optional<UtcTime>(*found) : std::nullopt;
}

std::optional<UtcTime> Cron::previous(UtcTime at, std::string_view timezone) const {
  if (!fields_ || !in_range(at)) return std::nullopt;
  const auto from = std::chrono::floor<Seconds>(at);
  const auto found = fields_->wildcard ? previous_flowing(*fields_, from, timezone)
                                       : previous_fixed(*fields_, from, timezone);
  return found ? std::optional<UtcTime>(*found) : std::nullopt;
}

}  // namespace wave
