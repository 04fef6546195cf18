#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/aws/world.h"

namespace wave::components {
namespace {

using testing::HasSubstr;

constexpr const char* arn =
    "arn:aws:kafka:us-east-1:123456789012:cluster/demo/6357e0b2-0e6a-4b86-a0b4-70df934c2e31-5";
constexpr const char* put_storage = "PUT /v1/clusters/arn";

class MskContract : public testing::Test {
 protected:
  MskContract() {
    world.settings.set("cluster_arn", std::string(arn));
    world.on("GET /v1/clusters/arn").reply(200, R"({"clusterOperationInfoList":[]})");
    world.on(put_storage).reply(200, R"({"clusterOperationArn":"arn:op"})");
    serve();
  }
  void serve(const std::string& state = "ACTIVE", int size = 1000,
             const std::string& version = "KTVPDKIKX0DER") {
    world.on("GET /api/v2/clusters/arn")
        .reply(200, R"({"clusterInfo":{"clusterType":"PROVISIONED","state":")" + state +
                        R"(","currentVersion":")" + version + R"(","provisioned":{"numberOfBrokerNodes":3,
            "brokerNodeGroupInfo":{"instanceType":"kafka.m5.large","clientSubnets":["a","b","c"],
            "storageInfo":{"ebsStorageInfo":{"volumeSize":)" +
                        std::to_string(size) + "}}}}}}");
  }
  void serve_operation(const std::string& type, const std::string& end) {
    world.on("GET /v1/clusters/arn")
        .reply(200, R"({"clusterOperationInfoList":[{"operationType":")" + type + R"(","endTime":")" + end +
                        R"("}]})");
  }
  test::AwsWorld world;
};

TEST_F(MskContract, SendsWhatBotocoreSends) {
  auto component = world.make(amazon_msk());
  const auto applied = world.apply(*component, {{"volume_size", 1200}}, {{"volume_size", 1000}});
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_EQ(applied->request_id, "arn:op");
  world.expect_golden("kafka", "DescribeClusterV2", "GET /api/v2/clusters/arn");
  world.expect_golden("kafka", "UpdateBrokerStorage", put_storage);
  ASSERT_TRUE(world.apply(*component, {{"desired", 6}}, {{"desired", 3}}));
  world.expect_golden("kafka", "UpdateBrokerCount", put_storage);
}

TEST_F(MskContract, StorageNeverShrinksAndRestsForSixHours) {
  auto component = world.make(amazon_msk());
  EXPECT_EQ(world.observe(*component)->system_min.at("volume_size"), 1000);
  serve_operation("INCREASE_BROKER_STORAGE", "2015-08-30T10:00:00.000Z");
  auto later = world.make(amazon_msk());
  const auto seen = world.observe(*later);
  ASSERT_EQ(seen->blocks.size(), 1u);
  EXPECT_EQ(seen->blocks.front().value, "volume_size");
  EXPECT_EQ(seen->blocks.front().until, parse_time("2015-08-30T16:00:00Z"));
  serve_operation("INCREASE_BROKER_STORAGE", "2015-08-30T06:00:00Z");
  EXPECT_TRUE(world.observe(*world.make(amazon_msk()))->blocks.empty());
}

TEST_F(MskContract, BrokersAreAMultipleOfTheZones) {
  auto component = world.make(amazon_msk());
  const auto applied = world.apply(*component, {{"desired", 4}});
  EXPECT_EQ(applied.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(applied.error().text(), HasSubstr("multiple of its 3 zones"));
  EXPECT_EQ(world.asked(put_storage), 0);
}

TEST_F(MskContract, AStaleVersionIsReadAgainOnce) {
  world.on(put_storage)
      .reply(400, R"({"message":"The specified currentVersion is not the one of the cluster"})",
             {{"x-amzn-errortype", "BadRequestException"}})
      .reply(200, "{}");
  auto component = world.make(amazon_msk());
  ASSERT_TRUE(world.apply(*component, {{"volume_size", 1200}}));
  EXPECT_EQ(world.asked(put_storage), 2);
}

TEST_F(MskContract, TheSameSizeAgainIsSuccess) {
  world.on(put_storage)
      .reply(400,
             R"({"message":"The request does not include any updates to the EBS volumes of the cluster."})",
             {{"x-amzn-errortype", "BadRequestException"}});
  const auto applied = world.apply(*world.make(amazon_msk()), {{"volume_size", 1200}});
  ASSERT_TRUE(applied);
  EXPECT_FALSE(applied->changed);
}

TEST_F(MskContract, OneOperationAtATimeStorageFirstAndShownWhileItRuns) {
  auto component = world.make(amazon_msk());
  const auto applied = world.apply(*component, {{"volume_size", 1200}, {"desired", 6}});
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_EQ(applied->reached, (Values{{"volume_size", 1200}})) << "nobody was told of the brokers";
  EXPECT_THAT(applied->rest, HasSubstr("one operation at a time"));
  EXPECT_EQ(world.asked(put_storage), 1);
  EXPECT_THAT(world.sent(put_storage).request.url, HasSubstr("/nodes/storage"));
  serve("UPDATING");
  const auto seen = world.observe(*component);
  EXPECT_TRUE(seen->changing);
  EXPECT_EQ(seen->current.at("volume_size"), 1200);
  EXPECT_EQ(seen->current.at("desired"), 3);
  EXPECT_EQ(world.apply(*component, {{"desired", 6}}).error().code, ErrorCode::busy);
}

TEST_F(MskContract, AServerlessClusterHasNothingToSet) {
  world.on("GET /api/v2/clusters/arn").reply(200, R"({"clusterInfo":{"clusterType":"SERVERLESS"}})");
  EXPECT_EQ(world.observe(*world.make(amazon_msk())).error().code, ErrorCode::invalid_argument);
}

TEST_F(MskContract, OneBrokerOfEachZoneIsRemovedAtATime) {
  const auto brokers = [&](int number) {
    world.on("GET /api/v2/clusters/arn")
        .reply(
            200,
            R"({"clusterInfo":{"state":"ACTIVE","currentVersion":"V","provisioned":{"numberOfBrokerNodes":)" +
                std::to_string(number) + R"(,"brokerNodeGroupInfo":{"clientSubnets":["a","b","c"]}}}})");
  };
  auto component = world.make(amazon_msk());
  for (const int number : {9, 6}) {
    brokers(number);
    const double next = world.observe(*component)->system_min.at("desired");
    EXPECT_EQ(next, number - 3);
    const auto applied = world.apply(*component, {{"desired", next}}, {{"desired", number}});
    ASSERT_TRUE(applied) << applied.error().text();
    EXPECT_FALSE(applied->reached);
    EXPECT_EQ(world.sent(put_storage).request.body,
              R"({"currentVersion": "V", "targetNumberOfBrokerNodes": )" + std::to_string(number - 3) + "}");
  }
  brokers(3);
  EXPECT_EQ(world.observe(*component)->system_min.at("desired"), 3) << "one in each zone stays";
}

TEST_F(MskContract, AListOfOperationsThatIsRefusedIsNotAskedForAgainAndAgain) {
  world.on("GET /v1/clusters/arn").reply(403, "{}", {{"x-amzn-errortype", "AccessDeniedException"}});
  auto component = world.make(amazon_msk());
  for (int turn = 0; turn < 3; ++turn)
    EXPECT_THAT(world.observe(*component)->warnings.at(0), HasSubstr("its last storage change is not known"));
  EXPECT_EQ(world.asked("GET /v1/clusters/arn"), 1);
}

}  // namespace
}  // namespace wave::components
