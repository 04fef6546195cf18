#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "definitions/definitions.h"

namespace wave::definitions {

/// What the YAML says and where; nothing is interpreted yet, and no key is lost, also when it stands twice.
struct YamlNode {
  enum class Kind { null, scalar, list, map } kind = Kind::null;
  std::string text;    ///< of a scalar
  bool plain = false;  ///< a scalar without quotes: may be a number or a boolean
  int line = 0;
  int column = 0;
  int text_line = 0;  ///< where the scalar's text itself begins, after a quote or a block indicator
  int text_column = 0;
  std::vector<YamlNode> items;  ///< of a list
  struct Entry;
  std::vector<Entry> entries;  ///< of a map, in file order
};

struct YamlNode::Entry {
  YamlNode key;
  YamlNode value;
};

/// A document that is no YAML.
struct BrokenDocument {
  Problem problem;
  std::string text;  ///< from the separator before to the one behind it
};

/// Gives each document in turn, leaving out empty ones, and returns those that cannot be read, at most 20.
/// Limits: 16 MiB, 100,000 documents, nesting of 64, 100,000 nodes that aliases make. Text must be UTF-8
/// without control characters; a byte order mark is skipped.
std::vector<BrokenDocument> parse_yaml(const std::string& name, std::string text,
                                       const std::function<void(YamlNode)>& take);

}  // namespace wave::definitions
