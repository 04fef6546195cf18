#include "backtest/recorded.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace wave::backtest {

double Recording::value(UtcTime at) const {
  if (at < begin() || at >= end()) return std::numeric_limits<double>::quiet_NaN();
  return series.values[static_cast<std::size_t>((at - begin()) / series.step)];
}

const Recording* find_recording(const std::vector<Recording>& recordings, const std::string& metric_id) {
  const auto found = std::ranges::find(recordings, metric_id, &Recording::metric_id);
  return found == recordings.end() ? nullptr : &*found;
}

Task<Result<std::vector<metrics::Series>>> RecordedSource::poll() {
  co_return fail(ErrorCode::no_data, "recorded values are pushed");
}

Task<Result<std::vector<metrics::PastSeries>>> RecordedSource::past(metrics::PastRange range) {
  metrics::PastSeries out;
  const UtcTime to = std::min(range.to, runtime_.utc());
  for (std::size_t i = 0; i < recording_.series.values.size(); ++i) {
    const UtcTime at = recording_.begin() + recording_.series.step * static_cast<std::int64_t>(i);
    if (at < range.from || !std::isfinite(recording_.series.values[i])) continue;
    if (at + recording_.series.step > to) break;
    out.points.emplace_back(at, recording_.series.values[i]);
  }
  std::vector<metrics::PastSeries> all;
  all.push_back(std::move(out));
  co_return all;
}

}  // namespace wave::backtest
