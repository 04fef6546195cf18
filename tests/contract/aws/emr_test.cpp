#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/aws/world.h"

namespace wave::components {
namespace {

using testing::HasSubstr;

class EmrContract : public testing::Test {
 protected:
  EmrContract() {
    world.settings.set("cluster_id", std::string("j-1"));
    for (const char* operation :
         {"PutManagedScalingPolicy", "ModifyInstanceGroups", "ModifyInstanceFleet", "ModifyCluster"})
      world.on(operation).reply(200, "{}");
    serve_cluster("RUNNING");
    world.on("GetManagedScalingPolicy").reply(200, "{}");
  }
  void serve_cluster(const std::string& state) {
    world.on("DescribeCluster")
        .reply(200, R"({"Cluster":{"Status":{"State":")" + state + R"("},"StepConcurrencyLevel":1}})");
  }
  void serve_policy(const std::string& more = "") {
    world.on("GetManagedScalingPolicy")
        .reply(200, R"({"ManagedScalingPolicy":{"ComputeLimits":{"UnitType":"Instances",
            "MinimumCapacityUnits":1,"MaximumCapacityUnits":10,"MaximumOnDemandCapacityUnits":4,
            "MaximumCoreCapacityUnits":4})" +
                        more + "}}");
  }
  void serve_group(const std::string& type = "TASK", const std::string& state = "RUNNING") {
    world.settings.set("instance_group_id", std::string("ig-1"));
    world.on("ListInstanceGroups")
        .reply(200, R"({"InstanceGroups":[{"Id":"ig-0"},{"Id":"ig-1","InstanceGroupType":")" + type +
                        R"(","RequestedInstanceCount":2,"RunningInstanceCount":1,"Status":{"State":")" +
                        state + R"("}}]})");
  }
  test::AwsWorld world;
};

TEST_F(EmrContract, PutsTheWholePolicyAsBotocoreDoes) {
  serve_policy();
  auto component = world.make(amazon_emr_managed_scaling());
  const auto applied = world.apply(*component, {{"min", 2}}, {{"min", 1}});
  ASSERT_TRUE(applied) << applied.error().text();
  world.expect_golden("emr", "GetManagedScalingPolicy");
  world.expect_golden("emr", "DescribeCluster");
  world.expect_golden("emr", "PutManagedScalingPolicy");
}

TEST_F(EmrContract, WhatAPlanDoesNotNameStaysInThePolicy) {
  serve_policy(R"(,"ScalingStrategy":"ADVANCED","UtilizationPerformanceIndex":50)");
  auto component = world.make(amazon_emr_managed_scaling());
  ASSERT_TRUE(world.apply(*component, {{"max", 20}}));
  EXPECT_THAT(world.sent("PutManagedScalingPolicy").request.body,
              HasSubstr(R"("MaximumCapacityUnits": 20, "MaximumOnDemandCapacityUnits": 4, )"
                        R"("MaximumCoreCapacityUnits": 4}, "ScalingStrategy": "ADVANCED")"));
}

TEST_F(EmrContract, ALimitThatThePolicyDoesNotHaveIsNotZeroAndIsNotMade) {
  world.on("GetManagedScalingPolicy")
      .reply(200, R"({"ManagedScalingPolicy":{"ComputeLimits":{"UnitType":"Instances",
          "MinimumCapacityUnits":1,"MaximumCapacityUnits":10}}})");
  auto component = world.make(amazon_emr_managed_scaling());
  for (const char* value : {"max_on_demand", "max_core"}) {
    EXPECT_FALSE(world.observe(*component)->current.contains(value));
    const auto applied = world.apply(*component, {{value, 2}});
    ASSERT_FALSE(applied) << value;
    EXPECT_EQ(applied.error().code, ErrorCode::busy);
    EXPECT_THAT(applied.error().text(), HasSubstr("set one once in AWS"));
  }
  EXPECT_TRUE(world.apply(*component, {{"min", 2}}, {{"min", 1}}));
}

TEST_F(EmrContract, WithoutAPolicyThereIsNothingToMove) {
  EXPECT_EQ(world.observe(*world.make(amazon_emr_managed_scaling())).error().code, ErrorCode::not_found);
}

TEST_F(EmrContract, ResizesAGroupAsBotocoreDoes) {
  serve_group();
  auto component = world.make(amazon_emr_ec2());
  const auto seen = world.observe(*component);
  ASSERT_TRUE(seen) << seen.error().text();
  EXPECT_EQ(seen->ready, 1);
  EXPECT_TRUE(seen->changing);
  ASSERT_TRUE(world.apply(*component, {{"desired", 5}}, {{"desired", 2}}));
  world.expect_golden("emr", "ListInstanceGroups");
  world.expect_golden("emr", "ModifyInstanceGroups");
}

TEST_F(EmrContract, ResizesAFleetAsBotocoreDoesAndSendsOnlyWhatIsSet) {
  world.settings.set("instance_group_id", std::string("if-1"));
  world.on("ListInstanceFleets")
      .reply(200, R"({"InstanceFleets":[{"Id":"if-1","TargetOnDemandCapacity":1,"TargetSpotCapacity":1,
          "ProvisionedOnDemandCapacity":1,"ProvisionedSpotCapacity":1,"Status":{"State":"RUNNING"}}]})");
  auto component = world.make(amazon_emr_ec2());
  ASSERT_TRUE(world.apply(*component, {{"on_demand_capacity", 2}, {"spot_capacity", 3}}));
  world.expect_golden("emr", "ListInstanceFleets");
  world.expect_golden("emr", "ModifyInstanceFleet");
  ASSERT_TRUE(world.apply(*component, {{"spot_capacity", 7}}));
  EXPECT_EQ(world.sent("ModifyInstanceFleet").request.body,
            R"({"ClusterId": "j-1", "InstanceFleet": {"InstanceFleetId": "if-1", "TargetSpotCapacity": 7}})");
  EXPECT_EQ(world.apply(*component, {{"desired", 7}}).error().code, ErrorCode::invalid_argument);
}

TEST_F(EmrContract, StepsAtOnceAreOfTheCluster) {
  serve_group();
  auto component = world.make(amazon_emr_ec2());
  EXPECT_EQ(world.observe(*component)->current.at("step_concurrency_level"), 1);
  ASSERT_TRUE(world.apply(*component, {{"step_concurrency_level", 8}}));
  EXPECT_EQ(world.sent("ModifyCluster").request.body, R"({"ClusterId": "j-1", "StepConcurrencyLevel": 8})");
  EXPECT_EQ(world.asked("ModifyInstanceGroups"), 0);
}

TEST_F(EmrContract, StepsThatWereSetBeforeARefusalAreTold) {
  serve_group();
  world.on("ModifyInstanceGroups").reply(400, R"({"__type":"ValidationException","message":"too many"})");
  const auto applied =
      world.apply(*world.make(amazon_emr_ec2()), {{"step_concurrency_level", 8}, {"desired", 5}});
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_EQ(applied->reached, (Values{{"step_concurrency_level", 8}}));
  EXPECT_THAT(applied->rest, HasSubstr("too many"));
}

TEST_F(EmrContract, WhoMayNotReadThePolicyIsToldAndDoesNotAskAgainAndAgain) {
  serve_group();
  world.on("GetManagedScalingPolicy").reply(400, R"({"__type":"AccessDeniedException","message":"no"})");
  auto component = world.make(amazon_emr_ec2());
  for (int turn = 0; turn < 3; ++turn)
    EXPECT_THAT(world.observe(*component)->warnings.at(0),
                HasSubstr("managed scaling steers it is not known"));
  EXPECT_EQ(world.asked("GetManagedScalingPolicy"), 1);
}

TEST_F(EmrContract, ManagedScalingIsSeenBeforeTheFirstWriteAndNeverRemoved) {
  serve_group();
  serve_policy();
  auto component = world.make(amazon_emr_ec2());
  ASSERT_TRUE(world.observe(*component));
  EXPECT_THAT(world.observe(*component)->steering.at(0).advice, HasSubstr("amazon-emr-managed-scaling"));
  EXPECT_EQ(world.apply(*component, {{"desired", 5}}).error().code, ErrorCode::conflict);
  EXPECT_EQ(world.asked("ModifyInstanceGroups"), 0);
  EXPECT_EQ(world.asked("RemoveManagedScalingPolicy"), 0);
  EXPECT_EQ(world.asked("GetManagedScalingPolicy"), 1);
}

TEST_F(EmrContract, StatesThatTakeNoResizingHoldIt) {
  serve_group("TASK", "RECONFIGURING");
  auto component = world.make(amazon_emr_ec2());
  EXPECT_EQ(world.apply(*component, {{"desired", 5}}).error().code, ErrorCode::busy);
  serve_group("MASTER");
  EXPECT_EQ(world.observe(*component).error().code, ErrorCode::invalid_argument);
  serve_group();
  serve_cluster("STARTING");
  EXPECT_EQ(world.apply(*component, {{"desired", 5}}).error().code, ErrorCode::busy);
  serve_cluster("TERMINATED_WITH_ERRORS");
  EXPECT_EQ(world.observe(*component).error().code, ErrorCode::not_found);
}

TEST_F(EmrContract, ARefusalThatSaysResizingIsBusy) {
  serve_group();
  world.on("ModifyInstanceGroups")
      .reply(400, R"({"__type":"InvalidRequestException","message":"The instance group is resizing"})");
  EXPECT_EQ(world.apply(*world.make(amazon_emr_ec2()), {{"desired", 5}}).error().code, ErrorCode::busy);
}

}  // namespace
}  // namespace wave::components
