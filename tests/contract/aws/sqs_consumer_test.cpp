#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/aws/world.h"

namespace wave::components {
namespace {

using testing::HasSubstr;

constexpr const char* uuid = "14e0db71-5d35-4eb5-b481-8945cf9d10c2";

class QueueConsumerContract : public testing::Test {
 protected:
  QueueConsumerContract() {
    world.settings.set("event_source_mapping_id", std::string(uuid));
    world.on("PUT /2015-03-31/event-source-mappings/").reply(202, "{}");
  }
  void serve(const std::string& more, const std::string& state = "Enabled",
             const std::string& source = "arn:aws:sqs:us-east-1:123456789012:jobs") {
    world.on("GET /2015-03-31/event-source-mappings/")
        .reply(200, R"({"State":")" + state + R"(","EventSourceArn":")" + source + "\"" + more + "}");
  }
  test::AwsWorld world;
};

TEST_F(QueueConsumerContract, SendsWhatBotocoreSends) {
  serve(R"(,"ScalingConfig":{"MaximumConcurrency":10})");
  auto component = world.make(amazon_sqs());
  const auto applied = world.apply(*component, {{"max_concurrency", 50}}, {{"max_concurrency", 10}});
  ASSERT_TRUE(applied) << applied.error().text();
  world.expect_golden("lambda", "GetEventSourceMapping", "GET /2015-03-31/event-source-mappings/");
  world.expect_golden("lambda", "UpdateEventSourceMapping", "PUT /2015-03-31/event-source-mappings/");
}

TEST_F(QueueConsumerContract, PollersAreSetTogetherAndBoundEachOther) {
  serve(R"(,"ProvisionedPollerConfig":{"MinimumPollers":2,"MaximumPollers":20})");
  auto component = world.make(amazon_sqs());
  const auto seen = world.observe(*component);
  EXPECT_EQ(seen->system_max, (Values{{"min_pollers", 20}}));
  EXPECT_EQ(seen->system_min, (Values{{"max_pollers", 2}}));
  ASSERT_TRUE(world.apply(*component, {{"min_pollers", 5}}, {{"min_pollers", 2}}));
  EXPECT_EQ(world.sent("PUT /").request.body,
            R"({"ProvisionedPollerConfig": {"MinimumPollers": 5, "MaximumPollers": 20}})");
}

TEST_F(QueueConsumerContract, WhatNothingLimitsIsNotZeroAndGetsNoFirstLimit) {
  const auto held = [&](const std::string& value, const std::string& why) {
    auto component = world.make(amazon_sqs());
    const auto seen = world.observe(*component);
    EXPECT_FALSE(seen->current.contains(value));
    const auto applied = world.apply(*component, {{value, 2}});
    ASSERT_FALSE(applied) << value;
    EXPECT_EQ(applied.error().code, ErrorCode::busy);
    EXPECT_THAT(applied.error().text(), HasSubstr(why));
  };
  serve("");
  held("max_concurrency", "nothing limits it; set a limit once in AWS");
  held("min_pollers", "it has no MinimumPollers");
  serve(R"(,"ProvisionedPollerConfig":{"MaximumPollers":20})");
  held("max_concurrency", "its pollers are provisioned");
  held("min_pollers", "it has no MinimumPollers");
  EXPECT_EQ(world.asked("PUT /"), 0);
}

TEST_F(QueueConsumerContract, AMappingThatIsBeingUpdatedWaitsAndOneOfAnotherSourceIsRefused) {
  serve("", "Updating");
  auto component = world.make(amazon_sqs());
  EXPECT_TRUE(world.observe(*component)->changing);
  EXPECT_EQ(world.apply(*component, {{"max_concurrency", 50}}).error().code, ErrorCode::busy);
  serve("", "Disabled");
  EXPECT_EQ(world.observe(*component)->warnings.size(), 1u);
  serve("", "Enabled", "arn:aws:kinesis:us-east-1:123456789012:stream/x");
  EXPECT_EQ(world.observe(*component).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace wave::components
