#include <algorithm>
#include <cmath>

#include "metrics/metric.h"

namespace wave::metrics {
namespace {

using definitions::Aggregate;
using definitions::OnEmpty;

std::string describe(const Labels& labels) {
  std::string out = "{";
  for (const auto& [name, value] : labels) {
    if (out.size() > 1) out += ", ";
    if (out.size() > 120) return out + "...}";
    out.append(name).append("=\"").append(value.substr(0, 60)) += '"';
  }
  return out + "}";
}

Result<Sample> empty_sample(const OnEmpty& rule, std::optional<double> last, UtcTime now) {
  if (rule.kind == OnEmpty::Kind::number) return Sample{.value = rule.number, .at = now, .series = {}};
  if (rule.kind == OnEmpty::Kind::last && last) return Sample{.value = *last, .at = now, .series = {}};
  return std::unexpected(Error{.code = ErrorCode::no_data,
                               .message = "the answer holds no value",
                               .retryable = true,
                               .hint = "if nothing means a number here, say so with on_empty"});
}

double combine(Aggregate aggregate, const std::vector<Series>& series) {
  double result = series.front().value;
  for (std::size_t i = 1; i < series.size(); ++i) {
    const double value = series[i].value;
    if (aggregate == Aggregate::max) result = std::max(result, value);
    if (aggregate == Aggregate::min) result = std::min(result, value);
    if (aggregate == Aggregate::sum || aggregate == Aggregate::avg) result += value;
  }
  return aggregate == Aggregate::avg ? result / static_cast<double>(series.size()) : result;
}

}  // namespace

bool has_labels(const Labels& all, const Labels& wanted) {
  return std::ranges::all_of(wanted,
                             [&](const auto& label) { return all.find(label.first) == label.second; });
}

Result<Sample> to_sample(const definitions::MetricDefinition& metric, std::vector<Series> series,
                         std::optional<double> last, UtcTime now) {
  std::erase_if(series, [](const Series& one) { return !std::isfinite(one.value); });
  if (series.empty()) return empty_sample(metric.on_empty, last, now);
  if (series.size() > 1 && metric.aggregate == Aggregate::error) {
    return std::unexpected(Error{.code = ErrorCode::bad_response,
                                 .message = std::to_string(series.size()) + " series came back, such as " +
                                            describe(series[0].labels) + " and " + describe(series[1].labels),
                                 .hint = "narrow the query, or set aggregate: sum, avg, max, min or first"});
  }
  Sample sample{.value = combine(metric.aggregate, series), .at = now, .series = {}};
  if (!std::isfinite(sample.value)) return fail(ErrorCode::bad_response, "the aggregate is not finite");
  // As old as its oldest part; a source whose clock is ahead of ours is not from the future.
  for (const Series& one : series)
    if (one.at) sample.at = std::min(sample.at, *one.at);
  sample.series = std::move(series);
  return sample;
}

}  // namespace wave::metrics
