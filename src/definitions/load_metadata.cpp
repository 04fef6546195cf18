#include <algorithm>

#include "definitions/load_parts.h"

namespace wave::definitions {
namespace {

/// `check` resolves nothing, but says what would not resolve.
void warn_of_unset(const Report& report, const YamlNode& node) {
  static const auto environment = Settings::Environment::process();
  std::string_view text = node.text;
  for (std::size_t at = text.find("${env:"); at != std::string_view::npos; at = text.find("${env:")) {
    text.remove_prefix(at + 6);
    const std::size_t end = text.find('}');
    if (end == std::string_view::npos) return;
    const std::string name(text.substr(0, end));
    if (!environment.variable(name)) report.warning(node, "the environment variable " + name + " is not set");
  }
}

std::optional<std::string> read_string(const Report& report, const YamlNode& node, const Key& key) {
  auto text = read_text(report, node, key.name);
  if (!text) return text;
  warn_of_unset(report, node);
  if (key.secret && !has_reference(*text))
    report.warning(node, "'" + std::string(key.name) +
                             "' is a secret written out; better refer to it as ${env:NAME} or ${file:/path}");
  return text;
}

/// A proxy may also be spoken to as SOCKS; whether the whole parses is net/url's to say.
bool is_url(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://", "socks5://", "socks5h://"})
    if (text.starts_with(scheme) && text.size() > scheme.size())
      return text.find_first_of(" \t\r\n") == std::string_view::npos;
  return false;
}

std::optional<Settings::Value> read_url(const Report& report, const YamlNode& node, const Key& key) {
  auto text = read_string(report, node, key);
  if (!text) return std::nullopt;
  if (!has_reference(*text) && !is_url(*text)) {
    report.error(node, "'" + std::string(key.name) + "' must be a URL such as http://host:9090");
    return std::nullopt;
  }
  return std::move(*text);
}

std::optional<Settings::Value> read_list(const Report& report, const YamlNode& node, const Key& key) {
  Settings::List list;
  if (node.kind == YamlNode::Kind::scalar) {
    if (auto text = read_string(report, node, key)) return Settings::List{std::move(*text)};
    return std::nullopt;
  }
  if (node.kind != YamlNode::Kind::list) {
    report.error(node, "'" + std::string(key.name) + "' must be a list");
    return std::nullopt;
  }
  for (const YamlNode& item : node.items)
    if (auto text = read_string(report, item, key)) list.push_back(std::move(*text));
  return list;
}

std::optional<Settings::Value> read_map(const Report& report, const YamlNode& node, const Key& key) {
  Settings::Map map;
  MapReader reader(report, node, "'" + std::string(key.name) + "'");
  if (node.kind != YamlNode::Kind::map) return std::nullopt;
  for (const auto& [name, value] : node.entries) {
    if (name.kind != YamlNode::Kind::scalar || value.kind == YamlNode::Kind::null) continue;
    const auto text = read_text(report, value, name.text);
    if (!text) continue;
    warn_of_unset(report, value);
    map.emplace(name.text, *text);
  }
  return map;
}

template <class T>
std::optional<Settings::Value> as_value(std::optional<T> value) {
  return value ? std::optional<Settings::Value>(std::move(*value)) : std::nullopt;
}

std::optional<Settings::Value> read_value(const Report& report, const YamlNode& node, const Key& key) {
  switch (key.type) {
    case KeyType::string:
      return as_value(read_string(report, node, key));
    case KeyType::url:
      return read_url(report, node, key);
    case KeyType::integer:
    case KeyType::number:
      return as_value(
          read_number(report, node, key.name,
                      {.min = key.min, .max = key.max, .integral = key.type == KeyType::integer}));
    case KeyType::boolean:
      return as_value(read_flag(report, node, key.name));
    case KeyType::duration:
      return as_value(read_duration(report, node, key.name, {}));
    case KeyType::list:
      return read_list(report, node, key);
    case KeyType::map:
      return read_map(report, node, key);
    case KeyType::choice: {
      const auto choices = split_choices(key.choices);
      const auto chosen = read_choice(report, node, key.name, choices);
      return chosen ? std::optional<Settings::Value>(choices[*chosen]) : std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Settings::Value> default_of(const Key& key) {
  if (key.default_value.empty() || key.type == KeyType::map) return std::nullopt;
  Loaded ignored;
  YamlNode node;
  node.kind = YamlNode::Kind::scalar;
  node.text = key.default_value;
  node.plain = true;
  Key open = key;
  open.secret = false;
  return read_value(Report("", ignored), node, open);
}

Settings read_metadata(const Report& report, const YamlNode* node, const YamlNode& owner,
                       const KindTable& kind) {
  static const YamlNode kEmpty{.kind = YamlNode::Kind::map};
  Settings out(kind);
  const YamlNode& place = node != nullptr ? *node : owner;
  MapReader reader(report, node != nullptr ? *node : kEmpty, "'metadata'");
  for (const Key& key : kind.keys) {
    const YamlNode* value = reader.find(key.name);
    const YamlNode* older = key.alias.empty() ? nullptr : reader.find(key.alias);
    if (value != nullptr && older != nullptr)
      report.error(*older, "'" + std::string(key.alias) + "' is the same as '" + std::string(key.name) +
                               "', which is given too");
    if (value == nullptr) value = older;
    if (value == nullptr) {
      if (key.required && (node == nullptr || node->kind == YamlNode::Kind::map))
        report.error(place,
                     "'metadata' of " + std::string(kind.name) + " needs '" + std::string(key.name) + "'");
      continue;
    }
    if (auto read = read_value(report, *value, key)) out.set(std::string(key.name), std::move(*read));
  }
  reader.finish();
  return out;
}

const KindTable* read_kind(MapReader& document, std::string_view key, Document type, const Catalog& catalog) {
  const YamlNode* node = document.require(key);
  if (node == nullptr) return nullptr;
  const auto name = read_text(document.report(), *node, key);
  if (!name) return nullptr;
  const KindTable* kind = catalog.find(type, *name);
  if (kind != nullptr) return kind;
  std::vector<std::string> names;
  for (const KindTable* known : type == Document::metric ? catalog.metrics : catalog.components)
    names.emplace_back(known->name);
  document.report().error(*node,
                          "unknown " + std::string(key) + " '" + *name + "'" + did_you_mean(*name, names));
  return nullptr;
}

std::string read_id(MapReader& document) {
  constexpr std::size_t kLongest = 253;
  const YamlNode* node = document.require("id");
  if (node == nullptr) return {};
  auto id = read_text(document.report(), *node, "id");
  if (!id) return {};
  const bool blank = std::ranges::any_of(*id, [](char c) { return static_cast<unsigned char>(c) <= 0x20; });
  if (!blank && id->size() <= kLongest) return std::move(*id);
  document.report().error(*node, "'id' must be a text without blanks of at most 253 bytes");
  return {};
}

std::optional<Expression> read_expression(const Report& report, const YamlNode& node, std::string_view name) {
  if (node.kind != YamlNode::Kind::scalar || node.text.find_first_not_of(" \t\r\n") == std::string::npos) {
    report.error(node, "'" + std::string(name) + "' must be a number or JavaScript");
    return std::nullopt;
  }
  return Expression{
      .source = node.text, .position = report.text_position(node), .number = plain_number(node.text)};
}

}  // namespace wave::definitions
