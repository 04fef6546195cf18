#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "forecast/series.h"

namespace wave::forecast {

struct NamedSeries {
  std::string id;
  Series series;
};

struct CsvOptions {
  std::string file;                ///< as it stands in messages
  std::string id;                  ///< what a series without a name is called
  std::optional<Duration> step{};  ///< empty: the most common distance of two rows
};

/// Reads `timestamp,value` or `series,timestamp,value`, with or without a header. Timestamps are ISO-8601,
/// epoch seconds, or row numbers (whole, below 100 million) if a step is given. An empty value, `NaN` and
/// `null` are holes. Rows may be in any order; those of one step are averaged, steps without a row are holes.
///
/// Errors, as `file:line: message`: invalid_argument; limit_exceeded above 20 million rows, 100,000 series or
/// 20 million steps in all.
Result<std::vector<NamedSeries>> read_csv(std::string_view text, const CsvOptions& options);

}  // namespace wave::forecast
