#include "base/time.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace wave {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hh_mm_ss;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr double kMaxEpochSeconds = 253'402'300'799;  // the end of year 9999
constexpr double kMaxDurationSeconds = 100.0 * 366 * 86'400;

struct Unit {
  std::string_view suffix;
  Duration length;
};
// Longest first, so that `ms` is not read as `m`.
constexpr std::array<Unit, 7> kUnits = {
    {{"ms", 1ms}, {"us", 1us}, {"w", 7 * 24h}, {"d", 24h}, {"h", 1h}, {"m", 1min}, {"s", 1s}}};

/// Reads exactly `digits` digits from the front.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

/// `Z`, `+09:00`, `-0330`; the offset to subtract.
std::optional<Duration> take_offset(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z')) return Duration{0};
  const bool negative = !text.empty() && text.front() == '-';
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  const auto hours = take_digits(text, 2);
  take(text, ':');
  const auto minutes = take_digits(text, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const Duration offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return negative ? -offset : offset;
}

std::optional<Duration> take_fraction(std::string_view& text) {
  std::int64_t micros = 0;
  std::int64_t scale = 100'000;
  std::size_t used = 0;
  while (used < text.size() && text[used] >= '0' && text[used] <= '9') {
    micros += (text[used] - '0') * scale;
    scale /= 10;
    ++used;
  }
  if (used == 0) return std::nullopt;
  text.remove_prefix(used);
  return Duration(micros);
}

}  // namespace

double epoch_seconds(UtcTime time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1e6;
}

UtcTime from_epoch_seconds(double value) {
  const double bounded = std::isfinite(value) ? std::clamp(value, 0.0, kMaxEpochSeconds) : 0.0;
  return UtcTime(Duration(std::llround(bounded * 1e6)));
}

double seconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

Duration from_seconds(double value) {
  const double bounded =
      std::isfinite(value) ? std::clamp(value, -kMaxDurationSeconds, kMaxDurationSeconds) : 0.0;
  return Duration(std::llround(bounded * 1e6));
}

std::string iso8601(UtcTime time) {
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<std::chrono::milliseconds>(time - day));
  std::array<char, 40> buffer{};
  int size =
      std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02d",
                    static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                    static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                    static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  std::string out(buffer.data(), static_cast<std::size_t>(size));
  if (const auto millis = clock.subseconds().count(); millis != 0) {
    size = std::snprintf(buffer.data(), buffer.size(), ".%03d", static_cast<int>(millis));
    out.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return out + "Z";
}

std::optional<UtcTime> parse_time(std::string_view text) {
  double epoch = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), epoch);
  if (error == std::errc{} && end == text.data() + text.size()) {
    if (!std::isfinite(epoch) || epoch < 0 || epoch > kMaxEpochSeconds) return std::nullopt;
    return from_epoch_seconds(epoch);
  }
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day) return std::nullopt;
  const year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                            std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *year < 1970) return std::nullopt;
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || *hour > 23 || *minute > 59) return std::nullopt;
  UtcTime time = sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute);
  if (take(text, ':')) {
    const auto second = take_digits(text, 2);
    if (!second || *second > 60) return std::nullopt;
    time += std::chrono::seconds(std::min(*second, 59));
    if (take(text, '.')) {
      const auto fraction = take_fraction(text);
      if (!fraction) return std::nullopt;
      time += *fraction;
    }
  }
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  return time - *offset;
}

std::optional<Duration> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    if (text.front() < '0' || text.front() > '9') return std::nullopt;
    double number = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const auto unit =
        std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& u) { return text.starts_with(u.suffix); });
    if (unit == kUnits.end()) return std::nullopt;
    text.remove_prefix(unit->suffix.size());
    total += number * seconds(unit->length);
  }
  if (total > kMaxDurationSeconds) return std::nullopt;
  return from_seconds(total);
}

std::string format_duration(Duration duration) {
  if (duration < Duration{0}) return "-" + format_duration(-duration);
  if (duration == Duration{0}) return "0s";
  constexpr std::array<Unit, 6> kShown = {
      {{"d", 24h}, {"h", 1h}, {"m", 1min}, {"s", 1s}, {"ms", 1ms}, {"us", 1us}}};
  std::string out;
  for (const auto& unit : kShown) {
    const auto count = duration / unit.length;
    if (count == 0) continue;
    out += std::to_string(count);
    out += unit.suffix;
    duration -= count * unit.length;
  }
  return out;
}

}  // namespace wave
