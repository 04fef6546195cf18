#pragma once

#include <string>
#include <vector>

#include "forecast/series.h"
#include "metrics/metric.h"

namespace wave::backtest {

/// A metric as it was: the value of a row covers the step that begins at its time and is known when that step
/// ends.
struct Recording {
  std::string metric_id;
  forecast::Series series;

  UtcTime begin() const { return series.start; }
  UtcTime end() const { return series.start + series.step * static_cast<std::int64_t>(series.values.size()); }
  /// The value of the row that holds `at`; NaN where there is none.
  double value(UtcTime at) const;
};

/// Null where there is none.
const Recording* find_recording(const std::vector<Recording>& recordings, const std::string& metric_id);

/// Gives the past of recordings to forecasts. Samples themselves are pushed.
class RecordedSource final : public metrics::Source {
 public:
  RecordedSource(const Recording& recording, const Runtime& runtime)
      : recording_(recording), runtime_(runtime) {}
  Task<Result<std::vector<metrics::Series>>> poll() override;
  bool has_past() const override { return true; }
  Task<Result<std::vector<metrics::PastSeries>>> past(metrics::PastRange range) override;

 private:
  const Recording& recording_;
  const Runtime& runtime_;
};

}  // namespace wave::backtest
