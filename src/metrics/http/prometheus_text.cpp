#include "metrics/http/prometheus_text.h"

#include <cmath>

#include "metrics/json_answer.h"
#include "net/http.h"

namespace wave::metrics {
namespace {

constexpr std::size_t most_exposed_series = 10'000;

struct Line {
  std::string_view name;
  Labels labels;
  std::string_view rest;
};

void skip_blanks(std::string_view& text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
}

/// `"..."` with `\\`, `\"` and `\n`.
std::optional<std::string> quoted(std::string_view& text) {
  if (!text.starts_with('"')) return std::nullopt;
  std::string out;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return out;
    }
    if (text[i] == '\\' && i + 1 < text.size()) {
      ++i;
      out += text[i] == 'n' ? '\n' : text[i];
      continue;
    }
    out += text[i];
  }
  return std::nullopt;
}

/// `{a="1", b="2"}` behind a name; nothing is none.
/// A syntax error is nullopt.
Result<std::optional<Labels>> labels_of(std::string_view& text) {
  Labels out;
  skip_blanks(text);
  if (!text.starts_with('{')) return out;
  text.remove_prefix(1);
  for (;;) {
    skip_blanks(text);
    if (text.starts_with('}')) {
      text.remove_prefix(1);
      return out;
    }
    const auto equals = text.find('=');
    if (equals == text.npos) return std::nullopt;
    std::string_view name = text.substr(0, equals);
    while (name.ends_with(' ')) name.remove_suffix(1);
    text.remove_prefix(equals + 1);
    skip_blanks(text);
    auto value = quoted(text);
    if (!value || name.empty()) return std::nullopt;
    if (auto ok = add_label(out, name, *value); !ok) return std::unexpected(std::move(ok.error()));
    skip_blanks(text);
    if (text.starts_with(',')) text.remove_prefix(1);
  }
}

Result<std::optional<Line>> line_of(std::string_view text) {
  Line line;
  line.name = text.substr(0, text.find_first_of("{ \t"));
  text.remove_prefix(line.name.size());
  auto labels = labels_of(text);
  if (!labels) return std::unexpected(std::move(labels.error()));
  if (!*labels || line.name.empty()) return std::nullopt;
  line.labels = std::move(**labels);
  skip_blanks(text);
  line.rest = text;
  return line;
}

/// `<value> [<timestamp>]`, and in OpenMetrics ` # <exemplar>`.
Result<std::optional<Series>> sample_of(Line line, bool is_open_metrics) {
  const auto value_text = line.rest.substr(0, line.rest.find_first_of(" \t"));
  const auto value = number_of_text(value_text);
  if (!value)
    return std::unexpected(
        bad_answer(std::string(line.name) + " is \"" + net::excerpt(value_text, 60) + "\", not a number"));
  if (!std::isfinite(*value)) return std::nullopt;
  Series out{.labels = std::move(line.labels), .value = *value, .at = {}};
  std::string_view rest = line.rest.substr(value_text.size());
  skip_blanks(rest);
  if (rest.empty() || rest.starts_with('#')) return out;
  const auto time = number_of_text(rest.substr(0, rest.find_first_of(" \t")));
  if (!time) return std::unexpected(bad_answer("a time of " + std::string(line.name) + " is no number"));
  out.at = from_epoch_seconds(is_open_metrics ? *time : *time / 1000);
  return out;
}

}  // namespace

Result<std::vector<Series>> prometheus_text(std::string_view text, std::string_view selector) {
  const auto parsed = line_of(selector);
  if (!parsed || !*parsed || !(*parsed)->rest.empty())
    return fail(ErrorCode::invalid_argument, "the selector is not name or name{label=\"value\"}");
  const Line& wanted = **parsed;
  const bool is_open_metrics = text.find("# EOF") != text.npos;
  std::vector<Series> out;
  bool is_there = false;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    skip_blanks(line);
    const auto behind = line.starts_with(wanted.name) ? line.substr(wanted.name.size()) : "x";
    if (!behind.empty() && behind.find_first_of("{ \t") != 0) continue;
    auto parts = line_of(line);
    if (!parts) return std::unexpected(std::move(parts.error()));
    if (!*parts || !has_labels((*parts)->labels, wanted.labels)) continue;
    if (out.size() >= most_exposed_series)
      return fail(ErrorCode::limit_exceeded, "more than 10000 samples are of that name");
    auto series = sample_of(std::move(**parts), is_open_metrics);
    if (!series) return std::unexpected(series.error());
    is_there = true;
    if (*series) out.push_back(std::move(**series));
  }
  if (!is_there)
    return fail(ErrorCode::not_found, "the answer has no sample " + net::excerpt(selector, 100), true);
  return out;
}

}  // namespace wave::metrics
