#pragma once

#include <array>
#include <string>
#include <string_view>

namespace wave::plans {

/// A function that expressions have beside the language's own. The tables below drive what the engine gets,
/// what the check of names knows and docs/reference/javascript.md.
struct Function {
  std::string_view name;
  std::string_view call;     ///< how it is written, optional arguments in []
  std::string_view answer;   ///< with its unit
  std::string_view without;  ///< what it answers when there is no data
  std::string_view example;  ///< of a metric `rps` and a component `web`
};

/// The first argument is the id of a metric or a component, written out.
constexpr std::array reading_functions = std::to_array<Function>(
    {{.name = "metric",
      .call = "metric(id[, {otherwise: number}])",
      .answer = "The last value of the metric. An id that is a JavaScript name may stand alone: `rps`.",
      .without = "Throws; with `otherwise` that number, and this read needs no fresh data.",
      .example = "metric('rps', {otherwise: 0})"},
     {.name = "series",
      .call = "series(id)",
      .answer = "Each series of the last answer, unaggregated: `[{labels: {name: text}, value: number}]`.",
      .without = "Throws.",
      .example = "series('rps').length"},
     {.name = "avg",
      .call = "avg(id, window)",
      .answer = "The mean of the samples, each with the same weight.",
      .without = "Throws.",
      .example = "avg('rps', '5m')"},
     {.name = "min",
      .call = "min(id, window)",
      .answer = "The smallest sample; of numbers `Math.min`.",
      .without = "Throws.",
      .example = "min('rps', '5m')"},
     {.name = "max",
      .call = "max(id, window)",
      .answer = "The largest sample; of numbers `Math.max`.",
      .without = "Throws.",
      .example = "max('rps', '5m')"},
     {.name = "sum",
      .call = "sum(id, window)",
      .answer = "The sum of the samples.",
      .without = "Throws.",
      .example = "sum('rps', '5m')"},
     {.name = "count",
      .call = "count(id, window)",
      .answer = "How many samples there are.",
      .without = "Throws; it is never 0.",
      .example = "count('rps', '5m')"},
     {.name = "last",
      .call = "last(id, window)",
      .answer = "The newest sample within the window.",
      .without = "Throws.",
      .example = "last('rps', '5m')"},
     {.name = "rate",
      .call = "rate(id, window)",
      .answer = "By how much a counter grows, per second; a drop is taken as its start from 0.",
      .without = "Throws, also with only one sample.",
      .example = "rate('rps', '5m')"},
     {.name = "slope",
      .call = "slope(id, window)",
      .answer = "The slope of the line of least squares through the samples, per second.",
      .without = "Throws, also with only one sample.",
      .example = "slope('rps', '10m')"},
     {.name = "percentile",
      .call = "percentile(id, p, window)",
      .answer = "The percentile of the samples, `p` from 0 to 100, interpolated between two.",
      .without = "Throws.",
      .example = "percentile('rps', 95, '10m')"},
     {.name = "forecast",
      .call = "forecast(id, {in: length[, quantile: number]})",
      .answer = "What the metric will be after that time. `quantile` is between 0 and 1, default 0.5.",
      .without = "Throws, also as long as there is too little history to forecast from.",
      .example = "forecast('rps', {in: '10m', quantile: 0.9})"},
     {.name = "forecastMax",
      .call = "forecastMax(id, {within: length[, quantile: number]})",
      .answer = "The largest that the metric will be from now until then. `quantile` as for `forecast`.",
      .without = "Throws, also as long as there is too little history to forecast from.",
      .example = "forecastMax('rps', {within: '30m', quantile: 0.9})"},
     {.name = "current",
      .call = "current(component[, value])",
      .answer =
          "The capacity that the component's system is told to have; `value` is one that the system tells, "
          "default `'desired'`.",
      .without = "Throws when the component was not observed lately, or does not tell that value.",
      .example = "current('web')"},
     {.name = "ready",
      .call = "ready(component)",
      .answer = "How much of the capacity serves; the same as `current` where the system does not tell.",
      .without = "Throws when the component was not observed lately.",
      .example = "ready('web')"}});

constexpr std::array clock_functions = std::to_array<Function>(
    {{.name = "now",
      .call = "now()",
      .answer = "The time in seconds since 1970-01-01T00:00:00Z, with a fraction.",
      .example = "now()"},
     {.name = "hour",
      .call = "hour([zone])",
      .answer = "The hour of the day, 0 to 23.",
      .example = "hour('Asia/Seoul')"},
     {.name = "weekday",
      .call = "weekday([zone])",
      .answer = "The day of the week, 0 (Sunday) to 6.",
      .example = "weekday('Asia/Seoul')"},
     {.name = "between",
      .call = "between(from, to[, zone])",
      .answer =
          "Whether the time of day is at or after `from` and before `to`, as in '09:00' up to '24:00'; past "
          "midnight where `from` is not before `to`.",
      .example = "between('09:00', '18:00', 'Asia/Seoul')"}});

bool is_reading_function(std::string_view name);
bool is_clock_function(std::string_view name);

/// docs/reference/javascript.md.
std::string javascript_markdown();

}  // namespace wave::plans
