#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "components/kinds.h"
#include "definitions/settings.h"
#include "support/services.h"

namespace wave::components {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string claims_url =
    "https://kube/apis/karpenter.sh/v1/nodeclaims?limit=500&labelSelector=karpenter.sh%2Fnodepool%3Dfixed";

Result<Observation> observed(test::TestServices& world, const Kind& kind,
                             std::map<std::string, std::string> keys) {
  keys.insert({{"api_server_endpoint", "https://kube"}, {"token", "t"}});
  definitions::Settings settings;
  for (const auto& [key, value] : keys) settings.set(key, value);
  definitions::ComponentDefinition definition;
  definition.id = "it";
  auto made = kind.create(definition, settings, world.services);
  EXPECT_TRUE(made) << made.error().text();
  return world.run((*made)->observe());
}

/// A static pool of 3 nodes, as far as its own object tells.
class KarpenterTest : public testing::Test {
 protected:
  void pool(const std::string& status) {
    world.http.on("GET", "https://kube/apis/karpenter.sh/v1/nodepools/fixed")
        .reply(
            200,
            R"({"metadata":{"resourceVersion":"7"},"spec":{"replicas":3,"limits":{"nodes":"9"}},"status":)" +
                status + "}");
  }
  Result<Observation> observe() { return observed(world, kubernetes_karpenter(), {{"nodepool", "fixed"}}); }

  test::TestServices world;
};

const std::string ready =
    R"({"status":{"conditions":[{"type":"Launched","status":"True"},{"type":"Ready","status":"True"}]}})";
const std::string launched =
    R"({"status":{"conditions":[{"type":"Launched","status":"True"},{"type":"Ready","status":"Unknown"}]}})";
const std::string drained =
    R"({"metadata":{"deletionTimestamp":"2026-11-27T09:46:00Z"},"status":{"conditions":[{"type":"Ready","status":"True"}]}})";

TEST_F(KarpenterTest, WhatIsLaunchedOrDrainedIsNotReady) {
  pool(R"({"nodes":3})");
  world.http.on("GET", claims_url)
      .reply(200, R"({"items":[)" + ready + "," + launched + "," + drained + "]}");
  const auto seen = observe();
  ASSERT_TRUE(seen) << seen.error().text();
  EXPECT_EQ(seen->ready, 1);
  EXPECT_TRUE(seen->changing);
  EXPECT_EQ(seen->system_max.at("replicas"), 9);
}

TEST_F(KarpenterTest, WhatIsStillDrainedIsAChangeUnderWay) {
  pool(R"({"nodes":3})");
  world.http.on("GET", claims_url)
      .reply(200, R"({"items":[)" + ready + "," + ready + "," + ready + "," + drained + "]}");
  const auto seen = observe();
  ASSERT_TRUE(seen) << seen.error().text();
  EXPECT_EQ(seen->ready, 3);
  EXPECT_TRUE(seen->changing);
}

TEST_F(KarpenterTest, AllPagesOfMachinesAreCounted) {
  pool(R"({"nodes":3})");
  world.http.on("GET", claims_url)
      .reply(200, R"({"metadata":{"continue":"a/b"},"items":[)" + ready + "," + ready + "]}");
  world.http.on("GET", claims_url + "&continue=a%2Fb")
      .reply(200, R"({"metadata":{},"items":[)" + ready + "]}");
  const auto seen = observe();
  ASSERT_TRUE(seen) << seen.error().text();
  EXPECT_EQ(seen->ready, 3);
  EXPECT_FALSE(seen->changing);
}

TEST_F(KarpenterTest, AnswersOfOtherTypesAreNoEnd) {
  pool(R"({"conditions":[7,{"type":"Ready","status":"False","reason":5,"message":null},{"status":3}]})");
  world.http.on("GET", claims_url)
      .reply(
          200,
          R"({"metadata":{"continue":5},"items":[7,{"metadata":3,"status":{"conditions":[{"type":4}]}}]})");
  const auto seen = observe();
  ASSERT_TRUE(seen) << seen.error().text();
  EXPECT_EQ(seen->ready, 0);
  EXPECT_THAT(seen->warnings, ElementsAre("Ready is False, : "));
}

TEST_F(KarpenterTest, AListThatIsNoneIsAnError) {
  pool(R"({"nodes":3})");
  world.http.on("GET", claims_url).reply(200, "<html>");
  const auto seen = observe();
  ASSERT_FALSE(seen);
  EXPECT_THAT(seen.error().text(), HasSubstr("no list of NodeClaims"));
}

TEST(KubernetesScaleTest, ConditionsOfOtherTypesAreNoEnd) {
  test::TestServices world;
  world.http.on("GET", "https://kube/apis/").reply(404, "{}");
  world.http.on("GET", "https://kube/apis/apps/v1/namespaces/shop/deployments/api")
      .reply(200,
             R"({"spec":{"replicas":2},"status":{"readyReplicas":2,"replicas":2,"conditions":[3,{"type":4},)"
             R"({"type":"ReplicaFailure","status":"True","reason":5,"message":null}]}})");
  const auto seen = observed(world, kubernetes_deployment(), {{"namespace", "shop"}, {"name", "api"}});
  ASSERT_TRUE(seen) << seen.error().text();
  EXPECT_THAT(seen->warnings, ElementsAre("ReplicaFailure : "));
}

}  // namespace
}  // namespace wave::components
