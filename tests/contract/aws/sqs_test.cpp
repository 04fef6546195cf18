#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "metrics/kinds.h"
#include "support/services.h"

namespace wave::metrics {
namespace {

/// The requests against those that botocore made (`about` in aws-golden-requests.json).
TEST(SqsContract, AsksAsBotocoreDoes) {
  std::ifstream file(WAVE_SOURCE_DIR "/tests/contract/aws/aws-golden-requests.json");
  const auto golden = nlohmann::json::parse(file);
  const auto wanted = [&](const std::string& operation) {
    for (const auto& one : golden["requests"])
      if (one["service"] == "sqs" && one["operation"] == operation) return one;
    return nlohmann::json();
  };
  test::TestServices world;
  world.http.on("", "").reply(200, R"({"QueueUrl":"https://sqs.us-east-1.amazonaws.com/123456789012/q1"})");
  definitions::Settings settings;
  settings.set("region", std::string("us-east-1"));
  settings.set("queue_name", std::string("q1"));
  settings.set("scale_on_delayed", true);
  settings.set("access_key", golden["access_key"].get<std::string>());
  settings.set("secret_key", golden["secret_key"].get<std::string>());
  auto source = aws_sqs().create({}, settings, world.services);
  ASSERT_TRUE(source);
  EXPECT_FALSE(world.run((*source)->poll()));
  ASSERT_EQ(world.http.requests().size(), 2u);
  int index = 0;
  for (const char* operation : {"GetQueueUrl", "GetQueueAttributes"}) {
    const auto expected = wanted(operation);
    const auto& sent = world.http.requests()[index++];
    EXPECT_EQ(sent.request.url, expected["url"].get<std::string>());
    EXPECT_EQ(sent.header("X-Amz-Target"), expected["headers"]["X-Amz-Target"].get<std::string>());
    EXPECT_EQ(sent.header("Content-Type"), expected["headers"]["Content-Type"].get<std::string>());
    EXPECT_EQ(sent.header("x-amzn-query-mode"), "true");
    EXPECT_EQ(nlohmann::json::parse(sent.request.body),
              nlohmann::json::parse(expected["body"].get<std::string>()));
  }
}

}  // namespace
}  // namespace wave::metrics
