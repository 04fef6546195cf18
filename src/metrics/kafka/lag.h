#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "definitions/settings.h"

namespace wave::metrics {

/// One partition as its cluster tells it.
struct KafkaPartition {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t begin = 0;                 ///< the oldest offset that is kept
  std::int64_t end = 0;                   ///< the next offset to be written
  std::optional<std::int64_t> committed;  ///< the group's; none: it has committed nothing there
};

/// How partitions become a lag (the keys of the same names).
struct KafkaLagPolicy {
  bool from_earliest = false;  ///< `offset_reset_policy`
  bool scale_to_zero_on_invalid_offset = false;
  bool exclude_persistent_lag = false;
  bool allow_idle_consumers = false;
  bool limit_to_partitions_with_lag = false;
  bool ensure_even_distribution = false;
  std::optional<double> lag_threshold{};  ///< what one consumer takes; the caps need it

  /// invalid_argument when keys contradict each other.
  static Result<KafkaLagPolicy> create(const definitions::Settings& settings);
};

/// The committed offsets that an earlier poll saw.
using KafkaOffsets = std::map<std::pair<std::string, std::int32_t>, std::int64_t>;

/// How far the group is behind on one partition.
double partition_lag(const KafkaPartition& partition, const KafkaLagPolicy& policy,
                     const KafkaOffsets& earlier);

/// What all the partitions' lags together say, after the caps.
double total_lag(const std::vector<double>& lags, const KafkaLagPolicy& policy);

/// `0-3,7`: whether a partition is wanted; empty: all. invalid_argument for anything else.
Result<std::vector<std::pair<std::int32_t, std::int32_t>>> parse_partitions(std::string_view text);

}  // namespace wave::metrics
