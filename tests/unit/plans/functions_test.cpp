#include "plans/functions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "expressions_harness.h"

namespace wave::plans {
namespace {

TEST(Functions, EveryExampleOfTheTableIsAcceptedByTheEngineAndReadsWhatItSays) {
  for (const Function& one : reading_functions) {
    Harness h({"rps"});
    EXPECT_TRUE(one.call.starts_with(std::string(one.name) + "(")) << one.call;
    EXPECT_TRUE(one.example.starts_with(std::string(one.name) + "(")) << one.example;
    EXPECT_FALSE(one.without.empty()) << one.name;
    const auto id = h.compile(std::string(one.example));
    EXPECT_EQ(h.last.reads.size(), 1u) << one.example;
    for (const auto column : h.last.reads)
      h.changed.emplace_back(column, Cell{.problem = "there is no data"});
    const auto result = h.evaluate({id}).front();
    const bool otherwise = one.name == "metric";
    EXPECT_THAT(result.error, testing::HasSubstr(otherwise ? "" : "there is no data")) << one.example;
    EXPECT_EQ(result.outcome == Evaluation::Outcome::number, otherwise) << one.example;
  }
}

TEST(Functions, EveryExampleOfTheClockGivesAValueWithoutAnyData) {
  for (const Function& one : clock_functions) {
    Harness h({"rps"});
    EXPECT_TRUE(one.call.starts_with(std::string(one.name) + "(")) << one.call;
    const auto id = h.compile(std::string(one.example));
    EXPECT_TRUE(h.last.reads_clock) << one.example;
    EXPECT_EQ(h.evaluate({id}).front().error, "") << one.example;
  }
}

TEST(Functions, TheReferenceNamesEachWithItsArguments) {
  const auto page = javascript_markdown();
  for (const Function& one : reading_functions) EXPECT_THAT(page, testing::HasSubstr(std::string(one.call)));
  for (const Function& one : clock_functions) EXPECT_THAT(page, testing::HasSubstr(std::string(one.call)));
}

}  // namespace
}  // namespace wave::plans
