#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace wave::definitions {

/// The words of `none|basic|bearer`.
std::vector<std::string> split_choices(std::string_view choices);

enum class KeyType { string, integer, number, boolean, duration, url, list, map, choice };

/// One key of a kind's `metadata`. The table of these drives parsing, did-you-mean, `kinds`, `schema` and
/// docs/reference.
struct Key {
  std::string_view name;
  KeyType type = KeyType::string;
  std::string_view help;  ///< one sentence with units and ranges
  bool required = false;
  bool secret = false;                  ///< never printed, logged, stored or served
  std::string_view default_value = "";  ///< as a user would write it; empty: none
  std::string_view alias = "";          ///< an older spelling that is accepted
  std::string_view choices = "";        ///< for KeyType::choice: `none|basic|bearer`
  double min = -1e308;                  ///< for integer and number
  double max = 1e308;
  std::string_view example = "";
};

/// A value that a plan may set on a component (`desired`, `min`, `read_capacity`).
struct ValueSpec {
  std::string_view name;
  std::string_view help;
  double lowest = 0;       ///< what the system itself allows
  double highest = 1e308;  ///< 1e308: the system has no bound of its own; limits.max is then required
  std::string_view alias = "";
  bool integral = true;
  std::string_view place_in = "";  ///< a list of `metadata`: the value is a place in it, from 1
  std::string_view choices = "";   ///< the only numbers there are: `2|4|8`; empty: all
};

enum class Document { metric, component };

class Settings;

/// Everything about a kind that is known without its code running.
struct KindTable {
  Document document = Document::metric;
  std::string_view name;
  std::string_view alias = "";
  std::string_view vendor;  ///< the folder under metrics/ or components/
  std::string_view summary;
  std::vector<Key> keys;
  std::vector<ValueSpec> values{};  ///< components only; the first is the main one
  Duration ready_after = 30s;       ///< components only: the default until it is learned
  Duration delay =
      Duration{0};  ///< metrics only: how late the source itself is; part of the default stale_after
  Duration stale_after = Duration{0};  ///< metrics only: 0 = 3 x polling_interval + timeout + delay
  bool scale_in = true;                ///< components only: default for kinds that hold no data
  bool ephemeral = false;  ///< components only: what it runs ends with the daemon, which restores the count
  bool polled = true;      ///< metrics only: false for kinds whose samples arrive on their own
  /// The value that a plain `desired` sets.
  std::string_view main_value() const { return values.empty() ? "desired" : values.front().name; }
  /// What is wrong with the metadata as a whole (`give one of a and b`); empty: nothing.
  std::string (*problem)(const Settings& metadata) = nullptr;
  /// Why a thing with this metadata has not that value (`a serverless cache has no nodes`); empty: it may.
  std::string (*lacks)(const Settings& metadata, std::string_view value) = nullptr;
  std::string_view permissions = "";  ///< least IAM or RBAC, for the reference page (Markdown)
  std::string_view notes = "";        ///< more for the reference page (Markdown)
};

/// The kinds a program knows; filled by metrics/registry and components/registry. Pointers live as long as
/// the program.
struct Catalog {
  std::vector<const KindTable*> metrics;
  std::vector<const KindTable*> components;
  const KindTable* find(Document document, std::string_view name) const;
};

}  // namespace wave::definitions
