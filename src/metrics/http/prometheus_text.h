#pragma once

#include "metrics/metric.h"

namespace wave::metrics {

/// The samples of one name in the text that exporters serve (Prometheus text format 0.0.4 and OpenMetrics
/// 1.0): `name`, or `name{label="value", other="value"}` for only those that have these labels. Timestamps
/// are the samples' times; NaN and infinities are left out. not_found where no sample is of that name.
Result<std::vector<Series>> prometheus_text(std::string_view text, std::string_view selector);

}  // namespace wave::metrics
