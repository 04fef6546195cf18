#include "engine/component.h"

#include <gtest/gtest.h>

#include "net/batch.h"
#include "support/memory_store.h"
#include "support/services.h"

namespace wave::engine {
namespace {

/// A thing with two values, of which the one that comes first in the alphabet is not the main one.
class Scaled final : public components::Component {
 public:
  struct State {
    double desired = 2;
    double ready = 2;
    int observing = 0;
    int most_at_once = 0;
    int observed = 0;
    std::optional<Error> refuses;
    Duration slow{0};
    bool gone = false;  ///< it ended with the daemon
    int applied = 0;
  };
  Scaled(Runtime& runtime, State& state) : runtime_(runtime), state_(state) {}
  Task<Result<components::Observation>> observe() override {
    ++state_.observed;
    state_.most_at_once = std::max(state_.most_at_once, ++state_.observing);
    co_await runtime_.sleep(100ms);
    --state_.observing;
    if (state_.gone) co_return components::Observation{};
    components::Observation seen{.current = {{"allowance", 1}, {"desired", state_.desired}},
                                 .ready = state_.ready};
    co_return seen;
  }
  Task<Result<components::Applied>> apply(components::Change change) override {
    if (state_.slow > 0s) co_await runtime_.sleep(state_.slow);
    if (state_.refuses) co_return std::unexpected(*state_.refuses);
    ++state_.applied;
    state_.gone = false;
    state_.desired = change.values["desired"];
    co_return components::Applied{};
  }

 private:
  Runtime& runtime_;
  State& state_;
};

/// One of many that a call answers for together.
class Described final : public components::Component {
 public:
  using Descriptions = net::Batch<bool>;  ///< whether a change is under way
  Described(std::string name, std::shared_ptr<Descriptions> all)
      : name_(std::move(name)), all_(std::move(all)) {}
  Task<Result<components::Observation>> observe() override {
    auto found = co_await all_->ask(name_);
    if (!found) co_return std::unexpected(std::move(found.error()));
    co_return components::Observation{
        .current = {{"desired", 2}}, .ready = 2, .changing = found->value_or(false)};
  }
  Task<Result<components::Applied>> apply(components::Change) override { co_return components::Applied{}; }

 private:
  std::string name_;
  std::shared_ptr<Descriptions> all_;
};

class EngineComponent : public testing::Test {
 protected:
  EngineComponent() {
    kind.table = {.document = definitions::Document::component,
                  .name = "scaled",
                  .vendor = "test",
                  .summary = "x",
                  .keys = {},
                  .values = {{.name = "desired", .help = "x"}, {.name = "allowance", .help = "x"}},
                  .ready_after = 30s};
    kind.create = [this](const auto&, const auto&, net::Services&) {
      return std::make_unique<Scaled>(world.runtime, state);
    };
    definition->id = "web";
    definition->kind = &kind.table;
    parts.component_kinds = {&kind};
  }
  std::shared_ptr<Component> make() {
    return std::make_shared<Component>(parts, definition, 15s, 60s, nullptr);
  }
  static components::Change change_to(double desired) {
    return {.values = {{"desired", desired}}, .basis = {{"desired", 2}}, .reason = {}};
  }
  void pass(Duration time) { world.runtime.advance(time); }

  test::TestServices world;
  test::MemoryStore store;
  Log log{world.runtime, LogLevel::error, false, [](std::string_view) {}};
  Parts parts{.runtime = world.runtime, .log = log, .services = world.services, .store = &store};
  components::Kind kind;
  Scaled::State state;
  std::shared_ptr<definitions::ComponentDefinition> definition =
      std::make_shared<definitions::ComponentDefinition>();
};

TEST_F(EngineComponent, TheLeadTimeIsLearnedFromTheMainValue) {
  const auto component = make();
  component->start();
  pass(1s);
  world.run(component->apply(change_to(5)));
  pass(39s);
  EXPECT_FALSE(component->ready_after_learned());
  state.ready = 5;
  pass(5s);
  ASSERT_TRUE(component->ready_after_learned());
  EXPECT_NEAR(seconds(component->ready_after()), 40, 3);
  component->stop();
  pass(1s);  // a coroutine that nobody resumes is a leak
}

TEST_F(EngineComponent, WhatIsRefusedForGoodWaitsLongestAndOnlyItself) {
  const auto component = make();
  component->start();
  pass(1s);
  const auto ask = [&](double desired) { world.run(component->apply(change_to(desired))); };
  const auto wait_for = [&](double desired) {
    return seconds(component->retry_at({{"desired", desired}}).value() - world.runtime.mono());
  };
  state.refuses = Error{.code = ErrorCode::forbidden, .message = "no", .retryable = false};
  ask(5);
  EXPECT_GT(wait_for(5), 40);
  EXPECT_LT(wait_for(6), 2) << "another wish may be one that is granted";
  for (int i = 0; i < 9; ++i) ask(5);
  EXPECT_GT(wait_for(5), 11 * 60);
  EXPECT_LE(wait_for(5), 18 * 60);
  EXPECT_LE(wait_for(6), 72);

  state.refuses = Error{.code = ErrorCode::unavailable, .message = "later", .retryable = true};
  ask(5);
  EXPECT_LE(wait_for(5), 72) << "what may work by itself is tried each minute";
  state.refuses.reset();
  ask(5);
  EXPECT_FALSE(component->retry_at({{"desired", 5}}));
  component->stop();
}

TEST_F(EngineComponent, AnAnswerFromBeforeAChangeSaysNothingAboutIt) {
  const auto component = make();
  component->start();
  pass(15s + 50ms);  // it is being asked
  ASSERT_TRUE(component->busy());
  world.run(component->apply(change_to(5)));
  pass(5s);
  const auto& after = component->state("desired");
  EXPECT_EQ(after.last_applied, 5);
  EXPECT_EQ(after.recommendations.size(), 1U) << "of the first look; nobody else changed it";
  ASSERT_EQ(after.changes.size(), 1U);
  EXPECT_EQ(after.changes.front().from, 2);
  component->stop();
  pass(1s);
}

TEST_F(EngineComponent, TheNextGenerationWaitsForTheChangeThatIsBeingSent) {
  for (const bool refused : {false, true}) {
    state = {.slow = 10s};
    if (refused) state.refuses = Error{.code = ErrorCode::unavailable, .message = "no", .retryable = true};
    const auto first = make();
    first->start();
    pass(1s);
    spawn(first->apply(change_to(5)), [](Component::Attempt) {});
    pass(1s);
    const auto next = make();
    next->adopt(*first);
    first->stop();
    next->start();
    EXPECT_TRUE(next->applying());
    const auto later = make();
    later->adopt(*next);
    next->stop();
    later->start();
    pass(5s);
    EXPECT_TRUE(later->applying());
    pass(20s);
    EXPECT_FALSE(later->applying());
    EXPECT_EQ(later->observation()->current.at("desired"), refused ? 2 : 5);
    EXPECT_EQ(later->state("desired").last_applied, refused ? 2 : 5);
    ASSERT_TRUE(later->last_attempt());
    EXPECT_EQ(later->last_attempt()->error.has_value(), refused);
    later->stop();
  }
}

TEST_F(EngineComponent, AReloadWhileProcessesAreStartedAgainWaitsForThemAndStartsThemOnce) {
  kind.table.ephemeral = true;
  const auto first = make();
  first->start();
  pass(1s);
  world.run(first->apply(change_to(5)));
  first->stop();
  for (const Duration at :
       {Duration(50ms), Duration(1s)}) {  // while it is looked what is there, and while it is started
    state = {.desired = 0, .slow = 10s, .gone = true};
    const auto earlier = make();
    earlier->restore(store.kept.at(Component::state_key("web")));
    earlier->start();
    pass(at);
    const auto next = make();
    next->adopt(*earlier);
    earlier->stop();
    next->start();
    pass(30s);
    EXPECT_FALSE(next->applying());
    EXPECT_EQ(state.applied, 1);
    EXPECT_EQ(next->observation()->current.at("desired"), 5);
    next->stop();
  }
}

TEST_F(EngineComponent, IsNeverObservedTwiceAtOnceNotEvenWhileItIsRestored) {
  const auto first = make();
  first->start();
  pass(1s);
  first->stop();
  first->save();
  const auto component = make();
  component->restore(store.kept.at(Component::state_key("web")));
  state.observed = 0;
  component->start();
  spawn(component->observe());
  pass(1s);
  EXPECT_GE(state.observed, 2) << "once to restore, once to see";
  EXPECT_EQ(state.most_at_once, 1);
  component->stop();
}

TEST_F(EngineComponent, WhatFailedInOneCallIsAskedForInOneCallAgain) {
  int calls = 0;
  std::optional<Error> trouble;
  bool changing = false;
  const auto batch = std::make_shared<Described::Descriptions>(
      world.runtime, 100,
      [&](std::vector<std::string> names) -> Task<Result<Described::Descriptions::Answers>> {
        ++calls;
        if (trouble) co_return std::unexpected(*trouble);
        Described::Descriptions::Answers answers;
        for (const auto& name : names) answers[name] = changing;
        co_return answers;
      });
  kind.create = [&](const definitions::ComponentDefinition& of, const auto&, net::Services&) {
    return std::make_unique<Described>(of.id, batch);
  };
  std::vector<std::shared_ptr<Component>> all;
  for (int i = 0; i < 50; ++i) {
    definition = std::make_shared<definitions::ComponentDefinition>(*definition);
    definition->id = "web-" + std::to_string(i);
    all.push_back(make());
    all.back()->start();
  }
  const auto calls_in = [&](Duration time) {
    const int before = calls;
    pass(time);
    return calls - before;
  };
  EXPECT_LE(calls_in(60s), 6) << "one each 15 s, and one to find the step";
  trouble = Error{.code = ErrorCode::unavailable, .message = "503", .retryable = true};
  pass(15s);
  trouble.reset();
  EXPECT_LE(calls_in(60s), 6) << "after one failing answer";
  trouble = Error{.code = ErrorCode::timeout, .message = "no answer", .retryable = true};
  EXPECT_LE(calls_in(5min), 14) << "after 1, 2, 4 ... 60 s";
  trouble.reset();
  pass(60s);
  EXPECT_LE(calls_in(60s), 5);
  changing = true;
  EXPECT_LE(calls_in(60s), 35) << "every 2 s, together";
  for (const auto& one : all) {
    EXPECT_TRUE(one->known());
    one->stop();
  }
}

}  // namespace
}  // namespace wave::engine
