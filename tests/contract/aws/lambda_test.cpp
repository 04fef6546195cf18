#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/aws/world.h"

namespace wave::components {
namespace {

using testing::HasSubstr;

constexpr const char* provisioned = "/2019-09-30/functions/fn/provisioned-concurrency";
constexpr const char* none = R"({"Message":"No Provisioned Concurrency Config found for this function"})";

class LambdaContract : public testing::Test {
 protected:
  LambdaContract() {
    world.settings.set("function_name", std::string("fn"));
    world.settings.set("qualifier", std::string("live"));
    world.on("GET /2019-09-30/functions/fn/concurrency").reply(200, "{}");
  }
  void serve(int requested, int available, const std::string& status, const std::string& more = "") {
    world.on(std::string("GET ") + provisioned)
        .reply(200, R"({"RequestedProvisionedConcurrentExecutions":)" + std::to_string(requested) +
                        R"(,"AvailableProvisionedConcurrentExecutions":)" + std::to_string(available) +
                        R"(,"Status":")" + status + "\"" + more + "}");
  }
  void serve_none() {
    world.on(std::string("GET ") + provisioned)
        .reply(404, none, {{"x-amzn-ErrorType", "ProvisionedConcurrencyConfigNotFoundException"}});
  }
  void serve_reserved(int number) {
    world.on("GET /2019-09-30/functions/fn/concurrency")
        .reply(200, R"({"ReservedConcurrentExecutions":)" + std::to_string(number) + "}");
  }
  test::AwsWorld world;
};

TEST_F(LambdaContract, SendsWhatBotocoreSends) {
  serve_none();
  world.on(std::string("PUT ") + provisioned).reply(202, "{}");
  world.on(std::string("DELETE ") + provisioned).reply(204, "");
  world.on("PUT /2017-10-31/functions/fn/concurrency").reply(200, "{}");
  auto component = world.make(aws_lambda());
  ASSERT_TRUE(world.apply(*component, {{"provisioned_concurrency", 3}}, {{"provisioned_concurrency", 0}}));
  world.expect_golden("lambda", "GetProvisionedConcurrencyConfig", std::string("GET ") + provisioned);
  world.expect_golden("lambda", "GetFunctionConcurrency", "GET /2019-09-30/functions/fn/concurrency");
  world.expect_golden("lambda", "PutProvisionedConcurrencyConfig", std::string("PUT ") + provisioned);
  serve_reserved(3);
  ASSERT_TRUE(world.apply(*component, {{"reserved_concurrency", 7}}));
  world.expect_golden("lambda", "PutFunctionConcurrency", "PUT /2017-10-31/functions/fn/concurrency");
  serve(3, 3, "READY");
  ASSERT_TRUE(world.apply(*component, {{"provisioned_concurrency", 0}}));
  world.expect_golden("lambda", "DeleteProvisionedConcurrencyConfig", std::string("DELETE ") + provisioned);
}

TEST_F(LambdaContract, TakesAnArnIntoThePath) {
  world.settings.set("function_name", std::string("arn:aws:lambda:us-east-1:123456789012:function:fn"));
  world.on("GET /2019-09-30/functions/arn").reply(200, R"({"RequestedProvisionedConcurrentExecutions":1})");
  world.on("PUT /2019-09-30/functions/arn").reply(202, "{}");
  auto component = world.make(aws_lambda());
  ASSERT_TRUE(world.apply(*component, {{"provisioned_concurrency", 3}}));
  world.expect_golden("lambda", "PutProvisionedConcurrencyConfig", "PUT /2019-09-30/functions/arn");
  EXPECT_THAT(world.sent("DescribeScalableTargets").request.body, HasSubstr("\"function:fn:live\""));
}

TEST_F(LambdaContract, NoConfigurationIsZeroAndAnHtml404IsNot) {
  serve_none();
  auto component = world.make(aws_lambda());
  const auto seen = world.observe(*component);
  ASSERT_TRUE(seen) << seen.error().text();
  EXPECT_EQ(seen->current.at("provisioned_concurrency"), 0);
  EXPECT_EQ(seen->ready, 0);
  world.on(std::string("GET ") + provisioned).reply(404, "<html>Not Found</html>");
  EXPECT_FALSE(world.observe(*component));
}

TEST_F(LambdaContract, ARequestInProgressHoldsTheNext) {
  serve(5, 2, "IN_PROGRESS");
  auto component = world.make(aws_lambda());
  const auto seen = world.observe(*component);
  EXPECT_TRUE(seen->changing);
  EXPECT_EQ(seen->ready, 2);
  EXPECT_TRUE(std::ranges::any_of(seen->blocks, [](const decisions::Block& one) {
    return one.value == "provisioned_concurrency" && one.reason == "an earlier request is being processed";
  }));
  EXPECT_EQ(world.apply(*component, {{"provisioned_concurrency", 6}}).error().code, ErrorCode::busy);
}

TEST_F(LambdaContract, AFailedRequestCanBeMadeAgain) {
  serve(5, 0, "FAILED", R"(,"AllocatedProvisionedConcurrentExecutions":0,"StatusReason":"no capacity")");
  world.on(std::string("PUT ") + provisioned).reply(202, "{}");
  auto component = world.make(aws_lambda());
  EXPECT_THAT(world.observe(*component)->warnings.front(), HasSubstr("no capacity"));
  ASSERT_TRUE(world.apply(*component, {{"provisioned_concurrency", 5}}, {{"provisioned_concurrency", 0}}));
  EXPECT_EQ(world.asked(std::string("PUT ") + provisioned), 1);
}

TEST_F(LambdaContract, AFunctionThatSomebodySwitchedOffStaysOff) {
  serve_none();
  serve_reserved(0);
  auto component = world.make(aws_lambda());
  for (const char* value : {"reserved_concurrency", "provisioned_concurrency"}) {
    const auto applied = world.apply(*component, {{value, 50}}, {{value, 0}});
    ASSERT_FALSE(applied) << value;
    EXPECT_EQ(applied.error().code, ErrorCode::busy);
    EXPECT_THAT(applied.error().text(), HasSubstr("switched the function off"));
  }
  EXPECT_EQ(world.asked("PUT /"), 0);
}

TEST_F(LambdaContract, WhatIsNotReservedIsNotZeroAndGetsNoFirstReservation) {
  serve_none();
  auto component = world.make(aws_lambda());
  EXPECT_FALSE(world.observe(*component)->current.contains("reserved_concurrency"));
  const auto applied = world.apply(*component, {{"reserved_concurrency", 5}});
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::busy);
  EXPECT_THAT(applied.error().text(), HasSubstr("reserve some once in AWS"));
  EXPECT_EQ(world.asked("PUT /"), 0);
}

TEST_F(LambdaContract, WhatIsReservedBoundsWhatIsProvisioned) {
  serve_none();
  serve_reserved(7);
  EXPECT_EQ(world.observe(*world.make(aws_lambda()))->system_max.at("provisioned_concurrency"), 7);
}

TEST_F(LambdaContract, WhatWasSetBeforeARefusalIsToldAndTheRestDecidedAnew) {
  serve(5, 5, "READY");
  serve_reserved(10);
  world.on("PUT /2017-10-31/").reply(200, "{}");
  world.on("PUT /2019-09-30/").reply(409, "{}", {{"x-amzn-errortype", "ResourceConflictException"}});
  const auto applied =
      world.apply(*world.make(aws_lambda()), {{"provisioned_concurrency", 20}, {"reserved_concurrency", 30}});
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_EQ(applied->reached, (Values{{"reserved_concurrency", 30}}));
  EXPECT_THAT(applied->rest, HasSubstr("ResourceConflictException"));
}

TEST_F(LambdaContract, RoomIsMadeBeforeItIsFilledAndTakenAwayAfterItIsEmptied) {
  serve(5, 5, "READY");
  serve_reserved(10);
  world.on("PUT /").reply(200, "{}");
  auto component = world.make(aws_lambda());
  const auto is_room = [&](std::size_t from_end) {
    const auto& all = world.services.http.requests();
    return all[all.size() - from_end].request.url.find("2017-10-31") != std::string::npos;
  };
  ASSERT_TRUE(world.apply(*component, {{"provisioned_concurrency", 20}, {"reserved_concurrency", 30}}));
  EXPECT_TRUE(is_room(2));
  EXPECT_FALSE(is_room(1));
  ASSERT_TRUE(world.apply(*component, {{"provisioned_concurrency", 2}, {"reserved_concurrency", 4}}));
  EXPECT_FALSE(is_room(2));
  EXPECT_TRUE(is_room(1));
}

TEST_F(LambdaContract, LatestHasNoProvisionedConcurrency) {
  world.settings.set("qualifier", std::string("$LATEST"));
  const auto made = aws_lambda().create(world.definition, world.settings, world.services.services);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace wave::components
