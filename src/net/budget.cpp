#include "net/budget.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace wave::net {
namespace {

constexpr Duration longest_hold = 5min;
/// A host is near its limit when less than a tenth is left.
constexpr double near = 0.1;

std::optional<double> number_of(std::string_view text) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number) || number < 0)
    return std::nullopt;
  return number;
}

}  // namespace

void Budget::limit(double per_minute) {
  if (per_minute > 0) distance_ = std::max(distance_, from_seconds(60 / per_minute));
}

MonoTime Budget::reserve() {
  const MonoTime turn = std::max(runtime_.mono(), next_);
  next_ = turn + distance_;
  return turn;
}

void Budget::hold(Duration wait) {
  next_ = std::max(next_, runtime_.mono() + std::clamp(wait, Duration{0}, longest_hold));
}

void Budget::learn(const HttpResponse& answer) {
  if (answer.status == 429) {
    const auto refused = check_status(answer, runtime_.utc());
    if (!refused && refused.error().retry_after) hold(*refused.error().retry_after);
  }
  const auto most = number_of(answer.header("X-RateLimit-Limit"));
  const auto left = number_of(answer.header("X-RateLimit-Remaining"));
  auto reset = number_of(answer.header("X-RateLimit-Reset"));
  if (!most || !left || !reset || *left > *most * near) return;
  if (*reset > 1e9) *reset = std::max(0.0, *reset - epoch_seconds(runtime_.utc()));
  // What is left, spread evenly over the time until there is more.
  hold(from_seconds(*reset / (*left + 1)));
}

}  // namespace wave::net
