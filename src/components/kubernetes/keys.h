#pragma once

#include <vector>

#include "definitions/kind.h"

namespace wave::components {

/// How to reach a Kubernetes API server: what net::kubernetes::Cluster::connect reads.
std::vector<definitions::Key> cluster_keys();

}  // namespace wave::components
