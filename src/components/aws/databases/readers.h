#pragma once

#include <set>
#include <string>
#include <vector>

#include "components/aws/xml_answer.h"

namespace wave::components {

/// An instance of a database cluster.
struct DbInstance {
  std::string id;
  std::string status;  ///< `available`, `creating`, ...
  std::string instance_class;
  std::string created;  ///< ISO 8601; empty while it is being created
  bool is_writer = false;
  bool is_ours = false;  ///< carries our name and our tag
  int promotion_tier = 1;
  std::string ask_tags_of{};      ///< its ARN, where the list of instances does not tell its tags
  std::string parameter_group{};  ///< empty: not known, or the engine has none

  bool is_deleting() const {
    return status == "deleting" || status == "deleted" || status == "delete-precheck";
  }
  bool is_available() const { return status == "available"; }
};

/// What we make carries this tag; what does not is never removed.
bool has_our_tag(const XmlAnswer& tags);
void add_our_tag(net::Headers& parameters);

/// The zones that new instances are put in, in turn.
class Zones {
 public:
  explicit Zones(std::vector<std::string> names) : names_(std::move(names)) {}
  /// The zone of the one after `there` of them; none where no zones are given.
  void add_next(std::size_t there, net::Headers& parameters) const;
  /// A zone without room is followed by the next.
  void note(const Error& error);

 private:
  std::vector<std::string> names_;
  std::size_t full_ = 0;  ///< times that one had no room
};

/// Of those, the readers that are there to stay.
std::vector<DbInstance> readers_of(const std::vector<DbInstance>& instances);

/// Whether a name is `<prefix>-<number>`.
bool has_our_name(const std::string& id, const std::string& prefix);

/// New names, and which of them are somebody else's: what was promoted or restored, or made by hand.
class NewNames {
 public:
  explicit NewNames(std::string prefix) : prefix_(std::move(prefix)) {}
  const std::string& prefix() const { return prefix_; }
  /// `<prefix>-<number>` with the lowest number from 1 that no instance has.
  std::string next(const std::vector<DbInstance>& instances) const;
  /// That one is taken. An error when so many are that something must be wrong.
  Status skip(std::string name);
  bool is_ours(const std::string& id) const { return has_our_name(id, prefix_); }

 private:
  std::string prefix_;
  std::set<std::string> taken_;
};

/// Our readers, the one to be removed first at the front: the least fit to become the writer, then the one
/// that does not serve yet, then the youngest. Never the writer, never what somebody else made.
std::vector<DbInstance> removable(const std::vector<DbInstance>& instances);

}  // namespace wave::components
