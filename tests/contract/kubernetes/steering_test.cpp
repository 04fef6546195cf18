#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/kubernetes/world.h"

namespace wave::test {
namespace {

using components::Kind;
using definitions::OnConflict;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string target = "/apis/apps/v1/namespaces/shop/deployments/api";
const std::string hpas = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers";
const std::string scaled_objects = "/apis/keda.sh/v1alpha1/namespaces/shop/scaledobjects";

/// An answer that does not say who steers.
struct Trouble {
  std::string name;
  int status = 200;  ///< 0: none at all
  std::string body{};
};

/// A Deployment of 20 replicas, which a HorizontalPodAutoscaler of 10 to 30 may steer.
class KubernetesSteering : public testing::Test {
 protected:
  KubernetesSteering() {
    world.settings.set("namespace", std::string("shop"));
    world.settings.set("name", std::string("api"));
    world.objects[target] = {{"metadata", {{"resourceVersion", "7"}}},
                             {"spec", {{"replicas", 20}}},
                             {"status", {{"replicas", 20}, {"readyReplicas", 20}}}};
  }
  void add_autoscaler() {
    world.objects[hpas + "/h"] = {{"metadata", {{"name", "h"}, {"resourceVersion", "3"}}},
                                  {"spec",
                                   {{"scaleTargetRef", {{"kind", "Deployment"}, {"name", "api"}}},
                                    {"minReplicas", 10},
                                    {"maxReplicas", 30}}}};
  }
  void add_scaled_object(const std::string& annotations = "{}") {
    world.listed.insert("scaledobjects");
    world.objects[scaled_objects + "/s"] = {
        {"metadata",
         {{"name", "s"}, {"resourceVersion", "3"}, {"annotations", nlohmann::json::parse(annotations)}}},
        {"spec", {{"scaleTargetRef", {{"name", "api"}}}, {"minReplicaCount", 4}}}};
  }
  void make(OnConflict on_conflict = OnConflict::refuse) {
    world.definition.on_conflict = on_conflict;
    component = world.make(components::kubernetes_deployment());
  }
  void answer_with(const std::string& path, const Trouble& trouble) {
    auto& rule = world.on("GET", path);
    if (trouble.status == 0)
      rule.never();
    else
      rule.reply(trouble.status, trouble.body);
  }
  void answer_as_ever(const std::string& path) {
    world.on("GET", path).reply_with([this](const net::HttpRequest& request) {
      return world.serve(request);
    });
  }
  components::Observation observe() {
    auto seen = world.observe(*component);
    EXPECT_TRUE(seen) << seen.error().text();
    return seen.value_or(components::Observation{});
  }
  void pass(Duration time) { world.services.runtime.advance(time); }
  double replicas() const { return world.objects.at(target)["spec"]["replicas"]; }

  KubeWorld world;
  std::unique_ptr<components::Component> component;
};

const Trouble forbidden{"Forbidden", 403,
                        status_of(403, "Forbidden", "cannot list resource \"scaledobjects\"")};

class KubernetesSteeringTrouble : public KubernetesSteering, public testing::WithParamInterface<Trouble> {};

TEST_P(KubernetesSteeringTrouble, WhoIsKnownToSteerStaysKnown) {
  add_autoscaler();
  make();
  EXPECT_EQ(observe().steered_by(), "HorizontalPodAutoscaler shop/h");
  answer_with(hpas, GetParam());
  for (int i = 0; i < 5; ++i) {
    pass(30s);
    const auto seen = observe();
    EXPECT_EQ(seen.steered_by(), "HorizontalPodAutoscaler shop/h");
    EXPECT_THAT(seen.warnings, ElementsAre(HasSubstr("still steers it")));
    EXPECT_THAT(seen.blocks, IsEmpty());
  }
  const auto applied = world.apply(*component, {{"desired", 5}}, {{"desired", 20}});
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::conflict);
  EXPECT_EQ(world.asked("PATCH"), 0);
  EXPECT_EQ(replicas(), 20);
}

TEST_P(KubernetesSteeringTrouble, WhoSteersIsNotKnownUntilTheListsAreAnswered) {
  make();
  answer_with(hpas, GetParam());
  const auto seen = observe();
  ASSERT_EQ(seen.blocks.size(), 1u);
  EXPECT_EQ(seen.blocks[0].value, "desired");
  EXPECT_THAT(seen.blocks[0].reason, HasSubstr("whether a HorizontalPodAutoscaler steers it is not known: "));
  const auto applied = world.apply(*component, {{"desired", 5}}, {{"desired", 20}});
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::busy);
  EXPECT_TRUE(applied.error().retryable);
  EXPECT_EQ(world.asked("PATCH"), 0);
  // It did not count as looked.
  answer_as_ever(hpas);
  EXPECT_THAT(observe().blocks, IsEmpty());
  EXPECT_TRUE(world.apply(*component, {{"desired", 5}}, {{"desired", 20}}));
  EXPECT_EQ(replicas(), 5);
}

TEST_P(KubernetesSteeringTrouble, NobodyCountsForAMinuteWithoutANewAnswer) {
  make();
  observe();
  answer_with(hpas, GetParam());
  pass(25s);
  EXPECT_THAT(observe().blocks, IsEmpty());
  pass(60s);
  EXPECT_EQ(observe().blocks.size(), 1u);
  EXPECT_FALSE(world.apply(*component, {{"desired", 5}}));
  EXPECT_EQ(replicas(), 20);
}

TEST_P(KubernetesSteeringTrouble, WhoRaisesAFloorWaitsToo) {
  add_autoscaler();
  make(OnConflict::raise_floor);
  answer_with(hpas, GetParam());
  EXPECT_EQ(observe().blocks.size(), 1u);
  EXPECT_FALSE(world.apply(*component, {{"desired", 5}}));
  EXPECT_EQ(world.asked("PATCH"), 0);
}

TEST_P(KubernetesSteeringTrouble, WhoIgnoresOthersDoesNotWait) {
  make(OnConflict::ignore);
  answer_with(hpas, GetParam());
  EXPECT_THAT(observe().blocks, IsEmpty());
  EXPECT_TRUE(world.apply(*component, {{"desired", 5}}));
  EXPECT_EQ(replicas(), 5);
}

INSTANTIATE_TEST_SUITE_P(
    Answers, KubernetesSteeringTrouble,
    testing::Values(Trouble{"Throttled", 429, status_of(429, "TooManyRequests", "too many requests")},
                    Trouble{"InternalError", 500, status_of(500, "InternalError", "etcd")},
                    Trouble{"Html", 200, "<html><body>Sign in</body></html>"}, Trouble{"NoList", 200, "{}"},
                    Trouble{"NoItems", 200, R"({"items":null})"},
                    Trouble{"Cut", 200, R"({"items":[{"metadata")"}, Trouble{"Slow", 0}),
    [](const auto& one) { return one.param.name; });

TEST_F(KubernetesSteering, AChangeByHandIsRefusedWhereSomebodySteers) {
  add_autoscaler();
  make();
  const auto applied = world.apply(*component, {{"desired", 5}}, {{"desired", 20}});
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::conflict);
  EXPECT_FALSE(applied.error().retryable);
  EXPECT_EQ(
      applied.error().message,
      "Deployment shop/api is steered by HorizontalPodAutoscaler shop/h: delete it, or set on_conflict: "
      "raise_floor");
  EXPECT_EQ(world.asked("PATCH"), 0);
}

TEST_F(KubernetesSteering, BeforeAChangeAnAnswerOfMoreThanAMinuteIsAskedForAgain) {
  make();
  EXPECT_EQ(observe().steered_by(), "");
  add_autoscaler();
  pass(50s);
  const int before = world.asked("GET", "horizontalpodautoscalers");
  EXPECT_TRUE(world.apply(*component, {{"desired", 19}}));
  EXPECT_EQ(world.asked("GET", "horizontalpodautoscalers"), before);
  pass(10s);
  EXPECT_FALSE(world.apply(*component, {{"desired", 18}}));
  EXPECT_EQ(replicas(), 19);
}

TEST_F(KubernetesSteering, WhoIgnoresOthersScales) {
  add_autoscaler();
  make(OnConflict::ignore);
  EXPECT_EQ(observe().steered_by(), "HorizontalPodAutoscaler shop/h");
  EXPECT_TRUE(world.apply(*component, {{"desired", 5}}, {{"desired", 20}}));
  EXPECT_EQ(replicas(), 5);
}

TEST_F(KubernetesSteering, AnAutoscalerThatIsGoneSteersNoMore) {
  add_autoscaler();
  make();
  observe();
  world.objects.erase(hpas + "/h");
  pass(20s);
  EXPECT_EQ(observe().steered_by(), "");
  EXPECT_TRUE(world.apply(*component, {{"desired", 5}}, {{"desired", 20}}));
}

TEST_F(KubernetesSteering, MissingRightsAreAWarningOnly) {
  answer_with(scaled_objects, forbidden);
  make();
  const auto seen = observe();
  EXPECT_THAT(seen.warnings, ElementsAre(HasSubstr("(allow list on scaledobjects)")));
  EXPECT_THAT(seen.blocks, IsEmpty());
  EXPECT_TRUE(world.apply(*component, {{"desired", 5}}, {{"desired", 20}}));
}

TEST_F(KubernetesSteering, RightsThatAreTakenAwayDoNotRemoveWhoSteers) {
  add_autoscaler();
  make();
  observe();
  answer_with(hpas, forbidden);
  pass(20s);
  EXPECT_EQ(observe().steered_by(), "HorizontalPodAutoscaler shop/h");
}

TEST_F(KubernetesSteering, WhoRaisesAFloorNeedsTheRightToSeeIt) {
  add_autoscaler();
  answer_with(scaled_objects, forbidden);
  make(OnConflict::raise_floor);
  const auto seen = observe();
  ASSERT_EQ(seen.blocks.size(), 1u);
  EXPECT_THAT(seen.blocks[0].reason, HasSubstr("whether a ScaledObject steers it is not known: "));
  EXPECT_FALSE(world.apply(*component, {{"desired", 12}}));
  EXPECT_EQ(world.asked("PATCH"), 0);
}

TEST_F(KubernetesSteering, AFloorIsRaisedWhereKedaIsNotInstalled) {
  add_autoscaler();
  make(OnConflict::raise_floor);
  const auto seen = observe();
  EXPECT_THAT(seen.blocks, IsEmpty());
  EXPECT_THAT(seen.warnings, IsEmpty());
  EXPECT_EQ(seen.current.at("desired"), 10);
  EXPECT_EQ(seen.system_max.at("desired"), 30);
  ASSERT_TRUE(world.apply(*component, {{"desired", 12}}, {{"desired", 10}}));
  EXPECT_EQ(world.sent("PATCH").request.url, "https://kube" + hpas + "/h");
  EXPECT_EQ(world.sent("PATCH").request.body,
            R"({"metadata":{"resourceVersion":"3"},"spec":{"minReplicas":12}})");
  EXPECT_EQ(replicas(), 20);
  const auto again = world.apply(*component, {{"desired", 12}}, {{"desired", 12}});
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->changed);
  EXPECT_EQ(world.asked("PATCH"), 1);
}

TEST_F(KubernetesSteering, AFloorThatSomebodyElseMovedIsAConflict) {
  add_autoscaler();
  make(OnConflict::raise_floor);
  observe();
  world.objects[hpas + "/h"]["spec"]["minReplicas"] = 15;
  const auto applied = world.apply(*component, {{"desired", 12}}, {{"desired", 10}});
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::conflict);
  EXPECT_TRUE(applied.error().retryable);
  EXPECT_EQ(world.asked("PATCH"), 0);
}

TEST_F(KubernetesSteering, WithoutAnybodyWhoseFloorCouldBeRaisedNothingIsSet) {
  make(OnConflict::raise_floor);
  EXPECT_EQ(observe().blocks.size(), 1u);
  EXPECT_FALSE(world.apply(*component, {{"desired", 5}}));
  EXPECT_EQ(replicas(), 20);
}

TEST_F(KubernetesSteering, KedaStandsBeforeItsOwnAutoscaler) {
  add_autoscaler();
  add_scaled_object();
  make(OnConflict::raise_floor);
  EXPECT_EQ(observe().steered_by(), "ScaledObject shop/s");
  ASSERT_TRUE(world.apply(*component, {{"desired", 6}}, {{"desired", 4}}));
  EXPECT_EQ(world.objects[scaled_objects + "/s"]["spec"]["minReplicaCount"], 6);
}

TEST_F(KubernetesSteering, AScaledObjectThatIsPausedSteersNothing) {
  add_scaled_object(R"({"autoscaling.keda.sh/paused":"true"})");
  make();
  EXPECT_EQ(observe().steered_by(), "");
  add_scaled_object(R"({"autoscaling.keda.sh/paused":"true","autoscaling.keda.sh/paused-replicas":"4"})");
  pass(20s);
  EXPECT_EQ(observe().steered_by(), "ScaledObject shop/s");
}

}  // namespace
}  // namespace wave::test
