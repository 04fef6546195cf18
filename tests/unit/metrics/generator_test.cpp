#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "metrics/kinds.h"
#include "support/services.h"

namespace wave::metrics {
namespace {

using definitions::Settings;
using testing::HasSubstr;

class GeneratorTest : public testing::Test {
 protected:
  GeneratorTest() {
    settings.set("shape", std::string("constant"));
    settings.set("base", 10.0);
    settings.set("amplitude", 4.0);
    settings.set("period", Duration(1h));
    settings.set("timezone", std::string("UTC"));
  }
  Result<std::unique_ptr<Source>> make() { return generator().create({}, settings, world.services); }
  double value() {
    auto source = make();
    EXPECT_TRUE(source) << source.error().text();
    return world.run((*source)->poll())->front().value;
  }
  /// The values at each quarter of an hour, from midnight UTC.
  std::vector<double> quarters(const std::string& shape) {
    settings.set("shape", shape);
    auto source = make();
    const UtcTime begin = world.runtime.utc();
    const auto past =
        world.run((*source)->past({.from = begin, .to = begin + Duration(1h), .step = Duration(15min)}));
    std::vector<double> out;
    for (const auto& [at, number] : past->front().points) out.push_back(number);
    return out;
  }

  test::TestServices world;
  Settings settings;
};

TEST_F(GeneratorTest, EachShapeMovesBetweenBaseAndBasePlusAmplitude) {
  using testing::DoubleEq;
  using testing::ElementsAre;
  EXPECT_THAT(quarters("constant"), ElementsAre(10, 10, 10, 10));
  EXPECT_THAT(quarters("sine"), ElementsAre(10, DoubleEq(12), 14, DoubleEq(12)));
  EXPECT_THAT(quarters("sawtooth"), ElementsAre(10, 11, 12, 13));
  EXPECT_THAT(quarters("square"), ElementsAre(10, 10, 14, 14));
  settings.set("steps", Settings::List{"1", "7"});
  EXPECT_THAT(quarters("steps"), ElementsAre(1, 1, 7, 7));
}

TEST_F(GeneratorTest, TheCronThatFiredLastGivesTheValue) {
  settings.set("cron", Settings::Map{{"0 9 * * *", "100"}, {"0 18 * * *", "5"}});
  settings.set("timezone", std::string("Asia/Seoul"));
  EXPECT_EQ(value(), 100);  // midnight UTC is 9 in Seoul
  world.runtime.jump_utc(9h);
  EXPECT_EQ(value(), 5);
}

TEST_F(GeneratorTest, NoiseIsBoundedAndTheSameAgain) {
  settings.set("noise", 2.0);
  std::set<double> seen;
  for (int i = 0; i < 100; ++i) {
    const double first = value();
    EXPECT_EQ(first, value());
    EXPECT_GE(first, 8);
    EXPECT_LE(first, 12);
    seen.insert(first);
    world.runtime.jump_utc(1s);
  }
  EXPECT_GT(seen.size(), 90u);
}

TEST_F(GeneratorTest, WhatMakesNoSenseIsRefused) {
  const auto refusal = [&](const std::string& key, Settings::Value wrong) {
    Settings kept = settings;
    settings.set(key, std::move(wrong));
    auto source = make();
    settings = kept;
    return source ? std::string("accepted") : source.error().text();
  };
  EXPECT_THAT(refusal("cron", Settings::Map{{"nine", "1"}}), HasSubstr("cron 'nine'"));
  EXPECT_THAT(refusal("cron", Settings::Map{{"0 9 * * *", "many"}}), HasSubstr("'many' is not a number"));
  EXPECT_THAT(refusal("steps", Settings::List{"1"}), HasSubstr("come together"));
  EXPECT_THAT(refusal("shape", std::string("steps")), HasSubstr("come together"));
  EXPECT_THAT(refusal("timezone", std::string("Moon/Base")), HasSubstr("Moon/Base"));
  EXPECT_THAT(refusal("period", Duration(0)), HasSubstr("'period'"));
}

}  // namespace
}  // namespace wave::metrics
