#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "definitions/settings.h"
#include "metrics/json_answer.h"
#include "metrics/metric.h"

namespace wave::metrics {

/// One named cell of a row: a number, a text, or nothing (null, NaN, an empty text).
struct Cell {
  std::string name;
  std::string text;  ///< as written; a number too
  std::optional<double> number{};
  bool empty = false;
};

/// A row of a table that a source answered: SQL, NRQL, SPL, DQL, ES|QL.
struct Row {
  std::vector<Cell> cells;
  std::optional<UtcTime> at{};
};

/// A row from a JSON object: inner objects are flattened with dots (`percentile.duration.95`), texts of a
/// list are joined with commas. bad_response when it is no object.
Result<Row> row_of(const JsonValue& object);

/// Takes one number out of each row, as the keys of `definitions::row_keys` say.
class RowPicker {
 public:
  /// `numbers_as_text`: the system writes numbers as text (Splunk), which then counts as a number in the
  /// column of `value_field`.
  explicit RowPicker(const definitions::Settings& settings, bool numbers_as_text = false);

  /// One series for each row, without those whose value is empty. bad_response naming the columns when
  /// several could be the value, when none is a number, or when `value_field` is not there or is no number.
  Result<std::vector<Series>> pick(const std::vector<Row>& rows) const;

 private:
  Result<std::string> value_column(const std::vector<Row>& rows) const;
  Result<std::optional<double>> value_of(const Row& row, const std::string& column) const;
  bool is_label(std::string_view name) const;
  Result<Labels> labels_of(const Row& row, const std::string& column) const;

  std::string value_field_;
  std::vector<std::string> label_as_;
  bool numbers_as_text_;
};

/// Of series with equal labels the newest; rows over time become one number for each series.
std::vector<Series> newest(std::vector<Series> series);

/// Series with times as stretches of the past: by labels, in the order of time, one point for each time.
std::vector<PastSeries> past_of(std::vector<Series> series, const PastRange& range);

}  // namespace wave::metrics
