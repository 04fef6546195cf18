#pragma once

#include <cstdio>
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

}  // namespace wave::conformance
