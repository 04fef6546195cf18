#include "definitions/documents.h"

#include <algorithm>

#include "definitions/definitions.h"
#include "definitions/fields.h"
#include "definitions/reader.h"

namespace wave::definitions {

using enum FieldType;

const Field* Block::field(std::string_view key) const {
  const auto found = std::ranges::find(fields, key, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}

namespace blocks {

const Block& learning() {
  static const Block block{
      .name = "'forecast'",
      .title = "forecast",
      .about =
          "How the past is kept that forecasts learn from. `history` holds at most 100,000 times `step`.",
      .fields = {{.name = "step",
                  .type = duration,
                  .help = "The distance of two values of the series that is learned from.",
                  .default_value = format_duration(Learning{}.step),
                  .shortest = 1s,
                  .longest = 24h},
                 {.name = "history",
                  .type = duration,
                  .help = "How much of it is kept.",
                  .default_value = format_duration(Learning{}.history),
                  .shortest = 1h}}};
  return block;
}

const Block& metric() {
  static const Block block{
      .name = "a Metric",
      .title = "Metric",
      .about = "A number that tells of the load, and how it is read.",
      .fields =
          {fields::kind("Metric"),
           fields::id(
               "Its name, without blanks, at most 253 bytes. In JavaScript it is a variable; one that is no "
               "JavaScript name is read as `metric('my-id')`."),
           {.name = "metric_kind",
            .type = kind,
            .help = "Where the number comes from: one of the [metric kinds](../README.md#metric-kinds).",
            .required = true},
           fields::metadata(),
           fields::enabled("`false`: it is not polled, and what reads it finds no data."),
           {.name = "polling_interval",
            .type = duration,
            .help = "From one poll to the next; a number without unit is milliseconds.",
            .default_value = format_duration(MetricDefinition{}.polling_interval),
            .shortest = 10ms,
            .longest = 7 * 24h},
           {.name = "timeout",
            .type = duration,
            .help = "After which a poll has failed.",
            .default_value = format_duration(MetricDefinition{}.timeout),
            .shortest = 1ms,
            .longest = 10min},
           {.name = "stale_after",
            .type = duration,
            .help =
                "Age from which a value is not fresh any more: then nothing becomes smaller because of it. "
                "Without it 3 x `polling_interval` + `timeout` + what the source itself is late, or what "
                "the kind's page says.",
            .shortest = 1ms},
           {.name = "aggregate",
            .type = choice,
            .help = "What several series of one answer become; `error`: an answer with several is a failure, "
                    "and `series('id')` reads them one by one.",
            .default_value = "error",
            .choices = "error|sum|avg|max|min|first"},
           {.name = "on_empty",
            .type = choice_or_number,
            .help = "What an answer without a value means: a failed poll, 0, the last value, or this number.",
            .default_value = "fail",
            .choices = "fail|zero|last"},
           {.name = "forecast",
            .type = FieldType::inner,
            .help = "How its past is kept for forecasts; any metric that is forecast has it.",
            .inside = &learning()}},
      .example =
          "kind: Metric\nid: api_rps\nmetric_kind: prometheus\nmetadata:\n  endpoint: "
          "http://prometheus:9090\n  query: sum(rate(http_requests_total[1m]))\npolling_interval: "
          "15s\non_empty: zero\n"};
  return block;
}

const Block& event() {
  static const Block block{
      .name = "an Event",
      .title = "Event",
      .about =
          "Something known beforehand that moves metrics: a campaign, a match. Its occurrences raise the "
          "forecasts of its metrics, and what it did is learned for the next of its name. It has either "
          "`start` and `duration`, or `schedule`.",
      .fields = {fields::kind("Event"),
                 fields::id("Without blanks, at most 253 bytes."),
                 {.name = "name", .help = "Events of one name teach each other. Without it the id."},
                 fields::enabled("`false`: it is as if it were not there."),
                 {.name = "metrics",
                  .type = texts,
                  .help = "The ids of the metrics that it moves.",
                  .required = true},
                 {.name = "start",
                  .help = "When it begins, once: ISO-8601 with `Z` or an offset, such as "
                          "2026-11-27T09:00:00+09:00."},
                 {.name = "duration",
                  .type = duration,
                  .help = "How long it lasts from `start`; with a `schedule` it stands there.",
                  .shortest = 1min,
                  .longest = 31 * 24h},
                 {.name = "schedule",
                  .type = FieldType::inner,
                  .help = "When it comes again; its `duration` is required, from 1m to 31d.",
                  .inside = &schedule()},
                 {.name = "factor",
                  .type = number,
                  .help =
                      "What is expected until it was seen: load = usual load x factor + amount. Forecasts "
                      "are only raised: below 1 it keeps what happens from being learned.",
                  .min = 0,
                  .max = 1000,
                  .above_min = true},
                 {.name = "amount",
                  .type = number,
                  .help = "Load that comes on top, in the metric's unit.",
                  .default_value = "0",
                  .min = 0,
                  .max = 1e15}},
      .example =
          "kind: Event\nid: final\nname: match\nmetrics: [api_rps]\nstart: "
          "2026-07-19T15:00:00-04:00\nduration: 3h\nfactor: 2.5\n"};
  return block;
}

}  // namespace blocks

const std::vector<const Block*>& documents() {
  static const std::vector<const Block*> all = {&blocks::metric(), &blocks::component(), &blocks::plan(),
                                                &blocks::event()};
  return all;
}

}  // namespace wave::definitions
