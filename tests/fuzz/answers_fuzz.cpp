// What metric sources answer: the first byte picks the kind and the status, the rest is the body. Every
// answer is an error or finite numbers.
#include <cmath>
#include <cstdlib>
#include <string>

#include "metrics/kinds.h"
#include "support/services.h"

namespace {

using wave::definitions::Settings;

Settings prometheus_settings() {
  Settings settings;
  settings.set("endpoint", std::string("http://h"));
  settings.set("query", std::string("up"));
  settings.set("step", wave::Duration(std::chrono::seconds(15)));
  return settings;
}

Settings cloudwatch_settings() {
  Settings settings;
  settings.set("endpoint", std::string("http://h"));
  settings.set("region", std::string("us-east-1"));
  settings.set("access_key", std::string("A"));
  settings.set("secret_key", std::string("S"));
  settings.set("namespace", std::string("AWS/EC2"));
  settings.set("metric_name", std::string("CPUUtilization"));
  settings.set("statistic", std::string("Average"));
  settings.set("period", wave::Duration(std::chrono::seconds(60)));
  settings.set("duration", wave::Duration(std::chrono::seconds(300)));
  settings.set("end_offset", wave::Duration(0));
  return settings;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  static const Settings settings[] = {prometheus_settings(), cloudwatch_settings()};
  static const wave::metrics::Kind* kinds[] = {&wave::metrics::prometheus(), &wave::metrics::cloudwatch()};
  const std::size_t kind = data[0] % 2;
  const int status = (data[0] & 2) != 0 ? 200 : 400;
  wave::test::TestServices world;
  world.http.on("", "http").reply(status, std::string(reinterpret_cast<const char*>(data + 1), size - 1));
  const wave::definitions::MetricDefinition metric{.id = "m"};
  auto source = kinds[kind]->create(metric, settings[kind], world.services);
  if (!source) std::abort();
  const auto series = world.run((*source)->poll());
  if (!series) return 0;
  if (status != 200) std::abort();
  for (const auto& one : *series) {
    if (!std::isfinite(one.value)) std::abort();
  }
  return 0;
}
