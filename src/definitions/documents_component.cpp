#include "definitions/definitions.h"
#include "definitions/fields.h"

namespace wave::definitions::blocks {

using enum FieldType;

const Block& bounds() {
  static const Block block{
      .name = "a value's limits",
      .title = "limits of one value",
      .about = "For components with several values: `limits: { read_capacity: { min: 5, max: 500 } }`.",
      .fields = {
          {.name = "min", .type = number, .help = "In the unit of the value; default as below `limits`."},
          {.name = "max", .type = number, .help = "The same."}}};
  return block;
}

const Block& limits() {
  static const Block block{
      .name = "'limits'",
      .title = "limits",
      .about =
          "Between which numbers it is scaled. What is written always holds, also without a wish or data. "
          "The range that the system itself allows stands on the kind's page.",
      .fields = {{.name = "min",
                  .type = number_or_map,
                  .help =
                      "Of the kind's main value. Without it the larger of 1 and what the system allows: to "
                      "go to zero, write 0."},
                 {.name = "max",
                  .type = number_or_map,
                  .help =
                      "Of the kind's main value. Without it the system's own bound; where it has none, it "
                      "is required."}},
      .others = {{.name = "a value of its kind",
                  .type = FieldType::inner,
                  .help = "The limits of that value.",
                  .inside = &bounds()}}};
  return block;
}

const Block& policy() {
  static const Block block{
      .name = "a policy",
      .title = "a policy",
      .about = "As in Kubernetes' autoscaling/v2: so much change in so much time.",
      .fields = {{.name = "type",
                  .type = choice,
                  .help = "`percent` of what was there, or a `count`; `pods` is the same as `count`.",
                  .required = true,
                  .choices = "percent|pods|count"},
                 {.name = "value",
                  .type = number,
                  .help = "How much.",
                  .required = true,
                  .min = 0,
                  .max = 1e9,
                  .above_min = true},
                 {.name = "period",
                  .type = duration,
                  .help = "In how much time.",
                  .required = true,
                  .shortest = 1s,
                  .longest = 24h}}};
  return block;
}

const Block& rules() {
  static const Block block{
      .name = "'scale_up'",
      .title = "scale_up and scale_down",
      .about = "As in Kubernetes' autoscaling/v2, with its defaults for keys that are left out.",
      .fields = {
          {.name = "stabilization_window",
           .type = duration,
           .help =
               "The past that counts: up only to the smallest wish in it, down only to the largest. Default "
               "0s for `scale_up`, 5m for `scale_down`.",
           .longest = 24h},
          {.name = "policies",
           .type = FieldType::inner_list,
           .help = "At most 64; an empty list is no limit. Default: 100 percent in 15s, and for `scale_up` "
                   "also 4 in 15s.",
           .inside = &policy()},
          {.name = "select_policy",
           .type = choice,
           .help = "Which of several policies holds: the one that allows the most or the least change; "
                   "`disabled`: no change in this direction.",
           .default_value = "max",
           .choices = "max|min|disabled"}}};
  return block;
}

const Block& behavior() {
  static const Block block{
      .name = "'behavior'",
      .title = "behavior",
      .about =
          "How fast it may change. A direction that is absent: up at once and without limit; down after a "
          "stabilization window of 5m.",
      .fields = {{.name = "scale_up", .type = FieldType::inner, .help = "Growth.", .inside = &rules()},
                 {.name = "scale_down", .type = FieldType::inner, .help = "Shrinking.", .inside = &rules()}}};
  return block;
}

const Block& cooldown() {
  static const Block block{.name = "'cooldown'",
                           .title = "cooldown",
                           .about = "How long nothing happens after a change.",
                           .fields = {{.name = "up",
                                       .type = duration,
                                       .help = "No growth so long after a change.",
                                       .default_value = "0s",
                                       .longest = 30 * 24h},
                                      {.name = "down",
                                       .type = duration,
                                       .help = "No shrinking so long after a change.",
                                       .default_value = "0s",
                                       .longest = 30 * 24h}}};
  return block;
}

const Block& component() {
  static const Block block{
      .name = "a ScalingComponent",
      .title = "ScalingComponent",
      .about = "Something that is scaled, within which limits and how fast.",
      .fields =
          {fields::kind("ScalingComponent"),
           fields::id("Its name, without blanks, at most 253 bytes."),
           {.name = "component_kind",
            .type = kind,
            .help = "What is scaled: one of the [component kinds](../README.md#component-kinds).",
            .required = true},
           fields::metadata(),
           fields::enabled("`false`: it is neither observed nor changed."),
           {.name = "limits",
            .type = FieldType::inner,
            .help = "Between which numbers.",
            .inside = &limits()},
           {.name = "behavior", .type = FieldType::inner, .help = "How fast.", .inside = &behavior()},
           {.name = "cooldown",
            .type = FieldType::inner,
            .help = "How long nothing happens after a change.",
            .inside = &cooldown()},
           {.name = "ready_after",
            .type = duration,
            .help = "How long new capacity takes to serve, which is how far a forecast looks ahead. `auto`: "
                    "learned where it can be observed (the 90th percentile), until then what the kind's page "
                    "says.",
            .default_value = "auto",
            .choices = "auto",
            .longest = 24h},
           {.name = "on_conflict",
            .type = choice,
            .help =
                "What to do when something else, such as a HorizontalPodAutoscaler, steers the same thing: "
                "nothing but saying so, raising its lower bound where there is one, or scaling all the same.",
            .default_value = "refuse",
            .choices = "refuse|raise_floor|ignore"},
           {.name = "scale_in",
            .type = flag,
            .help =
                "Whether it may become smaller. Default `true`, `false` for kinds that hold data: see the "
                "kind's page."},
           {.name = "dry_run",
            .type = flag,
            .help = "Decides and records; applies nothing.",
            .default_value = "false"}},
      .example =
          "kind: ScalingComponent\nid: api\ncomponent_kind: kubernetes-deployment\nmetadata: { namespace: "
          "shop, name: api }\nlimits: { min: 2, max: 40 }\nbehavior:\n  scale_down: { "
          "stabilization_window: 10m }\n"};
  return block;
}

}  // namespace wave::definitions::blocks
