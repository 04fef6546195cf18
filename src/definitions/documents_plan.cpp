#include "base/text.h"
#include "definitions/definitions.h"
#include "definitions/fields.h"

namespace wave::definitions::blocks {

using enum FieldType;

namespace {

Field metric_id() {
  return {.name = "metric", .help = "The metric's id.", .required = true};
}

}  // namespace

const Block& wish() {
  static const Block block{
      .name = "an entry of 'scaling_components'",
      .title = "plans.scaling_components",
      .about =
          "What the item asks of one component: a value such as `desired`, unless a strategy gives it, or "
          "`at_least`. A number has to be finite and not below 0; a fraction is rounded up.",
      .fields = {{.name = "component_id", .help = "Which component.", .required = true},
                 {.name = "at_least",
                  .type = expression,
                  .help =
                      "Raises what the others wish, while the item wins; an item that has only this never "
                      "shadows another."}},
      .others = {{.name = "a value of its kind",
                  .type = expression,
                  .help = "`desired` for most; the kind's page has all."}}};
  return block;
}

const Block& schedule() {
  static const Block block{
      .name = "'schedule'",
      .title = "schedule",
      .about = "A time that comes again.",
      .fields = {{.name = "cron",
                  .help = "When it begins: five fields, six (seconds first) or seven (the year last).",
                  .required = true},
                 {.name = "timezone",
                  .help = "An IANA name, such as Asia/Seoul.",
                  .default_value = Schedule{}.timezone},
                 {.name = "duration",
                  .type = duration,
                  .help = "How long it lasts. Without it the item fires at an instant.",
                  .shortest = 1s},
                 {.name = "grace",
                  .type = duration,
                  .help = "How late an instant may still fire after a restart.",
                  .default_value = format_duration(Schedule{}.grace),
                  .longest = 7 * 24h},
                 {.name = "lead",
                  .type = duration,
                  .help = "How much earlier it begins, so that capacity serves in time; it ends as it would "
                          "without. Needs a `duration`.",
                  .default_value = "0s",
                  .longest = 7 * 24h}}};
  return block;
}

const Block& activation() {
  static const Block block{
      .name = "'activation'",
      .title = "plans.target.activation",
      .about = "From and to zero, for components with `min: 0`.",
      .fields = {{.name = "above",
                  .type = number,
                  .help = "From zero only when the metric is above this; to zero only when "
                          "it is at or below it.",
                  .required = true}}};
  return block;
}

const Block& target() {
  static const Block block{
      .name = "'target'",
      .title = "plans.target",
      .about = "As many units as keep the metric at a number for each. Needs `per_unit` or `average`.",
      .fields = {metric_id(),
                 {.name = "per_unit",
                  .type = number,
                  .help = "What one unit shall carry, when the metric is the total.",
                  .min = 0,
                  .above_min = true},
                 {.name = "average",
                  .type = number,
                  .help = "What the metric shall be, when it is already that of one ready unit.",
                  .min = 0,
                  .above_min = true},
                 {.name = "limit_per_unit",
                  .type = number,
                  .help = "What one unit carries before service suffers, at least `per_unit`. Default 1.4 x "
                          "that."},
                 {.name = "tolerance",
                  .type = number,
                  .help = "The share by which the metric may be off without a change.",
                  .default_value = shortest(Target{}.tolerance),
                  .min = 0,
                  .max = 1},
                 {.name = "activation",
                  .type = FieldType::inner,
                  .help = "When to leave zero and to go there.",
                  .inside = &activation()}}};
  return block;
}

const Block& threshold() {
  static const Block block{
      .name = "'threshold'",
      .title = "plans.threshold",
      .about = "A step up above a number, a step down below another. Needs `above` or `below`.",
      .fields = {metric_id(),
                 {.name = "above", .type = number, .help = "Above this it grows."},
                 {.name = "below", .type = number, .help = "Below this it shrinks; at most `above`."},
                 {.name = "by",
                  .type = number_or_share,
                  .help = "The step: a number of units above 0, or a share such as \"20%\".",
                  .default_value = shortest(Threshold{}.amount)},
                 {.name = "to", .type = number, .help = "Instead of `by`: the capacity to go to.", .min = 0},
                 {.name = "settle",
                  .type = duration,
                  .help = "How long the metric must have been on that side.",
                  .default_value = "0s",
                  .longest = 24h}}};
  return block;
}

const Block& proactive() {
  static const Block block{
      .name = "'proactive'",
      .title = "plans.proactive",
      .about =
          "Scales before the load is there; for a `target` with `per_unit`. `proactive: {}` has all "
          "defaults; [how it works](../../how-to/look-ahead.md).",
      .fields = {
          {.name = "mode",
           .type = choice,
           .help = "`forecast_only` records what it would have done.",
           .default_value = "forecast_and_scale",
           .choices = "forecast_and_scale|forecast_only"},
          {.name = "floor",
           .type = choice,
           .help = "`reactive`: never below what the load of now asks for; `none`: a sure forecast may go "
                   "closer to `limit_per_unit`.",
           .default_value = "reactive",
           .choices = "reactive|none"},
          {.name = "violation_cost",
           .type = number,
           .help =
               "One minute above `limit_per_unit` is worth so many minutes of the mean fleet; a quarter of "
               "that while the forecast is not proven.",
           .default_value = shortest(Proactive{}.violation_cost),
           .min = 0,
           .max = 1e6,
           .above_min = true},
          {.name = "quantile",
           .type = number,
           .help = "Instead of `violation_cost`: the quantile of the forecast that is provided for.",
           .min = 0.01,
           .max = 0.999},
          {.name = "max_margin",
           .type = number,
           .help = "At most (1 + this) times the forecast's median counts. Default 0.3 with `quantile`, no "
                   "bound with `violation_cost`.",
           .min = 0,
           .max = 100}}};
  return block;
}

const Block& fallback() {
  static const Block block{.name = "'fallback'",
                           .title = "plans.fallback",
                           .about = "What holds when the item's metrics are not fresh for some time.",
                           .fields = {{.name = "after",
                                       .type = duration,
                                       .help = "So long without fresh data.",
                                       .default_value = format_duration(Fallback{}.after),
                                       .longest = 30 * 24h},
                                      {.name = "desired",
                                       .type = choice_or_number,
                                       .help = "Keep the capacity, take the last wish, or this number.",
                                       .default_value = "hold",
                                       .choices = "hold|last"},
                                      {.name = "direction",
                                       .type = choice,
                                       .help = "Whether it may also make it smaller.",
                                       .default_value = "up",
                                       .choices = "up|both"}}};
  return block;
}

const Block& item() {
  static const Block block{
      .name = "an item of 'plans'",
      .title = "plans",
      .about =
          "An item wins when its `expression` is true and its `schedule` is active, where it has them. For "
          "each component the first winner by descending priority, then by order, gives the wish. It has "
          "at most one of `target` and `threshold`, and of `schedule` and `cron_expression`.",
      .fields = {
          fields::id("Unique in the plan."),
          fields::enabled("`false`: it never wins."),
          {.name = "expression",
           .type = expression,
           .help =
               "[JavaScript](../javascript.md) that is true when the item wins; without it it always does."},
          {.name = "priority",
           .type = whole,
           .help = "Higher is tried first.",
           .default_value = "0",
           .min = -1e6,
           .max = 1e6},
          {.name = "schedule", .type = FieldType::inner, .help = "When it is active.", .inside = &schedule()},
          {.name = "cron_expression",
           .help = "Fires at an instant, UTC; the wish stands until it was applied, at most `grace`."},
          {.name = "grace",
           .type = duration,
           .help = "How late a `cron_expression` may still fire.",
           .default_value = format_duration(Schedule{}.grace),
           .longest = 7 * 24h},
          {.name = "target",
           .type = FieldType::inner,
           .help = "A number of units for the metric.",
           .inside = &target()},
          {.name = "threshold",
           .type = FieldType::inner,
           .help = "Steps above and below numbers.",
           .inside = &threshold()},
          {.name = "proactive",
           .type = FieldType::inner,
           .help = "Ahead of the load.",
           .inside = &proactive()},
          {.name = "fallback",
           .type = FieldType::inner,
           .help = "Without fresh data.",
           .inside = &fallback()},
          {.name = "scaling_components",
           .type = FieldType::inner_list,
           .help = "What is asked, of at least one component.",
           .required = true,
           .inside = &wish()}}};
  return block;
}

const Block& plan() {
  static const Block block{
      .name = "a ScalingPlan",
      .title = "ScalingPlan",
      .about = "What capacity is wished, and when.",
      .fields = {fields::kind("ScalingPlan"),
                 fields::id("Its name, without blanks, at most 253 bytes."),
                 fields::enabled("`false`: it wishes nothing."),
                 {.name = "interval",
                  .type = duration,
                  .help = "It is evaluated when something that it reads changes, and at least this often.",
                  .default_value = format_duration(PlanDefinition{}.interval),
                  .shortest = 10ms,
                  .longest = 24h},
                 {.name = "variables",
                  .type = expressions,
                  .help =
                      "[JavaScript](../javascript.md) by name, for use in the items. Evaluated when it is "
                      "used: an error hits only the items that use it."},
                 {.name = "plans",
                  .type = FieldType::inner_list,
                  .help = "1 to 1000 items.",
                  .required = true,
                  .inside = &item()}},
      .example =
          "kind: ScalingPlan\nid: api_plan\nvariables: { load: api_rps / 200 }\nplans:\n  - id: campaign\n"
          "    priority: 1\n    schedule: { cron: '0 9 * * MON-FRI', timezone: Asia/Seoul, duration: 2h "
          "}\n    scaling_components: [{ component_id: api, at_least: 30 }]\n  - id: follow-load\n    "
          "scaling_components: [{ component_id: api, desired: Math.ceil(load) }]\n"};
  return block;
}

}  // namespace wave::definitions::blocks
