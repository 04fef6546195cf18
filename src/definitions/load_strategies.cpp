#include "base/cron.h"
#include "base/text.h"
#include "definitions/load_parts.h"

namespace wave::definitions {
namespace {

constexpr Duration kLongestSchedule = 366 * 24h;

std::string read_metric_reference(MapReader& reader, const Definitions& known) {
  const YamlNode* node = reader.require("metric");
  return node == nullptr ? std::string() : read_metric_id(reader.report(), *node, known);
}

std::optional<std::string> read_cron(const Report& report, const YamlNode& node, std::string_view name) {
  auto text = read_text(report, node, name);
  if (!text) return text;
  if (const auto cron = Cron::parse(*text); !cron) {
    report.error(node, "'" + std::string(name) + "': " + cron.error().message);
    return std::nullopt;
  }
  return text;
}

void read_amount(MapReader& reader, Threshold& threshold) {
  const YamlNode* by = reader.find("by");
  const YamlNode* to = reader.find("to");
  const Report& report = reader.report();
  if (by != nullptr && to != nullptr) report.error(*to, "'by' and 'to' exclude each other");
  if (to != nullptr) {
    threshold.kind = Threshold::Kind::to;
    threshold.amount = read_number(report, *to, "to", {.min = 0}).value_or(0);
  } else if (by != nullptr && by->text.ends_with('%')) {
    const auto percent = plain_number(std::string_view(by->text).substr(0, by->text.size() - 1));
    if (!percent || *percent <= 0 || *percent > 10'000)
      report.error(*by,
                   "'by' must be a number above 0 or a percentage such as \"20%\", not '" + by->text + "'");
    threshold.kind = Threshold::Kind::by_percent;
    threshold.amount = percent.value_or(1);
  } else if (by != nullptr) {
    threshold.amount = read_number(report, *by, "by", {.min = 0, .above_min = true}).value_or(1);
  }
}

}  // namespace

std::string read_metric_id(const Report& report, const YamlNode& node, const Definitions& known) {
  const auto id = read_text(report, node, "metric");
  if (!id) return {};
  const MetricDefinition* metric = known.metric(*id);
  if (metric == nullptr) {
    std::vector<std::string> ids;
    for (const MetricDefinition& other : known.metrics) ids.push_back(other.id);
    report.error(node, "there is no metric '" + *id + "'" + did_you_mean(*id, ids));
  } else if (!metric->enabled) {
    report.warning(node, "the metric '" + *id + "' is not enabled");
  }
  return *id;
}

std::optional<Schedule> read_schedule(const Report& report, const YamlNode& node) {
  MapReader reader(report, node, blocks::schedule());
  Schedule schedule{.position = report.position(node)};
  const YamlNode* cron = reader.require("cron");
  if (cron != nullptr) schedule.cron = read_cron(report, *cron, "cron").value_or("");
  if (const YamlNode* zone = reader.find("timezone")) {
    schedule.timezone = read_text(report, *zone, "timezone").value_or("UTC");
    if (!is_timezone(schedule.timezone)) {
      const auto similar = similar_timezone(schedule.timezone);
      report.error(*zone, "unknown time zone '" + schedule.timezone + "'" +
                              (similar ? " (did you mean '" + *similar + "'?)" : ""));
    }
  }
  if (const YamlNode* duration = reader.find("duration"))
    schedule.duration = read_duration(report, *duration, "duration", {.min = 1s, .max = kLongestSchedule});
  reader.duration("grace", schedule.grace, {.max = 7 * 24h});
  if (const YamlNode* lead = reader.find("lead")) {
    schedule.lead = read_duration(report, *lead, "lead", {.max = 7 * 24h}).value_or(Duration{0});
    if (!schedule.duration) report.error(*lead, "'lead' needs a 'duration': an instant fires when it says");
  }
  reader.finish();
  return schedule.cron.empty() ? std::nullopt : std::optional(schedule);
}

std::optional<Schedule> read_cron_expression(const Report& report, const YamlNode& node) {
  auto cron = read_cron(report, node, "cron_expression");
  if (!cron) return std::nullopt;
  return Schedule{.cron = std::move(*cron), .position = report.position(node)};
}

Target read_target(const Report& report, const YamlNode& node, const Definitions& known) {
  MapReader reader(report, node, blocks::target());
  Target target{.position = report.position(node)};
  target.metric = read_metric_reference(reader, known);
  const YamlNode* per_unit = reader.find("per_unit");
  const YamlNode* average = reader.find("average");
  if (per_unit != nullptr && average != nullptr)
    report.error(*average, "'per_unit' and 'average' exclude each other");
  if (per_unit == nullptr && average == nullptr && node.kind == YamlNode::Kind::map)
    report.error(node, "'target' needs 'per_unit' or 'average'");
  if (average != nullptr) target.kind = Target::Kind::average;
  const NumberRule positive{.min = 0, .above_min = true};
  if (const YamlNode* value = average != nullptr ? average : per_unit)
    target.value =
        read_number(report, *value, average != nullptr ? "average" : "per_unit", positive).value_or(1);
  target.limit_per_unit = 1.4 * target.value;
  reader.number("limit_per_unit", target.limit_per_unit, {.min = target.value});
  reader.number("tolerance", target.tolerance, {.min = 0, .max = 1});
  if (const YamlNode* activation = reader.find("activation")) {
    MapReader above(report, *activation, blocks::activation());
    if (const YamlNode* value = above.require("above"))
      target.activation_above = read_number(report, *value, "above", {}).value_or(0);
    target.has_activation = true;
    above.finish();
  }
  reader.finish();
  return target;
}

Threshold read_threshold(const Report& report, const YamlNode& node, const Definitions& known) {
  MapReader reader(report, node, blocks::threshold());
  Threshold threshold{.position = report.position(node)};
  threshold.metric = read_metric_reference(reader, known);
  const YamlNode* above = reader.find("above");
  const YamlNode* below = reader.find("below");
  if (above != nullptr) threshold.above = read_number(report, *above, "above", {});
  if (below != nullptr) threshold.below = read_number(report, *below, "below", {});
  if (above == nullptr && below == nullptr && node.kind == YamlNode::Kind::map)
    report.error(node, "'threshold' needs 'above' or 'below'");
  if (threshold.above && threshold.below && *threshold.below > *threshold.above)
    report.error(*below, "'below' (" + shortest(*threshold.below) + ") is larger than 'above' (" +
                             shortest(*threshold.above) + ")");
  read_amount(reader, threshold);
  reader.duration("settle", threshold.settle, {.max = 24h});
  reader.finish();
  return threshold;
}

Fallback read_fallback(const Report& report, const YamlNode& node) {
  MapReader reader(report, node, blocks::fallback());
  Fallback fallback;
  reader.duration("after", fallback.after, {.max = 30 * 24h});
  if (const YamlNode* desired = reader.find("desired")) {
    const double number = desired->plain ? plain_number(desired->text).value_or(-1) : -1;
    const std::vector<std::string> choices = {"hold", "last", "a number"};
    if (number >= 0) {
      fallback.desired = Fallback::Desired::number;
      fallback.number = number;
    } else if (read_choice(report, *desired, "desired", choices) == 1) {
      fallback.desired = Fallback::Desired::last;
    }
  }
  fallback.both_directions = reader.choice("direction", {"up", "both"}) == 1;
  reader.finish();
  return fallback;
}

Proactive read_proactive(const Report& report, const YamlNode& node) {
  MapReader reader(report, node, blocks::proactive());
  Proactive proactive{.position = report.position(node)};
  if (reader.choice("mode", {"forecast_and_scale", "forecast_only"}) == 1)
    proactive.mode = Proactive::Mode::forecast_only;
  if (reader.choice("floor", {"reactive", "none"}) == 1) proactive.floor = Proactive::Floor::none;
  const YamlNode* cost = reader.find("violation_cost");
  const YamlNode* quantile = reader.find("quantile");
  if (cost != nullptr)
    proactive.violation_cost =
        read_number(report, *cost, "violation_cost", {.min = 0, .max = 1e6, .above_min = true})
            .value_or(proactive.violation_cost);
  if (quantile != nullptr)
    proactive.quantile = read_number(report, *quantile, "quantile", {.min = 0.01, .max = 0.999});
  if (cost != nullptr && quantile != nullptr)
    report.error(*quantile, "'violation_cost' and 'quantile' exclude each other");
  const YamlNode* most = reader.find("max_margin");
  double margin = 0.3;
  if (most != nullptr)
    margin = read_number(report, *most, "max_margin", {.min = 0, .max = 100}).value_or(margin);
  // A quantile may lie anywhere above the median; a price limits itself.
  if (most != nullptr || proactive.quantile) proactive.max_margin = margin;
  reader.finish();
  return proactive;
}

}  // namespace wave::definitions
