#pragma once

#include <cstdint>

#include "base/text.h"
#include "metrics/received/received.h"

namespace wave::metrics {

/// A point of OTLP, in whichever form it came.
struct OtlpPoint {
  std::string name;
  Labels labels;
  std::uint64_t nanoseconds = 0;  ///< since 1970
  bool is_missing = false;        ///< the flag NO_RECORDED_VALUE
  std::optional<double> value{};  ///< of a gauge or a sum
  std::optional<double> count{};  ///< of a histogram
  std::optional<double> sum{};    ///< of a histogram
};

/// Points become samples here, within limits.
class OtlpPoints {
 public:
  /// limit_exceeded above 100,000 samples.
  Status add(OtlpPoint point);
  std::vector<Received> take() { return by_name(std::move(samples_)); }

 private:
  Status add(const OtlpPoint& point, std::optional<double> value, const char* suffix);
  std::vector<Received> samples_;
};

}  // namespace wave::metrics
