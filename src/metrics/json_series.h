#pragma once

#include <string>
#include <vector>

#include "metrics/json_answer.h"
#include "metrics/metric.h"

namespace wave::metrics {

/// Where in a JSON answer the numbers are: `queue.depth` is one place; `queues[].depth` is one in each
/// element of a list, which gives a series each, labelled by what the elements hold at `label_as` (paths
/// below the element).
struct JsonPlaces {
  std::string path;
  std::vector<std::string> label_as{};
  bool numbers_as_text = false;  ///< a text that is a number is one
};

/// Null, NaN and infinities are no series; a place that is not there, or holds something else, is an error.
Result<std::vector<Series>> series_at(const JsonValue& root, const JsonPlaces& places);

}  // namespace wave::metrics
