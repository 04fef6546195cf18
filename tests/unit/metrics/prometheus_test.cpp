#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "metrics/kinds.h"
#include "support/services.h"

namespace wave::metrics {
namespace {

using definitions::Settings;
using testing::HasSubstr;

class PrometheusTest : public testing::Test {
 protected:
  PrometheusTest() {
    settings.set("endpoint", std::string("http://p:9090/prefix/"));
    settings.set("query", std::string("up{job=\"a\"}"));
    settings.set("step", Duration(15s));
  }
  Result<std::vector<Series>> poll() {
    definitions::MetricDefinition metric;
    metric.id = "m";
    auto source = prometheus().create(metric, settings, world.services);
    if (!source) return std::unexpected(source.error());
    return world.run((*source)->poll());
  }
  Result<std::vector<Series>> answer(int status, const std::string& body, net::Headers headers = {}) {
    world.http.on("", "http://p:9090").reply(status, body, std::move(headers));
    return poll();
  }

  test::TestServices world;
  Settings settings;
};

TEST_F(PrometheusTest, AmazonManagedPrometheusIsAskedWithASignature) {
  settings.set("auth", std::string("sigv4"));
  settings.set("region", std::string("eu-west-1"));
  settings.set("access_key", std::string("AKIA"));
  settings.set("secret_key", std::string("s3cr3t"));
  EXPECT_TRUE(answer(200, R"({"status":"success","data":{"resultType":"scalar","result":[1,"7"]}})"));
  EXPECT_THAT(world.http.last().header("Authorization"), HasSubstr("/eu-west-1/aps/aws4_request"));
  const auto refused =
      answer(422, R"({"status":"error","errorType":"execution","error":"too many samples"})");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), HasSubstr("too many samples"));
}

/// The published form of an answer (Prometheus' HTTP API documentation, "Instant queries").
TEST_F(PrometheusTest, ReadsAVector) {
  const auto series = answer(
      200,
      R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{"job":"a"},"value":[1795457326.275,"1.5"]}]}})");
  ASSERT_TRUE(series) << series.error().text();
  ASSERT_EQ(series->size(), 1u);
  EXPECT_EQ(series->front().value, 1.5);
  EXPECT_EQ(series->front().labels.find("job"), "a");
  EXPECT_EQ(world.http.last().request.url, "http://p:9090/prefix/api/v1/query?query=up%7Bjob%3D%22a%22%7D");
}

TEST_F(PrometheusTest, ReadsScalarsAndTheNewestPointOfAMatrix) {
  EXPECT_EQ(
      answer(200, R"({"status":"success","data":{"resultType":"scalar","result":[1,"7"]}})")->front().value,
      7);
  const auto matrix = answer(
      200,
      R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[10,"1"],[20,"2"],[30,"NaN"]]}]}})");
  EXPECT_EQ(matrix->front().value, 2);
  EXPECT_EQ(matrix->front().at, from_epoch_seconds(20));
}

/// What `query_range` answers, made as Prometheus does from a request's start, end and step.
TEST_F(PrometheusTest, ThePastComesInAsManyRequestsAsThePointLimitAsks) {
  std::vector<std::int64_t> counts;
  world.http.on("GET", "http://p:9090/prefix/api/v1/query_range")
      .reply_with([&](const net::HttpRequest& request) {
        const auto field = [&](const std::string& name) {
          const auto at = request.url.find("&" + name + "=") + name.size() + 2;
          return std::stod(request.url.substr(at));
        };
        std::string values;
        counts.push_back(0);
        for (double at = field("start"); at <= field("end"); at += field("step")) {
          values += (values.empty() ? "[" : ",[") + std::to_string(at) + ",\"" +
                    (counts.back()++ == 5 ? "NaN" : "2.5") + "\"]";
        }
        return net::HttpResponse{
            .status = 200,
            .body =
                R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":[)" +
                values + "]}]}}"};
      });
  definitions::MetricDefinition metric;
  auto source = prometheus().create(metric, settings, world.services);
  ASSERT_TRUE(source);
  ASSERT_TRUE((*source)->has_past());
  const UtcTime from = from_epoch_seconds(1'000'000);
  const auto past = world.run((*source)->past({.from = from, .to = from + 30s * 25'000, .step = 30s}));
  ASSERT_TRUE(past) << past.error().text();
  EXPECT_EQ(counts, (std::vector<std::int64_t>{10'900, 10'900, 3'200}));
  ASSERT_EQ(past->size(), 1u);
  EXPECT_EQ(past->front().labels, (Labels{{"a", "b"}}));
  ASSERT_EQ(past->front().points.size(), 25'000u - 3);
  EXPECT_EQ(past->front().points.front().first, from);
  EXPECT_EQ(past->front().points.back().first, from + 30s * 24'999);
}

TEST_F(PrometheusTest, APastThatIsNoMatrixInOrderIsAnError) {
  definitions::MetricDefinition metric;
  auto source = prometheus().create(metric, settings, world.services);
  const auto past = [&](const char* result) {
    world.http.on("", "http://p:9090")
        .reply(200, std::string(R"({"status":"success","data":)") + result + "}");
    return world.run((*source)->past(
        {.from = from_epoch_seconds(0), .to = from_epoch_seconds(100), .step = Duration(10s)}));
  };
  for (const char* data : {"null", R"({"resultType":"vector","result":[]})",
                           R"({"resultType":"matrix","result":[{"metric":{}}]})",
                           R"({"resultType":"matrix","result":[{"metric":{},"values":[[20,"1"],[10,"1"]]}]})",
                           R"({"resultType":"matrix","result":[{"metric":{},"values":[[20,1]]}]})"}) {
    EXPECT_FALSE(past(data)) << data;
  }
  EXPECT_TRUE(past(R"({"resultType":"matrix","result":[]})")->empty());
  EXPECT_FALSE(world.run((*source)->past({.from = {}, .to = {}, .step = Duration(0)})));
}

TEST_F(PrometheusTest, NanAndInfinityAreNoValue) {
  for (const char* value : {"NaN", "+Inf", "-Inf"}) {
    const auto series =
        answer(200, std::string(R"({"status":"success","data":{"resultType":"scalar","result":[1,")") +
                        value + "\"]}}");
    ASSERT_TRUE(series) << value;
    EXPECT_TRUE(series->empty()) << value;
  }
}

TEST_F(PrometheusTest, WhatIsNoNumberIsAnErrorAndNeverZero) {
  for (const char* body :
       {"", "null", "<html>busy</html>", "{", R"({"status":"success"})",
        R"({"status":"success","data":null})",
        R"({"status":"success","data":{"resultType":"string","result":[1,"abc"]}})",
        R"({"status":"success","data":{"resultType":"vector","result":null}})",
        R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{}}]}})",
        R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,null]}]}})",
        R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,2]}]}})",
        R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"2x"]}]}})",
        R"({"status":"success","isPartial":true,"data":{"resultType":"vector","result":[]}})",
        R"({"status":"success","warnings":["store is down"],"data":{"resultType":"vector","result":[]}})"}) {
    EXPECT_FALSE(answer(200, body)) << body;
  }
}

TEST_F(PrometheusTest, ErrorsSayWhatPrometheusSays) {
  auto result = answer(
      400,
      R"({"status":"error","errorType":"bad_data","error":"1:5: parse error: unclosed left parenthesis"})");
  EXPECT_THAT(result.error().message, HasSubstr("unclosed left parenthesis"));
  EXPECT_FALSE(result.error().retryable);
  result = answer(429, "slow down", {{"Retry-After", "7"}});
  EXPECT_EQ(result.error().code, ErrorCode::throttled);
  EXPECT_EQ(result.error().retry_after, Duration(7s));
  EXPECT_EQ(answer(401, "Unauthorized").error().code, ErrorCode::unauthorized);
  EXPECT_EQ(answer(500, "<html>").error().code, ErrorCode::unavailable);
}

TEST_F(PrometheusTest, SignsInAsTheKeysSay) {
  settings.set("username", std::string("u"));
  settings.set("password", std::string("p"));
  answer(200, "{}");
  EXPECT_EQ(world.http.last().header("Authorization"), "Basic dTpw");
  settings = {};
  settings.set("endpoint", std::string("http://p:9090"));
  settings.set("query", std::string("up"));
  settings.set("token", std::string("secret\n"));
  answer(200, "{}");
  EXPECT_EQ(world.http.last().header("Authorization"), "Bearer secret");
}

TEST_F(PrometheusTest, AnOauthTokenIsKeptAndRenewedOnceAfterA401) {
  settings.set("token_url", std::string("http://auth/token"));
  settings.set("client_id", std::string("id"));
  settings.set("client_secret", std::string("very-secret"));
  auto& tokens = world.http.on("POST", "http://auth/token")
                     .reply(200, R"({"access_token":"one","expires_in":3600})")
                     .reply(200, R"({"access_token":"two","expires_in":3600})");
  world.http.on("GET", "http://p:9090")
      .reply(401, "")
      .reply(200, R"({"status":"success","data":{"resultType":"scalar","result":[1,"7"]}})");
  const auto series = poll();
  ASSERT_TRUE(series) << series.error().text();
  EXPECT_EQ(tokens.count(), 2);
  EXPECT_EQ(world.http.last().header("Authorization"), "Bearer two");
  world.http.on("POST", "http://auth/token").reply(400, "bad very-secret");
  const auto failed = poll();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().text().find("very-secret"), std::string::npos);
}

TEST_F(PrometheusTest, ALongQueryGoesAsAForm) {
  settings.set("query", std::string(3000, 'x'));
  answer(200, "{}");
  EXPECT_EQ(world.http.last().request.method, "POST");
}

TEST(ToSample, SeveralSeriesNeedARule) {
  definitions::MetricDefinition metric;
  const std::vector<Series> two = {{.labels = {{"a", "1"}}, .value = 2},
                                   {.labels = {{"a", "2"}}, .value = 4}};
  const auto refused = to_sample(metric, two, {}, {});
  EXPECT_EQ(refused.error().code, ErrorCode::bad_response);
  EXPECT_THAT(refused.error().message, HasSubstr("a=\"1\""));
  using definitions::Aggregate;
  const std::map<Aggregate, double> wanted = {{Aggregate::sum, 6},
                                              {Aggregate::avg, 3},
                                              {Aggregate::min, 2},
                                              {Aggregate::max, 4},
                                              {Aggregate::first, 2}};
  for (const auto& [rule, value] : wanted) {
    metric.aggregate = rule;
    EXPECT_EQ(to_sample(metric, two, {}, {})->value, value);
  }
}

TEST(ToSample, EmptyIsAFailureUnlessOnEmptySaysOtherwise) {
  definitions::MetricDefinition metric;
  EXPECT_EQ(to_sample(metric, {}, 5, {}).error().code, ErrorCode::no_data);
  metric.on_empty = {.kind = definitions::OnEmpty::Kind::number, .number = 3};
  EXPECT_EQ(to_sample(metric, {}, 5, {})->value, 3);
  metric.on_empty = {.kind = definitions::OnEmpty::Kind::last};
  EXPECT_EQ(to_sample(metric, {}, 5, {})->value, 5);
  EXPECT_FALSE(to_sample(metric, {}, {}, {}));
}

TEST(Kinds, EveryTableIsWhole) {
  for (const auto* kind : registry()) {
    EXPECT_FALSE(kind->table.summary.empty()) << kind->table.name;
    EXPECT_EQ(kind->table.polled, bool(kind->create)) << kind->table.name;
    for (const auto& key : kind->table.keys)
      EXPECT_FALSE(key.help.empty()) << kind->table.name << "." << key.name;
  }
}

}  // namespace
}  // namespace wave::metrics
