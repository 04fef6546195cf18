#include <nlohmann/json.hpp>

#include "definitions/documents.h"
#include "definitions/load.h"

namespace wave::definitions {
namespace {

using json = nlohmann::ordered_json;

constexpr const char* duration_pattern =
    "^[0-9]+(\\.[0-9]+)?(us|ms|s|m|h|d|w)([0-9]+(\\.[0-9]+)?(us|ms|s|m|h|d|w))*$";

json duration_forms() {
  return json::array(
      {{{"type", "string"}, {"pattern", duration_pattern}}, {{"type", "number"}, {"minimum", 0}}});
}
json object(json properties, json required = json::array()) {
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(required)},
          {"additionalProperties", false}};
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
      out["anyOf"] = duration_forms();
      break;
    case KeyType::list:
      // One text stands for a list of it.
      out["type"] = json::array({"array", "string", "number", "boolean"});
      break;
    case KeyType::map:
      out["type"] = "object";
      break;
    case KeyType::choice:
      out["enum"] = split_choices(key.choices);
      break;
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

json number_or_word(std::string_view choices) {
  return json::array({{{"enum", split_choices(choices)}}, {{"type", "number"}}});
}

json any_expression() {
  return {{"type", json::array({"string", "number", "boolean"})}};
}

json block_schema(const Block& block, const Catalog& catalog);

void add_type(json& out, const Field& field, const Catalog& catalog) {
  switch (field.type) {
    case FieldType::constant:
      out["const"] = field.choices;
      break;
    case FieldType::text:
      out["type"] = "string";
      break;
    case FieldType::flag:
      out["type"] = "boolean";
      break;
    case FieldType::whole:
    case FieldType::number:
      out["type"] = field.type == FieldType::whole ? "integer" : "number";
      if (field.min > -1e308) out[field.above_min ? "exclusiveMinimum" : "minimum"] = field.min;
      if (field.max < 1e308) out["maximum"] = field.max;
      break;
    case FieldType::number_or_map:
      out["type"] = json::array({"number", "object"});
      break;
    case FieldType::duration:
      out["anyOf"] = duration_forms();
      if (!field.choices.empty()) out["anyOf"].push_back({{"enum", split_choices(field.choices)}});
      break;
    case FieldType::choice:
      out["enum"] = split_choices(field.choices);
      break;
    case FieldType::choice_or_number:
      out["anyOf"] = number_or_word(field.choices);
      break;
    case FieldType::number_or_share:
      out["type"] = json::array({"number", "string"});
      break;
    case FieldType::expression:
      out.update(any_expression());
      break;
    case FieldType::expressions:
      out["type"] = "object";
      out["additionalProperties"] = any_expression();
      break;
    case FieldType::kind:
      out.update(names_of(field.name == "metric_kind" ? catalog.metrics : catalog.components));
      break;
    case FieldType::texts:
      out["type"] = "array";
      out["items"] = {{"type", "string"}};
      break;
    case FieldType::map:
      out["type"] = "object";
      break;
    case FieldType::inner:
      out.update(block_schema(*field.inside, catalog));
      break;
    case FieldType::inner_list:
      out["type"] = "array";
      out["items"] = block_schema(*field.inside, catalog);
      break;
  }
}

json block_schema(const Block& block, const Catalog& catalog) {
  json properties = json::object();
  json required = json::array();
  for (const Field& field : block.fields) {
    json one = {{"description", field.help}};
    if (!field.default_value.empty())
      one["description"] = std::string(field.help) + " Default " + field.default_value + ".";
    add_type(one, field, catalog);
    properties[std::string(field.name)] = std::move(one);
    if (field.required) required.push_back(field.name);
  }
  json out = object(std::move(properties), std::move(required));
  if (!block.others.empty()) out["additionalProperties"] = true;
  return out;
}

}  // namespace

std::string json_schema(const Catalog& catalog) {
  json metric = block_schema(blocks::metric(), catalog);
  metric["allOf"] = by_kind(catalog.metrics, "metric_kind");
  json component = block_schema(blocks::component(), catalog);
  component["allOf"] = by_kind(catalog.components, "component_kind");
  json event = block_schema(blocks::event(), catalog);
  event["properties"]["schedule"]["required"].push_back("duration");
  const json out = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                    {"title", "Wave Autoscale definitions"},
                    {"oneOf", json::array({std::move(metric), std::move(component),
                                           block_schema(blocks::plan(), catalog), std::move(event)})}};
  return out.dump(2);
}

}  // namespace wave::definitions
