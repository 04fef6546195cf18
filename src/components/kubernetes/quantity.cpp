#include "components/kubernetes/quantity.h"

#include <charconv>
#include <cmath>
#include <utility>

namespace wave::components {
namespace {

constexpr std::pair<std::string_view, double> suffixes[] = {
    {"", 1},        {"n", 1e-9},    {"u", 1e-6},    {"m", 1e-3},   {"k", 1e3},     {"M", 1e6},
    {"G", 1e9},     {"T", 1e12},    {"P", 1e15},    {"E", 1e18},   {"Ki", 0x1p10}, {"Mi", 0x1p20},
    {"Gi", 0x1p30}, {"Ti", 0x1p40}, {"Pi", 0x1p50}, {"Ei", 0x1p60}};

}  // namespace

std::optional<double> quantity_of(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  // No exponent here: `1E` is an exa, `1E3` a thousand.
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{} || !std::isfinite(number) || std::signbit(number)) return std::nullopt;
  std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const auto& [suffix, factor] : suffixes)
    if (rest == suffix) return number * factor;
  if (rest.size() < 2 || (rest.front() != 'e' && rest.front() != 'E')) return std::nullopt;
  rest.remove_prefix(rest[1] == '+' ? 2 : 1);
  int exponent = 0;
  const auto [last, wrong] = std::from_chars(rest.data(), rest.data() + rest.size(), exponent);
  if (wrong != std::errc{} || last != rest.data() + rest.size() || exponent > 30 || exponent < -30)
    return std::nullopt;
  return number * std::pow(10.0, exponent);
}

}  // namespace wave::components
