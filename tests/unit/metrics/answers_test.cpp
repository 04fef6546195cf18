#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "metrics/kinds.h"
#include "subjects.h"
#include "support/services.h"

namespace wave::metrics {
namespace {

using definitions::Settings;
using test::Subject;
using testing::HasSubstr;
using testing::Not;

/// One poll in a world of its own.
struct Poll {
  explicit Poll(const Subject& subject) : settings(test::settings_of(subject)) {}
  test::TestServices world;
  Settings settings;
  definitions::MetricDefinition metric;

  Result<std::vector<Series>> run(const Subject& subject) {
    auto source = subject.kind.create(metric, settings, world.services);
    if (!source) return std::unexpected(source.error());
    auto series = world.run((*source)->poll());
    EXPECT_LE(world.runtime.mono() - MonoTime{}, metric.timeout * 2) << subject.name;
    return series;
  }
};

Result<std::vector<Series>> answered(const Subject& subject, int status, const std::string& body,
                                     const net::Headers& headers = {}) {
  Poll poll(subject);
  poll.world.http.on("", "http").reply(status, body, headers);
  return poll.run(subject);
}

std::string some_answer(const Subject& subject) {
  return subject.good.empty() ? "[]" : subject.good;
}

TEST(Answers, AGoodOneIsTheValue) {
  for (const auto& subject : test::subjects()) {
    if (subject.good.empty()) continue;
    const auto series = answered(subject, 200, subject.good);
    ASSERT_TRUE(series) << subject.name << ": " << series.error().text();
    ASSERT_EQ(series->size(), 1u) << subject.name;
    EXPECT_EQ(series->front().value, 7) << subject.name;
  }
}

TEST(Answers, AStatusThatIsNoSuccessIsAnErrorWhateverTheBody) {
  struct Case {
    int status;
    ErrorCode code;
  };
  for (const auto& subject : test::subjects()) {
    for (const Case one :
         {Case{401, ErrorCode::unauthorized}, Case{403, ErrorCode::forbidden},
          Case{404, ErrorCode::not_found}, Case{429, ErrorCode::throttled}, Case{500, ErrorCode::unavailable},
          Case{503, ErrorCode::unavailable}, Case{302, ErrorCode::bad_response}}) {
      const auto refused = answered(subject, one.status, some_answer(subject),
                                    {{"Retry-After", "9"}, {"Location", "http://other/"}});
      ASSERT_FALSE(refused) << subject.name << " " << one.status;
      EXPECT_EQ(refused.error().code, one.code) << subject.name << ": " << refused.error().text();
      EXPECT_THAT(refused.error().text(), Not(HasSubstr("very-secret")));
      const auto wait = refused.error().retry_after;
      EXPECT_EQ(wait == Duration(9s), one.status == 429 || one.status == 503) << subject.name;
    }
    const auto html = answered(subject, 500, "<html><body>very-secret is down</body></html>");
    ASSERT_FALSE(html) << subject.name;
    // AWS is sent a signature, never the secret.
    if (subject.takes_oauth2) {
      EXPECT_THAT(html.error().text(), Not(HasSubstr("very-secret"))) << subject.name;
    }
    const auto throttled = answered(subject, 429, "");
    ASSERT_FALSE(throttled) << subject.name;
    EXPECT_TRUE(throttled.error().retryable && !throttled.error().retry_after) << subject.name;
  }
}

TEST(Answers, NonsenseIsNeverAValue) {
  for (const auto& subject : test::subjects()) {
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
                                       R"({"error":"down"})",
                                       R"({"errors":["down"]})",
                                       R"({"data":null})",
                                       R"({"results":null})",
                                       std::string(40, '[')};
    if (!subject.good.empty()) {
      const std::string& good = subject.good;
      bodies.push_back(good.substr(0, good.size() / 2));
      bodies.push_back(good.substr(0, good.size() - 1));
      const auto at = good.rfind('7');
      for (const char* wrong : {"null", "\"NaN\"", "NaN", "\"\"", "[]", "{}", "true", "\"many\"", "1e999"})
        if (at != std::string::npos) bodies.push_back(std::string(good).replace(at, 1, wrong));
    }
    for (const auto& body : bodies) {
      const auto series = answered(subject, 200, body);
      EXPECT_TRUE(!series || series->empty()) << subject.name << " took a value from " << body;
    }
  }
}

TEST(Answers, ASuccessWithAnErrorInsideIsAnError) {
  for (const auto& subject : test::subjects()) {
    if (subject.error_inside.empty()) continue;
    const auto refused = answered(subject, 200, subject.error_inside);
    EXPECT_FALSE(refused) << subject.name;
  }
}

TEST(Answers, SeveralSeriesAreOneNumberOnlyWhereARuleSaysWhich) {
  for (const auto& subject : test::subjects()) {
    if (subject.two.empty()) continue;
    const auto series = answered(subject, 200, subject.two);
    ASSERT_TRUE(series) << subject.name << ": " << series.error().text();
    ASSERT_EQ(series->size(), 2u) << subject.name;
    definitions::MetricDefinition metric;
    const auto refused = to_sample(metric, *series, std::nullopt, {});
    ASSERT_FALSE(refused) << subject.name;
    EXPECT_THAT(refused.error().hint, HasSubstr("aggregate")) << subject.name;
    metric.aggregate = definitions::Aggregate::max;
    EXPECT_EQ(to_sample(metric, *series, std::nullopt, {})->value, 7) << subject.name;
  }
}

TEST(Answers, AHugeBodyIsCutOffByALimit) {
  const std::string huge(17u << 20, ' ');
  for (const auto& subject : test::subjects()) {
    const auto refused = answered(subject, 200, huge);
    ASSERT_FALSE(refused) << subject.name;
    EXPECT_EQ(refused.error().code, ErrorCode::limit_exceeded) << subject.name;
  }
}

/// That the real client takes credentials off a redirect to another host is curl_client_test's to show.
TEST(Answers, NothingIsAskedElsewhereWhereARedirectLeads) {
  for (const auto& subject : test::subjects()) {
    Poll poll(subject);
    poll.world.http.on("", "http").reply(307, "", {{"Location", "http://other.example/steal"}});
    EXPECT_FALSE(poll.run(subject)) << subject.name;
    for (const auto& one : poll.world.http.requests())
      EXPECT_THAT(one.request.url, Not(HasSubstr("other.example"))) << subject.name;
  }
}

TEST(Answers, AnExpiredTokenIsRenewedOnce) {
  for (const auto& subject : test::subjects()) {
    if (!subject.takes_oauth2 || subject.good.empty()) continue;
    for (const bool renewal_helps : {true, false}) {
      Poll poll(subject);
      poll.settings.set("auth", std::string("oauth2"));
      poll.settings.set("token_url", std::string("http://sign-in/token"));
      poll.settings.set("client_id", std::string("c"));
      poll.settings.set("client_secret", std::string("very-secret"));
      auto& api = poll.world.http.on("", "http://h").reply(401, "expired");
      if (renewal_helps) api.reply(200, subject.good);
      auto& sign_in = poll.world.http.on("POST", "http://sign-in/token");
      for (const char* token : {"first", "second", "third"})
        sign_in.reply(200, R"({"access_token":")" + std::string(token) + R"(","expires_in":300})");
      const auto series = poll.run(subject);
      EXPECT_EQ(series.has_value(), renewal_helps) << subject.name;
      EXPECT_EQ(api.count(), 2) << subject.name;
      EXPECT_EQ(sign_in.count(), 2) << subject.name;
      EXPECT_EQ(poll.world.http.last().header("Authorization"), "Bearer second") << subject.name;
    }
  }
}

/// One exchange then answers them all (net::HttpRequest::single_flight). What starts something is never
/// shared.
TEST(Answers, MetricsThatAskTheSameAtTheSameTimeMayShareTheRequest) {
  for (const auto& subject : test::subjects()) {
    const bool starts_something =
        subject.name == "splunk job" || subject.name == "dynatrace query" || subject.name == "databricks sql";
    const bool is_aws = subject.name == "cloudwatch" || subject.name == "aws-sqs";
    if (is_aws) continue;  // signed with the time; CloudWatch has batches instead
    Poll first(subject);
    first.world.http.on("", "http").reply(500, "");
    EXPECT_FALSE(first.run(subject)) << subject.name;
    Poll second(subject);
    second.world.http.on("", "http").reply(500, "");
    EXPECT_FALSE(second.run(subject)) << subject.name;
    const auto& one = first.world.http.last().request;
    const auto& other = second.world.http.last().request;
    EXPECT_EQ(one.single_flight, !starts_something) << subject.name;
    EXPECT_EQ(one.url + one.body, other.url + other.body) << subject.name;
  }
}

TEST(Answers, ASilentServerIsATimeout) {
  for (const auto& subject : test::subjects()) {
    Poll poll(subject);
    poll.world.http.on("", "http").never();
    const auto silent = poll.run(subject);
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
