#include <algorithm>

#include "definitions/load_parts.h"

namespace wave::definitions {
namespace {

constexpr std::size_t kMostItems = 1000;

bool is_identifier(std::string_view text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
  };
  return !text.empty() && letter(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

/// Reports a component that does not exist.
ComponentDefinition* find_component(const Report& report, const YamlNode& node, const std::string& id,
                                    Definitions& known) {
  const auto found = std::ranges::lower_bound(known.components, id, {}, &ComponentDefinition::id);
  if (found == known.components.end() || found->id != id) {
    std::vector<std::string> ids;
    for (const ComponentDefinition& other : known.components) ids.push_back(other.id);
    report.error(node, "there is no scaling component '" + id + "'" + did_you_mean(id, ids));
    return nullptr;
  }
  if (!found->enabled) report.warning(node, "the scaling component '" + id + "' is not enabled");
  return &*found;
}

/// A value that a plan names and the user gave no limits for has the kind's own.
void add_limits(const Report& report, const YamlNode& node, const ValueSpec& spec,
                ComponentDefinition& component) {
  const auto [limits, added] =
      component.limits.try_emplace(std::string(spec.name), Limits{.min = spec.lowest, .max = spec.highest});
  if (added && spec.highest >= 1e308 && component.lacks(spec.name).empty())
    report.error(node, "the 'limits' of '" + component.id + "' need a 'max' for '" + std::string(spec.name) +
                           "': " + std::string(component.kind->name) + " has no bound of its own");
}

void read_values(MapReader& reader, ComponentDefinition& component, ComponentWish& wish) {
  for (const ValueSpec& spec : component.kind->values) {
    for (const std::string_view name : {spec.name, spec.alias}) {
      const YamlNode* node = name.empty() ? nullptr : reader.find(name);
      if (node == nullptr) continue;
      add_limits(reader.report(), *node, fitted(reader.report(), *node, spec, component), component);
      if (auto value = read_expression(reader.report(), *node, name)) {
        if (value->number && *value->number < 0)
          reader.report().error(*node, "'" + std::string(name) + "' must not be below 0");
        if (value->number) check_choice(reader.report(), *node, spec, *value->number);
        wish.values.insert_or_assign(std::string(spec.name), std::move(*value));
      }
    }
  }
}

std::optional<ComponentWish> read_wish(const Report& report, const YamlNode& node, Definitions& known) {
  MapReader reader(report, node, blocks::wish());
  ComponentWish wish{.position = report.position(node)};
  const YamlNode* id = reader.require("component_id");
  if (id == nullptr) return std::nullopt;
  wish.component_id = read_text(report, *id, "component_id").value_or("");
  if (wish.component_id.empty()) return std::nullopt;
  if (const YamlNode* floor = reader.find("at_least")) {
    wish.at_least = read_expression(report, *floor, "at_least");
    if (wish.at_least && wish.at_least->number && *wish.at_least->number < 0)
      report.error(*floor, "'at_least' must not be below 0");
  }
  ComponentDefinition* component = find_component(report, *id, wish.component_id, known);
  // Which values exist is known only with the component.
  if (component == nullptr) return std::nullopt;
  if (const YamlNode* floor = reader.find("at_least"); floor != nullptr && !component->kind->values.empty())
    fitted(reader.report(), *floor, component->kind->values.front(), *component);
  read_values(reader, *component, wish);
  reader.finish();
  return wish;
}

/// What an item asks for must be one thing, and something.
void check_wish(const Report& report, const YamlNode& node, const PlanItem& item, const ComponentWish& wish,
                const Definitions& known) {
  const char* strategy = item.target ? "'target'" : item.threshold ? "'threshold'" : nullptr;
  const std::string main(known.component(wish.component_id)->kind->values.empty()
                             ? "desired"
                             : known.component(wish.component_id)->kind->values.front().name);
  if (strategy != nullptr && wish.values.contains(main))
    report.error(node, "'" + main + "' and the item's " + strategy + " exclude each other");
  if (strategy == nullptr && wish.values.empty() && !wish.at_least)
    report.error(node, "nothing is asked of '" + wish.component_id + "': it needs '" + main +
                           "' or 'at_least', or the item 'target' or 'threshold'");
}

void read_components(const Report& report, const YamlNode& list, Definitions& known, PlanItem& item) {
  if (list.kind != YamlNode::Kind::list || list.items.empty()) {
    report.error(list, "'scaling_components' must be a list of at least one entry");
    return;
  }
  std::map<std::string, int> lines;
  for (const YamlNode& node : list.items) {
    auto wish = read_wish(report, node, known);
    if (!wish) continue;
    const auto [place, first] = lines.emplace(wish->component_id, node.line);
    if (!first) {
      report.error(node, "the scaling component '" + wish->component_id +
                             "' is named twice in this item, first in line " + std::to_string(place->second));
      continue;
    }
    check_wish(report, node, item, *wish, known);
    item.components.push_back(std::move(*wish));
  }
}

void read_times(MapReader& reader, PlanItem& item) {
  const YamlNode* schedule = reader.find("schedule");
  const YamlNode* instant = reader.find("cron_expression");
  const YamlNode* grace = reader.find("grace");
  const Report& report = reader.report();
  if (schedule != nullptr) item.schedule = read_schedule(report, *schedule);
  if (instant != nullptr && schedule != nullptr)
    report.error(*instant, "'schedule' and 'cron_expression' exclude each other");
  else if (instant != nullptr)
    item.schedule = read_cron_expression(report, *instant);
  if (grace == nullptr) return;
  if (instant == nullptr) report.error(*grace, "'grace' belongs to 'cron_expression', or into 'schedule'");
  const auto value = read_duration(report, *grace, "grace", {.max = 7 * 24h});
  if (value && item.schedule) item.schedule->grace = *value;
}

void read_strategies(MapReader& reader, const Definitions& known, PlanItem& item) {
  const Report& report = reader.report();
  if (const YamlNode* node = reader.find("target")) item.target = read_target(report, *node, known);
  if (const YamlNode* node = reader.find("threshold")) {
    item.threshold = read_threshold(report, *node, known);
    if (item.target) report.error(*node, "'target' and 'threshold' exclude each other");
  }
  if (const YamlNode* node = reader.find("proactive")) {
    item.proactive = read_proactive(report, *node);
    if (!item.target || item.target->kind != Target::Kind::per_unit)
      report.error(*node, "'proactive' needs a 'target' with 'per_unit'");
  }
  if (const YamlNode* node = reader.find("fallback")) item.fallback = read_fallback(report, *node);
}

PlanItem read_item(const Report& report, const YamlNode& node, Definitions& known) {
  MapReader reader(report, node, blocks::item());
  PlanItem item{.position = report.position(node)};
  item.id = read_id(reader);
  reader.flag("enabled", item.enabled);
  double priority = 0;
  reader.number("priority", priority, {.min = -1e6, .max = 1e6, .integral = true});
  item.priority = static_cast<int>(priority);
  if (const YamlNode* value = reader.find("expression"))
    item.expression = read_expression(report, *value, "expression");
  read_times(reader, item);
  read_strategies(reader, known, item);
  if (const YamlNode* list = reader.require("scaling_components"))
    read_components(report, *list, known, item);
  reader.finish();
  return item;
}

void read_variables(const Report& report, const YamlNode& node, const Definitions& known,
                    PlanDefinition& plan) {
  const MapReader reader(report, node, "'variables'");
  std::set<std::string> names;
  for (const auto& [key, value] : node.entries) {
    if (key.kind != YamlNode::Kind::scalar || !names.insert(key.text).second) continue;
    if (!is_identifier(key.text))
      report.error(key, "the variable '" + key.text + "' must be a JavaScript name");
    else if (known.metric(key.text) != nullptr)
      report.error(key, "the variable '" + key.text + "' is a metric already");
    auto expression = read_expression(report, value, key.text);
    if (expression) plan.variables.emplace_back(key.text, std::move(*expression));
  }
}

void read_items(const Report& report, const YamlNode& list, Definitions& known, PlanDefinition& plan) {
  if (list.kind != YamlNode::Kind::list || list.items.empty() || list.items.size() > kMostItems) {
    report.error(list, "'plans' must be a list of 1 to 1000 items");
    return;
  }
  std::map<std::string, int> lines;
  for (const YamlNode& node : list.items) {
    PlanItem item = read_item(report, node, known);
    const auto [place, first] = lines.emplace(item.id, node.line);
    if (!first && !item.id.empty())
      report.error(node, "duplicate item '" + item.id + "', first in line " + std::to_string(place->second));
    plan.items.push_back(std::move(item));
  }
}

}  // namespace

std::optional<PlanDefinition> read_plan(const Report& report, const YamlNode& node, Definitions& known) {
  MapReader reader(report, node, blocks::plan());
  PlanDefinition plan;
  reader.find("kind");
  plan.id = read_id(reader);
  plan.position = report.position(node);
  reader.flag("enabled", plan.enabled);
  reader.duration("interval", plan.interval, {.min = 10ms, .max = 24h});
  if (const YamlNode* variables = reader.find("variables")) read_variables(report, *variables, known, plan);
  if (const YamlNode* items = reader.require("plans")) read_items(report, *items, known, plan);
  reader.finish();
  if (plan.id.empty()) return std::nullopt;
  return plan;
}

}  // namespace wave::definitions
