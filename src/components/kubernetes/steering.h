#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "net/kubernetes/cluster.h"

namespace wave::components {

struct SteeredTarget {
  std::string kind;
  std::string name;
  std::string space;
};

/// A HorizontalPodAutoscaler or ScaledObject that sets the same number.
struct SteeredBy {
  std::string who;
  std::string advice;
  std::string path;       ///< where its floor can be set
  std::string floor_key;  ///< in its spec
  double floor = 1;
  double ceiling = 0;  ///< its own maximum, above which no floor may be
};

struct FoundSteering {
  std::optional<SteeredBy> by;
  std::vector<std::string> warnings;  ///< what could not be looked at
};

/// Lists the autoscalers of the target's namespace. One that may not be listed is a warning, not an error.
Task<FoundSteering> find_steering(net::kubernetes::Cluster& cluster, SteeredTarget target);

}  // namespace wave::components
