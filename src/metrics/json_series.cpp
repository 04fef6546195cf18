#include "metrics/json_series.h"

namespace wave::metrics {
namespace {

constexpr std::size_t most_series = 10'000;
constexpr std::size_t longest_series_label = 200;

Result<std::optional<double>> number_at(const JsonValue& place, bool numbers_as_text) {
  return numbers_as_text ? place.number_or_text() : place.number_or_null();
}

std::string label_of(const JsonValue& value) {
  if (value.is_true()) return "true";
  if (value.is_false()) return "false";
  return value.is_text() || value.is_number() ? value.excerpt(longest_series_label) : std::string();
}

}  // namespace

Result<std::vector<Series>> series_at(const JsonValue& root, const JsonPlaces& places) {
  std::vector<Series> out;
  const auto split = places.path.find("[]");
  if (split == std::string::npos) {
    auto value = number_at(root.at(places.path), places.numbers_as_text);
    if (!value) return std::unexpected(value.error());
    if (*value) out.push_back({.labels = {}, .value = **value, .at = {}});
    return out;
  }
  // Views into `places`, which a value that is not there keeps until its error is made.
  const std::string_view path = places.path;
  std::string_view below = path.substr(split + 2);
  if (below.starts_with('.')) below.remove_prefix(1);
  auto elements = root.at(path.substr(0, split)).list();
  if (!elements) return std::unexpected(elements.error());
  if (elements->size() > most_series)
    return fail(ErrorCode::limit_exceeded, "the list has more than 10000 elements");
  for (const JsonValue& element : *elements) {
    auto value = number_at(element.at(below), places.numbers_as_text);
    if (!value) return std::unexpected(value.error());
    if (!*value) continue;
    Series series{.labels = {}, .value = **value, .at = {}};
    for (const std::string& label : places.label_as)
      if (const auto text = label_of(element.at(label)); !text.empty()) series.labels.emplace(label, text);
    out.push_back(std::move(series));
  }
  return out;
}

}  // namespace wave::metrics
