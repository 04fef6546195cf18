#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/aws/world.h"

namespace wave::components {
namespace {

using testing::HasSubstr;

class AutoScalingContract : public testing::Test {
 protected:
  std::unique_ptr<Component> group(const std::string& name) {
    world.settings.set("asg_name", name);
    return world.make(aws_ec2_autoscaling());
  }
  static std::string described(const std::string& inside) {
    return "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups>" +
           inside +
           "</AutoScalingGroups></DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>";
  }
  static std::string member(const std::string& more = {}, int desired = 2) {
    return "<member><MinSize>1</MinSize><MaxSize>9</MaxSize><DesiredCapacity>" + std::to_string(desired) +
           "</DesiredCapacity>" + more + "</member>";
  }

  test::AwsWorld world;
};

TEST_F(AutoScalingContract, DescribesAsBotocoreDoes) {
  world.services.http.on("", "").reply(200, described(member()));
  ASSERT_TRUE(world.observe(*group("my asg/1")));
  world.expect_golden("autoscaling", "DescribeAutoScalingGroups");
}

TEST_F(AutoScalingContract, SetsTheDesiredCapacityAsBotocoreDoes) {
  world.services.http.on("", "")
      .reply(200, described(member()))
      .reply(200,
             "<SetDesiredCapacityResponse><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></"
             "SetDesiredCapacityResponse>");
  const auto applied = world.apply(*group("g1"), {{"desired", 4}}, {{"desired", 2}});
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_EQ(applied->request_id, "r-1");
  world.expect_golden("autoscaling", "SetDesiredCapacity");
}

TEST_F(AutoScalingContract, AHundredAndFiftyGroupsAreTwoCalls) {
  std::vector<std::size_t> asked;
  world.on("DescribeAutoScalingGroups").reply_with([&](const net::HttpRequest& request) {
    std::string groups;
    std::size_t names = 0;
    for (auto at = request.body.find("AutoScalingGroupNames.member."); at != std::string::npos;
         at = request.body.find("AutoScalingGroupNames.member.", at + 1)) {
      const auto begin = request.body.find('=', at) + 1;
      const auto name = request.body.substr(begin, request.body.find('&', begin) - begin);
      groups += "<member><AutoScalingGroupName>" + name + "</AutoScalingGroupName>" + member().substr(8);
      ++names;
    }
    asked.push_back(names);
    EXPECT_EQ(request.body.find("MaxRecords=100") != std::string::npos, names > 50);
    return net::HttpResponse{.status = 200, .headers = {}, .body = described(groups)};
  });
  std::vector<std::unique_ptr<Component>> components;
  std::vector<Task<Result<Observation>>> observations;
  for (int i = 0; i < 150; ++i) {
    components.push_back(group("g" + std::to_string(i)));
    observations.push_back(components.back()->observe());
  }
  for (const auto& seen : world.services.run(all(std::move(observations)))) EXPECT_TRUE(seen);
  EXPECT_EQ(asked, (std::vector<std::size_t>{100, 50}));
}

TEST_F(AutoScalingContract, ReadyIsWhatServesAndOtherStatesAreAChange) {
  const std::string instances =
      "<Instances>"
      "<member><LifecycleState>InService</LifecycleState><HealthStatus>Healthy</HealthStatus></member>"
      "<member><LifecycleState>InService</LifecycleState><HealthStatus>Unhealthy</HealthStatus></member>"
      "<member><LifecycleState>Pending</LifecycleState><HealthStatus>Healthy</HealthStatus></member></"
      "Instances>";
  world.services.http.on("", "").reply(200, described(member(instances, 3)));
  const auto seen = world.observe(*group("g1"));
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->ready, 1);
  EXPECT_TRUE(seen->changing);
  EXPECT_EQ(seen->system_min.at("desired"), 1);
  EXPECT_EQ(seen->system_max.at("desired"), 9);
}

TEST_F(AutoScalingContract, TheThreeNumbersFitEachOtherInOneCall) {
  world.on("DescribeAutoScalingGroups").reply(200, described(member("", 6)));
  world.on("UpdateAutoScalingGroup").reply(200, "<r/>");
  auto component = group("g1");
  const auto seen = world.observe(*component);
  EXPECT_EQ(seen->system_min, (Values{{"desired", 1}, {"max", 1}}));
  EXPECT_EQ(seen->system_max, (Values{{"desired", 9}, {"min", 9}}));
  // AWS would refuse the whole call.
  auto applied = world.apply(*component, {{"min", 12}, {"desired", 8}}, {{"min", 1}, {"desired", 6}});
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_THAT(world.sent("UpdateAutoScalingGroup").request.body, HasSubstr("&MinSize=9&DesiredCapacity=9"));
  EXPECT_EQ(applied->reached, (Values{{"min", 9}, {"desired", 9}}));
  EXPECT_THAT(applied->rest, HasSubstr("at most the maximum"));
  applied = world.apply(*component, {{"min", 12}, {"max", 20}, {"desired", 15}});
  EXPECT_THAT(world.sent("UpdateAutoScalingGroup").request.body,
              HasSubstr("&MinSize=12&MaxSize=20&DesiredCapacity=15"));
  EXPECT_FALSE(applied->reached);
}

TEST_F(AutoScalingContract, SuspendedTerminationNeverScalesIn) {
  world.services.http.on("", "").reply(
      200,
      described(member(
          "<SuspendedProcesses><member><ProcessName>Terminate</ProcessName></member></SuspendedProcesses>",
          5)));
  const auto seen = world.observe(*group("g1"));
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->system_min.at("desired"), 5);
  ASSERT_EQ(seen->warnings.size(), 1u);
  EXPECT_THAT(seen->warnings.front(), HasSubstr("Terminate is suspended"));
}

TEST_F(AutoScalingContract, AGroupThatIsGoneOrBeingDeletedIsSaid) {
  world.services.http.on("", "").reply(200, described(""));
  const auto gone = world.observe(*group("g1"));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::not_found);
  world.services.http.on("", "").reply(200, described(member("<Status>Delete in progress</Status>")));
  const auto going = world.observe(*group("g1"));
  ASSERT_TRUE(going);
  EXPECT_EQ(going->blocks.size(), 1u);
}

TEST_F(AutoScalingContract, SomebodyElsesChangeInBetweenIsAConflict) {
  world.services.http.on("", "").reply(200, described(member("", 7)));
  const auto applied = world.apply(*group("g1"), {{"desired", 4}}, {{"desired", 2}});
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::conflict);
  EXPECT_EQ(world.services.http.requests().size(), 1u);
}

TEST_F(AutoScalingContract, AnActivityInProgressIsTriedAgainLater) {
  world.services.http.on("", "")
      .reply(200, described(member()))
      .reply(400,
             "<ErrorResponse><Error><Type>Sender</Type><Code>ScalingActivityInProgress</Code><Message>wait</"
             "Message></Error></ErrorResponse>");
  const auto applied = world.apply(*group("g1"), {{"desired", 4}}, {{"desired", 2}});
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::busy);
  EXPECT_TRUE(applied.error().retryable);
}

TEST_F(AutoScalingContract, AClockThatIsWrongIsCorrectedOnce) {
  world.services.http.on("", "")
      .reply(403, "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>",
             {{"Date", "Sun, 30 Aug 2015 13:36:00 GMT"}})
      .reply(200, described(member()));
  ASSERT_TRUE(world.observe(*group("g1")));
  EXPECT_EQ(world.services.http.last().header("X-Amz-Date"), "20150830T133600Z");
}

TEST_F(AutoScalingContract, TagsTellWhoElseSetsTheNumbers) {
  const auto with = [&](const std::vector<std::string>& keys) {
    std::string tags;
    for (const auto& key : keys) tags += "<member><Key>" + key + "</Key><Value>ng-1</Value></member>";
    world.on("DescribeAutoScalingGroups").reply(200, described(member("<Tags>" + tags + "</Tags>")));
  };
  for (const char* action : {"SetDesiredCapacity", "UpdateAutoScalingGroup"})
    world.on(action).reply(200, "<r/>");
  with({"team"});
  EXPECT_THAT(world.observe(*group("g"))->steering, testing::IsEmpty());
  for (const char* who : {"AmazonECSManaged", "k8s.io/cluster-autoscaler/enabled"}) {
    with({"team", who});
    auto component = group("g");
    const auto applied = world.apply(*component, {{"desired", 4}}, {{"desired", 2}});
    ASSERT_FALSE(applied) << who;
    EXPECT_EQ(applied.error().code, ErrorCode::conflict);
    EXPECT_THAT(applied.error().text(), HasSubstr("let plans set `min`"));
    EXPECT_TRUE(world.apply(*component, {{"min", 2}}, {{"min", 1}})) << "which he obeys";
  }
  with({"k8s.io/cluster-autoscaler/enabled", "eks:nodegroup-name"});
  for (const char* value : {"desired", "min"}) {
    const auto applied = world.apply(*group("g"), {{value, 4}});
    ASSERT_FALSE(applied);
    EXPECT_THAT(applied.error().text(), HasSubstr("EKS node group ng-1: scale it with amazon-eks"));
  }
  EXPECT_EQ(world.asked("SetDesiredCapacity"), 0);
  world.definition.on_conflict = definitions::OnConflict::ignore;
  EXPECT_TRUE(world.apply(*group("g"), {{"desired", 4}}, {{"desired", 2}}));
}

}  // namespace
}  // namespace wave::components
