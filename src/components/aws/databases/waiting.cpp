#include "components/aws/databases/waiting.h"

#include <set>
#include <string_view>

#include "net/http.h"

namespace wave::components {

bool is_stuck(const std::string& status) {
  static const std::set<std::string_view> stuck = {"failed",
                                                   "create-failed",
                                                   "restore-failed",
                                                   "restore-error",
                                                   "stopped",
                                                   "storage-full",
                                                   "insufficient-capacity",
                                                   "inaccessible-encryption-credentials",
                                                   "inaccessible-encryption-credentials-recoverable"};
  return stuck.contains(status) || status.starts_with("incompatible");
}

bool block_while_waiting(const XmlAnswer& thing, std::initializer_list<const char*> values,
                         Observation& seen) {
  const auto changes = thing.at("PendingModifiedValues").items();
  if (changes.empty()) return false;
  const std::string to = changes.front().text();
  std::string reason = "a change of " + net::excerpt(changes.front().name(), 64);
  if (!to.empty() && changes.front().name() != "MasterUserPassword") reason += " to " + net::excerpt(to, 64);
  reason += " is under way or waits for its maintenance window, and another one would make it at once";
  for (const char* value : values) seen.blocks.push_back({.value = value, .reason = reason});
  return true;
}

}  // namespace wave::components
