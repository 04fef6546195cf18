// What metric sources answer: the first byte picks the metric and the status, the rest is the body. Every
// answer is an error or finite numbers.
#include <cmath>
#include <cstdlib>
#include <string>

#include "../unit/metrics/subjects.h"
#include "support/services.h"

namespace {

const std::vector<wave::test::Subject>& subjects() {
  static const auto all = wave::test::subjects();
  return all;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const auto& subject = subjects()[(data[0] >> 1) % subjects().size()];
  const int status = (data[0] & 1) != 0 ? 200 : 400;
  wave::test::TestServices world;
  world.http.on("", "http").reply(status, std::string(reinterpret_cast<const char*>(data + 1), size - 1));
  const wave::definitions::MetricDefinition metric{.id = "m"};
  auto source = subject.kind.create(metric, wave::test::settings_of(subject), world.services);
  if (!source) std::abort();
  const auto series = world.run((*source)->poll());
  if (!series) return 0;
  if (status != 200) std::abort();
  for (const auto& one : *series) {
    if (!std::isfinite(one.value)) std::abort();
  }
  return 0;
}
