#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "world.h"

namespace wave::test {
namespace {

using testing::HasSubstr;

/// Systems that take a part of a change, show it late or never, have no number, or belong to somebody else.
class OddSystems : public testing::Test {
 protected:
  void start(const std::string& more = "", double desired = 2,
             const std::function<void(Simulated&)>& before = nullptr) {
    world = std::make_unique<SimulatedWorld>(from_epoch_seconds(1'781'481'600),
                                             R"(
kind: Metric
id: load
metric_kind: push
stale_after: 1h
---
kind: ScalingComponent
id: web
component_kind: simulated
limits: { min: 2, max: 99 }
)" + more + R"(
---
kind: ScalingPlan
id: follow
plans:
  - { id: track, expression: load >= 0, scaling_components: [{ component_id: web, desired: load }] }
)");
    web().desired = desired;
    if (before) before(web());
    world->start();
    world->runtime.advance(1s);
  }
  Simulated& web() { return world->components()["web"]; }
  void load(double value) { ASSERT_TRUE(world->engine().push("load", {}, value, std::nullopt)); }
  void pass(Duration time) { world->runtime.advance(time); }
  const decisions::State& state() {
    return world->engine().generation().component("web")->states().at("desired");
  }
  Result<engine::Engine::Outcome> by_hand(double desired, bool dry_run) {
    std::optional<Result<engine::Engine::Outcome>> out;
    spawn(world->engine().scale("web", {.values = {{"desired", desired}}, .dry_run = dry_run}),
          [&](Result<engine::Engine::Outcome> outcome) { out = std::move(outcome); });
    for (int i = 0; i < 100 && !out; ++i) pass(10ms);
    return std::move(out.value());
  }
  /// The last that was recorded.
  std::string record() { return world->store.records.back().json; }

  std::unique_ptr<SimulatedWorld> world;
};

TEST_F(OddSystems, WhatIsReachedInPartCountsAsSoMuchAndTheRestFollows) {
  start();
  web().at_once = 3;
  load(10);
  pass(100ms);
  EXPECT_EQ(web().desired, 5);
  EXPECT_THAT(record(), HasSubstr(R"("reached":5.0)"));
  EXPECT_THAT(record(), HasSubstr(R"("rest":"so many at once")"));
  pass(20s);
  EXPECT_EQ(web().desired, 10);
  EXPECT_EQ(web().applied, 3);
  EXPECT_EQ(state().changes.back().from, 8);
}

TEST_F(OddSystems, ARateBindsWhatIsReachedInParts) {
  start("behavior: { scale_up: { policies: [{ type: count, value: 4, period: 10m }] } }");
  web().at_once = 3;
  load(20);
  pass(5min);
  EXPECT_EQ(web().desired, 6) << "3, and 1 more";
  pass(6min);
  EXPECT_EQ(web().desired, 10);
}

TEST_F(OddSystems, ByHandItSaysHowFarItCame) {
  start();
  web().at_once = 3;
  const auto outcome = by_hand(10, false);
  ASSERT_TRUE(outcome) << outcome.error().text();
  EXPECT_EQ(outcome->attempt->reached_of("desired"), 5);
  EXPECT_EQ(outcome->attempt->rest, "so many at once");
}

TEST_F(OddSystems, WhatIsShownLateIsSentSeldomAndIsNobodyElses) {
  start();
  web().shown_after = 40s;
  load(10);
  pass(39s);
  EXPECT_LE(web().applied, 6) << "after 2, 4, 8, 16 s";
  web().shown_after = 0s;
  pass(80s);
  EXPECT_EQ(web().desired, 10);
  ASSERT_EQ(state().changes.size(), 1U);
  EXPECT_EQ(state().changes.front().to, 10);
  EXPECT_EQ(state().last_applied, 10);
  const int sent = web().applied;
  pass(10min);
  EXPECT_EQ(web().applied, sent);
}

TEST_F(OddSystems, WhoeverSetsItBackIsToldOfAndIsNotFought) {
  start();
  web().is_set_back = true;
  load(10);
  pass(30min);
  EXPECT_GE(web().applied, 20);
  EXPECT_LE(web().applied, 45) << "once a minute, in the end";
  EXPECT_TRUE(state().changes.empty()) << "no rate and no cooldown counts what did not happen";
  EXPECT_THAT(world->engine().generation().component("web")->observation()->warnings,
              testing::ElementsAre(HasSubstr("somebody sets it back")));
  const int sent = web().applied;
  load(50);
  pass(1s);
  EXPECT_EQ(web().applied, sent + 1) << "another number does not wait for it";
}

TEST_F(OddSystems, WhatTakesLongIsLookedAtLessOften) {
  start("ready_after: auto");
  web().ready_after = 30min;
  load(10);
  pass(1min);
  const int first = web().observed;
  EXPECT_GE(first, 25);
  pass(28min);
  EXPECT_LE(web().observed - first, 180);
}

TEST_F(OddSystems, ANumberThatIsNotThereIsNotZero) {
  start("", 2, [](Simulated& web) {
    web.has_a_number = false;
    web.blocks = {{.value = "desired", .reason = "nothing limits it"}};
  });
  load(10);
  pass(1min);
  EXPECT_EQ(web().applied, 0);
  EXPECT_THAT(record(), HasSubstr(R"("rule":"absent","text":"nothing limits it")"));
  const auto outcome = by_hand(5, true);
  ASSERT_FALSE(outcome);
  EXPECT_THAT(outcome.error().text(), HasSubstr("desired cannot be set: nothing limits it"));
}

TEST_F(OddSystems, ByHandWhatIsRefusedIsRefusedInADryRunToo) {
  start();
  web().steering = {{.who = "an HPA", .advice = "delete it"}};
  for (const bool dry_run : {true, false}) {
    const auto outcome = by_hand(5, dry_run);
    ASSERT_FALSE(outcome);
    EXPECT_THAT(outcome.error().text(), HasSubstr("steered by an HPA (delete it)"));
  }
  web().steering.clear();
  web().blocks = {{.reason = "it is UPDATING"}};
  for (const bool dry_run : {true, false}) {
    const auto outcome = by_hand(5, dry_run);
    ASSERT_FALSE(outcome);
    EXPECT_THAT(outcome.error().text(), HasSubstr("it is UPDATING"));
  }
  EXPECT_EQ(web().applied, 0);
}

TEST_F(OddSystems, WhoSteersOneValueDoesNotHoldTheOther) {
  start();
  web().steering = {{.who = "a target", .advice = "x", .value = "other"}};
  load(10);
  pass(1s);
  EXPECT_EQ(web().desired, 10);
}

TEST_F(OddSystems, AFloorBelowWhatServesTeachesNoStartUpTime) {
  start();
  web().ready = 8;
  pass(20s);
  load(5);
  pass(1min);
  EXPECT_EQ(web().desired, 5);
  EXPECT_FALSE(world->engine().generation().component("web")->ready_after_learned());
}

}  // namespace
}  // namespace wave::test
