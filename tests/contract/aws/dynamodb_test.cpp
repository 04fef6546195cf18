#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/aws/world.h"

namespace wave::components {
namespace {

using testing::HasSubstr;

constexpr double noon = 1440938160;  ///< 2015-08-30T12:36:00Z

class DynamoContract : public testing::Test {
 protected:
  DynamoContract() { world.settings.set("table_name", std::string("t")); }
  static nlohmann::json units(int read, int write, int decreases = 0, double last = 0) {
    nlohmann::json out = {
        {"ReadCapacityUnits", read}, {"WriteCapacityUnits", write}, {"NumberOfDecreasesToday", decreases}};
    if (last > 0) out["LastDecreaseDateTime"] = last;
    return out;
  }
  void serve(const nlohmann::json& throughput, const nlohmann::json& index = nullptr,
             const std::string& status = "ACTIVE", const std::string& mode = "PROVISIONED") {
    nlohmann::json table = {{"TableStatus", status},
                            {"ProvisionedThroughput", throughput},
                            {"BillingModeSummary", {{"BillingMode", mode}}}};
    if (!index.is_null())
      table["GlobalSecondaryIndexes"] = {
          {{"IndexName", "gsi"}, {"IndexStatus", "ACTIVE"}, {"ProvisionedThroughput", index}}};
    world.on("DescribeTable").reply(200, nlohmann::json{{"Table", table}}.dump());
  }
  void use_index() { world.settings.set("index_names", definitions::Settings::List{"gsi"}); }
  const decisions::Block* block_of(const Observation& seen, const std::string& value) {
    for (const auto& block : seen.blocks)
      if (block.value == value) return &block;
    return nullptr;
  }
  test::AwsWorld world;
};

TEST_F(DynamoContract, SendsTableAndIndexInOneCallAsBotocoreDoes) {
  use_index();
  serve(units(5, 5), units(3, 3));
  world.on("UpdateTable").reply(200, "{}");
  auto component = world.make(amazon_dynamodb());
  ASSERT_TRUE(world.apply(
      *component,
      {{"read_capacity", 10}, {"write_capacity", 7}, {"index_read_capacity", 9}, {"index_write_capacity", 9}},
      {{"read_capacity", 5}, {"index_read_capacity", 3}}));
  world.expect_golden("dynamodb", "DescribeTable");
  world.expect_golden("dynamodb", "UpdateTable");
  EXPECT_EQ(world.asked("UpdateTable"), 1);
}

TEST_F(DynamoContract, SendsOnlyWhatDiffers) {
  use_index();
  serve(units(5, 5), units(9, 9));
  world.on("UpdateTable").reply(200, "{}");
  auto component = world.make(amazon_dynamodb());
  ASSERT_TRUE(world.apply(*component, {{"read_capacity", 6}, {"index_read_capacity", 9}}));
  EXPECT_EQ(
      world.sent("UpdateTable").request.body,
      R"({"TableName": "t", "ProvisionedThroughput": {"ReadCapacityUnits": 6, "WriteCapacityUnits": 5}})");
}

TEST_F(DynamoContract, TheFifthDecreaseOfTheDayIsHeldUntilAnHourAfterTheFourth) {
  auto component = world.make(amazon_dynamodb());
  serve(units(5, 5, 3, noon - 60));
  EXPECT_TRUE(world.observe(*component)->blocks.empty());
  serve(units(5, 5, 4, noon - 600));
  const auto seen = world.observe(*component);
  const auto* block = block_of(*seen, "read_capacity");
  ASSERT_NE(block, nullptr);
  EXPECT_TRUE(block->only_down);
  EXPECT_EQ(block->until, parse_time("2015-08-30T13:26:00Z"));
  EXPECT_THAT(block->reason, HasSubstr("4 decreases of the table today"));
  EXPECT_NE(block_of(*seen, "write_capacity"), nullptr);
  serve(units(5, 5, 4, noon - 3700));
  EXPECT_TRUE(world.observe(*component)->blocks.empty());
  serve(units(5, 5, 27, noon - 3700));
  EXPECT_EQ(block_of(*world.observe(*component), "read_capacity")->until, parse_time("2015-08-31T00:00:00Z"));
}

TEST_F(DynamoContract, ADecreaseThatWouldBeRefusedIsNotSentAndAnIncreaseIs) {
  serve(units(5, 5, 4, noon - 600));
  world.on("UpdateTable").reply(200, "{}");
  auto component = world.make(amazon_dynamodb());
  const auto down = world.apply(*component, {{"read_capacity", 3}}, {{"read_capacity", 5}});
  EXPECT_EQ(down.error().code, ErrorCode::busy);
  EXPECT_THAT(down.error().text(), HasSubstr("until 2015-08-30T13:26:00Z"));
  EXPECT_EQ(world.asked("UpdateTable"), 0);
  EXPECT_TRUE(world.apply(*component, {{"read_capacity", 8}}, {{"read_capacity", 5}}));
}

TEST_F(DynamoContract, DecreasesAreCountedForEachIndex) {
  use_index();
  serve(units(5, 5, 0), units(5, 5, 4, noon - 600));
  auto component = world.make(amazon_dynamodb());
  const auto seen = world.observe(*component);
  EXPECT_EQ(block_of(*seen, "read_capacity"), nullptr);
  EXPECT_NE(block_of(*seen, "index_write_capacity"), nullptr);
}

/// Two indexes that do not have the same.
class UnevenIndexes : public DynamoContract {
 protected:
  UnevenIndexes() {
    world.settings.set("index_names", definitions::Settings::List{"gaa", "gbb"});
    world.on("UpdateTable").reply(200, "{}");
  }
  void serve_both(const nlohmann::json& gaa, const nlohmann::json& gbb) {
    nlohmann::json indexes = nlohmann::json::array();
    for (const auto& [name, throughput] : {std::pair("gaa", gaa), std::pair("gbb", gbb)})
      indexes.push_back(
          {{"IndexName", name}, {"IndexStatus", "ACTIVE"}, {"ProvisionedThroughput", throughput}});
    const nlohmann::json table = {{"TableStatus", "ACTIVE"},
                                  {"ProvisionedThroughput", units(5, 5)},
                                  {"GlobalSecondaryIndexes", indexes}};
    world.on("DescribeTable").reply(200, nlohmann::json{{"Table", table}}.dump());
  }
  /// What the last order says of an index: `50/400`; empty: nothing.
  std::string ordered(const std::string& index) const {
    const auto body = nlohmann::json::parse(world.sent("UpdateTable").request.body);
    for (const auto& one : body["GlobalSecondaryIndexUpdates"])
      if (one["Update"]["IndexName"] == index) {
        const auto& units = one["Update"]["ProvisionedThroughput"];
        return units["ReadCapacityUnits"].dump() + "/" + units["WriteCapacityUnits"].dump();
      }
    return {};
  }
};

TEST_F(UnevenIndexes, MoreForTheSmallerOneTakesNothingFromTheLargerOne) {
  serve_both(units(10, 10), units(400, 30));
  auto component = world.make(amazon_dynamodb());
  EXPECT_EQ(world.observe(*component)->current.at("index_read_capacity"), 10);
  ASSERT_TRUE(world.apply(*component, {{"index_read_capacity", 50}}, {{"index_read_capacity", 10}}));
  EXPECT_EQ(ordered("gaa"), "50/10");
  EXPECT_EQ(ordered("gbb"), "");
  ASSERT_TRUE(world.apply(*component, {{"index_read_capacity", 50}, {"index_write_capacity", 40}}));
  EXPECT_EQ(ordered("gaa"), "50/40");
  EXPECT_EQ(ordered("gbb"), "400/40");
  ASSERT_TRUE(world.apply(*component, {{"index_read_capacity", 500}}));
  EXPECT_EQ(ordered("gaa"), "500/10");
  EXPECT_EQ(ordered("gbb"), "500/30");
}

TEST_F(UnevenIndexes, LessIsForBothAndNoneMayHaveUsedUpItsDecreases) {
  serve_both(units(50, 10), units(400, 30));
  auto component = world.make(amazon_dynamodb());
  ASSERT_TRUE(world.apply(*component, {{"index_read_capacity", 40}}, {{"index_read_capacity", 50}}));
  EXPECT_EQ(ordered("gaa"), "40/10");
  EXPECT_EQ(ordered("gbb"), "320/30") << "by the same part";
  serve_both(units(50, 10), units(400, 30, 4, noon - 600));
  const auto held = world.apply(*component, {{"index_read_capacity", 40}}, {{"index_read_capacity", 50}});
  ASSERT_FALSE(held);
  EXPECT_THAT(held.error().text(), HasSubstr("4 decreases of the index gbb today"));
  // A rise of the smaller one lowers nothing, so it needs no decrease.
  ASSERT_TRUE(world.apply(*component, {{"index_read_capacity", 60}}, {{"index_read_capacity", 50}}));
  EXPECT_EQ(ordered("gbb"), "");
  EXPECT_EQ(world.asked("UpdateTable"), 2);
}

TEST_F(DynamoContract, WhileItIsUpdatingItShowsWhatWasAskedForAndTakesNothing) {
  world.on("UpdateTable").reply(200, "{}");
  serve(units(5, 5));
  auto component = world.make(amazon_dynamodb());
  ASSERT_TRUE(world.apply(*component, {{"read_capacity", 10}}));
  serve(units(5, 5), nullptr, "UPDATING");
  const auto seen = world.observe(*component);
  EXPECT_TRUE(seen->changing);
  EXPECT_EQ(seen->current.at("read_capacity"), 10);
  EXPECT_EQ(seen->ready, 5);
  EXPECT_EQ(world.apply(*component, {{"read_capacity", 12}}).error().code, ErrorCode::busy);
  serve(units(10, 5));
  EXPECT_EQ(world.observe(*component)->ready, 10);
}

TEST_F(DynamoContract, EqualValuesOfAnEarlierTryAreSuccess) {
  serve(units(5, 5));
  world.on("UpdateTable")
      .reply(
          400,
          R"({"__type":"com.amazon.coral.validate#ValidationException","message":"The provisioned throughput for the table will not change. The requested value equals the current value. Current ReadCapacityUnits provisioned for the table: 10."})");
  auto component = world.make(amazon_dynamodb());
  const auto applied = world.apply(*component, {{"read_capacity", 10}});
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_FALSE(applied->changed);
}

TEST_F(DynamoContract, ATableOnDemandHasNothingToSet) {
  serve(units(0, 0), nullptr, "ACTIVE", "PAY_PER_REQUEST");
  auto component = world.make(amazon_dynamodb());
  EXPECT_THAT(world.observe(*component)->blocks.front().reason, HasSubstr("on demand"));
  EXPECT_FALSE(world.apply(*component, {{"read_capacity", 10}}));
  EXPECT_EQ(world.asked("UpdateTable"), 0);
}

TEST_F(DynamoContract, AMissingIndexIsSaid) {
  use_index();
  serve(units(5, 5));
  EXPECT_EQ(world.observe(*world.make(amazon_dynamodb())).error().code, ErrorCode::not_found);
}

TEST_F(DynamoContract, TheFloorOfAScalableTargetIsRaisedAsBotocoreRegistersIt) {
  serve(units(5, 5));
  world.on("DescribeScalableTargets")
      .reply(200, R"({"ScalableTargets":[{"ServiceNamespace":"dynamodb","ResourceId":"table/t",
          "ScalableDimension":"dynamodb:table:ReadCapacityUnits","MinCapacity":2,"MaxCapacity":100}]})");
  world.on("RegisterScalableTarget").reply(200, "{}");
  world.definition.on_conflict = definitions::OnConflict::raise_floor;
  auto component = world.make(amazon_dynamodb());
  ASSERT_TRUE(world.apply(*component, {{"read_capacity", 5}}, {{"read_capacity", 2}}, true));
  EXPECT_EQ(world.sent("RegisterScalableTarget").request.body,
            R"({"ServiceNamespace": "dynamodb", "ResourceId": "table/t", )"
            R"("ScalableDimension": "dynamodb:table:ReadCapacityUnits", "MinCapacity": 5})");
  EXPECT_EQ(world.asked("UpdateTable"), 0);
}

TEST_F(DynamoContract, BesideARaisedFloorWhatNobodySteersIsSetAsEver) {
  serve(units(5, 5));
  world.on("DescribeScalableTargets")
      .reply(200, R"({"ScalableTargets":[{"ServiceNamespace":"dynamodb","ResourceId":"table/t",
          "ScalableDimension":"dynamodb:table:ReadCapacityUnits","MinCapacity":2,"MaxCapacity":100}]})");
  world.on("RegisterScalableTarget").reply(200, "{}");
  world.on("UpdateTable").reply(200, "{}");
  world.definition.on_conflict = definitions::OnConflict::raise_floor;
  auto component = world.make(amazon_dynamodb());
  ASSERT_TRUE(world.apply(*component, {{"read_capacity", 4}, {"write_capacity", 9}}, {}, true));
  EXPECT_EQ(world.asked("RegisterScalableTarget"), 1);
  EXPECT_THAT(world.sent("UpdateTable").request.body,
              HasSubstr(R"({"ReadCapacityUnits": 5, "WriteCapacityUnits": 9})"));
}

}  // namespace
}  // namespace wave::components
