#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/aws/world.h"

namespace wave::components {
namespace {

using testing::HasSubstr;

class EksContract : public testing::Test {
 protected:
  EksContract() {
    world.settings.set("cluster_name", std::string("k"));
    world.settings.set("nodegroup_name", std::string("n"));
  }
  void serve(const std::string& status = "ACTIVE", const std::string& more = "") {
    world.on("GET /clusters/k/node-groups/")
        .reply(200, R"({"nodegroup":{"status":")" + status +
                        R"(","scalingConfig":{"minSize":1,"maxSize":6,"desiredSize":2})" + more + "}}");
  }
  void accept() {
    world.on("POST /clusters/k/node-groups/n/update-config")
        .reply(200, R"({"update":{"id":"u-1","status":"InProgress"}})");
  }
  test::AwsWorld world;
};

TEST_F(EksContract, SendsWhatBotocoreSends) {
  serve();
  accept();
  world.on("GET /clusters/k/updates/u-1").reply(200, R"({"update":{"id":"u-1","status":"InProgress"}})");
  auto component = world.make(amazon_eks());
  const auto applied = world.apply(*component, {{"desired", 4}}, {{"desired", 2}});
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_EQ(applied->request_id, "u-1");
  world.expect_golden("eks", "UpdateNodegroupConfig", "POST /clusters/k/node-groups/n/update-config");
  EXPECT_TRUE(world.observe(*component)->changing);
  world.expect_golden("eks", "DescribeUpdate", "GET /clusters/k/updates/u-1");
  world.settings.set("nodegroup_name", std::string("n 1"));
  ASSERT_TRUE(world.observe(*world.make(amazon_eks())));
  world.expect_golden("eks", "DescribeNodegroup", "GET /clusters/k/node-groups/");
}

TEST_F(EksContract, TheThreeNumbersFitEachOther) {
  serve();
  accept();
  auto component = world.make(amazon_eks());
  ASSERT_TRUE(world.apply(*component, {{"min", 5}}));
  EXPECT_THAT(world.sent("POST /").request.body,
              HasSubstr(R"("minSize": 5, "maxSize": 6, "desiredSize": 5)"));
}

TEST_F(EksContract, ATryAgainHasTheTokenOfTheFirst) {
  serve();
  world.on("POST /clusters/k/node-groups/n/update-config")
      .fail(ErrorCode::timeout, "no answer")
      .fail(ErrorCode::conflict, "no answer", false);
  auto component = world.make(amazon_eks());
  const auto token = [&] {
    return nlohmann::json::parse(world.sent("POST /").request.body)["clientRequestToken"].get<std::string>();
  };
  EXPECT_FALSE(world.apply(*component, {{"desired", 4}}));
  const auto first = token();
  EXPECT_FALSE(world.apply(*component, {{"desired", 4}}));
  EXPECT_EQ(token(), first);
  EXPECT_FALSE(world.apply(*component, {{"desired", 5}}));
  EXPECT_NE(token(), first);
}

TEST_F(EksContract, OneUpdateAtATime) {
  serve("UPDATING");
  auto component = world.make(amazon_eks());
  const auto seen = world.observe(*component);
  EXPECT_TRUE(seen->changing);
  ASSERT_EQ(seen->blocks.size(), 1u);
  EXPECT_EQ(world.apply(*component, {{"desired", 4}}).error().code, ErrorCode::busy);
}

TEST_F(EksContract, TheNodesAreCountedInTheAutoScalingGroupBehindIt) {
  serve("ACTIVE", R"(,"resources":{"autoScalingGroups":[{"name":"eks-n-1"}]})");
  world.on("DescribeAutoScalingGroups")
      .reply(200,
             "<r><AutoScalingGroups><member><AutoScalingGroupName>eks-n-1</AutoScalingGroupName>"
             "<MinSize>1</MinSize><MaxSize>6</MaxSize><DesiredCapacity>2</DesiredCapacity><Instances><member>"
             "<LifecycleState>InService</LifecycleState><HealthStatus>Healthy</HealthStatus></member>"
             "</Instances></member></AutoScalingGroups></r>");
  auto component = world.make(amazon_eks());
  const auto seen = world.observe(*component);
  EXPECT_EQ(seen->ready, 1);
  EXPECT_TRUE(seen->changing);
}

TEST_F(EksContract, AFailedUpdateAndBadHealthAreSaid) {
  serve("DEGRADED", R"(,"health":{"issues":[{"code":"AsgInstanceLaunchFailures","message":"no capacity"}]})");
  auto degraded = world.make(amazon_eks());
  EXPECT_THAT(world.observe(*degraded)->warnings.front(),
              HasSubstr("AsgInstanceLaunchFailures: no capacity"));
  serve();
  accept();
  world.on("GET /clusters/k/updates/u-1")
      .reply(200, R"({"update":{"status":"Failed","errors":[{"errorMessage":"not enough addresses"}]}})");
  auto component = world.make(amazon_eks());
  ASSERT_TRUE(world.apply(*component, {{"desired", 4}}));
  EXPECT_THAT(world.observe(*component)->warnings.front(), HasSubstr("not enough addresses"));
  EXPECT_TRUE(world.observe(*component)->warnings.empty());
}

}  // namespace
}  // namespace wave::components
