#include "net/batch.h"

#include <gtest/gtest.h>

#include "base/virtual_runtime.h"

namespace wave::net {
namespace {

using Numbers = Batch<int>;

struct World {
  explicit World(Forbidden how = Forbidden::each) : forbidden(how) {}
  VirtualRuntime runtime;
  std::vector<std::vector<std::string>> calls;
  Forbidden forbidden;
  std::shared_ptr<Numbers> batch = std::make_shared<Numbers>(
      runtime, 3, [this](std::vector<std::string> names) { return call(names); }, forbidden);

  Task<Result<Numbers::Answers>> call(std::vector<std::string> names) {
    calls.push_back(names);
    Numbers::Answers out;
    for (const auto& name : names) {
      if (name == "bad") co_return fail(ErrorCode::forbidden, "not that one");
      if (name != "none") out[name] = static_cast<int>(name.size());
    }
    co_return out;
  }
  std::vector<Result<std::optional<int>>> ask(const std::vector<std::string>& names) {
    std::vector<Result<std::optional<int>>> out(names.size(), std::optional<int>());
    std::size_t left = names.size();
    for (std::size_t i = 0; i < names.size(); ++i)
      spawn(batch->ask(names[i]), [&, i](Result<std::optional<int>> answer) {
        out[i] = std::move(answer);
        --left;
      });
    while (left > 0 && runtime.advance_to_next(1h)) runtime.settle();
    return out;
  }
};

TEST(Batch, NamesOfOneMomentTravelTogetherAndEqualOnesOnce) {
  World world;
  const auto answers = world.ask({"a", "bb", "a", "none"});
  EXPECT_EQ(world.calls, (std::vector<std::vector<std::string>>{{"a", "bb", "none"}}));
  EXPECT_EQ(answers[0]->value(), 1);
  EXPECT_EQ(answers[1]->value(), 2);
  EXPECT_EQ(answers[2]->value(), 1);
  EXPECT_FALSE(answers[3]->has_value());
}

TEST(Batch, NoCallIsLongerThanAllowed) {
  World world;
  world.ask({"1", "2", "3", "4", "5", "6", "7"});
  ASSERT_EQ(world.calls.size(), 3u);
  for (const auto& call : world.calls) EXPECT_LE(call.size(), 3u);
}

TEST(Batch, ARefusedNameFailsAlone) {
  World world;
  const auto answers = world.ask({"a", "bad", "ccc", "bad"});
  EXPECT_TRUE(answers[0]);
  EXPECT_EQ(answers[1].error().code, ErrorCode::forbidden);
  EXPECT_TRUE(answers[2]);
  EXPECT_FALSE(answers[3]);
}

TEST(Batch, WhatWasForbiddenTravelsApartAndIsNotLookedForAgain) {
  World world;
  world.ask({"a", "bad", "ccc"});
  world.calls.clear();
  const auto answers = world.ask({"a", "bad", "ccc"});
  EXPECT_TRUE(answers[0]);
  EXPECT_EQ(answers[1].error().code, ErrorCode::forbidden);
  EXPECT_EQ(world.calls, (std::vector<std::vector<std::string>>{{"a", "ccc"}, {"bad"}}));
  world.runtime.advance(6min);
  world.calls.clear();
  world.ask({"a", "bad"});
  EXPECT_EQ(world.calls.front(), (std::vector<std::string>{"a", "bad"})) << "perhaps it may be read now";
}

TEST(Batch, ACallThatIsForbiddenWhateverItAsksForIsMadeOnce) {
  World world(Forbidden::all);
  for (const auto& answer : world.ask({"a", "bad", "ccc"})) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::forbidden);
  }
  EXPECT_EQ(world.calls.size(), 1u);
}

}  // namespace
}  // namespace wave::net
