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
  event.duration = event.schedule->duration.value_or(1h);
}

}  // namespace

std::optional<EventDefinition> read_event(const Report& report, const YamlNode& node,
                                          const Definitions& known) {
  MapReader reader(report, node, "an Event");
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
  reader.number("factor", event.factor, {.min = 0, .max = 1000});
  reader.number("amount", event.amount, {.min = -1e15, .max = 1e15});
  reader.finish();
  report.warning(node, "events have no effect on forecasts yet");
  if (event.id.empty()) return std::nullopt;
  return event;
}

}  // namespace wave::definitions
