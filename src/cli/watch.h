#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace wave::cli {

/// Equal while the definition files below these paths are the same: names, sizes, times and inodes, links
/// followed (Kubernetes swaps a link to change a mounted ConfigMap).
std::string fingerprint(const std::vector<std::filesystem::path>& paths);

}  // namespace wave::cli
