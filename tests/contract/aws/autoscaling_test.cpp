#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "components/kinds.h"
#include "support/services.h"

namespace wave::components {
namespace {

using testing::HasSubstr;

/// The component against requests that botocore made (`about` in the file).
class AutoScalingContract : public testing::Test {
 protected:
  AutoScalingContract() {
    world.runtime.jump_utc(
        std::chrono::duration_cast<Duration>(*parse_time("2015-08-30T12:36:00Z") - world.runtime.utc()));
    std::ifstream file(WAVE_SOURCE_DIR "/tests/contract/aws/aws-golden-requests.json");
    golden = nlohmann::json::parse(file);
    settings.set("region", std::string("us-east-1"));
    settings.set("access_key", golden["access_key"].get<std::string>());
    settings.set("secret_key", golden["secret_key"].get<std::string>());
  }
  std::unique_ptr<Component> group(const std::string& name) {
    settings.set("asg_name", name);
    return *aws_ec2_autoscaling().create({}, settings, world.services);
  }
  const nlohmann::json& request(const std::string& operation) const {
    for (const auto& one : golden["requests"])
      if (one["service"] == "autoscaling" && one["operation"] == operation) return one;
    ADD_FAILURE() << operation << " is not in the golden file";
    return golden;
  }
  void expect_sent(const std::string& operation) const {
    const auto& wanted = request(operation);
    const auto& sent = world.http.last();
    EXPECT_EQ(sent.request.url, wanted["url"].get<std::string>());
    EXPECT_EQ(sent.request.body, wanted["body"].get<std::string>());
    EXPECT_EQ(sent.header("Authorization"), wanted["headers"]["Authorization"].get<std::string>());
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

  test::TestServices world;
  definitions::Settings settings;
  nlohmann::json golden;
};

TEST_F(AutoScalingContract, DescribesAsBotocoreDoes) {
  world.http.on("", "").reply(200, described(member()));
  ASSERT_TRUE(world.run(group("my asg/1")->observe()));
  expect_sent("DescribeAutoScalingGroups");
}

TEST_F(AutoScalingContract, SetsTheDesiredCapacityAsBotocoreDoes) {
  world.http.on("", "")
      .reply(200, described(member()))
      .reply(200,
             "<SetDesiredCapacityResponse><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></"
             "SetDesiredCapacityResponse>");
  Change change;
  change.values["desired"] = 4;
  change.basis["desired"] = 2;
  const auto applied = world.run(group("g1")->apply(change));
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_EQ(applied->request_id, "r-1");
  expect_sent("SetDesiredCapacity");
}

TEST_F(AutoScalingContract, ReadyIsWhatServesAndOtherStatesAreAChange) {
  const std::string instances =
      "<Instances>"
      "<member><LifecycleState>InService</LifecycleState><HealthStatus>Healthy</HealthStatus></member>"
      "<member><LifecycleState>InService</LifecycleState><HealthStatus>Unhealthy</HealthStatus></member>"
      "<member><LifecycleState>Pending</LifecycleState><HealthStatus>Healthy</HealthStatus></member></"
      "Instances>";
  world.http.on("", "").reply(200, described(member(instances, 3)));
  const auto seen = world.run(group("g1")->observe());
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->ready, 1);
  EXPECT_TRUE(seen->changing);
  EXPECT_EQ(seen->system_min.at("desired"), 1);
  EXPECT_EQ(seen->system_max.at("desired"), 9);
}

TEST_F(AutoScalingContract, SuspendedTerminationNeverScalesIn) {
  world.http.on("", "").reply(
      200,
      described(member(
          "<SuspendedProcesses><member><ProcessName>Terminate</ProcessName></member></SuspendedProcesses>",
          5)));
  const auto seen = world.run(group("g1")->observe());
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->system_min.at("desired"), 5);
  ASSERT_EQ(seen->warnings.size(), 1u);
  EXPECT_THAT(seen->warnings.front(), HasSubstr("Terminate is suspended"));
}

TEST_F(AutoScalingContract, AGroupThatIsGoneOrBeingDeletedIsSaid) {
  world.http.on("", "").reply(200, described(""));
  const auto gone = world.run(group("g1")->observe());
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::not_found);
  world.http.on("", "").reply(200, described(member("<Status>Delete in progress</Status>")));
  const auto going = world.run(group("g1")->observe());
  ASSERT_TRUE(going);
  EXPECT_EQ(going->blocks.size(), 1u);
}

TEST_F(AutoScalingContract, SomebodyElsesChangeInBetweenIsAConflict) {
  world.http.on("", "").reply(200, described(member("", 7)));
  Change change;
  change.values["desired"] = 4;
  change.basis["desired"] = 2;
  const auto applied = world.run(group("g1")->apply(change));
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::conflict);
  EXPECT_EQ(world.http.requests().size(), 1u);
}

TEST_F(AutoScalingContract, AnActivityInProgressIsTriedAgainLater) {
  world.http.on("", "")
      .reply(200, described(member()))
      .reply(400,
             "<ErrorResponse><Error><Type>Sender</Type><Code>ScalingActivityInProgress</Code><Message>wait</"
             "Message></Error></ErrorResponse>");
  Change change;
  change.values["desired"] = 4;
  change.basis["desired"] = 2;
  const auto applied = world.run(group("g1")->apply(change));
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::busy);
  EXPECT_TRUE(applied.error().retryable);
}

TEST_F(AutoScalingContract, AClockThatIsWrongIsCorrectedOnce) {
  world.http.on("", "")
      .reply(403, "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>",
             {{"Date", "Sun, 30 Aug 2015 13:36:00 GMT"}})
      .reply(200, described(member()));
  ASSERT_TRUE(world.run(group("g1")->observe()));
  EXPECT_EQ(world.http.last().header("X-Amz-Date"), "20150830T133600Z");
}

}  // namespace
}  // namespace wave::components
