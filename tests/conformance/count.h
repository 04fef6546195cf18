#pragma once

#include <cstdio>
#include <filesystem>
#include <string>

namespace wave::conformance {

struct Count {
  int passed = 0;
  int failed = 0;
  void add(bool ok, const std::string& what) {
    ++(ok ? passed : failed);
    if (!ok) std::printf("  FAILED %s\n", what.c_str());
  }
};

/// Recorded requests of Datadog's own client against ours, and the recorded answers as a metric reads them.
Count datadog(const std::filesystem::path& folder);

/// Answers that a real Splunk gave, as a metric reads them.
Count splunk(const std::filesystem::path& folder);

}  // namespace wave::conformance
