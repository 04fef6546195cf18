#include "metrics/newrelic/nrql.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace wave::metrics {
namespace {

struct Word {
  std::size_t begin;
  std::string lower;
};

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// The words outside quotes and parentheses.
std::vector<Word> words_of(const std::string& text) {
  std::vector<Word> out;
  char quote = 0;
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == '\\') ++i;
      if (c == quote) quote = 0;
      continue;
    }
    if (c == '\'' || c == '"' || c == '`') quote = c;
    if (c == '(') ++depth;
    if (c == ')') --depth;
    const bool begins =
        quote == 0 && depth == 0 && !is_blank(c) && c != ')' && (i == 0 || is_blank(text[i - 1]));
    if (!begins) continue;
    const auto end = std::find_if(text.begin() + static_cast<std::ptrdiff_t>(i), text.end(),
                                  [](char one) { return is_blank(one) || one == '('; });
    out.push_back(
        {.begin = i, .lower = to_lower(std::string(text.begin() + static_cast<std::ptrdiff_t>(i), end))});
  }
  return out;
}

constexpr std::array<std::string_view, 13> clauses = {
    "select", "from",    "where",      "facet", "limit", "since",      "until",
    "with",   "compare", "timeseries", "slide", "order", "extrapolate"};

bool is_clause(const std::string& word) {
  return std::ranges::find(clauses, word) != clauses.end();
}

}  // namespace

bool nrql_has(const std::string& nrql, const std::string& clause) {
  return std::ranges::any_of(words_of(nrql), [&](const Word& word) { return word.lower == clause; });
}

std::optional<std::string> nrql_over(const std::string& nrql, std::int64_t from, std::int64_t to,
                                     std::int64_t step) {
  if (nrql_has(nrql, "compare")) return std::nullopt;
  std::string out;
  bool is_dropped = false;
  std::size_t done = 0;
  const auto words = words_of(nrql);
  for (const Word& word : words) {
    if (!is_clause(word.lower)) continue;
    if (!is_dropped) out += nrql.substr(done, word.begin - done);
    done = word.begin;
    is_dropped =
        word.lower == "since" || word.lower == "until" || word.lower == "timeseries" || word.lower == "slide";
  }
  if (!is_dropped) out += nrql.substr(done);
  while (!out.empty() && is_blank(out.back())) out.pop_back();
  return out + " SINCE " + std::to_string(from) + " UNTIL " + std::to_string(to) + " TIMESERIES " +
         std::to_string(step / 1000) + " seconds";
}

}  // namespace wave::metrics
