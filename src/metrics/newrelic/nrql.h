#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace wave::metrics {

/// The query over another stretch of time, one row for each `step` (all in milliseconds): its own SINCE,
/// UNTIL, TIMESERIES and SLIDE BY are replaced. Nullopt for a query that compares two stretches already.
std::optional<std::string> nrql_over(const std::string& nrql, std::int64_t from, std::int64_t to,
                                     std::int64_t step);

/// Whether a clause begins with this word, outside quotes.
bool nrql_has(const std::string& nrql, const std::string& clause);

}  // namespace wave::metrics
