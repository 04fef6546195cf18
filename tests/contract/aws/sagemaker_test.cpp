#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/aws/world.h"

namespace wave::components {
namespace {

using testing::HasSubstr;

class SageMakerContract : public testing::Test {
 protected:
  SageMakerContract() {
    world.settings.set("endpoint_name", std::string("ep"));
    world.settings.set("variant_name", std::string("v"));
    world.on("UpdateEndpointWeightsAndCapacities").reply(200, "{}");
  }
  void serve(const std::string& variant, const std::string& status = "InService") {
    world.on("DescribeEndpoint")
        .reply(200, R"({"EndpointStatus":")" + status +
                        R"(","ProductionVariants":[{"VariantName":"other"},)" + R"({"VariantName":"v",)" +
                        variant + "}]}");
  }
  test::AwsWorld world;
};

TEST_F(SageMakerContract, SendsWhatBotocoreSendsForInstances) {
  serve(R"("CurrentInstanceCount":1,"DesiredInstanceCount":1)");
  auto component = world.make(amazon_sagemaker());
  const auto applied = world.apply(*component, {{"desired", 3}}, {{"desired", 1}});
  ASSERT_TRUE(applied) << applied.error().text();
  world.expect_golden("sagemaker", "DescribeEndpoint");
  world.expect_golden("sagemaker", "UpdateEndpointWeightsAndCapacities");
}

TEST_F(SageMakerContract, SendsWhatBotocoreSendsForAServerlessVariant) {
  serve(
      R"("DesiredServerlessConfig":{"MaxConcurrency":10,"ProvisionedConcurrency":5,"MemorySizeInMB":2048})");
  auto component = world.make(amazon_sagemaker());
  EXPECT_EQ(world.observe(*component)->system_max.at("provisioned_concurrency"), 10);
  ASSERT_TRUE(world.apply(*component, {{"max_concurrency", 20}}, {{"max_concurrency", 10}}));
  world.expect_golden("sagemaker", "UpdateEndpointWeightsAndCapacities");
  EXPECT_EQ(world.apply(*component, {{"desired", 2}}).error().code, ErrorCode::invalid_argument);
}

TEST_F(SageMakerContract, OnlyWhatIsInServiceIsChanged) {
  serve(R"("CurrentInstanceCount":1,"DesiredInstanceCount":3)", "Updating");
  auto component = world.make(amazon_sagemaker());
  const auto seen = world.observe(*component);
  EXPECT_TRUE(seen->changing);
  EXPECT_EQ(seen->ready, 1);
  EXPECT_EQ(seen->current.at("desired"), 3);
  EXPECT_EQ(seen->system_min.at("desired"), 1);
  EXPECT_EQ(world.apply(*component, {{"desired", 4}}).error().code, ErrorCode::busy);
  EXPECT_EQ(world.asked("UpdateEndpointWeightsAndCapacities"), 0);
}

TEST_F(SageMakerContract, ARefusalOfARaceIsBusy) {
  serve(R"("CurrentInstanceCount":1,"DesiredInstanceCount":1)");
  world.on("UpdateEndpointWeightsAndCapacities")
      .reply(400,
             R"({"__type":"ValidationException","message":"Cannot update in-progress endpoint \"ep\"."})");
  auto component = world.make(amazon_sagemaker());
  const auto applied = world.apply(*component, {{"desired", 3}});
  EXPECT_EQ(applied.error().code, ErrorCode::busy);
  EXPECT_TRUE(applied.error().retryable);
}

TEST_F(SageMakerContract, ManagedInstanceScalingSteersIt) {
  serve(R"("CurrentInstanceCount":1,"DesiredInstanceCount":1,
      "ManagedInstanceScaling":{"Status":"ENABLED","MinInstanceCount":1,"MaxInstanceCount":4})");
  auto component = world.make(amazon_sagemaker());
  EXPECT_THAT(world.observe(*component)->steering.at(0).who, HasSubstr("managed instance scaling (1 to 4)"));
  EXPECT_EQ(world.apply(*component, {{"desired", 3}}).error().code, ErrorCode::conflict);
}

TEST_F(SageMakerContract, AnInferenceComponentHasCopiesAndMayHaveNone) {
  world.settings = {};
  for (const auto& [key, value] :
       {std::pair{"region", "us-east-1"}, {"access_key", "AKIDEXAMPLE"}, {"secret_key", "secret"}})
    world.settings.set(key, std::string(value));
  world.settings.set("inference_component_name", std::string("ic"));
  world.on("DescribeInferenceComponent").reply(200, R"({"InferenceComponentStatus":"InService",
          "RuntimeConfig":{"DesiredCopyCount":2,"CurrentCopyCount":1}})");
  world.on("UpdateInferenceComponentRuntimeConfig").reply(200, "{}");
  auto component = world.make(amazon_sagemaker());
  const auto seen = world.observe(*component);
  ASSERT_TRUE(seen) << seen.error().text();
  EXPECT_EQ(seen->ready, 1);
  ASSERT_TRUE(world.apply(*component, {{"desired", 0}}, {{"desired", 2}}));
  EXPECT_EQ(world.sent("UpdateInferenceComponentRuntimeConfig").request.body,
            R"({"InferenceComponentName": "ic", "DesiredRuntimeConfig": {"CopyCount": 0}})");
}

TEST_F(SageMakerContract, AVariantOrAComponentMustBeNamed) {
  world.settings.set("inference_component_name", std::string("ic"));
  EXPECT_FALSE(amazon_sagemaker().create(world.definition, world.settings, world.services.services));
}

}  // namespace
}  // namespace wave::components
