#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace wave::definitions {

enum class FieldType {
  constant,  ///< the one of `choices`
  text,
  flag,
  whole,
  number,
  number_or_map,
  number_or_share,  ///< `2` or `20%`
  duration,
  choice,
  choice_or_number,
  expression,   ///< a number or JavaScript
  expressions,  ///< a map from names to them
  kind,
  texts,
  map,
  inner,       ///< a map, told by `inside`
  inner_list,  ///< a list of such maps
};

struct Block;

/// One key of a document outside its `metadata`, which is told by the kind's table (kind.h).
struct Field {
  std::string_view name;
  FieldType type = FieldType::text;
  std::string_view help;  ///< with units
  bool required = false;
  std::string default_value{};  ///< as a user would write it; empty: none
  std::string_view choices{};   ///< `max|min|disabled`; of a duration: words that may stand for one
  double min = -1e308;          ///< of whole and number
  double max = 1e308;
  bool above_min = false;  ///< min itself is not allowed
  Duration shortest{0};    ///< of duration
  Duration longest = 366 * 24h;
  const Block* inside = nullptr;
};

/// A map of a document: which keys it may have. Drives which keys are known, `schema` and docs/reference;
/// what ranges and choices say is held to what reading accepts by tests/unit/definitions/documents_test.cpp.
struct Block {
  std::string_view name;   ///< as messages call it
  std::string_view title;  ///< as the reference page calls it
  std::string_view about;
  std::vector<Field> fields;
  std::vector<Field> others{};  ///< at most one: what keys of any other name hold
  std::string_view example{};   ///< of documents

  const Field* field(std::string_view key) const;
};

namespace blocks {

const Block& metric();
const Block& learning();
const Block& component();
const Block& limits();
const Block& bounds();
const Block& behavior();
const Block& rules();
const Block& policy();
const Block& cooldown();
const Block& plan();
const Block& item();
const Block& wish();
const Block& schedule();
const Block& target();
const Block& activation();
const Block& threshold();
const Block& proactive();
const Block& fallback();
const Block& event();

}  // namespace blocks

/// The four documents: Metric, ScalingComponent, ScalingPlan, Event.
const std::vector<const Block*>& documents();

}  // namespace wave::definitions
