#pragma once

#include <cstdio>
#include <filesystem>
#include <map>
#include <string>

namespace wave::conformance {

struct Count {
  int passed = 0;
  int failed = 0;
  std::map<std::string, int> left_out{};  ///< by reason
  void add(bool ok, const std::string& what) {
    ++(ok ? passed : failed);
    if (!ok) std::printf("  FAILED %s\n", what.c_str());
  }
};

/// The protocol suites that botocore carries (from the Smithy project): what our wire layer sends for the
/// parameters of a case, as far as it has the notions (labels, query, JSON, form).
Count requests(const std::filesystem::path& file);
/// Error answers: the code and the message that are read.
Count answers(const std::filesystem::path& file);

}  // namespace wave::conformance
