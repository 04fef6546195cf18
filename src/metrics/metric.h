#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/runtime.h"
#include "definitions/definitions.h"
#include "metrics/labels.h"
#include "net/http.h"
#include "net/services.h"

namespace wave::metrics {

/// Whether each of `wanted` is in `all`, with the same value.
bool has_labels(const Labels& all, const Labels& wanted);

/// One number of an answer. `at` is the source's own time, where it gives one.
struct Series {
  Labels labels;
  double value = 0;  ///< finite
  std::optional<UtcTime> at;
};

/// What a metric is at one moment: the aggregate and the series behind it.
struct Sample {
  double value = 0;
  UtcTime at;  ///< the source's time (never in the future), else the arrival
  std::vector<Series> series;
};

/// A stretch of the past, `[from, to)`, at one point per step.
struct PastRange {
  UtcTime from;
  UtcTime to;
  Duration step;
};

/// One series of the past, oldest first; times ascend, values are finite, holes stay holes.
struct PastSeries {
  Labels labels;
  std::vector<std::pair<UtcTime, double>> points;
};

/// Asks one source. One poll is in flight at a time; the engine owns intervals, time-outs across retries,
/// back-off and staleness.
class Source {
 public:
  virtual ~Source() = default;
  /// No series: the source answered and has no value (the engine applies `on_empty`). NaN and infinities are
  /// left out, never passed on.
  virtual Task<Result<std::vector<Series>>> poll() = 0;
  /// Whether the system keeps a past that `past` can read.
  virtual bool has_past() const { return false; }
  /// The same number earlier, in as many requests as the system's limits ask for. A coarser step than asked
  /// for is an answer too, where the system keeps no finer one.
  virtual Task<Result<std::vector<PastSeries>>> past(PastRange range);
};

/// A kind: its table and how to make a source from checked and resolved settings.
struct Kind {
  definitions::KindTable table;
  std::function<Result<std::unique_ptr<Source>>(const definitions::MetricDefinition&,
                                                const definitions::Settings& resolved,
                                                net::Services& services)>
      create;  ///< null for kinds whose samples arrive on their own
};

/// Every metric kind; the one list.
const std::vector<const Kind*>& registry();

/// Applies `aggregate` and `on_empty`. `last` is the last good value. Error: no_data, or bad_response for
/// several series without a rule.
Result<Sample> to_sample(const definitions::MetricDefinition& metric, std::vector<Series> series,
                         std::optional<double> last, UtcTime now);

}  // namespace wave::metrics
