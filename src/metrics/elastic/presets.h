#pragma once

#include <string>

#include "definitions/settings.h"
#include "metrics/json_answer.h"

namespace wave::metrics::elastic {

/// The indices that a preset searches.
std::string index_of(const definitions::Settings& settings);

/// The preset's number in the aggregations of a search, or in one bucket of them, that covers `span`; nullopt
/// where there was nothing to make it of.
Result<std::optional<double>> value_of(const definitions::Settings& settings, const JsonValue& aggregations,
                                       Duration span);

/// What a preset asks, over `[from, to)` in Elasticsearch's words for times (`now-5m`, or epoch
/// milliseconds); `step` in milliseconds makes one bucket for each, at `aggregations.past.buckets`.
std::string search_of(const definitions::Settings& settings, const std::string& from, const std::string& to,
                      std::int64_t step = 0);

}  // namespace wave::metrics::elastic
