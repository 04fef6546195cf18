#include <algorithm>
#include <array>

#include "base/text.h"
#include "definitions/load_parts.h"

namespace wave::definitions {
namespace {

constexpr double kNoBound = 1e308;

/// Without words of the user: never below 1 for the main value, and the system's own bound above.
Limits default_limits(const KindTable& kind, const ValueSpec& spec) {
  const bool main = spec.name == kind.values.front().name;
  return {.min = std::min(main ? std::max(1.0, spec.lowest) : spec.lowest, spec.highest),
          .max = spec.highest};
}

/// `owner` is the map that holds `min` and `max`; other keys in it are somebody else's.
Limits read_bounds(MapReader& reader, const KindTable& kind, const ValueSpec& spec) {
  Limits limits = default_limits(kind, spec);
  const NumberRule rule{.min = spec.lowest, .max = spec.highest, .integral = spec.integral};
  const YamlNode* min = reader.find("min");
  if (min != nullptr) {
    if (const auto value = read_number(reader.report(), *min, "min", rule)) {
      limits.min = *value;
      limits.min_written = true;
      check_choice(reader.report(), *min, spec, *value);
    }
  }
  if (const YamlNode* max = reader.find("max")) {
    const auto value = read_number(reader.report(), *max, "max", rule);
    // A bad number was reported; it shall not be reported as missing, too.
    limits.max = value.value_or(kNoBound / 2);
    limits.max_written = true;
    if (value) check_choice(reader.report(), *max, spec, *value);
    if (value && *value < limits.min)
      reader.report().error(*max,
                            "'max' (" + shortest(*value) + ") is below 'min' (" + shortest(limits.min) + ")");
  }
  return limits;
}

const YamlNode* entry(const YamlNode& node, std::string_view key) {
  for (const auto& [name, value] : node.entries)
    if (name.text == key) return &value;
  return nullptr;
}

bool is_map(const YamlNode* node) {
  return node != nullptr && node->kind == YamlNode::Kind::map;
}

void read_limits(const Report& report, const YamlNode& node, ComponentDefinition& component) {
  const KindTable& kind = *component.kind;
  if (kind.values.empty()) return;
  MapReader reader(report, node, blocks::limits());
  // A kind may have values that are called min and max: a map below such a key is the value's.
  const bool main_bounds = !is_map(entry(node, "min")) && !is_map(entry(node, "max"));
  const ValueSpec& main = kind.values.front();
  const bool has_main = component.lacks(main.name).empty();
  if (main_bounds && (has_main || entry(node, "min") != nullptr || entry(node, "max") != nullptr))
    component.limits[std::string(main.name)] =
        read_bounds(reader, kind, fitted(report, node, main, component));
  for (const ValueSpec& spec : kind.values) {
    if (main_bounds && (spec.name == "min" || spec.name == "max")) continue;
    for (const std::string_view name : {spec.name, spec.alias}) {
      const YamlNode* value = name.empty() ? nullptr : reader.find(name);
      if (value == nullptr) continue;
      MapReader bounds(report, *value, "'" + std::string(name) + "'", &blocks::bounds());
      if (&spec == &main && main_bounds && (entry(node, "min") != nullptr || entry(node, "max") != nullptr))
        report.error(*value, "the limits of '" + std::string(name) + "' are given twice");
      component.limits[std::string(spec.name)] =
          read_bounds(bounds, kind, fitted(report, *value, spec, component));
      bounds.finish();
    }
  }
  reader.finish();
}

void require_max(const Report& report, const YamlNode& place, ComponentDefinition& component) {
  if (component.kind->values.empty()) return;
  const ValueSpec& main = component.kind->values.front();
  if (component.lacks(main.name).empty())
    component.limits.try_emplace(std::string(main.name), default_limits(*component.kind, main));
  for (const auto& [name, limits] : component.limits)
    if (!limits.max_written && limits.max >= kNoBound)
      report.error(place, "'limits' needs 'max' for '" + name + "': " + std::string(component.kind->name) +
                              " has no bound of its own");
}

RatePolicy read_policy(const Report& report, const YamlNode& node) {
  RatePolicy policy;
  MapReader reader(report, node, blocks::policy());
  const YamlNode* type = reader.require("type");
  const std::vector<std::string> types = {"percent", "pods", "count"};
  const auto chosen = type != nullptr ? read_choice(report, *type, "type", types) : std::nullopt;
  policy.type = chosen.value_or(0) == 0 ? RatePolicy::Type::percent : RatePolicy::Type::count;
  if (const YamlNode* value = reader.require("value"))
    policy.value =
        read_number(report, *value, "value", {.min = 0, .max = 1e9, .above_min = true}).value_or(1);
  if (const YamlNode* period = reader.require("period"))
    policy.period = read_duration(report, *period, "period", {.min = 1s, .max = 24h}).value_or(15s);
  reader.finish();
  return policy;
}

/// `rules` holds what autoscaling/v2 defaults to.
ScalingRules read_rules(const Report& report, const YamlNode& node, const std::string& name,
                        ScalingRules rules) {
  MapReader reader(report, node, "'" + name + "'", &blocks::rules());
  reader.duration("stabilization_window", rules.stabilization_window, {.max = 24h});
  if (const YamlNode* policies = reader.find("policies")) {
    rules.policies.clear();
    if (policies->kind != YamlNode::Kind::list || policies->items.size() > 64) {
      report.error(*policies, "'policies' must be a list of at most 64 policies");
    } else {
      for (const YamlNode& item : policies->items) rules.policies.push_back(read_policy(report, item));
    }
  }
  constexpr std::array kSelects = {ScalingRules::Select::max, ScalingRules::Select::min,
                                   ScalingRules::Select::disabled};
  if (const auto chosen = reader.choice("select_policy", {"max", "min", "disabled"}))
    rules.select = kSelects[*chosen];
  reader.finish();
  return rules;
}

Behavior read_behavior(const Report& report, const YamlNode& node) {
  using Type = RatePolicy::Type;
  const RatePolicy doubling{.type = Type::percent, .value = 100, .period = 15s};
  const RatePolicy four{.type = Type::count, .value = 4, .period = 15s};
  Behavior behavior;
  MapReader reader(report, node, blocks::behavior());
  if (const YamlNode* up = reader.find("scale_up"))
    behavior.up = read_rules(report, *up, "scale_up", {.policies = {doubling, four}});
  if (const YamlNode* down = reader.find("scale_down"))
    behavior.down =
        read_rules(report, *down, "scale_down", {.stabilization_window = 300s, .policies = {doubling}});
  reader.finish();
  return behavior;
}

void read_ready_after(MapReader& reader, ComponentDefinition& component) {
  const YamlNode* node = reader.find("ready_after");
  if (node == nullptr || node->text == "auto") return;
  component.ready_after = read_duration(reader.report(), *node, "ready_after", {.max = 24h});
}

void read_cooldown(MapReader& reader, ComponentDefinition& component) {
  const YamlNode* node = reader.find("cooldown");
  if (node == nullptr) return;
  MapReader cooldown(reader.report(), *node, blocks::cooldown());
  cooldown.duration("up", component.cooldown_up, {.max = 30 * 24h});
  cooldown.duration("down", component.cooldown_down, {.max = 30 * 24h});
  cooldown.finish();
}

}  // namespace

void check_choice(const Report& report, const YamlNode& node, const ValueSpec& spec, double number) {
  const auto choices = split_choices(spec.choices);
  if (choices.empty() || std::ranges::find(choices, shortest(number)) != choices.end()) return;
  std::string all = choices.front();
  for (std::size_t i = 1; i < choices.size(); ++i)
    all += (i + 1 == choices.size() ? " or " : ", ") + choices[i];
  report.error(node, "'" + std::string(spec.name) + "' is " + all + ", not " + shortest(number));
}

ValueSpec fitted(const Report& report, const YamlNode& node, const ValueSpec& spec,
                 const ComponentDefinition& component) {
  ValueSpec out = spec;
  if (const std::string why = component.lacks(spec.name); !why.empty())
    report.error(node, "'" + component.id + "' has no '" + std::string(spec.name) + "': " + why);
  if (spec.place_in.empty()) return out;
  const auto places = component.metadata.list(spec.place_in).size();
  if (places == 0) {
    report.error(node, "'" + std::string(spec.name) + "' is a place in '" + std::string(spec.place_in) +
                           "', a list that the metadata of '" + component.id + "' does not have");
  } else {
    out.highest = static_cast<double>(places);
  }
  return out;
}

std::optional<ComponentDefinition> read_component(const Report& report, const YamlNode& node,
                                                  const Catalog& catalog) {
  MapReader reader(report, node, blocks::component());
  ComponentDefinition component;
  reader.find("kind");
  component.id = read_id(reader);
  component.position = report.position(node);
  component.kind = read_kind(reader, "component_kind", Document::component, catalog);
  if (component.kind != nullptr) component.scale_in = component.kind->scale_in;
  reader.flag("enabled", component.enabled);
  reader.flag("dry_run", component.dry_run);
  reader.flag("scale_in", component.scale_in);
  read_cooldown(reader, component);
  read_ready_after(reader, component);
  if (const YamlNode* behavior = reader.find("behavior"))
    component.behavior = read_behavior(report, *behavior);
  constexpr std::array kConflicts = {OnConflict::refuse, OnConflict::raise_floor, OnConflict::ignore};
  if (const auto chosen = reader.choice("on_conflict", {"refuse", "raise_floor", "ignore"}))
    component.on_conflict = kConflicts[*chosen];
  const YamlNode* metadata = reader.find("metadata");
  const YamlNode* limits = reader.find("limits");
  if (component.kind != nullptr) {
    component.metadata = read_metadata(report, metadata, node, *component.kind);
    if (component.kind->problem != nullptr)
      if (const std::string problem = component.kind->problem(component.metadata); !problem.empty())
        report.error(metadata != nullptr ? *metadata : node, problem);
    if (limits != nullptr) read_limits(report, *limits, component);
    if (limits == nullptr || is_map(limits))
      require_max(report, limits != nullptr ? *limits : node, component);
  }
  reader.finish();
  if (component.id.empty() || component.kind == nullptr) return std::nullopt;
  return component;
}

}  // namespace wave::definitions
