#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "metrics/kinds.h"
#include "support/services.h"

namespace wave::metrics {
namespace {

using definitions::Settings;
using testing::HasSubstr;

/// A metric of each kind, and an answer from which it takes 7 (null: it needs several).
struct Subject {
  const char* name;
  const Kind& kind;
  std::map<std::string, Settings::Value> keys;
  const char* good;
};

std::vector<Subject> subjects() {
  using std::string;
  return {
      {"airflow tasks",
       airflow(),
       {{"metric", string("queued_tasks")}, {"api_version", string("v2")}, {"dag_id", string("~")}},
       R"({"task_instances":[],"total_entries":7})"},
      {"airflow pool",
       airflow(),
       {{"metric", string("pool_queued")}, {"api_version", string("v1")}, {"pool", string("p")}},
       R"({"slots":9,"queued_slots":3,"scheduled_slots":4})"},
      {"luigi tasks", luigi(), {{"metric", string("pending_tasks")}}, R"({"response":{"num_tasks":7}})"},
      {"luigi resource",
       luigi(),
       {{"metric", string("resource_free")}, {"resource", string("gpu")}},
       R"({"response":[{"name":"gpu","num_total":9,"num_used":2}]})"},
      {"mlflow latest",
       mlflow(),
       {{"metric", string("latest_metric")}, {"metric_key", string("q")}, {"run_id", string("r")}},
       R"({"run":{"info":{"run_id":"r"},"data":{"metrics":[{"key":"q","value":7,"timestamp":"1"}]}}})"},
      {"mlflow history",
       mlflow(),
       {{"metric", string("history_agg")},
        {"metric_key", string("q")},
        {"run_id", string("r")},
        {"history_window", Duration(1h)}},
       R"({"metrics":[{"key":"q","value":7,"timestamp":1767225599000}]})"},
      {"spark master", spark(), {{"metric", string("cores_used_ratio")}}, R"({"cores":1,"coresused":7})"},
      {"spark stream",
       spark(),
       {{"metric", string("streaming_input_rate")}, {"query_name", string("o")}},
       R"({"gauges":{"app-1.driver.spark.streaming.o.inputRate-total":{"value":7}}})"},
      {"spark tasks", spark(), {{"metric", string("pending_tasks")}}, nullptr},
      {"databricks warehouse",
       databricks(),
       {{"metric", string("warehouse_clusters")}, {"warehouse_id", string("w")}},
       R"({"id":"w","state":"RUNNING","num_clusters":7})"},
      {"aws-sqs",
       aws_sqs(),
       {{"queue_url", string("http://h/1/q")},
        {"region", string("us-east-1")},
        {"access_key", string("A")},
        {"secret_key", string("very-secret")},
        {"attributes", Settings::List{"ApproximateNumberOfMessages"}}},
       R"({"Attributes":{"ApproximateNumberOfMessages":"7"}})"},
  };
}

Result<std::vector<Series>> answered(const Subject& subject, int status, const std::string& body,
                                     const net::Headers& headers = {}) {
  test::TestServices world;
  Settings settings;
  settings.set("endpoint", std::string("http://h"));
  settings.set("token", std::string("very-secret"));
  for (const auto& [key, value] : subject.keys) settings.set(key, value);
  definitions::MetricDefinition metric;
  auto source = subject.kind.create(metric, settings, world.services);
  if (!source) return std::unexpected(source.error());
  if (status == 0) {
    world.http.on("", "http").never();
  } else {
    world.http.on("", "http").reply(status, body, headers);
  }
  auto series = world.run((*source)->poll());
  EXPECT_LE(world.runtime.mono() - MonoTime{}, metric.timeout * 2) << subject.name;
  return series;
}

TEST(SelfHostedAnswers, AGoodOneIsTheValue) {
  for (const auto& subject : subjects()) {
    if (subject.good == nullptr) continue;
    const auto series = answered(subject, 200, subject.good);
    ASSERT_TRUE(series) << subject.name << ": " << series.error().text();
    ASSERT_EQ(series->size(), 1u) << subject.name;
    EXPECT_EQ(series->front().value, 7) << subject.name;
  }
}

TEST(SelfHostedAnswers, AStatusThatIsNoSuccessIsAnErrorWhateverTheBody) {
  struct Case {
    int status;
    ErrorCode code;
  };
  for (const auto& subject : subjects()) {
    for (const Case one :
         {Case{401, ErrorCode::unauthorized}, Case{403, ErrorCode::forbidden},
          Case{404, ErrorCode::not_found}, Case{429, ErrorCode::throttled}, Case{500, ErrorCode::unavailable},
          Case{503, ErrorCode::unavailable}, Case{302, ErrorCode::bad_response}}) {
      const auto refused = answered(subject, one.status, subject.good == nullptr ? "[]" : subject.good,
                                    {{"Retry-After", "9"}, {"Location", "http://other/"}});
      ASSERT_FALSE(refused) << subject.name << " " << one.status;
      EXPECT_EQ(refused.error().code, one.code) << subject.name << ": " << refused.error().text();
      EXPECT_THAT(refused.error().text(), testing::Not(HasSubstr("very-secret")));
      const auto wait = refused.error().retry_after;
      EXPECT_EQ(wait == Duration(9s), one.status == 429 || one.status == 503) << subject.name;
    }
  }
}

TEST(SelfHostedAnswers, NonsenseIsNeverAValue) {
  for (const auto& subject : subjects()) {
    std::vector<std::string> bodies = {"",
                                       "null",
                                       "<html>busy</html>",
                                       "{",
                                       "0",
                                       "\"7\"",
                                       "[]",
                                       "{}",
                                       "[null]",
                                       R"({"response":null})",
                                       R"({"response":{"num_tasks":-1}})",
                                       R"({"response":[null]})",
                                       R"({"run":null})",
                                       R"({"metrics":[null]})",
                                       R"({"total_entries":null})",
                                       R"({"total_entries":"7"})",
                                       R"({"gauges":null})",
                                       R"({"cores":null,"coresused":1})",
                                       R"({"cores":0,"coresused":0})",
                                       std::string(40, '[')};
    if (subject.good != nullptr) {
      const std::string good = subject.good;
      bodies.push_back(good.substr(0, good.size() / 2));
      const auto at = good.rfind('7');
      for (const char* wrong : {"null", "\"NaN\"", "\"\"", "[]", "{}", "true"})
        if (at != std::string::npos) bodies.push_back(std::string(good).replace(at, 1, wrong));
    }
    for (const auto& body : bodies) {
      const auto series = answered(subject, 200, body);
      EXPECT_TRUE(!series || series->empty()) << subject.name << " took a value from " << body;
    }
  }
}

TEST(SelfHostedAnswers, ASilentServerIsATimeout) {
  for (const auto& subject : subjects()) {
    const auto silent = answered(subject, 0, "");
    ASSERT_FALSE(silent) << subject.name;
    EXPECT_EQ(silent.error().code, ErrorCode::timeout) << subject.name;
  }
}

/// The published form of an answer (apache/spark, Apache-2.0, HistoryServerExpectations): field names.
TEST(SparkAnswers, FailedAttemptsArePendingAgainAndADriverIsNoExecutor) {
  test::TestServices world;
  world.http.on("GET", "http://h/api/v1/applications")
      .reply(
          200,
          R"([{"id":"app-1","name":"a","attempts":[{"attemptId":"2","startTimeEpoch":5},{"attemptId":"1","startTimeEpoch":4}]}])");
  world.http.on("GET", "http://h/api/v1/applications/app-1/2/stages?status=active&status=pending")
      .reply(
          200,
          R"([{"status":"ACTIVE","numTasks":200,"numActiveTasks":8,"numCompleteTasks":50,"numFailedTasks":3},{"status":"PENDING","numTasks":10,"numActiveTasks":0,"numCompleteTasks":0}])");
  world.http.on("GET", "http://h/api/v1/applications/app-1/2/executors")
      .reply(
          200,
          R"([{"id":"driver","isActive":true,"maxTasks":0,"activeTasks":0},{"id":"1","isActive":true,"maxTasks":4,"activeTasks":3},{"id":"2","isActive":false,"maxTasks":4,"activeTasks":0}])");
  const auto value = [&](const char* metric) {
    Settings settings;
    settings.set("endpoint", std::string("http://h/"));
    settings.set("metric", std::string(metric));
    auto source = spark().create({}, settings, world.services);
    return world.run((*source)->poll())->front().value;
  };
  EXPECT_EQ(value("pending_tasks"), 152);
  EXPECT_EQ(value("executors"), 1);
  EXPECT_EQ(value("active_tasks"), 3);
  EXPECT_EQ(value("executor_utilization"), 0.75);
}

}  // namespace
}  // namespace wave::metrics
