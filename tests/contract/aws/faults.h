#pragma once

#include <ostream>

#include "contract/aws/world.h"

namespace wave::test {

/// An answer, scripted.
struct Reply {
  int status = 200;
  std::string body;
  net::Headers headers{};
};

/// How an AWS protocol writes an error.
Reply query_error(int status, const std::string& code, const std::string& message = "said AWS");
Reply json_error(int status, const std::string& code, const std::string& message = "said AWS");
Reply rest_error(int status, const std::string& code, const std::string& message = "said AWS");

/// A kind in the table of faults: what it is like when all is well, and what its service says when it is not.
/// Each joins with one `FaultCase` in `fault_cases()`, from its own file.
struct FaultCase {
  std::string kind;
  std::map<std::string, std::string> keys;  ///< of metadata
  std::map<std::string, std::vector<std::string>> lists{};
  std::string read;                                     ///< the operation that observes (`AwsWorld::on`)
  Reply healthy;                                        ///< its answer
  std::vector<std::pair<std::string, Reply>> others{};  ///< further reads
  components::Values now;                               ///< what `healthy` says
  components::Values wanted;                            ///< a change
  std::string write;                                    ///< the operation that makes it
  Reply written;                                        ///< its answer
  std::vector<Reply> missing;                           ///< the disguises of a thing that is not there
  std::vector<std::pair<Reply, ErrorCode>> refusals{};  ///< of the write: busy, quota, ...
  Reply (*error)(int, const std::string&, const std::string&) = &json_error;
  std::string form{};                ///< where a kind has several: `Instance`
  std::optional<Reply> under_way{};  ///< what `read` answers once `written` was accepted and is not done
  components::Values least{};        ///< the system's own bounds that `healthy` tells
  components::Values most{};
};

std::vector<FaultCase> fault_cases();
std::vector<FaultCase> fault_cases_of_databases();  ///< part of fault_cases()
std::vector<FaultCase> fault_cases_of_clusters();

inline void PrintTo(const FaultCase& one, std::ostream* out) {
  *out << one.kind;
}

}  // namespace wave::test
