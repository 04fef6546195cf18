#pragma once

#include "metrics/json_answer.h"
#include "metrics/metric.h"

namespace wave::metrics::datadog_api {

/// One series with all its points, oldest first; nulls are left out.
struct Points {
  Labels labels;
  std::vector<std::pair<UtcTime, double>> points;
};

/// `/api/v2/query/scalar`: one series for each row that has a value; the columns of tags are labels.
Result<std::vector<Series>> scalar_of(const JsonValue& answer);

/// `/api/v2/query/timeseries`, and `/api/v1/query`, whose 200 may hold an error.
Result<std::vector<Points>> timeseries_of(const JsonValue& answer);
Result<std::vector<Points>> v1_of(const JsonValue& answer);

}  // namespace wave::metrics::datadog_api
