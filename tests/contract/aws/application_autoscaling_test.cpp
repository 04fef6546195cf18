#include <gtest/gtest.h>

#include "contract/aws/world.h"

namespace wave::components {
namespace {

class TargetContract : public testing::Test {
 protected:
  TargetContract() {
    world.settings.set("service_namespace", std::string("dynamodb"));
    world.settings.set("resource_id", std::string("table/t"));
    world.settings.set("scalable_dimension", std::string("dynamodb:table:ReadCapacityUnits"));
    world.on("RegisterScalableTarget").reply(200, "{}");
  }
  void serve(const std::string& dimension, int min, int max) {
    world.on("DescribeScalableTargets")
        .reply(200, R"({"ScalableTargets":[{"ResourceId":"table/t","ScalableDimension":")" + dimension +
                        R"(","MinCapacity":)" + std::to_string(min) + R"(,"MaxCapacity":)" +
                        std::to_string(max) + "}]}");
  }
  test::AwsWorld world;
};

TEST_F(TargetContract, RegistersAsBotocoreDoes) {
  serve("dynamodb:table:ReadCapacityUnits", 1, 10);
  auto component = world.make(aws_application_autoscaling());
  ASSERT_TRUE(world.apply(*component, {{"min", 5}, {"max", 100}}, {{"min", 1}, {"max", 10}}));
  world.expect_golden("application-autoscaling", "RegisterScalableTarget");
}

TEST_F(TargetContract, TheFloorStaysBelowTheCeilingAndTheOtherBoundIsLeftAlone) {
  serve("dynamodb:table:ReadCapacityUnits", 2, 10);
  auto component = world.make(aws_application_autoscaling());
  EXPECT_EQ(world.observe(*component)->system_max.at("min"), 10);
  ASSERT_TRUE(world.apply(*component, {{"min", 4}}));
  EXPECT_EQ(world.sent("RegisterScalableTarget").request.body,
            R"({"ServiceNamespace": "dynamodb", "ResourceId": "table/t", )"
            R"("ScalableDimension": "dynamodb:table:ReadCapacityUnits", "MinCapacity": 4})");
}

TEST_F(TargetContract, AnotherDimensionOfTheResourceIsNotTheTarget) {
  serve("dynamodb:table:WriteCapacityUnits", 2, 10);
  EXPECT_EQ(world.observe(*world.make(aws_application_autoscaling())).error().code, ErrorCode::not_found);
}

TEST_F(TargetContract, ABoundThatIsNotToldIsNotZero) {
  world.on("DescribeScalableTargets").reply(200, R"({"ScalableTargets":[{"ResourceId":"table/t",
      "ScalableDimension":"dynamodb:table:ReadCapacityUnits","MinCapacity":2}]})");
  auto component = world.make(aws_application_autoscaling());
  EXPECT_EQ(world.observe(*component).error().code, ErrorCode::bad_response);
  EXPECT_EQ(world.apply(*component, {{"min", 4}}).error().code, ErrorCode::bad_response);
  EXPECT_EQ(world.asked("RegisterScalableTarget"), 0);
  serve("dynamodb:table:ReadCapacityUnits", 2, 10);
  EXPECT_TRUE(world.observe(*component)) << "nor is it remembered";
}

TEST_F(TargetContract, PagesAreReadToTheEnd) {
  world.on("DescribeScalableTargets")
      .reply(200, R"({"ScalableTargets":[],"NextToken":"n"})")
      .reply(200, R"({"ScalableTargets":[{"ResourceId":"table/t",
          "ScalableDimension":"dynamodb:table:ReadCapacityUnits","MinCapacity":3,"MaxCapacity":9}]})");
  EXPECT_EQ(world.observe(*world.make(aws_application_autoscaling()))->current.at("min"), 3);
}

}  // namespace
}  // namespace wave::components
