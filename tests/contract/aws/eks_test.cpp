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
  void serve(const std::string& status = "ACTIVE", const std::string& more = "",
             const std::string& numbers = R"("minSize":1,"maxSize":6,"desiredSize":2)") {
    world.on("GET /clusters/k/node-groups/")
        .reply(200, R"({"nodegroup":{"status":")" + status + R"(","scalingConfig":{)" + numbers + "}" + more +
                        "}}");
  }
  /// The Auto Scaling group behind it.
  void serve_nodes(int desired, int max = 20) {
    world.on("DescribeAutoScalingGroups")
        .reply(200,
               "<r><AutoScalingGroups><member><AutoScalingGroupName>eks-n-1</AutoScalingGroupName>"
               "<MinSize>1</MinSize><MaxSize>" +
                   std::to_string(max) + "</MaxSize><DesiredCapacity>" + std::to_string(desired) +
                   "</DesiredCapacity><Instances><member><LifecycleState>InService</LifecycleState>"
                   "<HealthStatus>Healthy</HealthStatus></member></Instances></member></AutoScalingGroups>"
                   "</r>");
  }
  std::string scaling_sent() const {
    return nlohmann::json::parse(world.sent("POST /").request.body)["scalingConfig"].dump();
  }
  void accept() {
    world.on("POST /clusters/k/node-groups/n/update-config")
        .reply(200, R"({"update":{"id":"u-1","status":"InProgress"}})");
  }
  test::AwsWorld world;
};

TEST_F(EksContract, SendsWhatBotocoreSends) {
  serve("ACTIVE", "", R"("minSize":2,"maxSize":5,"desiredSize":2)");
  accept();
  world.on("GET /clusters/k/updates/u-1").reply(200, R"({"update":{"id":"u-1","status":"InProgress"}})");
  auto component = world.make(amazon_eks());
  const auto applied = world.apply(*component, {{"min", 1}, {"max", 6}, {"desired", 4}}, {{"desired", 2}});
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_EQ(applied->request_id, "u-1");
  world.expect_golden("eks", "UpdateNodegroupConfig", "POST /clusters/k/node-groups/n/update-config");
  EXPECT_TRUE(world.observe(*component)->changing);
  world.expect_golden("eks", "DescribeUpdate", "GET /clusters/k/updates/u-1");
  world.settings.set("nodegroup_name", std::string("n 1"));
  ASSERT_TRUE(world.observe(*world.make(amazon_eks())));
  world.expect_golden("eks", "DescribeNodegroup", "GET /clusters/k/node-groups/");
}

constexpr const char* behind = R"(,"resources":{"autoScalingGroups":[{"name":"eks-n-1"}]})";

TEST_F(EksContract, OnlyWhatIsWantedIsSent) {
  serve();
  accept();
  auto component = world.make(amazon_eks());
  ASSERT_TRUE(world.apply(*component, {{"desired", 4}}, {{"desired", 2}}));
  EXPECT_EQ(scaling_sent(), R"({"desiredSize":4})");
  ASSERT_TRUE(world.apply(*component, {{"min", 2}}, {{"min", 1}}));
  EXPECT_EQ(scaling_sent(), R"({"minSize":2})");
}

TEST_F(EksContract, TheDesiredSizeMovesOnlyIntoTheNewRange) {
  serve();
  accept();
  auto component = world.make(amazon_eks());
  ASSERT_TRUE(world.apply(*component, {{"min", 5}}, {{"min", 1}}));
  EXPECT_EQ(scaling_sent(), R"({"desiredSize":5,"minSize":5})");
}

TEST_F(EksContract, ARaisedMinimumEndsNoNodesThatClusterAutoscalerMade) {
  serve("ACTIVE", behind, R"("minSize":1,"maxSize":20,"desiredSize":5)");
  serve_nodes(12);
  accept();
  auto component = world.make(amazon_eks());
  EXPECT_EQ(world.observe(*component)->current.at("desired"), 12) << "EKS' own number is out of date";
  ASSERT_TRUE(world.apply(*component, {{"min", 6}}, {{"min", 1}}));
  EXPECT_EQ(scaling_sent(), R"({"desiredSize":12,"minSize":6})") << "5 is below 6, and 6 would end six nodes";
  ASSERT_TRUE(world.apply(*component, {{"max", 15}}, {{"max", 20}}));
  EXPECT_EQ(scaling_sent(), R"({"maxSize":15})");
}

TEST_F(EksContract, ARangeThatMightEndNodesWaitsUntilTheyAreCounted) {
  serve("ACTIVE", behind, R"("minSize":1,"maxSize":20,"desiredSize":5)");
  world.on("DescribeAutoScalingGroups")
      .reply(403, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>");
  accept();
  auto component = world.make(amazon_eks());
  EXPECT_THAT(world.observe(*component)->blocks.at(0).reason, HasSubstr("the nodes cannot be counted"));
  EXPECT_FALSE(world.apply(*component, {{"desired", 10}}, {{"desired", 5}})) << "there may be 20";
  const auto applied = world.apply(*component, {{"min", 6}}, {{"min", 1}});
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::busy);
  EXPECT_TRUE(world.apply(*component, {{"min", 4}}, {{"min", 1}})) << "in which EKS' own number is";
  EXPECT_EQ(scaling_sent(), R"({"minSize":4})");
}

TEST_F(EksContract, WhileItIsBeingUpdatedTheOrderCountsNotTheNodes) {
  serve("UPDATING", behind, R"("minSize":1,"maxSize":20,"desiredSize":7)");
  serve_nodes(2);
  EXPECT_EQ(world.observe(*world.make(amazon_eks()))->current.at("desired"), 7);
}

TEST_F(EksContract, TheBoundsBoundEachOther) {
  serve("ACTIVE", "", R"("minSize":5,"maxSize":10,"desiredSize":6)");
  accept();
  auto component = world.make(amazon_eks());
  const auto seen = world.observe(*component);
  EXPECT_EQ(seen->system_min, (Values{{"desired", 5}, {"max", 5}}));
  EXPECT_EQ(seen->system_max, (Values{{"desired", 10}, {"min", 10}}));
  // What comes all the same raises no maximum of the user and lowers no minimum.
  auto applied = world.apply(*component, {{"min", 50}}, {{"min", 5}});
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_EQ(scaling_sent(), R"({"desiredSize":10,"minSize":10})");
  EXPECT_EQ(applied->reached, (Values{{"min", 10}}));
  EXPECT_THAT(applied->rest, HasSubstr("at most the maximum"));
  applied = world.apply(*component, {{"max", 2}}, {{"max", 10}});
  EXPECT_EQ(scaling_sent(), R"({"desiredSize":5,"maxSize":5})");
  EXPECT_EQ(applied->reached, (Values{{"max", 5}}));
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

TEST_F(EksContract, AnotherContentForTheSameWishHasAnotherToken) {
  serve();
  world.on("POST /clusters/k/node-groups/n/update-config").fail(ErrorCode::conflict, "no answer", false);
  auto component = world.make(amazon_eks());
  const auto token = [&] {
    return nlohmann::json::parse(world.sent("POST /").request.body)["clientRequestToken"].get<std::string>();
  };
  EXPECT_FALSE(world.apply(*component, {{"min", 3}}));
  const auto first = token();
  serve("ACTIVE", "", R"("minSize":1,"maxSize":6,"desiredSize":4)");
  EXPECT_FALSE(world.apply(*component, {{"min", 3}}));
  EXPECT_EQ(scaling_sent(), R"({"minSize":3})");
  EXPECT_NE(token(), first) << "EKS refuses another content under the same token";
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
  serve("ACTIVE", behind);
  serve_nodes(2, 6);
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
  for (int turn = 0; turn < 3; ++turn)
    EXPECT_THAT(world.observe(*component)->warnings.at(0), HasSubstr("not enough addresses"));
  world.on("GET /clusters/k/updates/u-1").reply(200, R"({"update":{"status":"Successful"}})");
  ASSERT_TRUE(world.apply(*component, {{"desired", 3}}));
  EXPECT_TRUE(world.observe(*component)->warnings.empty()) << "until the next one is accepted";
}

}  // namespace
}  // namespace wave::components
