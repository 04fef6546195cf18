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
      R"({"MetricDataResults":[{"Id":"q1","Label":"jobs","StatusCode":"Complete","Timestamps":[1767225600,1767225540],"Values":[7.5,3]}]})");
  ASSERT_TRUE(series) << series.error().text();
  ASSERT_EQ(series->size(), 1u);
  EXPECT_EQ(series->front().value, 7.5);
  EXPECT_EQ(series->front().at, from_epoch_seconds(1767225600));
  EXPECT_EQ(series->front().labels.at("label"), "jobs");
}

TEST_F(CloudWatchTest, NoPointIsNoValueNotZero) {
  const auto series = answer(
      200,
      R"({"MetricDataResults":[{"Id":"q1","Label":"jobs","StatusCode":"Complete","Timestamps":[],"Values":[]}]})");
  ASSERT_TRUE(series);
  EXPECT_TRUE(series->empty());
}

TEST_F(CloudWatchTest, PagesAreFollowedToALimit) {
  auto& rule = world.http.on("POST", "https://monitoring.");
  rule.reply(200, R"({"MetricDataResults":[],"NextToken":"n"})")
      .reply(200, R"({"MetricDataResults":[{"Values":[1],"Timestamps":[1767225600]}]})");
  const auto series = poll();
  ASSERT_TRUE(series) << series.error().text();
  EXPECT_EQ(series->size(), 1u);
  EXPECT_EQ(nlohmann::json::parse(world.http.last().request.body)["NextToken"], "n");
  const auto endless = answer(200, R"({"MetricDataResults":[],"NextToken":"n"})");
  ASSERT_FALSE(endless);
  EXPECT_THAT(endless.error().text(), HasSubstr("more than 10 pages"));
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
           Case{200, R"({"MetricDataResults":[{"StatusCode":7,"Values":["1"],"Timestamps":[1]}]})",
                ErrorCode::bad_response},
           Case{200, R"({"MetricDataResults":[{"StatusCode":"Forbidden"}]})", ErrorCode::forbidden},
           Case{200, R"({"MetricDataResults":[{"StatusCode":"InternalError"}]})", ErrorCode::unavailable},
           Case{200, R"({"MetricDataResults":[{"Values":[1,2],"Timestamps":[1]}]})", ErrorCode::bad_response},
       }) {
    const auto refused = answer(one.status, one.body);
    ASSERT_FALSE(refused) << one.body;
    EXPECT_EQ(refused.error().code, one.code) << one.body << ": " << refused.error().text();
    EXPECT_THAT(refused.error().text(), testing::Not(HasSubstr("s3cr3t")));
  }
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
