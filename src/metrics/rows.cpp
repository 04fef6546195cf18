#include "metrics/rows.h"

#include <algorithm>
#include <cmath>

#include "net/http.h"

namespace wave::metrics {
namespace {

constexpr int deepest_flattening = 3;
constexpr std::size_t most_cells = 200;
constexpr std::size_t longest_label = 200;

Status add_cells(const JsonValue& object, const std::string& prefix, int depth, Row& row) {
  const auto members = object.members();
  if (!members) return std::unexpected(members.error());
  for (const auto& [key, value] : *members) {
    if (row.cells.size() >= most_cells)
      return fail(ErrorCode::limit_exceeded, "a row has more than 200 columns");
    const std::string name = prefix + std::string(key);
    if (value.is_object()) {
      if (depth >= deepest_flattening) continue;
      if (auto ok = add_cells(value, name + ".", depth + 1, row); !ok) return ok;
      continue;
    }
    Cell cell{.name = name, .text = value.excerpt(longest_label)};
    if (value.is_list()) {
      cell.text.clear();
      const auto parts = value.list();
      for (const JsonValue& part : *parts) {
        if (cell.text.size() >= longest_label) break;
        if (part.is_text() || part.is_number()) cell.text += (cell.text.empty() ? "" : ",") + part.excerpt();
      }
    }
    if (value.is_true() || value.is_false()) cell.text = value.is_true() ? "true" : "false";
    if (value.is_number()) cell.number = *value.number();
    cell.empty = value.is_null() || (cell.number && !std::isfinite(*cell.number)) || cell.text.empty();
    row.cells.push_back(std::move(cell));
  }
  return {};
}

const Cell* find(const Row& row, std::string_view name) {
  const auto found = std::ranges::find(row.cells, name, &Cell::name);
  return found == row.cells.end() ? nullptr : &*found;
}

bool holds(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    if (out.size() > 200) return out + ", ...";
    out += (out.empty() ? "" : ", ") + net::excerpt(name, 60);
  }
  return out;
}

Error with_hint(std::string message, std::string hint) {
  Error error = bad_answer(std::move(message));
  error.retryable = false;
  error.hint = std::move(hint);
  return error;
}

}  // namespace

Result<Row> row_of(const JsonValue& object) {
  Row row;
  if (auto ok = add_cells(object, "", 0, row); !ok) return std::unexpected(ok.error());
  return row;
}

RowPicker::RowPicker(const definitions::Settings& settings, bool numbers_as_text)
    : value_field_(settings.text("value_field")),
      label_as_(settings.list("label_as")),
      numbers_as_text_(numbers_as_text) {}

bool RowPicker::is_label(std::string_view name) const {
  return holds(label_as_, name);
}

/// The column that holds the value. A column of nulls only may be it too: an answer with one number and one
/// null says nothing about which of them was meant.
Result<std::string> RowPicker::value_column(const std::vector<Row>& rows) const {
  std::vector<std::string> all;
  std::vector<std::string> numbers;
  std::vector<std::string> texts;
  for (const Row& row : rows) {
    for (const Cell& cell : row.cells) {
      if (!holds(all, cell.name)) all.push_back(cell.name);
      const bool number = cell.number || (numbers_as_text_ && number_of_text(cell.text));
      if (number && !holds(numbers, cell.name)) numbers.push_back(cell.name);
      if (!number && !cell.empty && !holds(texts, cell.name)) texts.push_back(cell.name);
    }
  }
  if (!value_field_.empty()) {
    if (holds(all, value_field_) || numbers.empty()) return value_field_;
    return std::unexpected(with_hint("no column is called '" + value_field_ + "'",
                                     "the columns are: " + listed(all) + "; set value_field to one of them"));
  }
  std::vector<std::string> candidates;
  for (const std::string& name : all)
    if (!is_label(name) && !holds(texts, name)) candidates.push_back(name);
  if (candidates.size() == 1) return candidates.front();
  if (candidates.empty())
    return std::unexpected(with_hint("no column is a number", "the columns are: " + listed(all)));
  return std::unexpected(with_hint("several columns may be the value: " + listed(candidates),
                                   "set value_field to one of them, or label_as to those that are labels"));
}

Result<std::optional<double>> RowPicker::value_of(const Row& row, const std::string& column) const {
  const Cell* cell = find(row, column);
  if (cell == nullptr || cell->empty) return std::nullopt;
  if (cell->number) return *cell->number;
  const auto number = numbers_as_text_ ? number_of_text(cell->text) : std::nullopt;
  if (!number)
    return std::unexpected(
        bad_answer("column '" + column + "' holds text (\"" + net::excerpt(cell->text, 60) + "\")"));
  if (!std::isfinite(*number)) return std::nullopt;
  return *number;
}

Result<Labels> RowPicker::labels_of(const Row& row, const std::string& column) const {
  Labels labels;
  for (const Cell& cell : row.cells) {
    // A status code of a system that writes numbers as text is a label too; `_time` and its like are not.
    const bool wanted =
        label_as_.empty() ? !cell.number && !cell.empty && !cell.name.starts_with('_') : is_label(cell.name);
    if (!wanted || cell.name == column) continue;
    if (auto ok = add_label(labels, cell.name, cell.text); !ok) return std::unexpected(ok.error());
  }
  return labels;
}

Result<std::vector<Series>> RowPicker::pick(const std::vector<Row>& rows) const {
  std::vector<Series> out;
  if (rows.empty() || std::ranges::all_of(rows, [](const Row& row) { return row.cells.empty(); })) return out;
  const auto column = value_column(rows);
  if (!column) return std::unexpected(column.error());
  for (const Row& row : rows) {
    const auto value = value_of(row, *column);
    if (!value) return std::unexpected(value.error());
    if (!*value) continue;
    auto labels = labels_of(row, *column);
    if (!labels) return std::unexpected(labels.error());
    out.push_back({.labels = std::move(*labels), .value = **value, .at = row.at});
  }
  return out;
}

std::vector<Series> newest(std::vector<Series> series) {
  std::map<Labels, std::size_t> places;
  std::vector<Series> out;
  for (Series& one : series) {
    const auto [place, is_new] = places.emplace(one.labels, out.size());
    if (is_new || !one.at) {
      out.push_back(std::move(one));
    } else if (Series& there = out[place->second]; there.at && *one.at > *there.at) {
      there = std::move(one);
    }
  }
  return out;
}

std::vector<PastSeries> past_of(std::vector<Series> series, const PastRange& range) {
  std::map<Labels, std::map<UtcTime, double>> sorted;
  for (const Series& one : series)
    if (one.at && *one.at >= range.from && *one.at < range.to) sorted[one.labels][*one.at] = one.value;
  std::vector<PastSeries> out;
  for (auto& [labels, points] : sorted)
    out.push_back({.labels = labels, .points = {points.begin(), points.end()}});
  return out;
}

}  // namespace wave::metrics
