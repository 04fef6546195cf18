#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/aws/world.h"

namespace wave::components {
namespace {

using testing::HasSubstr;

class EcsContract : public testing::Test {
 protected:
  EcsContract() {
    world.settings.set("cluster_name", std::string("c1"));
    world.settings.set("service_name", std::string("s1"));
  }
  void serve(const std::string& more, int desired = 2, int running = 2) {
    world.on("DescribeServices").reply(200, described("s1", more, desired, running));
  }
  static std::string service(const std::string& name, const std::string& more, int desired, int running) {
    return R"({"serviceName":")" + name + R"(","status":"ACTIVE","desiredCount":)" + std::to_string(desired) +
           R"(,"runningCount":)" + std::to_string(running) + more + "}";
  }
  static std::string described(const std::string& name, const std::string& more, int desired, int running) {
    return R"({"services":[)" + service(name, more, desired, running) + R"(],"failures":[]})";
  }
  void serve_target(int min, int max, const std::string& more = "") {
    world.on("DescribeScalableTargets")
        .reply(200, R"({"ScalableTargets":[{"ServiceNamespace":"ecs","ResourceId":"service/c1/s1",
            "ScalableDimension":"ecs:service:DesiredCount","MinCapacity":)" +
                        std::to_string(min) + R"(,"MaxCapacity":)" + std::to_string(max) + more + "}]}");
  }
  test::AwsWorld world;
};

TEST_F(EcsContract, SendsWhatBotocoreSends) {
  serve("");
  world.on("UpdateService").reply(200, "{}", {{"x-amzn-RequestId", "r-1"}});
  auto component = world.make(amazon_ecs());
  ASSERT_TRUE(world.observe(*component));
  world.expect_golden("ecs", "DescribeServices");
  world.expect_golden("application-autoscaling", "DescribeScalableTargets");
  const auto applied = world.apply(*component, {{"desired", 5}}, {{"desired", 2}});
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_EQ(applied->request_id, "r-1");
  world.expect_golden("ecs", "UpdateService");
}

TEST_F(EcsContract, IsStableWithOneDeploymentAndEveryTaskRunning) {
  auto component = world.make(amazon_ecs());
  serve(R"(,"deployments":[{}])");
  EXPECT_FALSE(world.observe(*component)->changing);
  serve(R"(,"deployments":[{},{}])");
  EXPECT_TRUE(world.observe(*component)->changing);
  serve(R"(,"deployments":[{}])", 4, 1);
  const auto seen = world.observe(*component);
  EXPECT_TRUE(seen->changing);
  EXPECT_EQ(seen->ready, 1);
  EXPECT_EQ(seen->current.at("desired"), 4);
}

TEST_F(EcsContract, SaysWhatItsServiceCannot) {
  auto component = world.make(amazon_ecs());
  serve(R"(,"schedulingStrategy":"DAEMON")");
  EXPECT_EQ(world.observe(*component).error().code, ErrorCode::invalid_argument);
  serve(R"(,"deployments":[{}],"events":[{"message":"(service s1) is unable to consistently start tasks"}])");
  const auto seen = world.observe(*component);
  ASSERT_EQ(seen->warnings.size(), 1u);
  EXPECT_THAT(seen->warnings.front(), HasSubstr("unable to consistently start"));
}

TEST_F(EcsContract, AScalableTargetIsSeenBeforeTheFirstWrite) {
  serve("");
  serve_target(2, 10);
  auto component = world.make(amazon_ecs());
  const auto seen = world.observe(*component);
  ASSERT_EQ(seen->steering.size(), 1U);
  EXPECT_THAT(seen->steering[0].who, HasSubstr("service/c1/s1 (desired 2 to 10)"));
  EXPECT_TRUE(seen->steering[0].can_raise_floor);
  const auto applied = world.apply(*component, {{"desired", 5}}, {{"desired", 2}});
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::conflict);
  EXPECT_EQ(world.asked("UpdateService"), 0);
}

TEST_F(EcsContract, ASuspendedTargetSteersNothing) {
  serve("");
  serve_target(2, 10,
               R"(,"SuspendedState":{"DynamicScalingInSuspended":true,"DynamicScalingOutSuspended":true,
                   "ScheduledScalingSuspended":true})");
  auto component = world.make(amazon_ecs());
  EXPECT_TRUE(world.observe(*component)->steering.empty());
}

TEST_F(EcsContract, RaiseFloorMovesTheTargetsMinimumAndNothingElse) {
  serve("", 6, 6);
  serve_target(2, 10);
  world.on("RegisterScalableTarget").reply(200, "{}");
  world.definition.on_conflict = definitions::OnConflict::raise_floor;
  auto component = world.make(amazon_ecs());
  const auto seen = world.observe(*component);
  EXPECT_EQ(seen->current.at("desired"), 2);
  EXPECT_EQ(seen->system_max.at("desired"), 10);
  ASSERT_TRUE(world.apply(*component, {{"desired", 5}}, {{"desired", 2}}, true));
  EXPECT_EQ(world.sent("RegisterScalableTarget").request.body,
            R"({"ServiceNamespace": "ecs", "ResourceId": "service/c1/s1", )"
            R"("ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 5})");
  EXPECT_EQ(world.asked("UpdateService"), 0);
  EXPECT_EQ(world.observe(*component)->current.at("desired"), 5);
}

TEST_F(EcsContract, WhereTargetsMayNotBeListedThatIsAWarningAndWhereTheyCannotBeReadNothingIsWritten) {
  serve("");
  world.on("DescribeScalableTargets").reply(400, R"({"__type":"AccessDeniedException","message":"no"})");
  auto denied = world.make(amazon_ecs());
  EXPECT_EQ(world.observe(*denied)->warnings.size(), 1u);
  world.on("DescribeScalableTargets").reply(503, "");
  auto unknown = world.make(amazon_ecs());
  const auto seen = world.observe(*unknown);
  ASSERT_EQ(seen->blocks.size(), 1u);
  const auto applied = world.apply(*unknown, {{"desired", 5}}, {{"desired", 2}});
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::busy);
  EXPECT_EQ(world.asked("UpdateService"), 0);
}

TEST_F(EcsContract, ThirtyServicesOfAClusterAreThreeCalls) {
  std::vector<std::size_t> asked;
  world.on("DescribeServices").reply_with([&](const net::HttpRequest& request) {
    const auto body = nlohmann::json::parse(request.body);
    std::string services;
    for (const std::string name : body["services"])
      services += (services.empty() ? "" : ",") + service(name, "", 2, 2);
    asked.push_back(body["services"].size());
    return net::HttpResponse{.status = 200, .headers = {}, .body = R"({"services":[)" + services + "]}"};
  });
  std::vector<std::unique_ptr<Component>> components;
  std::vector<Task<Result<Observation>>> observations;
  for (int i = 0; i < 30; ++i) {
    world.settings.set("service_name", "s" + std::to_string(i));
    components.push_back(world.make(amazon_ecs()));
    observations.push_back(components.back()->observe());
  }
  for (const auto& seen : world.services.run(all(std::move(observations)))) EXPECT_TRUE(seen);
  EXPECT_EQ(asked, (std::vector<std::size_t>{10, 10, 10}));
  EXPECT_EQ(world.asked("DescribeScalableTargets"), 1);
}

TEST_F(EcsContract, OneServiceThatMayNotBeReadFailsAlone) {
  world.on("DescribeServices").reply_with([&](const net::HttpRequest& request) {
    const auto body = nlohmann::json::parse(request.body);
    std::string services;
    for (const std::string name : body["services"]) {
      if (name == "s3")
        return net::HttpResponse{
            .status = 400, .headers = {}, .body = R"({"__type":"AccessDeniedException"})"};
      services += (services.empty() ? "" : ",") + service(name, "", 2, 2);
    }
    return net::HttpResponse{.status = 200, .headers = {}, .body = R"({"services":[)" + services + "]}"};
  });
  std::vector<std::unique_ptr<Component>> components;
  std::vector<Task<Result<Observation>>> observations;
  for (int i = 0; i < 8; ++i) {
    world.settings.set("service_name", "s" + std::to_string(i));
    components.push_back(world.make(amazon_ecs()));
    observations.push_back(components.back()->observe());
  }
  const auto seen = world.services.run(all(std::move(observations)));
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i].has_value(), i != 3) << i;
  EXPECT_EQ(seen[3].error().code, ErrorCode::forbidden);
}

TEST_F(EcsContract, AListOfTargetsWithoutAnEndIsAWarningAndNotNobody) {
  serve("");
  world.on("DescribeScalableTargets").reply(200, R"({"ScalableTargets":[],"NextToken":"more"})");
  const auto seen = world.observe(*world.make(amazon_ecs()));
  EXPECT_TRUE(seen->steering.empty());
  EXPECT_EQ(world.asked("DescribeScalableTargets"), 20);
  EXPECT_THAT(seen->warnings, testing::Contains(HasSubstr(
                                  "steers desired is not known: DescribeScalableTargets: the list has "
                                  "more than 20 pages")));
}

}  // namespace
}  // namespace wave::components
