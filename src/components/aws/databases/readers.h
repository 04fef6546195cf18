#pragma once

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

  bool is_deleting() const { return status == "deleting" || status == "deleted"; }
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

/// `<prefix>-<number>` with the lowest numbers from 1 that no instance has.
std::vector<std::string> new_names(const std::vector<DbInstance>& instances, const std::string& prefix,
                                   std::size_t count);

/// Our readers, the one to be removed first at the front: the least fit to become the writer, then the one
/// that does not serve yet, then the youngest. Never the writer, never what somebody else made.
std::vector<DbInstance> removable(const std::vector<DbInstance>& instances);

}  // namespace wave::components
