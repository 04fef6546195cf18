#include "definitions/reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"

namespace wave::definitions {
namespace {

std::string in_quotes(std::string_view name) {
  return "'" + std::string(name) + "'";
}

std::string shown(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      return "nothing";
    case YamlNode::Kind::list:
      return "a list";
    case YamlNode::Kind::map:
      return "a map";
    case YamlNode::Kind::scalar:
      break;
  }
  const bool is_text = !node.plain && plain_number(node.text);
  return (is_text ? "the text '" : "'") + node.text.substr(0, 60) + "'";
}

std::string joined(std::span<const std::string> words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i)
    out += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  return out;
}

std::string range_text(NumberRule rule) {
  std::string out = rule.integral ? "a whole number" : "a number";
  const bool low = rule.min > -1e308;
  const bool high = rule.max < 1e308;
  if (rule.above_min && low) out += " above " + shortest(rule.min);
  if (!rule.above_min && low && !high) out += " of at least " + shortest(rule.min);
  if (!rule.above_min && low && high)
    return out + " from " + shortest(rule.min) + " to " + shortest(rule.max);
  if (high) out += (low ? " and at most " : " of at most ") + shortest(rule.max);
  return out;
}

}  // namespace

void Report::error(const YamlNode& where, std::string message) const {
  out_->errors.push_back(
      {.file = file_, .line = where.line, .column = where.column, .message = std::move(message)});
}

void Report::warning(const YamlNode& where, std::string message) const {
  out_->warnings.push_back(
      {.file = file_, .line = where.line, .column = where.column, .message = std::move(message)});
}

std::optional<double> plain_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<double> read_number(const Report& report, const YamlNode& node, std::string_view name,
                                  NumberRule rule) {
  const bool scalar = node.kind == YamlNode::Kind::scalar && node.plain;
  const auto value = scalar ? plain_number(node.text) : std::nullopt;
  const bool fits = value && *value <= rule.max &&
                    (rule.above_min ? *value > rule.min : *value >= rule.min) &&
                    (!rule.integral || *value == std::floor(*value));
  if (fits) return value;
  report.error(node, in_quotes(name) + " must be " + range_text(rule) + ", not " + shown(node));
  return std::nullopt;
}

std::optional<Duration> read_duration(const Report& report, const YamlNode& node, std::string_view name,
                                      DurationRule rule) {
  std::optional<Duration> value;
  if (node.kind == YamlNode::Kind::scalar) {
    const auto number = plain_number(node.text);
    if (number && !rule.bare_milliseconds) {
      report.error(node, in_quotes(name) + " needs a unit, such as " + node.text.substr(0, 20) + "s");
      return std::nullopt;
    }
    value = number ? std::optional(from_seconds(*number / 1000)) : parse_duration(node.text);
  }
  if (!value) {
    report.error(node, in_quotes(name) + " must be a duration such as 30s, 5m or 1h30m, not " + shown(node));
    return std::nullopt;
  }
  if (*value < rule.min || *value > rule.max) {
    report.error(node, in_quotes(name) + " must be from " + format_duration(rule.min) + " to " +
                           format_duration(rule.max) + ", not " + shown(node));
    return std::nullopt;
  }
  return value;
}

std::optional<bool> read_flag(const Report& report, const YamlNode& node, std::string_view name) {
  if (node.kind == YamlNode::Kind::scalar && node.plain) {
    if (node.text == "true" || node.text == "True" || node.text == "TRUE") return true;
    if (node.text == "false" || node.text == "False" || node.text == "FALSE") return false;
  }
  report.error(node, in_quotes(name) + " must be true or false, not " + shown(node));
  return std::nullopt;
}

std::optional<std::string> read_text(const Report& report, const YamlNode& node, std::string_view name) {
  if (node.kind == YamlNode::Kind::scalar && !node.text.empty()) return node.text;
  report.error(node, in_quotes(name) + " must be a text, not " +
                         (node.kind == YamlNode::Kind::scalar ? "an empty one" : shown(node)));
  return std::nullopt;
}

std::optional<std::size_t> read_choice(const Report& report, const YamlNode& node, std::string_view name,
                                       std::span<const std::string> choices) {
  if (node.kind == YamlNode::Kind::scalar) {
    const auto found = std::ranges::find(choices, node.text);
    if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
  }
  report.error(node, in_quotes(name) + " must be " + joined(choices) + ", not " + shown(node) +
                         did_you_mean(node.text, choices));
  return std::nullopt;
}

MapReader::MapReader(const Report& report, const YamlNode& node, std::string name, const Block* block)
    : report_(report), node_(node), name_(std::move(name)), block_(block) {
  if (node.kind != YamlNode::Kind::map) {
    report.error(node, name_ + " must be a map, not " + shown(node));
    return;
  }
  std::map<std::string_view, const YamlNode*> first;
  for (const auto& [key, value] : node.entries) {
    if (key.kind != YamlNode::Kind::scalar) {
      report.error(key, "a key must be a text, not " + shown(key));
      seen_.insert(&key);
      continue;
    }
    const auto [place, inserted] = first.emplace(key.text, &key);
    if (inserted) continue;
    report.error(key, "duplicate key " + in_quotes(key.text) + ", first in line " +
                          std::to_string(place->second->line));
    seen_.insert(&key);
  }
}

const YamlNode* MapReader::find(std::string_view key) {
  known_.emplace_back(key);
  for (const auto& [name, value] : node_.entries) {
    if (name.kind != YamlNode::Kind::scalar || name.text != key || seen_.contains(&name)) continue;
    seen_.insert(&name);
    return value.kind == YamlNode::Kind::null ? nullptr : &value;
  }
  return nullptr;
}

const YamlNode* MapReader::require(std::string_view key) {
  const YamlNode* value = find(key);
  if (value == nullptr && node_.kind == YamlNode::Kind::map)
    report_.error(node_, name_ + " needs " + in_quotes(key));
  return value;
}

void MapReader::number(std::string_view key, double& out, NumberRule rule) {
  const YamlNode* value = find(key);
  if (value == nullptr) return;
  if (const auto number = read_number(report_, *value, key, rule)) out = *number;
}

void MapReader::duration(std::string_view key, Duration& out, DurationRule rule) {
  const YamlNode* value = find(key);
  if (value == nullptr) return;
  if (const auto duration = read_duration(report_, *value, key, rule)) out = *duration;
}

void MapReader::flag(std::string_view key, bool& out) {
  const YamlNode* value = find(key);
  if (value == nullptr) return;
  if (const auto flag = read_flag(report_, *value, key)) out = *flag;
}

void MapReader::text(std::string_view key, std::string& out) {
  const YamlNode* value = find(key);
  if (value == nullptr) return;
  if (const auto text = read_text(report_, *value, key)) out = *text;
}

std::optional<std::size_t> MapReader::choice(std::string_view key,
                                             std::initializer_list<std::string> choices) {
  const YamlNode* value = find(key);
  if (value == nullptr) return std::nullopt;
  return read_choice(report_, *value, key, std::span<const std::string>(choices.begin(), choices.size()));
}

void MapReader::finish() {
  for (const auto& [key, value] : node_.entries) {
    const bool told = block_ == nullptr || !block_->others.empty() || block_->field(key.text) != nullptr;
    if (seen_.contains(&key) && told) continue;
    report_.error(key, "unknown key " + in_quotes(key.text) + did_you_mean(key.text, known_));
  }
}

}  // namespace wave::definitions
