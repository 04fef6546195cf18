#pragma once

#include <initializer_list>
#include <set>
#include <span>

#include "definitions/documents.h"
#include "definitions/load.h"
#include "definitions/yaml_tree.h"

namespace wave::definitions {

/// Collects everything that is wrong in one file.
class Report {
 public:
  Report(std::string file, Loaded& out) : file_(std::move(file)), out_(&out) {}
  void error(const YamlNode& where, std::string message) const;
  void warning(const YamlNode& where, std::string message) const;
  Position position(const YamlNode& node) const { return {file_, node.line, node.column}; }
  Position text_position(const YamlNode& node) const { return {file_, node.text_line, node.text_column}; }

 private:
  FileName file_;
  Loaded* out_;
};

struct NumberRule {
  double min = -1e308;
  double max = 1e308;
  bool integral = false;
  bool above_min = false;  ///< min itself is not allowed
};

struct DurationRule {
  Duration min{0};
  Duration max = 366 * 24h;
  bool bare_milliseconds = false;
};

/// `20`, `1.5`; nothing for anything else.
std::optional<double> plain_number(std::string_view text);

/// Reads scalars; what does not fit is reported as `'name' must be ...`, and nothing comes back.
std::optional<double> read_number(const Report&, const YamlNode&, std::string_view name, NumberRule);
std::optional<Duration> read_duration(const Report&, const YamlNode&, std::string_view name, DurationRule);
std::optional<bool> read_flag(const Report&, const YamlNode&, std::string_view name);
std::optional<std::string> read_text(const Report&, const YamlNode&, std::string_view name);
std::optional<std::size_t> read_choice(const Report&, const YamlNode&, std::string_view name,
                                       std::span<const std::string> choices);

/// One map of the YAML: reports duplicate keys at once and unknown ones when `finish` is called.
class MapReader {
 public:
  /// `name` is how messages call the map; with a block only the keys that it has are known. A node that is no
  /// map is reported and counts as empty.
  MapReader(const Report& report, const YamlNode& node, std::string name, const Block* block = nullptr);
  MapReader(const Report& report, const YamlNode& node, const Block& block)
      : MapReader(report, node, std::string(block.name), &block) {}

  /// The value of a key, null when absent or empty. Marks the key as known.
  const YamlNode* find(std::string_view key);
  /// The same, and an error when it is absent.
  const YamlNode* require(std::string_view key);

  void number(std::string_view key, double& out, NumberRule rule = {});
  void duration(std::string_view key, Duration& out, DurationRule rule = {});
  void flag(std::string_view key, bool& out);
  void text(std::string_view key, std::string& out);
  /// The index of the choice.
  std::optional<std::size_t> choice(std::string_view key, std::initializer_list<std::string> choices);
  void finish();

  const YamlNode& node() const { return node_; }
  const Report& report() const { return report_; }

 private:
  const Report& report_;
  const YamlNode& node_;
  std::string name_;
  const Block* block_;
  std::vector<std::string> known_;
  std::set<const YamlNode*> seen_;
};

}  // namespace wave::definitions
