#include <nlohmann/json.hpp>

#include "definitions/load.h"

namespace wave::definitions {
namespace {

using json = nlohmann::ordered_json;

constexpr const char* duration_pattern =
    "^[0-9]+(\\.[0-9]+)?(us|ms|s|m|h|d|w)([0-9]+(\\.[0-9]+)?(us|ms|s|m|h|d|w))*$";

json text(std::string_view help = "") {
  json out = {{"type", "string"}};
  if (!help.empty()) out["description"] = help;
  return out;
}
json number(double least) {
  return {{"type", "number"}, {"minimum", least}};
}
json duration(std::string_view help) {
  return {{"description", help},
          {"anyOf", json::array({{{"type", "string"}, {"pattern", duration_pattern}},
                                 {{"type", "number"}, {"minimum", 0}}})}};
}
json choice(std::initializer_list<const char*> values) {
  json out = {{"enum", json::array()}};
  for (const char* value : values) out["enum"].push_back(value);
  return out;
}
json expression(std::string_view help) {
  return {{"description", help}, {"type", json::array({"string", "number", "boolean"})}};
}
json object(json properties, json required = json::array()) {
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(required)},
          {"additionalProperties", false}};
}
json list(json items) {
  return {{"type", "array"}, {"items", std::move(items)}};
}

json key_schema(const Key& key) {
  json out = {{"description", key.help}};
  switch (key.type) {
    case KeyType::integer:
    case KeyType::number:
      out["type"] = key.type == KeyType::integer ? "integer" : "number";
      if (key.min > -1e308) out["minimum"] = key.min;
      if (key.max < 1e308) out["maximum"] = key.max;
      break;
    case KeyType::boolean:
      out["type"] = "boolean";
      break;
    case KeyType::duration:
      out = duration(key.help);
      break;
    case KeyType::list:
      out["type"] = "array";
      break;
    case KeyType::map:
      out["type"] = "object";
      break;
    case KeyType::choice: {
      out["enum"] = json::array();
      std::string_view rest = key.choices;
      while (!rest.empty()) {
        const auto bar = std::min(rest.find('|'), rest.size());
        out["enum"].push_back(rest.substr(0, bar));
        rest.remove_prefix(std::min(bar + 1, rest.size()));
      }
      break;
    }
    case KeyType::url:
    case KeyType::string:
      out["type"] = json::array({"string", "number", "boolean"});
      break;
  }
  return out;
}

json metadata_schema(const KindTable& kind) {
  json properties = json::object();
  json required = json::array();
  for (const Key& key : kind.keys) {
    properties[std::string(key.name)] = key_schema(key);
    if (!key.alias.empty()) properties[std::string(key.alias)] = key_schema(key);
    if (key.required && key.alias.empty()) required.push_back(key.name);
  }
  return object(std::move(properties), std::move(required));
}

/// `if` the kind is this `then` its metadata is that.
json by_kind(const std::vector<const KindTable*>& kinds, const char* field) {
  json out = json::array();
  for (const auto* kind : kinds) {
    json names = json::array({kind->name});
    if (!kind->alias.empty()) names.push_back(kind->alias);
    out.push_back({{"if", {{"properties", {{field, {{"enum", names}}}}}}},
                   {"then", {{"properties", {{"metadata", metadata_schema(*kind)}}}}}});
  }
  return out;
}

json names_of(const std::vector<const KindTable*>& kinds) {
  json out = {{"enum", json::array()}};
  for (const auto* kind : kinds) {
    out["enum"].push_back(kind->name);
    if (!kind->alias.empty()) out["enum"].push_back(kind->alias);
  }
  return out;
}

json metric_schema(const Catalog& catalog) {
  json out = object(
      {{"kind", {{"const", "Metric"}}},
       {"id", text("Its name; in JavaScript a variable.")},
       {"metric_kind", names_of(catalog.metrics)},
       {"metadata", {{"type", "object"}}},
       {"enabled", {{"type", "boolean"}}},
       {"polling_interval", duration("Between polls; a bare number is milliseconds. Default 15s.")},
       {"timeout", duration("Of one poll. Default 5s.")},
       {"stale_after", duration("Age at which a value counts as stale.")},
       {"aggregate", choice({"error", "sum", "avg", "max", "min", "first"})},
       {"on_empty", {{"anyOf", json::array({choice({"fail", "zero", "last"}), {{"type", "number"}}})}}},
       {"forecast", object({{"step", duration("Of the series that forecasts learn from. Default 1m.")},
                            {"history", duration("How much of it is kept. Default 35d.")}})}},
      json::array({"kind", "id", "metric_kind"}));
  out["allOf"] = by_kind(catalog.metrics, "metric_kind");
  return out;
}

json rules_schema() {
  const json policy = object({{"type", choice({"percent", "pods", "count"})},
                              {"value", number(0)},
                              {"period", duration("The time over which the policy counts.")}});
  return object({{"stabilization_window", duration("How long the past counts.")},
                 {"policies", list(policy)},
                 {"select_policy", choice({"max", "min", "disabled"})}});
}

json component_schema(const Catalog& catalog) {
  json out = object({{"kind", {{"const", "ScalingComponent"}}},
                     {"id", text()},
                     {"component_kind", names_of(catalog.components)},
                     {"metadata", {{"type", "object"}}},
                     {"enabled", {{"type", "boolean"}}},
                     {"limits", {{"type", "object"}}},
                     {"behavior", object({{"scale_up", rules_schema()}, {"scale_down", rules_schema()}})},
                     {"cooldown", object({{"up", duration("No growth so long after a change.")},
                                          {"down", duration("No shrinking so long after a change.")}})},
                     {"ready_after", text("auto, or how long new capacity takes to serve.")},
                     {"on_conflict", choice({"refuse", "raise_floor", "ignore"})},
                     {"scale_in", {{"type", "boolean"}}},
                     {"dry_run", {{"type", "boolean"}}}},
                    json::array({"kind", "id", "component_kind"}));
  out["allOf"] = by_kind(catalog.components, "component_kind");
  return out;
}

json item_schema() {
  const json wish = {{"type", "object"},
                     {"properties",
                      {{"component_id", text()},
                       {"desired", expression("A number or JavaScript.")},
                       {"at_least", expression("Raises whatever the others wish.")}}},
                     {"required", json::array({"component_id"})}};
  const json schedule = object({{"cron", text("Five, six (seconds first) or seven fields (year last).")},
                                {"timezone", text("IANA name. Default UTC.")},
                                {"duration", duration("How long it lasts.")},
                                {"grace", duration("How late it may still fire.")}},
                               json::array({"cron"}));
  const json target = object({{"metric", text()},
                              {"per_unit", number(0)},
                              {"average", number(0)},
                              {"limit_per_unit", number(0)},
                              {"tolerance", number(0)},
                              {"activation", object({{"above", {{"type", "number"}}}})}},
                             json::array({"metric"}));
  const json threshold = object({{"metric", text()},
                                 {"above", {{"type", "number"}}},
                                 {"below", {{"type", "number"}}},
                                 {"by", expression("2 or \"20%\".")},
                                 {"to", number(0)},
                                 {"settle", duration("How long it must be on that side.")}},
                                json::array({"metric"}));
  const json fallback = object({{"after", duration("Without fresh data.")},
                                {"desired", expression("hold, last or a number.")},
                                {"direction", choice({"up", "both"})}});
  return object({{"id", text()},
                 {"enabled", {{"type", "boolean"}}},
                 {"expression", expression("JavaScript that is true when the item wins.")},
                 {"priority", {{"type", "integer"}}},
                 {"schedule", schedule},
                 {"cron_expression", text("Fires at an instant, UTC.")},
                 {"grace", duration("How late a cron_expression may still fire.")},
                 {"target", target},
                 {"threshold", threshold},
                 {"proactive", object({{"mode", choice({"forecast_and_scale", "forecast_only"})},
                                       {"floor", choice({"reactive", "none"})},
                                       {"violation_cost", number(0)},
                                       {"quantile", number(0)},
                                       {"max_margin", number(0)}})},
                 {"fallback", fallback},
                 {"scaling_components", list(wish)}},
                json::array({"id", "scaling_components"}));
}

json event_schema() {
  const json factor = {{"type", "number"},
                       {"exclusiveMinimum", 0},
                       {"maximum", 1000},
                       {"description", "Load = usual load * factor + amount."}};
  const json schedule = object({{"cron", text("Five, six (seconds first) or seven fields (year last).")},
                                {"timezone", text("IANA name. Default UTC.")},
                                {"duration", duration("How long it lasts.")}},
                               json::array({"cron", "duration"}));
  return object({{"kind", {{"const", "Event"}}},
                 {"id", text()},
                 {"name", text("Events of one name teach each other. Default: the id.")},
                 {"enabled", {{"type", "boolean"}}},
                 {"metrics", list(text("A metric that it moves."))},
                 {"start", text("When, once: ISO-8601 with Z or an offset.")},
                 {"duration", duration("How long it lasts from `start`.")},
                 {"schedule", schedule},
                 {"factor", factor},
                 {"amount", number(0)}},
                json::array({"kind", "id", "metrics"}));
}

}  // namespace

std::string json_schema(const Catalog& catalog) {
  const json plan =
      object({{"kind", {{"const", "ScalingPlan"}}},
              {"id", text()},
              {"enabled", {{"type", "boolean"}}},
              {"interval", duration("Evaluated at least this often. Default 15s.")},
              {"variables", {{"type", "object"}, {"additionalProperties", expression("JavaScript.")}}},
              {"plans", list(item_schema())}},
             json::array({"kind", "id", "plans"}));
  const json out = {
      {"$schema", "https://json-schema.org/draft/2020-12/schema"},
      {"title", "Wave Autoscale definitions"},
      {"oneOf", json::array({metric_schema(catalog), component_schema(catalog), plan, event_schema()})}};
  return out.dump(2);
}

}  // namespace wave::definitions
