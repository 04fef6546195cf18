#include "metrics/kafka/lag.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"

namespace wave::metrics {
namespace {

std::optional<std::int32_t> read_partition(std::string_view text) {
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

}  // namespace

Result<KafkaLagPolicy> KafkaLagPolicy::create(const definitions::Settings& settings) {
  KafkaLagPolicy policy{.from_earliest = settings.text("offset_reset_policy") == "earliest",
                        .scale_to_zero_on_invalid_offset = settings.flag("scale_to_zero_on_invalid_offset"),
                        .exclude_persistent_lag = settings.flag("exclude_persistent_lag"),
                        .allow_idle_consumers = settings.flag("allow_idle_consumers"),
                        .limit_to_partitions_with_lag = settings.flag("limit_to_partitions_with_lag"),
                        .ensure_even_distribution = settings.flag("ensure_even_distribution"),
                        .lag_threshold = std::nullopt};
  if (settings.has("lag_threshold")) policy.lag_threshold = settings.number("lag_threshold");
  const bool caps = policy.limit_to_partitions_with_lag || policy.ensure_even_distribution;
  if (policy.lag_threshold && !(*policy.lag_threshold > 0))
    return fail(ErrorCode::invalid_argument, "'lag_threshold' is above 0");
  if (caps && !policy.lag_threshold)
    return fail(ErrorCode::invalid_argument,
                "'limit_to_partitions_with_lag' and 'ensure_even_distribution' need 'lag_threshold'");
  if (caps && !settings.has("topic"))
    return fail(ErrorCode::invalid_argument,
                "'limit_to_partitions_with_lag' and 'ensure_even_distribution' need 'topic'");
  if (policy.limit_to_partitions_with_lag && (policy.allow_idle_consumers || policy.ensure_even_distribution))
    return fail(ErrorCode::invalid_argument,
                "'limit_to_partitions_with_lag' excludes 'allow_idle_consumers' and "
                "'ensure_even_distribution'");
  return policy;
}

double partition_lag(const KafkaPartition& partition, const KafkaLagPolicy& policy,
                     const KafkaOffsets& earlier) {
  if (!partition.committed) {
    if (policy.scale_to_zero_on_invalid_offset) return 0;
    // Under `latest` a consumer that starts will commit: one message's worth lets it start.
    return policy.from_earliest ? static_cast<double>(partition.end - partition.begin) : 1;
  }
  const auto known = earlier.find({partition.topic, partition.partition});
  if (policy.exclude_persistent_lag && known != earlier.end() && known->second == *partition.committed)
    return 0;
  // What retention has deleted is nobody's work any more.
  const std::int64_t from = std::max(*partition.committed, partition.begin);
  return static_cast<double>(std::max<std::int64_t>(0, partition.end - from));
}

double total_lag(const std::vector<double>& lags, const KafkaLagPolicy& policy) {
  double total = 0;
  for (const double lag : lags) total += lag;
  if (!policy.lag_threshold) return total;
  const double threshold = *policy.lag_threshold;
  const auto all = static_cast<std::int64_t>(lags.size());
  if (policy.ensure_even_distribution && total > 0) {
    const double consumers = std::ceil(total / threshold);
    std::int64_t factor = 1;
    while (factor < all && (all % factor != 0 || static_cast<double>(factor) < consumers)) ++factor;
    if (!policy.allow_idle_consumers || static_cast<double>(factor) >= consumers)
      total = static_cast<double>(factor) * threshold;
  }
  if (policy.allow_idle_consumers) return total;
  const auto behind = std::ranges::count_if(lags, [](double lag) { return lag > 0; });
  const auto most = policy.limit_to_partitions_with_lag ? static_cast<std::int64_t>(behind) : all;
  return std::min(total, static_cast<double>(most) * threshold);
}

Result<std::vector<std::pair<std::int32_t, std::int32_t>>> parse_partitions(std::string_view text) {
  std::vector<std::pair<std::int32_t, std::int32_t>> out;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto part = trimmed(text.substr(0, comma));
    const auto dash = std::min(part.find('-'), part.size());
    const auto first = read_partition(part.substr(0, dash));
    const auto last = dash == part.size() ? first : read_partition(part.substr(dash + 1));
    if (!first || !last || *last < *first)
      return fail(ErrorCode::invalid_argument, "'partitions' is a list such as 0-3,7");
    out.emplace_back(*first, *last);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return out;
}

}  // namespace wave::metrics
