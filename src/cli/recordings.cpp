#include "cli/recordings.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>

#include "cli/read_file.h"
#include "cli/world.h"
#include "engine/open.h"
#include "forecast/csv.h"
#include "metrics/metric.h"

namespace wave::cli {
namespace {

constexpr Duration usual_test = 7 * 24h;

/// `METRIC=FILE.csv`
Result<backtest::Recording> read_recording(const std::string& text) {
  const auto sign = text.find('=');
  if (sign == std::string::npos || sign == 0)
    return fail(ErrorCode::invalid_argument, "--input takes METRIC=FILE.csv, not '" + text + "'");
  const std::filesystem::path file = text.substr(sign + 1);
  auto content = read_file(file);
  if (!content) return std::unexpected(content.error());
  auto read = forecast::read_csv(*content, {.file = file.string(), .id = text.substr(0, sign)});
  if (!read) return std::unexpected(read.error());
  if (read->size() != 1)
    return fail(ErrorCode::invalid_argument,
                file.string() + " holds " + std::to_string(read->size()) + " series, not one");
  return backtest::Recording{text.substr(0, sign), std::move(read->front().series)};
}

/// The series of each moment, as a poll would have seen them together.
std::map<UtcTime, std::vector<metrics::Series>> by_time(std::vector<metrics::PastSeries> past) {
  std::map<UtcTime, std::vector<metrics::Series>> out;
  for (auto& series : past)
    for (const auto& [at, value] : series.points) out[at].push_back({series.labels, value, at});
  return out;
}

/// The usual distance of two moments, in whole steps: a source may keep a coarser past than was asked for.
Duration spacing(const std::map<UtcTime, std::vector<metrics::Series>>& moments, Duration step) {
  std::map<Duration, int> gaps;
  for (auto at = moments.begin(); at != moments.end() && std::next(at) != moments.end(); ++at)
    ++gaps[std::next(at)->first - at->first];
  if (gaps.empty()) return step;
  const auto usual = std::ranges::max_element(gaps, {}, &std::pair<const Duration, int>::second)->first;
  return std::max<Duration>(step, (usual + step / 2) / step * step);
}

/// From the first to the last moment; several of one step are averaged, steps without one are holes.
Result<forecast::Series> regular(const definitions::MetricDefinition& metric,
                                 std::vector<metrics::PastSeries> past, Duration step) {
  auto moments = by_time(std::move(past));
  if (moments.empty()) return fail(ErrorCode::no_data, "its source tells nothing of that time");
  forecast::Series out{.start = moments.begin()->first, .step = spacing(moments, step), .values = {}};
  out.start = UtcTime(out.start.time_since_epoch() / out.step * out.step);
  const auto size = static_cast<std::size_t>((moments.rbegin()->first - out.start) / out.step) + 1;
  std::vector<double> counts(size);
  out.values.resize(size);
  std::optional<double> last;
  for (auto& [at, series] : moments) {
    const auto sample = to_sample(metric, std::move(series), last, at);
    if (!sample) return std::unexpected(sample.error());
    const auto place = static_cast<std::size_t>((at - out.start) / out.step);
    last = sample->value;
    out.values[place] += sample->value;
    ++counts[place];
  }
  for (std::size_t i = 0; i < size; ++i)
    out.values[i] = counts[i] > 0 ? out.values[i] / counts[i] : std::numeric_limits<double>::quiet_NaN();
  return out;
}

Result<std::unique_ptr<metrics::Source>> source_of(const definitions::MetricDefinition& metric,
                                                   net::Services& services) {
  for (const auto* kind : metrics::registry()) {
    if (kind->table.name != metric.kind->name || !kind->create) continue;
    return engine::open(*kind, metric, definitions::Settings::Environment::process(), services);
  }
  return std::unique_ptr<metrics::Source>();
}

/// Nothing for a source that keeps no past.
Result<std::optional<forecast::Series>> past_of(const definitions::MetricDefinition& metric, World& world,
                                                const Arguments& arguments) {
  auto source = source_of(metric, world.services);
  if (!source) return std::unexpected(source.error());
  if (!*source || !(*source)->has_past()) return std::nullopt;
  const Duration step = metric.learning.step;
  const auto whole = [&](UtcTime at) { return UtcTime(at.time_since_epoch() / step * step); };
  const UtcTime to = whole(std::min(arguments.to.value_or(world.loop.utc()), world.loop.utc()));
  const UtcTime from = whole(arguments.from.value_or(to - usual_test) - metric.learning.history);
  auto past = world.loop.run_until((*source)->past({.from = from, .to = to, .step = step}));
  if (!past) return std::unexpected(past.error());
  auto series = regular(metric, std::move(*past), step);
  if (!series) return std::unexpected(series.error());
  return std::optional(std::move(*series));
}

}  // namespace

Result<std::vector<backtest::Recording>> recordings_of(const Arguments& arguments,
                                                       const definitions::Definitions& definitions) {
  std::vector<backtest::Recording> out;
  for (const auto& text : arguments.inputs) {
    auto recording = read_recording(text);
    if (!recording) return std::unexpected(recording.error());
    out.push_back(std::move(*recording));
  }
  if (!arguments.from_prometheus) return out;
  World world(LogLevel::error);
  for (const auto& metric : definitions.metrics) {
    if (!metric.enabled || backtest::find_recording(out, metric.id) != nullptr) continue;
    auto past = past_of(metric, world, arguments);
    if (!past) return fail(ErrorCode::invalid_argument, "metric " + metric.id + ": " + past.error().text());
    if (*past)
      out.push_back({metric.id, std::move(**past)});
    else
      std::fprintf(stderr, "%s has no past: kind %s keeps none\n", metric.id.c_str(),
                   std::string(metric.kind->name).c_str());
  }
  return out;
}

}  // namespace wave::cli
