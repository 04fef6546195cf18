#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "metrics/kinds.h"
#include "support/services.h"

namespace wave::metrics {
namespace {

using definitions::Settings;
using testing::HasSubstr;

class SqsTest : public testing::Test {
 protected:
  SqsTest() {
    settings.set("queue_url", std::string("https://sqs.eu-west-1.amazonaws.com/123456789012/jobs"));
    settings.set("access_key", std::string("AKIA"));
    settings.set("secret_key", std::string("s3cr3t"));
  }
  Result<std::vector<Series>> poll() {
    if (!source) {
      auto made = aws_sqs().create({}, settings, world.services);
      if (!made) return std::unexpected(made.error());
      source = std::move(*made);
    }
    return world.run(source->poll());
  }
  Result<std::vector<Series>> answer(int status, const std::string& body) {
    world.http.on("POST", "https://sqs.eu-west-1.amazonaws.com/").reply(status, body);
    return poll();
  }
  /// The error when the settings are used.
  std::string refusal() { return poll().error().text(); }

  test::TestServices world;
  Settings settings;
  std::unique_ptr<Source> source;
};

TEST_F(SqsTest, AddsUpWhatWaitsAndWhatIsInFlight) {
  const auto series = answer(
      200,
      R"({"Attributes":{"ApproximateNumberOfMessages":"3","ApproximateNumberOfMessagesNotVisible":"2"}})");
  ASSERT_TRUE(series) << series.error().text();
  EXPECT_EQ(series->front().value, 5);
  EXPECT_THAT(world.http.last().header("Authorization"), HasSubstr("/eu-west-1/sqs/aws4_request"));
}

TEST_F(SqsTest, TheAttributesSayWhatCounts) {
  settings.set("attributes", Settings::List{"ApproximateNumberOfMessagesDelayed"});
  EXPECT_EQ(answer(200, R"({"Attributes":{"ApproximateNumberOfMessagesDelayed":"0"}})")->front().value, 0);
  const auto body = nlohmann::json::parse(world.http.last().request.body);
  EXPECT_EQ(body["AttributeNames"], nlohmann::json::array({"ApproximateNumberOfMessagesDelayed"}));
  source.reset();
  settings.set("attributes", Settings::List{"VisibilityTimeout"});
  EXPECT_THAT(refusal(), HasSubstr("ApproximateNumberOfMessagesNotVisible"));
}

TEST_F(SqsTest, AMissingAttributeIsAnErrorAndNeverZero) {
  for (const char* body :
       {"", "null", "<html>", "[]", "{}", R"({"Attributes":null})", R"({"Attributes":{}})",
        R"({"Attributes":{"ApproximateNumberOfMessages":"3"}})",
        R"({"Attributes":{"ApproximateNumberOfMessages":"3","ApproximateNumberOfMessagesNotVisible":null}})",
        R"({"Attributes":{"ApproximateNumberOfMessages":3,"ApproximateNumberOfMessagesNotVisible":"1"}})",
        R"({"Attributes":{"ApproximateNumberOfMessages":"NaN","ApproximateNumberOfMessagesNotVisible":"1"}})",
        R"({"Attributes":{"ApproximateNumberOfMessages":"","ApproximateNumberOfMessagesNotVisible":"1"}})",
        R"({"Attributes":{"ApproximateNumberOfMessages":"-3","ApproximateNumberOfMessagesNotVisible":"1"}})",
        R"({"Attributes":{"ApproximateNumberOfMessages":"3",)"}) {
    const auto refused = answer(200, body);
    ASSERT_FALSE(refused) << body;
    EXPECT_EQ(refused.error().code, ErrorCode::bad_response) << body;
  }
}

/// The error's body is moto's (getmoto/moto, Apache-2.0), as a real server answered.
TEST_F(SqsTest, AQueueByNameIsLookedUpOnceAndAgainWhenItIsGone) {
  settings = {};
  settings.set("region", std::string("eu-west-1"));
  settings.set("queue_name", std::string("jobs"));
  settings.set("account_id", std::string("123456789012"));
  settings.set("access_key", std::string("AKIA"));
  settings.set("secret_key", std::string("s3cr3t"));
  int lookups = 0;
  bool gone = false;
  world.http.on("POST", "https://sqs.").reply_with([&](const net::HttpRequest& request) {
    const auto target = net::find_header(request.headers, "X-Amz-Target");
    if (target == "AmazonSQS.GetQueueUrl") {
      ++lookups;
      EXPECT_THAT(request.body, HasSubstr(R"("QueueOwnerAWSAccountId": "123456789012")"));
      return net::HttpResponse{.status = 200, .body = R"({"QueueUrl":"https://q/1/jobs"})"};
    }
    if (gone)
      return net::HttpResponse{
          .status = 400,
          .headers = {{"x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender"}},
          .body =
              R"({"__type": "com.amazonaws.sqs#QueueDoesNotExist", "Message": "The specified queue does not exist."})"};
    return net::HttpResponse{
        .status = 200,
        .body =
            R"({"Attributes":{"ApproximateNumberOfMessages":"1","ApproximateNumberOfMessagesNotVisible":"0"}})"};
  });
  EXPECT_TRUE(poll());
  EXPECT_TRUE(poll());
  EXPECT_EQ(lookups, 1);
  gone = true;
  const auto missing = poll();
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_THAT(missing.error().text(), HasSubstr("The specified queue does not exist."));
  gone = false;
  EXPECT_TRUE(poll());
  EXPECT_EQ(lookups, 2);
}

TEST_F(SqsTest, RefusalsSayWhatAwsSays) {
  EXPECT_EQ(answer(403, R"({"__type":"InvalidClientTokenId","message":"no"})").error().code,
            ErrorCode::unauthorized);
  EXPECT_EQ(answer(400, R"({"__type":"com.amazonaws.sqs#RequestThrottled","message":"slow"})").error().code,
            ErrorCode::throttled);
  EXPECT_EQ(answer(500, "<html>").error().code, ErrorCode::unavailable);
  EXPECT_THAT(answer(403, R"({"__type":"AccessDenied","message":"no"})").error().text(),
              testing::Not(HasSubstr("s3cr3t")));
}

TEST_F(SqsTest, AnAddressThatCannotBeAQueueIsRefused) {
  for (const char* url : {"https://sqs.eu-west-1.amazonaws.com/", "https://sqs.eu-west-1.amazonaws.com/jobs",
                          "https://sqs.eu-west-1.amazonaws.com/1/a/b"}) {
    settings.set("queue_url", std::string(url));
    EXPECT_THAT(refusal(), HasSubstr("/account/name")) << url;
  }
  settings.set("queue_name", std::string("jobs"));
  EXPECT_THAT(refusal(), HasSubstr("either 'queue_url' or 'queue_name'"));
}

}  // namespace
}  // namespace wave::metrics
