#include "definitions/describe.h"

#include <nlohmann/json.hpp>

#include "definitions/settings.h"

namespace wave::definitions {
namespace {

using json = nlohmann::ordered_json;

json key_of(const Key& key) {
  json out = {{"name", key.name},     {"type", name(key.type)}, {"required", key.required},
              {"secret", key.secret}, {"default", nullptr},     {"help", key.help}};
  if (!key.default_value.empty()) out["default"] = key.default_value;
  if (!key.alias.empty()) out["alias"] = key.alias;
  if (!key.choices.empty()) out["choices"] = key.choices;
  if (!key.example.empty()) out["example"] = key.example;
  return out;
}

json describe(const KindTable& kind) {
  json out = {{"document", kind.document == Document::metric ? "Metric" : "ScalingComponent"},
              {"kind", kind.name},
              {"summary", kind.summary},
              {"keys", json::array()}};
  if (!kind.alias.empty()) out["alias"] = kind.alias;
  for (const Key& key : kind.keys) out["keys"].push_back(key_of(key));
  if (kind.document == Document::component) {
    out["values"] = json::array();
    for (const ValueSpec& value : kind.values) {
      json one = {{"name", value.name}, {"help", value.help}, {"lowest", value.lowest}, {"highest", nullptr}};
      if (value.highest < 1e308) one["highest"] = value.highest;
      if (!value.alias.empty()) one["alias"] = value.alias;
      if (!value.place_in.empty()) one["place_in"] = value.place_in;
      if (!value.choices.empty()) one["choices"] = split_choices(value.choices);
      out["values"].push_back(std::move(one));
    }
    out["ready_after"] = format_duration(kind.ready_after);
    out["scale_in"] = kind.scale_in;
  }
  return out;
}

std::string example_value(const Key& key) {
  if (!key.example.empty()) return std::string(key.example);
  if (!key.default_value.empty()) return std::string(key.default_value);
  switch (key.type) {
    case KeyType::url:
      return "https://example.com";
    case KeyType::integer:
    case KeyType::number:
      return "1";
    case KeyType::boolean:
      return "false";
    case KeyType::duration:
      return "30s";
    case KeyType::list:
      return "[]";
    case KeyType::map:
      return "{}";
    case KeyType::choice:
      return std::string(key.choices.substr(0, key.choices.find('|')));
    case KeyType::string:
      break;
  }
  return key.secret ? "${env:" + std::string(key.name) + "}" : "...";
}

std::string quoted(const std::string& value, const Key& key) {
  const bool plain = key.type != KeyType::string && key.type != KeyType::url;
  if (plain || value.find_first_of("'\"{}[]:#&*!|>%@`") == std::string::npos) return value;
  std::string out = "'";
  for (const char c : value) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

/// The key that an example has besides the required ones: where one of several must be given, or the main
/// value needs it. Empty: none.
std::string_view also_needed(const KindTable& kind) {
  Settings given(kind);
  for (const Key& key : kind.keys)
    if (key.required) given.set(std::string(key.name), example_value(key));
  const auto is_whole = [&kind](const Settings& metadata) {
    return (kind.problem == nullptr || kind.problem(metadata).empty()) &&
           (kind.lacks == nullptr || kind.lacks(metadata, kind.main_value()).empty());
  };
  if (is_whole(given)) return {};
  for (const Key& key : kind.keys) {
    Settings with = given;
    with.set(std::string(key.name), example_value(key));
    if (is_whole(with)) return key.name;
  }
  return {};
}

}  // namespace

std::string_view name(KeyType type) {
  switch (type) {
    case KeyType::integer:
      return "integer";
    case KeyType::number:
      return "number";
    case KeyType::boolean:
      return "boolean";
    case KeyType::duration:
      return "duration";
    case KeyType::url:
      return "url";
    case KeyType::list:
      return "list";
    case KeyType::map:
      return "map";
    case KeyType::choice:
      return "choice";
    case KeyType::string:
      break;
  }
  return "text";
}

std::string kind_json(const KindTable& kind) {
  return describe(kind).dump(2);
}

std::string kinds_json(const Catalog& catalog) {
  json out = json::array();
  for (const auto* kind : catalog.metrics) out.push_back(describe(*kind));
  for (const auto* kind : catalog.components) out.push_back(describe(*kind));
  return out.dump(2);
}

std::string kind_markdown(const KindTable& kind) {
  std::string out = "# " + std::string(kind.name) + "\n\n" + std::string(kind.summary) + "\n";
  if (!kind.alias.empty()) out += "\nAlso accepted as `" + std::string(kind.alias) + "`.\n";
  if (!kind.keys.empty()) {
    out += "\n## Keys of `metadata`\n\n| key | type | default | what it is |\n|---|---|---|---|\n";
    for (const Key& key : kind.keys) {
      out += "| `" + std::string(key.name) + "`";
      if (!key.alias.empty()) out += " (or `" + std::string(key.alias) + "`)";
      out += " | " + std::string(name(key.type));
      if (!key.choices.empty()) out += ": " + cell(key.choices);
      out += " | " + (key.required                ? std::string("required")
                      : key.default_value.empty() ? ""
                                                  : "`" + std::string(key.default_value) + "`");
      out += " | " + cell(key.help) + (key.secret ? " Secret: never shown." : "") + " |\n";
    }
  }
  if (!kind.values.empty()) {
    out += "\n## Values that a plan sets\n\n| value | range | what it is |\n|---|---|---|\n";
    for (const ValueSpec& value : kind.values) {
      const json lowest = static_cast<std::int64_t>(value.lowest);
      out += "| `" + std::string(value.name) + "`";
      if (!value.alias.empty()) out += " (or `" + std::string(value.alias) + "`)";
      out += " | from " + lowest.dump();
      if (!value.place_in.empty()) {
        out += " to the length of `" + std::string(value.place_in) + "`";
      } else if (value.highest < 1e308) {
        out += " to " + json(static_cast<std::int64_t>(value.highest)).dump();
      }
      out += " | " + cell(value.help) + " |\n";
    }
    out += "\nNew capacity is taken to serve after " + format_duration(kind.ready_after) +
           ", until it is learned.\n";
    if (!kind.scale_in) out += "\nNothing is made smaller unless `scale_in: true` says that it may be.\n";
  }
  if (!kind.permissions.empty()) out += "\n## Least permissions\n\n" + std::string(kind.permissions) + "\n";
  if (!kind.notes.empty()) out += "\n## Notes\n\n" + std::string(kind.notes) + "\n";
  out += "\n## Example\n\n```yaml\n" +
         kind_example(kind, kind.document == Document::metric ? "load" : "workers") + "```\n";
  return out;
}

std::string kind_example(const KindTable& kind, const std::string& id) {
  const bool metric = kind.document == Document::metric;
  std::string out = std::string("kind: ") + (metric ? "Metric" : "ScalingComponent") + "\nid: " + id + "\n" +
                    (metric ? "metric_kind: " : "component_kind: ") + std::string(kind.name) + "\n";
  if (!kind.keys.empty()) out += "metadata:\n";
  const std::string_view one_of = also_needed(kind);
  for (const Key& key : kind.keys) {
    const std::string line = std::string(key.name) + ": " + quoted(example_value(key), key);
    out += (key.required || key.name == one_of ? "  " + line : "  # " + line) + "    # " +
           std::string(key.help) + "\n";
  }
  return out;
}

}  // namespace wave::definitions
