#pragma once

#include <ostream>

#include "contract/kubernetes/world.h"

namespace wave::test {

/// A kind in the table: what it is like when all is well.
struct KubernetesFaultCase {
  std::string name;
  const components::Kind& (*kind)();
  std::map<std::string, std::string> keys;  ///< of metadata
  std::string path;                         ///< of its object
  nlohmann::json object;
  std::string read;           ///< where its number is read, and written
  components::Values now;     ///< what the object says
  components::Values wanted;  ///< a change
  nlohmann::json written;     ///< the spec of the patch
  bool is_watched{};          ///< whether it is known when a change is done
};

inline void PrintTo(const KubernetesFaultCase& one, std::ostream* out) {
  *out << one.name;
}

/// Every kind of Kubernetes.
std::vector<KubernetesFaultCase> kubernetes_fault_cases();

}  // namespace wave::test
