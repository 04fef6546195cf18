// What metric sources answer: the first byte picks the metric and the status, the rest is the body. Every
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

/// Keys that every kind here has, and those of one of its metrics.
Settings with(std::initializer_list<std::pair<const char*, Settings::Value>> keys) {
  Settings settings;
  settings.set("endpoint", std::string("http://h"));
  settings.set("region", std::string("us-east-1"));
  settings.set("access_key", std::string("A"));
  settings.set("secret_key", std::string("S"));
  for (const auto& [key, value] : keys) settings.set(key, value);
  return settings;
}

struct Subject {
  const wave::metrics::Kind& kind;
  Settings settings;
};

const std::vector<Subject>& subjects() {
  using std::string;
  using namespace wave::metrics;
  static const std::vector<Subject> all = {
      {prometheus(), prometheus_settings()},
      {cloudwatch(), cloudwatch_settings()},
      {aws_sqs(), with({{"queue_name", string("q")}})},
      {luigi(), with({{"metric", string("pending_tasks")}, {"task_family", string("B")}})},
      {luigi(), with({{"metric", string("resource_free")}, {"resource", string("gpu")}})},
      {luigi(), with({{"metric", string("worker_pending")}, {"worker", string("w")}})},
      {mlflow(),
       with(
           {{"metric", string("best_metric")}, {"metric_key", string("q")}, {"experiment_id", string("1")}})},
      {mlflow(), with({{"metric", string("history_agg")},
                       {"metric_key", string("q")},
                       {"run_id", string("r")},
                       {"history_window", wave::Duration(std::chrono::hours(1))}})},
      {airflow(), with({{"metric", string("queued_tasks")}, {"api_version", string("auto")}})},
      {airflow(),
       with({{"metric", string("pool_queued")}, {"api_version", string("v1")}, {"pool", string("a/b")}})},
      {spark(), with({{"metric", string("pending_tasks")}})},
      {spark(), with({{"metric", string("waiting_apps")}})},
      {spark(), with({{"metric", string("streaming_input_rate")}, {"query_name", string("o")}})},
      {databricks(), with({{"metric", string("job_queued_runs")}})},
      {databricks(), with({{"metric", string("cluster_workers")}, {"cluster_id", string("c")}})},
      {databricks(), with({{"metric", string("sql")},
                           {"warehouse_id", string("w")},
                           {"query", string("SELECT 1")},
                           {"allow_start", true}})},
  };
  return all;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const Subject& subject = subjects()[(data[0] >> 1) % subjects().size()];
  const int status = (data[0] & 1) != 0 ? 200 : 400;
  wave::test::TestServices world;
  world.http.on("", "http").reply(status, std::string(reinterpret_cast<const char*>(data + 1), size - 1));
  const wave::definitions::MetricDefinition metric{.id = "m"};
  auto source = subject.kind.create(metric, subject.settings, world.services);
  if (!source) std::abort();
  const auto series = world.run((*source)->poll());
  if (!series) return 0;
  if (status != 200) std::abort();
  for (const auto& one : *series) {
    if (!std::isfinite(one.value)) std::abort();
  }
  return 0;
}
