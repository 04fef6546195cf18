#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "metrics/kinds.h"
#include "support/services.h"

namespace wave::metrics {
namespace {

using definitions::Settings;
using testing::HasSubstr;

class CloudWatchTest : public testing::Test {
 protected:
  CloudWatchTest() {
    world.runtime.jump_utc(90s);
    settings.set("namespace", std::string("AWS/SQS"));
    settings.set("metric_name", std::string("ApproximateNumberOfMessagesVisible"));
    settings.set("dimensions", Settings::Map{{"QueueName", "jobs"}});
    settings.set("statistic", std::string("Average"));
    settings.set("period", Duration(60s));
    settings.set("duration", Duration(300s));
    settings.set("region", std::string("us-east-1"));
    settings.set("access_key", std::string("AKIA"));
    settings.set("secret_key", std::string("s3cr3t"));
  }
  Result<std::vector<Series>> poll() {
    definitions::MetricDefinition metric;
    metric.id = "m";
    auto source = cloudwatch().create(metric, settings, world.services);
    if (!source) return std::unexpected(source.error());
    return world.run((*source)->poll());
  }
  Result<std::vector<Series>> answer(int status, const std::string& body, net::Headers headers = {}) {
    world.http.on("POST", "https://monitoring.us-east-1.amazonaws.com/")
        .reply(status, body, std::move(headers));
    return poll();
  }

  test::TestServices world;
  Settings settings;
};

TEST_F(CloudWatchTest, AsksForWholePeriodsNewestFirst) {
  ASSERT_TRUE(answer(200, R"({"MetricDataResults":[]})"));
  const auto& sent = world.http.last();
  EXPECT_EQ(sent.header("X-Amz-Target"), "GraniteServiceVersion20100801.GetMetricData");
  EXPECT_EQ(sent.header("Content-Type"), "application/x-amz-json-1.0");
  EXPECT_THAT(sent.header("Authorization"), HasSubstr("/us-east-1/monitoring/aws4_request"));
  const auto body = nlohmann::json::parse(sent.request.body);
  EXPECT_EQ(body["EndTime"], 1767225660);
  EXPECT_EQ(body["StartTime"], 1767225660 - 300);
  EXPECT_EQ(body["ScanBy"], "TimestampDescending");
  const auto& stat = body["MetricDataQueries"][0]["MetricStat"];
  EXPECT_EQ(stat["Metric"]["Dimensions"][0]["Value"], "jobs");
  EXPECT_EQ(stat["Stat"], "Average");
}

TEST_F(CloudWatchTest, TheNewestPointIsTheValueAndItsTimeIsThePoints) {
  const auto series = answer(
      200,
      R"({"MetricDataResults":[{"Id":"q0","Label":"jobs","StatusCode":"Complete","Timestamps":[1767225600,1767225540],"Values":[7.5,3]}]})");
  ASSERT_TRUE(series) << series.error().text();
  ASSERT_EQ(series->size(), 1u);
  EXPECT_EQ(series->front().value, 7.5);
  EXPECT_EQ(series->front().at, from_epoch_seconds(1767225600));
  EXPECT_EQ(series->front().labels.find("label"), "jobs");
}

TEST_F(CloudWatchTest, NoPointIsNoValueNotZero) {
  const auto series = answer(
      200,
      R"({"MetricDataResults":[{"Id":"q0","Label":"jobs","StatusCode":"Complete","Timestamps":[],"Values":[]}]})");
  ASSERT_TRUE(series);
  EXPECT_TRUE(series->empty());
}

TEST_F(CloudWatchTest, PagesAreFollowedToALimit) {
  auto& rule = world.http.on("POST", "https://monitoring.");
  rule.reply(200, R"({"MetricDataResults":[],"NextToken":"n"})")
      .reply(200, R"({"MetricDataResults":[{"Id":"q0","Values":[1],"Timestamps":[1767225600]}]})");
  const auto series = poll();
  ASSERT_TRUE(series) << series.error().text();
  EXPECT_EQ(series->size(), 1u);
  EXPECT_EQ(nlohmann::json::parse(world.http.last().request.body)["NextToken"], "n");
  const auto endless = answer(200, R"({"MetricDataResults":[],"NextToken":"n"})");
  ASSERT_FALSE(endless);
  EXPECT_THAT(endless.error().text(), HasSubstr("more than 50 pages"));
}

TEST_F(CloudWatchTest, RefusalsAndNonsenseAreErrors) {
  struct Case {
    int status;
    const char* body;
    ErrorCode code;
  };
  for (const Case& one : {
           Case{400, R"({"__type":"com.amazon#AccessDeniedException","message":"no"})", ErrorCode::forbidden},
           Case{400, R"({"__type":"ThrottlingException","message":"slow"})", ErrorCode::throttled},
           Case{500, "<html>", ErrorCode::unavailable},
           Case{200, "<html>", ErrorCode::bad_response},
           Case{200, R"({"MetricDataResults":[{"Id":"q0","StatusCode":7,"Values":["1"],"Timestamps":[1]}]})",
                ErrorCode::bad_response},
           Case{200, R"({"MetricDataResults":[{"Id":"q1","Values":[1],"Timestamps":[1]}]})",
                ErrorCode::bad_response},
           Case{200, R"({"MetricDataResults":[{"Id":"q0","StatusCode":"Forbidden"}]})", ErrorCode::forbidden},
           Case{200, R"({"MetricDataResults":[{"Id":"q0","StatusCode":"InternalError"}]})",
                ErrorCode::unavailable},
           Case{200, R"({"MetricDataResults":[{"Id":"q0","Values":[1,2],"Timestamps":[1]}]})",
                ErrorCode::bad_response},
       }) {
    const auto refused = answer(one.status, one.body);
    ASSERT_FALSE(refused) << one.body;
    EXPECT_EQ(refused.error().code, one.code) << one.body << ": " << refused.error().text();
    EXPECT_THAT(refused.error().text(), testing::Not(HasSubstr("s3cr3t")));
  }
}

/// Answers as CloudWatch would: each query whose metric is `bad` fails the call, every other one gets 1,
/// 2, 3.
class CloudWatchBatchTest : public CloudWatchTest {
 protected:
  CloudWatchBatchTest() {
    world.http.on("POST", "https://monitoring.").reply_with([this](const net::HttpRequest& request) {
      const auto body = nlohmann::json::parse(request.body);
      sizes.push_back(body["MetricDataQueries"].size());
      nlohmann::json results = nlohmann::json::array();
      for (const auto& query : body["MetricDataQueries"]) {
        const auto name = query["MetricStat"]["Metric"]["MetricName"].get<std::string>();
        if (name == "bad") return net::HttpResponse{.status = 400, .body = R"({"__type":"ValidationError"})"};
        const auto number = std::stod(name);
        const auto state = name == "13" ? "Forbidden" : "Complete";
        const nlohmann::json result = {{"Id", query["Id"]},
                                       {"StatusCode", state},
                                       {"Timestamps", {body["StartTime"]}},
                                       {"Values", {number}}};
        results.insert(results.begin(), result);
      }
      return net::HttpResponse{.status = 200, .body = nlohmann::json{{"MetricDataResults", results}}.dump()};
    });
  }
  std::unique_ptr<Source> source(const std::string& name) {
    definitions::MetricDefinition metric;
    settings.set("metric_name", name);
    auto made = cloudwatch().create(metric, settings, world.services);
    return std::move(made.value());
  }
  std::vector<std::size_t> sizes;
};

TEST_F(CloudWatchBatchTest, MetricsOfOneAccountAndRegionShareCallsOf500) {
  std::vector<std::unique_ptr<Source>> sources;
  std::vector<Task<Result<std::vector<Series>>>> polls;
  for (int i = 0; i < 700; ++i) sources.push_back(source(std::to_string(i)));
  for (auto& one : sources) polls.push_back(one->poll());
  const auto answers = world.run(all(std::move(polls)));
  for (int i = 0; i < 700; ++i) {
    ASSERT_EQ(answers[i].has_value(), i != 13) << i;
    if (i == 13) continue;
    EXPECT_EQ(answers[i]->front().value, i);
  }
  EXPECT_EQ(answers[13].error().code, ErrorCode::forbidden);
  EXPECT_EQ(sizes, (std::vector<std::size_t>{500, 200}));
}

TEST_F(CloudWatchBatchTest, AQueryThatIsRefusedFailsAloneAndIsThenAskedAlone) {
  std::vector<std::unique_ptr<Source>> sources;
  for (const char* name : {"1", "2", "bad", "4"}) sources.push_back(source(name));
  for (int round = 0; round < 2; ++round) {
    sizes.clear();
    std::vector<Task<Result<std::vector<Series>>>> polls;
    for (auto& one : sources) polls.push_back(one->poll());
    const auto answers = world.run(all(std::move(polls)));
    EXPECT_EQ(answers[0]->front().value, 1);
    EXPECT_EQ(answers[1]->front().value, 2);
    EXPECT_EQ(answers[2].error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(answers[3]->front().value, 4);
  }
  std::ranges::sort(sizes);
  EXPECT_EQ(sizes, (std::vector<std::size_t>{1, 3}));
}

TEST_F(CloudWatchBatchTest, OtherCredentialsNeverShareACall) {
  auto one = source("1");
  settings.set("access_key", std::string("AKIB"));
  auto two = source("2");
  std::vector<Task<Result<std::vector<Series>>>> polls;
  polls.push_back(one->poll());
  polls.push_back(two->poll());
  EXPECT_EQ(world.run(all(std::move(polls)))[1]->front().value, 2);
  EXPECT_EQ(sizes, (std::vector<std::size_t>{1, 1}));
}

TEST_F(CloudWatchTest, ThePastIsReadAtTheFinestPeriodThatIsKept) {
  settings.set("statistic", std::string("Sum"));
  std::vector<nlohmann::json> asked;
  world.http.on("POST", "https://monitoring.").reply_with([&](const net::HttpRequest& request) {
    asked.push_back(nlohmann::json::parse(request.body));
    const std::int64_t start = asked.back()["StartTime"];
    const int period = asked.back()["MetricDataQueries"][0]["MetricStat"]["Period"];
    const nlohmann::json result = {{"Id", "q0"},
                                   {"Timestamps", {start + 2 * period, start + period, start}},
                                   {"Values", {3.0 * period, 2.0 * period, 1.0 * period}}};
    return net::HttpResponse{.status = 200, .body = nlohmann::json{{"MetricDataResults", {result}}}.dump()};
  });
  definitions::MetricDefinition metric;
  auto source = cloudwatch().create(metric, settings, world.services);
  ASSERT_TRUE(source) << source.error().text();
  const UtcTime now = world.runtime.utc();
  const auto past =
      world.run((*source)->past({.from = now - std::chrono::days(70), .to = now, .step = Duration(120s)}));
  ASSERT_TRUE(past) << past.error().text();
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_EQ(asked[0]["MetricDataQueries"][0]["MetricStat"]["Period"], 3600);
  EXPECT_EQ(asked[1]["MetricDataQueries"][0]["MetricStat"]["Period"], 300);
  EXPECT_EQ(asked[2]["MetricDataQueries"][0]["MetricStat"]["Period"], 60);
  EXPECT_EQ(asked[0]["EndTime"], asked[1]["StartTime"]);
  EXPECT_EQ(asked[1]["EndTime"], asked[2]["StartTime"]);
  ASSERT_EQ(past->size(), 1u);
  const auto& points = past->front().points;
  EXPECT_TRUE(std::ranges::is_sorted(points));
  // A sum of 300 s or 3600 s counts as much as polls of 60 s see; of two points of one step the newer stays.
  for (const auto& [at, value] : points) EXPECT_TRUE(value == 60 || value == 120 || value == 180) << value;
  for (std::size_t i = 1; i < points.size(); ++i)
    EXPECT_NE((points[i].first - (now - std::chrono::days(70))) / 120s,
              (points[i - 1].first - (now - std::chrono::days(70))) / 120s);
}

TEST_F(CloudWatchTest, SettingsThatContradictAreRefused) {
  settings.set("expression", std::string("SELECT 1"));
  EXPECT_THAT(poll().error().text(), HasSubstr("either 'expression'"));
}

TEST_F(CloudWatchTest, AWindowIsWholePeriods) {
  settings.set("period", Duration(45s));
  EXPECT_THAT(poll().error().text(), HasSubstr("'period' must be"));
  settings.set("period", Duration(60s));
  settings.set("duration", Duration(90s));
  EXPECT_THAT(poll().error().text(), HasSubstr("multiple of 'period'"));
}

}  // namespace
}  // namespace wave::metrics
