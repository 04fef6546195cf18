#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "decisions/decision.h"

namespace wave::decisions {
namespace {

using definitions::ComponentDefinition;
using definitions::Limits;
using definitions::RatePolicy;
using definitions::ScalingRules;

const UtcTime noon = from_epoch_seconds(1'800'000'000);

ComponentDefinition component() {
  ComponentDefinition made;
  made.id = "web";
  made.limits["desired"] = Limits{.min = 1, .max = 100};
  return made;
}

Input input(double current, double wish, UtcTime now = noon) {
  Input made{.component_id = "web", .now = now, .current = current};
  made.wishes.push_back({.desired = wish, .plan_id = "p", .item_id = "i", .why = "because"});
  return made;
}

std::vector<std::string> rules(const Decision& decision) {
  std::vector<std::string> out;
  for (const auto& reason : decision.reasons) out.push_back(reason.rule);
  return out;
}

TEST(Decide, GrowsAtOnceByDefault) {
  State state;
  const auto decision = decide(input(2, 40), component(), state);
  EXPECT_EQ(decision.action, Action::scale);
  EXPECT_EQ(decision.final, 40);
  EXPECT_EQ(rules(decision), std::vector<std::string>{"wish"});
}

TEST(Decide, AWishBelowOneNeedsAMinThatSaysSo) {
  ComponentDefinition unlimited;
  unlimited.id = "web";
  State state;
  const auto raised = decide(input(0, 0), unlimited, state);
  EXPECT_EQ(raised.action, Action::scale);
  EXPECT_EQ(raised.final, 1);
  EXPECT_EQ(rules(raised), (std::vector<std::string>{"wish", "limits"}));
  unlimited.limits["desired"] = Limits{.min = 0, .max = 100, .min_written = true};
  State other;
  EXPECT_EQ(decide(input(0, 0), unlimited, other).action, Action::none);
}

TEST(Decide, ShrinksOnlyToTheLargestWishOfTheWindow) {
  State state;
  decide(input(10, 10), component(), state);
  decide(input(10, 6, noon + 60s), component(), state);
  const auto held = decide(input(10, 3, noon + 120s), component(), state);
  EXPECT_EQ(held.action, Action::hold);
  EXPECT_EQ(held.final, 10);
  // The window and a tenth: the news that comes with its end is waited for.
  EXPECT_EQ(held.retry_at, noon + 330s);
  const auto lower = decide(input(10, 3, noon + 301s), component(), state);
  EXPECT_EQ(lower.final, 6);
  const auto lowest = decide(input(6, 3, noon + 421s), component(), state);
  EXPECT_EQ(lowest.final, 3);
}

TEST(Decide, AnUpWindowHoldsGrowthToItsSmallestWish) {
  auto slow = component();
  slow.behavior.up.stabilization_window = 60s;
  State state;
  decide(input(2, 2), slow, state);
  EXPECT_EQ(decide(input(2, 9, noon + 30s), slow, state).final, 2);
  EXPECT_EQ(decide(input(2, 9, noon + 61s), slow, state).final, 9);
}

TEST(Decide, APercentageLetsAFirstUnitComeFromZero) {
  auto slow = component();
  slow.behavior.up.policies = {{.type = RatePolicy::Type::percent, .value = 50, .period = 15s}};
  State state;
  EXPECT_EQ(decide(input(0, 50), slow, state).final, 1);
}

TEST(Decide, DataThatIsNotFreshNeverLowersCapacity) {
  auto quick = component();
  quick.behavior.down.stabilization_window = 0s;
  State state;
  auto stale = input(10, 2);
  stale.not_fresh.push_back({.metric_id = "rps", .problem = "no sample since noon"});
  const auto held = decide(stale, quick, state);
  EXPECT_EQ(held.final, 10);
  EXPECT_EQ(held.reasons.back().rule, "fresh_only_down");
  stale.wishes.front().desired = 30;
  EXPECT_EQ(decide(stale, quick, state).final, 30);
  stale.wishes.front().desired = 2;
  stale.not_fresh.clear();
  EXPECT_EQ(decide(stale, quick, state).final, 2);
}

TEST(Decide, WithoutAWishCapacityStaysAndTheErrorIsTheReason) {
  State state;
  Input broken{.component_id = "web", .now = noon, .current = 7};
  EXPECT_EQ(decide(broken, component(), state).action, Action::none);
  broken.errors.push_back("plan p > item i: TypeError");
  const auto held = decide(broken, component(), state);
  EXPECT_EQ(held.action, Action::hold);
  EXPECT_EQ(held.final, 7);
  EXPECT_EQ(held.reasons.front().text, "plan p > item i: TypeError");
}

TEST(Decide, WhatWasHeldWithoutDataIsNotUndoneByTheFirstSample) {
  State state;
  Input blind{.component_id = "web", .now = noon, .current = 20};
  blind.not_fresh.push_back({.metric_id = "rps", .problem = "refused"});
  blind.outage = true;
  decide(blind, component(), state);
  EXPECT_EQ(decide(input(20, 2, noon + 10s), component(), state).final, 20);
}

/// The tables of autoscaling/v2: what a policy allows, given what the period already saw.
TEST(Decide, RatePoliciesCountTheChangesOfTheirPeriod) {
  auto limited = component();
  limited.behavior.up.policies = {{.type = RatePolicy::Type::count, .value = 4, .period = 60s},
                                  {.type = RatePolicy::Type::percent, .value = 50, .period = 60s}};
  State state;
  EXPECT_EQ(decide(input(10, 100), limited, state).final, 15);
  record_change(state, noon, 10, 15, limited);
  // The period began with 10: 50 % of it is used up, and so are the 4.
  const auto again = decide(input(15, 100, noon + 30s), limited, state);
  EXPECT_EQ(again.final, 15);
  EXPECT_EQ(again.reasons.back().rule, "rate");
  EXPECT_EQ(again.retry_at, noon + 60s);
  EXPECT_EQ(decide(input(15, 100, noon + 61s), limited, state).final, 23);
  limited.behavior.up.select = ScalingRules::Select::min;
  EXPECT_EQ(decide(input(15, 100, noon + 62s), limited, state).final, 19);
  limited.behavior.up.select = ScalingRules::Select::disabled;
  EXPECT_EQ(decide(input(15, 100, noon + 63s), limited, state).final, 15);
}

TEST(Decide, RatePoliciesLimitShrinkingToo) {
  auto limited = component();
  limited.behavior.down = {.stabilization_window = 0s,
                           .policies = {{.type = RatePolicy::Type::percent, .value = 10, .period = 60s}}};
  State state;
  EXPECT_EQ(decide(input(55, 1), limited, state).final, 49);  // 55 x 0.9 = 49.5, cut
}

TEST(Decide, CooldownBlocksScaleInButNotScaleOut) {
  auto cooling = component();
  cooling.behavior.down.stabilization_window = 0s;
  cooling.cooldown_down = 120s;
  State state;
  record_change(state, noon, 2, 10, cooling);
  const auto held = decide(input(10, 3, noon + 60s), cooling, state);
  EXPECT_EQ(held.final, 10);
  EXPECT_EQ(held.reasons.back().rule, "cooldown");
  EXPECT_EQ(decide(input(10, 30, noon + 61s), cooling, state).final, 30);
  EXPECT_EQ(decide(input(10, 3, noon + 120s), cooling, state).final, 3);
}

TEST(Decide, WrittenBoundsHoldWithoutAWishAndAtOnce) {
  auto bounded = component();
  bounded.limits["desired"] = {.min = 3, .max = 8, .min_written = true, .max_written = true};
  State state;
  EXPECT_EQ(decide({.component_id = "web", .now = noon, .current = 1}, bounded, state).final, 3);
  EXPECT_EQ(decide({.component_id = "web", .now = noon, .current = 20}, bounded, state).final, 8);
  EXPECT_EQ(decide(input(5, 50), bounded, state).final, 8);
}

TEST(Decide, AWishIsNeverBelowOneUnlessMinZeroIsWritten) {
  auto quick = component();
  quick.behavior.down.stabilization_window = 0s;
  State state;
  EXPECT_EQ(decide(input(4, 0), quick, state).final, 1);
  quick.limits["desired"] = {.min = 0, .max = 10, .min_written = true};
  EXPECT_EQ(decide(input(4, 0), quick, state).final, 0);
}

TEST(Decide, TheSystemsOwnBoundsNarrowAWish) {
  State state;
  auto bounded = input(5, 50);
  bounded.system_max = 12;
  EXPECT_EQ(decide(bounded, component(), state).final, 12);
}

TEST(Decide, HighestPriorityThenLargestThenEveryAtLeast) {
  State state;
  auto several = input(1, 50);
  several.wishes.push_back({.desired = 5, .plan_id = "b", .item_id = "x", .priority = 2});
  several.wishes.push_back({.desired = 7, .plan_id = "c", .item_id = "y", .priority = 2});
  EXPECT_EQ(decide(several, component(), state).final, 7);
  several.wishes.push_back({.desired = 30, .plan_id = "d", .item_id = "z", .at_least = true});
  State other;
  EXPECT_EQ(decide(several, component(), other).final, 30);
}

TEST(Decide, ArbitrationDoesNotDependOnTheOrderOfWishes) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    auto made = input(10, double(random() % 40));
    for (int i = 0; i < 5; ++i) {
      made.wishes.push_back({.desired = double(random() % 40),
                             .plan_id = "p",
                             .item_id = std::to_string(i),
                             .priority = int(random() % 3),
                             .at_least = random() % 4 == 0});
    }
    State one;
    State two;
    const auto first = decide(made, component(), one);
    std::shuffle(made.wishes.begin(), made.wishes.end(), random);
    EXPECT_EQ(first.final, decide(made, component(), two).final);
  }
}

TEST(Decide, ARelativeWishTakesNoSecondStepUntilTheFirstServes) {
  State state;
  auto step = input(4, 6);
  step.wishes.front().relative = true;
  step.ready = 4;
  ASSERT_EQ(decide(step, component(), state).final, 6);
  record_change(state, noon, 4, 6, component());
  auto second = input(6, 8, noon + 10s);
  second.wishes.front().relative = true;
  second.ready = 4;
  EXPECT_EQ(decide(second, component(), state).final, 6);
  second.ready = 6;
  EXPECT_EQ(decide(second, component(), state).final, 8);
}

TEST(Decide, AStepThatFailedIsTriedAgainAtOnce) {
  State state;
  auto step = input(4, 6);
  step.wishes.front().relative = true;
  decide(step, component(), state);  // and nothing was recorded as changed
  EXPECT_EQ(decide(step, component(), state).final, 6);
}

TEST(Decide, PauseBlockConflictAndDryRunHoldAndSayWhatWouldBe) {
  struct Case {
    std::string rule;
    std::function<void(Input&)> set;
  };
  const std::vector<Case> cases = {
      {"pause", [](Input& one) { one.paused_until = noon + 1h; }},
      {"blocked", [](Input& one) { one.blocks = {{.until = noon + 1min, .reason = "cooling"}}; }},
      {"in_progress", [](Input& one) { one.blocks = {{.reason = "a change is under way"}}; }},
      {"conflict", [](Input& one) { one.refused_by = "HorizontalPodAutoscaler shop/api"; }},
      {"switched_off", [](Input& one) { one.switched_off = true; }},
      {"dry_run", [](Input& one) { one.dry_run = true; }},
  };
  for (const auto& one : cases) {
    State state;
    auto made = input(5, 9);
    one.set(made);
    const auto decision = decide(made, component(), state);
    EXPECT_EQ(decision.action, Action::hold) << one.rule;
    EXPECT_EQ(decision.final, 5) << one.rule;
    EXPECT_EQ(decision.computed, 9) << one.rule;
    EXPECT_EQ(decision.reasons.back().rule, one.rule);
  }
}

TEST(Decide, ABlockHoldsItsValueInItsDirectionAndUntilItsTime) {
  const auto final_of = [](double current, double wish, decisions::Block block) {
    State state;
    auto made = input(current, wish);
    made.blocks = {std::move(block)};
    return decide(made, component(), state);
  };
  const UtcTime later = noon + 10min;
  EXPECT_EQ(final_of(5, 3, {.only_down = true, .until = later, .reason = "x"}).final, 5);
  EXPECT_EQ(final_of(5, 3, {.only_down = true, .until = later, .reason = "x"}).retry_at, later);
  EXPECT_EQ(final_of(5, 8, {.only_down = true, .until = later, .reason = "x"}).final, 8);
  EXPECT_EQ(final_of(5, 3, {.until = noon - 1s, .reason = "x"}).final, 3);
  EXPECT_EQ(final_of(5, 3, {.value = "other", .reason = "x"}).final, 3);
  EXPECT_EQ(final_of(5, 3, {.value = "desired", .reason = "x"}).final, 5);
}

TEST(Decide, WithoutScaleInItOnlyGrows) {
  State state;
  auto kept = component();
  kept.scale_in = false;
  const auto down = decide(input(5, 3), kept, state);
  EXPECT_EQ(down.final, 5);
  EXPECT_EQ(down.reasons.back().rule, "scale_in");
  EXPECT_EQ(decide(input(5, 8), kept, state).final, 8);
  EXPECT_EQ(decide_by_hand(input(5, 3), 3, kept).final, 5);
}

TEST(Decide, NeverLeavesItsBoundsWhateverComesIn) {
  std::mt19937 random(11);
  auto bounded = component();
  bounded.limits["desired"] = {.min = 2, .max = 30, .min_written = true, .max_written = true};
  bounded.behavior.up.policies = {{.type = RatePolicy::Type::percent, .value = 30, .period = 60s}};
  bounded.cooldown_down = 30s;
  State state;
  double current = 5;
  UtcTime now = noon;
  for (int round = 0; round < 3000; ++round) {
    now += std::chrono::seconds(random() % 20);
    auto made = input(current, double(random() % 60), now);
    if (random() % 5 == 0) made.not_fresh.push_back({.metric_id = "m", .problem = "stale"});
    if (random() % 7 == 0) made.wishes.clear();
    const auto decision = decide(made, bounded, state);
    ASSERT_GE(decision.final, 2);
    ASSERT_LE(decision.final, 30);
    if (!made.not_fresh.empty()) {
      ASSERT_GE(decision.final, std::min(current, 30.0));
    }
    if (decision.action == Action::scale) record_change(state, now, current, decision.final, bounded);
    current = decision.final;
    ASSERT_LT(state.recommendations.size(), 400u);
  }
}

TEST(State, SurvivesItsJson) {
  State state;
  record_change(state, noon, 2, 5, component());
  record_foreign_change(state, noon + 1s, 7);
  state.last_applied = 5;
  state.relative_step_at = noon;
  state.relative_step_to = 5;
  state.relative_step_direction = 1;
  const auto back = state_from_json(to_json(state));
  ASSERT_TRUE(back);
  EXPECT_EQ(to_json(*back), to_json(state));
  EXPECT_FALSE(state_from_json("{\"changes\":[[1]]}"));
  EXPECT_FALSE(state_from_json("nonsense"));
}

TEST(State, TimesInTheFutureCountAsNow) {
  State state;
  decide(input(10, 10, noon + 24h), component(), state);
  EXPECT_EQ(decide(input(10, 2, noon), component(), state).final, 10);
  EXPECT_EQ(decide(input(10, 2, noon + 301s), component(), state).final, 2);
}

TEST(ByHand, OnlyBoundsCount) {
  auto bounded = component();
  bounded.limits["desired"] = {.min = 2, .max = 30};
  EXPECT_EQ(decide_by_hand(input(5, 5), 500, bounded).final, 30);
  EXPECT_EQ(decide_by_hand(input(5, 5), 0, bounded).final, 2);
  EXPECT_EQ(decide_by_hand(input(5, 5), 5, bounded).action, Action::none);
}

}  // namespace
}  // namespace wave::decisions
