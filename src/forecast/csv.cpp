#include "forecast/csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "base/text.h"

namespace wave::forecast {
namespace {

constexpr std::size_t max_rows = 20'000'000;
constexpr std::size_t max_series = 100'000;
constexpr std::int64_t max_steps = 20'000'000;
constexpr double row_numbers_below = 1e8;

struct Row {
  UtcTime at;
  double value;
};

std::string_view unquoted(std::string_view text) {
  constexpr std::string_view outer = " \t\r\"";
  const auto from = text.find_first_not_of(outer);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(outer) - from + 1);
}

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// A value, NaN for a hole, or nothing for what is neither.
std::optional<double> value_of(std::string_view text) {
  const std::string word = to_lower(text);
  if (word.empty() || word == "nan" || word == "null") return std::nan("");
  const auto value = number_of(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

class Reader {
 public:
  explicit Reader(const CsvOptions& options) : options_(options) {}

  Result<std::vector<NamedSeries>> read(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    for (std::size_t at = 0; at < text.size();) {
      const auto end = std::min(text.find('\n', at), text.size());
      ++line_;
      if (auto taken = take(text.substr(at, end - at)); !taken) return std::unexpected(taken.error());
      at = end + 1;
    }
    std::vector<NamedSeries> out;
    for (auto& [id, rows] : rows_) {
      auto series = regular(rows);
      if (!series) return within("series " + id, series.error());
      out.push_back({.id = id, .series = std::move(*series)});
    }
    if (out.empty()) return fail(ErrorCode::no_data, options_.file + ": there are no rows in it");
    return out;
  }

 private:
  std::unexpected<Error> wrong(const std::string& message,
                               ErrorCode code = ErrorCode::invalid_argument) const {
    return fail(code, options_.file + ":" + std::to_string(line_) + ": " + message);
  }

  Status take(std::string_view line) {
    if (unquoted(line).empty()) return {};
    std::vector<std::string_view> cells;
    for (std::size_t at = 0; at <= line.size() && cells.size() < 4;) {
      const auto end = std::min(line.find(',', at), line.size());
      cells.push_back(unquoted(line.substr(at, end - at)));
      at = end + 1;
    }
    if (cells.size() != 2 && cells.size() != 3)
      return wrong("a row is timestamp,value or series,timestamp,value");
    const auto time = time_of(cells[cells.size() - 2]);
    const bool first = !started_;
    started_ = true;
    if (!time && first && !value_of(cells.back())) return {};  // the header
    if (!time) return wrong("'" + std::string(cells[cells.size() - 2].substr(0, 60)) + "' is no timestamp");
    if (*time < UtcTime{} + std::chrono::seconds(100'000'000) && numbered_ && !options_.step)
      return wrong("timestamps that are row numbers need --step");
    const auto value = value_of(cells.back());
    if (!value) return wrong("'" + std::string(cells.back().substr(0, 60)) + "' is no number");
    if (++count_ > max_rows) return wrong("more than 20 million rows", ErrorCode::limit_exceeded);
    rows_[cells.size() == 3 ? std::string(cells[0]) : options_.id].push_back({*time, *value});
    if (rows_.size() > max_series) return wrong("more than 100,000 series", ErrorCode::limit_exceeded);
    return {};
  }

  std::optional<UtcTime> time_of(std::string_view text) {
    const auto number = number_of(text);
    numbered_ = number && *number >= 0 && *number < row_numbers_below && *number == std::floor(*number);
    if (numbered_ && options_.step) {
      const double offset = *number * seconds(*options_.step);
      return from_epoch_seconds(offset);
    }
    return parse_time(text);
  }

  Result<Series> regular(std::vector<Row>& rows) {
    std::ranges::stable_sort(rows, {}, &Row::at);
    const auto step = options_.step ? options_.step : common_step(rows);
    if (!step || *step <= Duration::zero())
      return fail(ErrorCode::invalid_argument,
                  options_.file + ": the step cannot be told from the timestamps; give --step");
    const std::int64_t length = (rows.back().at - rows.front().at) / *step + 1;
    steps_ += length;
    if (length > max_steps || steps_ > max_steps)
      return fail(ErrorCode::limit_exceeded,
                  options_.file + ": more than 20 million steps of " + format_duration(*step));
    Series out{.start = rows.front().at, .step = *step, .values = {}};
    std::vector<double> sums(static_cast<std::size_t>(length));
    std::vector<unsigned> counts(sums.size());
    for (const Row& row : rows) {
      if (std::isnan(row.value)) continue;
      const auto slot = static_cast<std::size_t>((row.at - out.start) / *step);
      sums[slot] += row.value;
      ++counts[slot];
    }
    out.values.resize(sums.size(), std::nan(""));
    for (std::size_t i = 0; i < sums.size(); ++i)
      if (counts[i] > 0) out.values[i] = sums[i] / counts[i];
    return out;
  }

  static std::optional<Duration> common_step(const std::vector<Row>& rows) {
    std::map<Duration, std::size_t> counts;
    for (std::size_t i = 1; i < rows.size(); ++i)
      if (rows[i].at > rows[i - 1].at) ++counts[rows[i].at - rows[i - 1].at];
    if (counts.empty()) return std::nullopt;
    return std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; })->first;
  }

  const CsvOptions& options_;
  std::map<std::string, std::vector<Row>> rows_;
  std::size_t line_ = 0;
  std::size_t count_ = 0;
  std::int64_t steps_ = 0;
  bool started_ = false;
  bool numbered_ = false;
};

}  // namespace

Result<std::vector<NamedSeries>> read_csv(std::string_view text, const CsvOptions& options) {
  return Reader(options).read(text);
}

}  // namespace wave::forecast
