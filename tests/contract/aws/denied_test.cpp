#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/aws/faults.h"

namespace wave::components {
namespace {

using testing::HasSubstr;

/// Many components of one kind, of which the role may not see some.
class DeniedContract : public testing::Test {
 protected:
  void make(const Kind& kind, const std::string& key, int count) {
    for (int i = 0; i < count; ++i) {
      world.settings.set(key, "n" + std::to_string(i));
      components.push_back(world.make(kind));
    }
  }
  std::vector<Result<Observation>> observe() {
    std::vector<Task<Result<Observation>>> observations;
    for (const auto& one : components) observations.push_back(one->observe());
    return world.services.run(all(std::move(observations)));
  }
  /// ECS tells of every service that is asked for, unless the one that is forbidden is among them.
  void serve_services(const std::string& forbidden) {
    world.on("DescribeServices").reply_with([forbidden](const net::HttpRequest& request) {
      const auto body = nlohmann::json::parse(request.body);
      nlohmann::json services = nlohmann::json::array();
      for (const auto& name : body["services"]) {
        if (name == forbidden) {
          auto denied = test::json_error(400, "AccessDeniedException");
          return net::HttpResponse{.status = denied.status, .headers = {}, .body = denied.body};
        }
        services.push_back({{"serviceName", name},
                            {"status", "ACTIVE"},
                            {"desiredCount", 1},
                            {"runningCount", 1},
                            {"deployments", nlohmann::json::array({nlohmann::json::object()})}});
      }
      return net::HttpResponse{
          .status = 200, .headers = {}, .body = nlohmann::json{{"services", services}}.dump()};
    });
    world.settings.set("cluster_name", std::string("shop"));
  }
  test::AwsWorld world;
  std::vector<std::unique_ptr<Component>> components;
};

TEST_F(DeniedContract, AHundredGroupsThatNobodyMaySeeAreOneCall) {
  const auto denied = test::query_error(403, "AccessDenied");
  world.on("DescribeAutoScalingGroups").reply(denied.status, denied.body);
  make(aws_ec2_autoscaling(), "asg_name", 100);
  for (const auto& seen : observe()) EXPECT_EQ(seen.error().code, ErrorCode::forbidden);
  EXPECT_EQ(world.asked("DescribeAutoScalingGroups"), 1) << "the permission has no resource level";
}

TEST_F(DeniedContract, OneServiceThatNobodyMaySeeCostsOneCallMore) {
  serve_services("n3");
  make(amazon_ecs(), "service_name", 10);
  observe();
  const int found = world.asked("DescribeServices");
  EXPECT_LE(found, 9);
  const auto seen = observe();
  EXPECT_EQ(world.asked("DescribeServices") - found, 2);
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i].has_value(), i != 3) << i;
}

TEST_F(DeniedContract, ARefusedLookUpOfWhoSteersIsRemembered) {
  serve_services("");
  const auto denied = test::json_error(400, "AccessDeniedException");
  world.on("DescribeScalableTargets").reply(denied.status, denied.body);
  make(amazon_ecs(), "service_name", 10);
  for (int turn = 0; turn < 3; ++turn)
    for (const auto& seen : observe()) {
      ASSERT_TRUE(seen) << seen.error().text();
      EXPECT_THAT(seen->warnings.at(0), HasSubstr("whether Application Auto Scaling steers desired"));
    }
  EXPECT_EQ(world.asked("DescribeScalableTargets"), 1);
  world.services.runtime.advance(6min);
  observe();
  EXPECT_EQ(world.asked("DescribeScalableTargets"), 2) << "perhaps it may be asked now";
}

TEST_F(DeniedContract, AnAddressThatAwsGaveToOneServiceIsNotThatOfAnother) {
  serve_services("");
  world.settings.set("service_name", std::string("n1"));
  const std::string others = "https://application-autoscaling.us-east-1.amazonaws.com/";
  for (const std::string own :
       {"https://vpce-1.ecs.us-east-1.vpce.amazonaws.com", "https://ecs.us-east-1.api.aws",
        "https://vpce-1.ecs.eusc-de-east-1.vpce.amazonaws.eu",
        "https://ecs.cn-north-1.api.amazonwebservices.com.cn", "https://ecs.us-iso-east-1.c2s.ic.gov"}) {
    world.settings.set("endpoint", own);
    auto component = world.make(amazon_ecs());
    const auto seen = world.observe(*component);
    ASSERT_TRUE(seen) << seen.error().text();
    EXPECT_THAT(world.sent("DescribeServices").request.url, HasSubstr(own));
    EXPECT_EQ(world.sent("DescribeScalableTargets").request.url, others) << own;
  }
  for (const std::string shared :
       {"http://127.0.0.1:5000", "https://aws.example.com", "https://notamazonaws.com"}) {
    world.settings.set("endpoint", shared);
    ASSERT_TRUE(world.observe(*world.make(amazon_ecs())));
    EXPECT_THAT(world.sent("DescribeScalableTargets").request.url, HasSubstr(shared));
  }
}

}  // namespace
}  // namespace wave::components
