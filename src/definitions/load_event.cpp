#include "definitions/load_parts.h"

namespace wave::definitions {
namespace {

constexpr Duration kLongestEvent = 31 * 24h;

void read_when(MapReader& reader, EventDefinition& event) {
  const Report& report = reader.report();
  const YamlNode* start = reader.find("start");
  const YamlNode* schedule = reader.find("schedule");
  const YamlNode* duration = reader.find("duration");
  if ((start == nullptr) == (schedule == nullptr))
    report.error(schedule != nullptr ? *schedule : reader.node(),
                 "an Event needs either 'start' and 'duration', or a 'schedule' with a duration");
  if (start != nullptr) {
    if (const auto text = read_text(report, *start, "start")) {
      event.start = parse_time(*text);
      if (!event.start)
        report.error(*start, "'start' must be a time such as 2026-11-27T09:00:00+09:00, not '" + *text + "'");
    }
    if (duration == nullptr) report.error(*start, "'start' needs a 'duration'");
  }
  const DurationRule rule{.min = 1min, .max = kLongestEvent};
  if (duration != nullptr) {
    if (schedule != nullptr) report.error(*duration, "the duration belongs into 'schedule'");
    event.duration = read_duration(report, *duration, "duration", rule).value_or(1h);
  }
  if (schedule == nullptr) return;
  event.schedule = read_schedule(report, *schedule);
  if (!event.schedule) return;
  if (!event.schedule->duration) report.error(*schedule, "the 'schedule' of an Event needs a 'duration'");
  if (event.schedule->lead > Duration{0})
    report.error(*schedule, "an Event needs no 'lead': forecasts know how long new capacity takes to serve");
  event.duration = event.schedule->duration.value_or(1h);
}

void read_effect(MapReader& reader, EventDefinition& event) {
  const Report& report = reader.report();
  if (const YamlNode* factor = reader.find("factor")) {
    event.factor = read_number(report, *factor, "factor", {.min = 0, .max = 1000, .above_min = true});
    if (event.factor && *event.factor < 1)
      report.warning(*factor,
                     "forecasts are only raised: a factor below 1 keeps what happens meanwhile from "
                     "being learned, and lowers nothing");
  }
  reader.number("amount", event.amount, {.min = 0, .max = 1e15});
}

/// Whether an item looks ahead on it, or JavaScript forecasts it.
bool is_forecast(const Definitions& known, const std::string& metric_id) {
  const auto asks = [&](const Expression& one) {
    return one.source.find("forecast") != std::string::npos &&
           one.source.find(metric_id) != std::string::npos;
  };
  for (const auto& plan : known.plans) {
    for (const auto& [name, variable] : plan.variables)
      if (asks(variable)) return true;
    for (const auto& item : plan.items) {
      if (item.proactive && item.target && item.target->metric == metric_id) return true;
      if (item.expression && asks(*item.expression)) return true;
      for (const auto& wish : item.components) {
        if (wish.at_least && asks(*wish.at_least)) return true;
        for (const auto& [value, expression] : wish.values)
          if (asks(expression)) return true;
      }
    }
  }
  return false;
}

}  // namespace

std::optional<EventDefinition> read_event(const Report& report, const YamlNode& node,
                                          const Definitions& known) {
  MapReader reader(report, node, blocks::event());
  EventDefinition event;
  reader.find("kind");
  event.id = read_id(reader);
  event.name = event.id;
  event.position = report.position(node);
  reader.flag("enabled", event.enabled);
  reader.text("name", event.name);
  if (const YamlNode* list = reader.require("metrics")) {
    if (list->kind != YamlNode::Kind::list || list->items.empty())
      report.error(*list, "'metrics' must be a list of metrics");
    for (const YamlNode& item : list->items)
      if (auto id = read_metric_id(report, item, known); !id.empty()) event.metrics.push_back(std::move(id));
  }
  read_when(reader, event);
  read_effect(reader, event);
  reader.finish();
  for (const auto& id : event.metrics)
    if (known.metric(id) != nullptr && !is_forecast(known, id))
      report.warning(node, "no plan forecasts the metric '" + id + "': the event has no effect on it (add " +
                               "'proactive: {}' to an item with a target on it)");
  if (event.id.empty()) return std::nullopt;
  return event;
}

}  // namespace wave::definitions
