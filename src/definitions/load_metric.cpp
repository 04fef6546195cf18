#include <array>

#include "definitions/load_parts.h"

namespace wave::definitions {
namespace {

OnEmpty read_on_empty(const Report& report, const YamlNode& node) {
  const auto number = node.plain ? plain_number(node.text) : std::nullopt;
  if (number) return {.kind = OnEmpty::Kind::number, .number = *number};
  const std::vector<std::string> choices = {"fail", "zero", "last", "a number"};
  const auto chosen = read_choice(report, node, "on_empty", choices);
  if (chosen == 1) return {.kind = OnEmpty::Kind::number, .number = 0};
  return {.kind = chosen == 2 ? OnEmpty::Kind::last : OnEmpty::Kind::fail};
}

/// design.md section 2: three polls, a time-out, and what the source itself is late.
Duration default_stale_after(const MetricDefinition& metric) {
  if (metric.kind->stale_after > Duration{0}) return metric.kind->stale_after;
  Duration delay = metric.kind->delay;
  // A source that publishes late also publishes whole periods only (cloudwatch).
  if (delay > Duration{0}) delay += metric.metadata.duration("period");
  return 3 * metric.polling_interval + metric.timeout + delay;
}

/// More would not fit the memory that 10,000 metrics may take together.
constexpr std::int64_t kMostLearned = 100'000;

Learning read_learning(const Report& report, const YamlNode& node) {
  MapReader reader(report, node, blocks::learning());
  Learning learning;
  reader.duration("step", learning.step, {.min = 1s, .max = 24h});
  reader.duration("history", learning.history, {.min = 1h});
  reader.finish();
  if (learning.history / learning.step > kMostLearned)
    report.error(node, "'history' is more than 100,000 times 'step'");
  return learning;
}

}  // namespace

std::optional<MetricDefinition> read_metric(const Report& report, const YamlNode& node,
                                            const Catalog& catalog) {
  MapReader reader(report, node, blocks::metric());
  MetricDefinition metric;
  reader.find("kind");
  metric.id = read_id(reader);
  metric.position = report.position(node);
  metric.kind = read_kind(reader, "metric_kind", Document::metric, catalog);
  reader.flag("enabled", metric.enabled);
  reader.duration("polling_interval", metric.polling_interval,
                  {.min = 10ms, .max = 7 * 24h, .bare_milliseconds = true});
  reader.duration("timeout", metric.timeout, {.min = 1ms, .max = 10min});
  constexpr std::array kAggregates = {Aggregate::error, Aggregate::sum, Aggregate::avg,
                                      Aggregate::max,   Aggregate::min, Aggregate::first};
  if (const auto chosen = reader.choice("aggregate", {"error", "sum", "avg", "max", "min", "first"}))
    metric.aggregate = kAggregates[*chosen];
  if (const YamlNode* value = reader.find("on_empty")) metric.on_empty = read_on_empty(report, *value);
  if (const YamlNode* value = reader.find("forecast")) metric.learning = read_learning(report, *value);
  const YamlNode* metadata = reader.find("metadata");
  if (metric.kind != nullptr) {
    metric.metadata = read_metadata(report, metadata, node, *metric.kind);
    metric.stale_after = default_stale_after(metric);
  }
  reader.duration("stale_after", metric.stale_after, {.min = 1ms});
  reader.finish();
  if (metric.id.empty() || metric.kind == nullptr) return std::nullopt;
  return metric;
}

}  // namespace wave::definitions
