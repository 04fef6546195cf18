#include "cli/main.h"

#include <cstdio>
#include <string_view>

namespace wave::cli {

int run(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "version") {
    std::puts("wave-autoscale " WAVE_VERSION);
    return 0;
  }
  std::fputs("usage: wave-autoscale version\n", stderr);
  return 2;
}

}  // namespace wave::cli
