#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "metrics/kafka/cluster.h"
#include "metrics/kinds.h"
#include "support/services.h"

namespace wave::metrics {
namespace {

using definitions::Settings;
using testing::HasSubstr;

KafkaPartition partition(std::int64_t begin, std::int64_t end, std::optional<std::int64_t> committed) {
  return {.topic = "orders", .partition = 0, .begin = begin, .end = end, .committed = committed};
}

TEST(KafkaLag, CountsFromWhatIsCommittedAndKept) {
  const KafkaLagPolicy policy;
  EXPECT_EQ(partition_lag(partition(0, 10, 4), policy, {}), 6);
  EXPECT_EQ(partition_lag(partition(0, 10, 10), policy, {}), 0);
  EXPECT_EQ(partition_lag(partition(8, 10, 4), policy, {}), 2) << "retention has deleted up to 8";
  EXPECT_EQ(partition_lag(partition(0, 3, 10), policy, {}), 0) << "the topic was made anew";
  EXPECT_EQ(partition_lag(partition(0, 10, 0), policy, {}), 10);
}

TEST(KafkaLag, APartitionWithoutACommitCountsAsThePolicySays) {
  KafkaLagPolicy policy;
  EXPECT_EQ(partition_lag(partition(5, 30, {}), policy, {}), 1);
  policy.from_earliest = true;
  EXPECT_EQ(partition_lag(partition(5, 30, {}), policy, {}), 25);
  policy.scale_to_zero_on_invalid_offset = true;
  EXPECT_EQ(partition_lag(partition(5, 30, {}), policy, {}), 0);
}

TEST(KafkaLag, APersistentLagIsOneWhoseOffsetDoesNotMove) {
  const KafkaLagPolicy policy{.exclude_persistent_lag = true};
  const KafkaOffsets earlier = {{{"orders", 0}, 4}};
  EXPECT_EQ(partition_lag(partition(0, 10, 4), policy, {}), 6) << "nothing was seen before";
  EXPECT_EQ(partition_lag(partition(0, 10, 4), policy, earlier), 0);
  EXPECT_EQ(partition_lag(partition(0, 10, 5), policy, earlier), 5);
}

TEST(KafkaLag, TheCapsKeepConsumersAtPartitions) {
  const std::vector<double> lags = {1000, 0, 0, 50, 0, 0};
  EXPECT_EQ(total_lag(lags, {}), 1050);
  EXPECT_EQ(total_lag(lags, {.lag_threshold = 100}), 600);
  EXPECT_EQ(total_lag(lags, {.allow_idle_consumers = true, .lag_threshold = 100}), 1050);
  EXPECT_EQ(total_lag(lags, {.limit_to_partitions_with_lag = true, .lag_threshold = 100}), 200);
  const KafkaLagPolicy even{.ensure_even_distribution = true, .lag_threshold = 100};
  EXPECT_EQ(total_lag({350, 0, 0, 0, 0, 0}, even), 600) << "4 consumers do not divide 6 partitions";
  EXPECT_EQ(total_lag({250, 0, 0, 0, 0, 0}, even), 300);
  EXPECT_EQ(total_lag({0, 0, 0, 0, 0, 0}, even), 0);
  EXPECT_EQ(total_lag({5000, 0, 0, 0, 0, 0}, even), 600);
}

TEST(KafkaLag, PartitionsAreAListOfNumbersAndRanges) {
  using Ranges = std::vector<std::pair<std::int32_t, std::int32_t>>;
  EXPECT_EQ(parse_partitions("0-3, 7").value(), (Ranges{{0, 3}, {7, 7}}));
  EXPECT_TRUE(parse_partitions("")->empty());
  for (const char* wrong : {"a", "1-", "-1", "3-1", "1,,2", "1-2-3", "99999999999"})
    EXPECT_FALSE(parse_partitions(wrong)) << wrong;
}

class KafkaTest : public testing::Test {
 protected:
  KafkaTest() {
    settings.set("bootstrap_servers", std::string("127.0.0.1:1"));
    settings.set("metric", std::string("consumer_lag"));
    settings.set("consumer_group", std::string("workers"));
    settings.set("topic", std::string("orders"));
    settings.set("isolation_level", std::string("read_uncommitted"));
  }
  std::string refusal(std::initializer_list<std::pair<const char*, Settings::Value>> with) {
    Settings changed = settings;
    for (const auto& [key, value] : with) changed.set(key, value);
    auto made = kafka().create({}, changed, world.services);
    return made ? std::string("accepted") : made.error().text();
  }

  test::TestServices world;
  Settings settings;
};

TEST_F(KafkaTest, KeysThatContradictEachOtherAreRefused) {
  using std::string;
  EXPECT_THAT(refusal({{"consumer_group", string()}}), HasSubstr("needs 'consumer_group'"));
  EXPECT_THAT(refusal({{"metric", string("message_count")}, {"topic", string()}}),
              HasSubstr("needs 'topic'"));
  EXPECT_THAT(refusal({{"lag_threshold", 0.0}}), HasSubstr("above 0"));
  EXPECT_THAT(refusal({{"ensure_even_distribution", true}}), HasSubstr("need 'lag_threshold'"));
  EXPECT_THAT(
      refusal(
          {{"limit_to_partitions_with_lag", true}, {"allow_idle_consumers", true}, {"lag_threshold", 5.0}}),
      HasSubstr("excludes"));
  EXPECT_THAT(refusal({{"partitions", string("x")}}), HasSubstr("0-3,7"));
  EXPECT_THAT(refusal({{"tls_cert", string("c.pem")}}), HasSubstr("come together"));
  EXPECT_THAT(refusal({{"security_protocol", string("PLAINTEXT")}, {"tls_ca", string("ca.pem")}}),
              HasSubstr("no use for 'tls_*'"));
  EXPECT_THAT(refusal({{"sasl_mechanism", string("PLAIN")}}), HasSubstr("needs 'sasl_username'"));
  EXPECT_THAT(refusal({{"security_protocol", string("SASL_SSL")}}), HasSubstr("needs 'sasl_mechanism'"));
  EXPECT_THAT(
      refusal({{"sasl_mechanism", string("AWS_MSK_IAM")}, {"security_protocol", string("SASL_PLAINTEXT")}}),
      HasSubstr("SASL_SSL"));
  EXPECT_THAT(refusal({{"sasl_mechanism", string("AWS_MSK_IAM")}}), HasSubstr("no AWS region"));
}

TEST_F(KafkaTest, TheOptionsNeverMakeTopicsOrCommit) {
  settings.set("sasl_mechanism", std::string("SCRAM-SHA-512"));
  settings.set("sasl_username", std::string("u"));
  settings.set("sasl_password", std::string("p"));
  const auto options = kafka_options(settings);
  ASSERT_TRUE(options) << options.error().text();
  EXPECT_EQ(options->at("allow.auto.create.topics"), "false");
  EXPECT_EQ(options->at("enable.auto.commit"), "false");
  EXPECT_EQ(options->at("security.protocol"), "SASL_SSL");
  EXPECT_EQ(options->at("ssl.endpoint.identification.algorithm"), "https");
  EXPECT_FALSE(options->contains("group.id"));
}

TEST_F(KafkaTest, AClusterIsSharedByEqualUsersOnly) {
  const auto cluster = [&] { return KafkaCluster::get(settings, world.services).value(); };
  const auto one = cluster();
  EXPECT_EQ(one, cluster());
  settings.set("isolation_level", std::string("read_committed"));
  EXPECT_NE(one, cluster());
}

TEST_F(KafkaTest, ASilentClusterIsATimeoutAndNeverAValue) {
  definitions::MetricDefinition metric;
  metric.timeout = 50ms;
  auto source = kafka().create(metric, settings, world.services);
  ASSERT_TRUE(source) << source.error().text();
  const auto answer = world.run((*source)->poll());
  ASSERT_FALSE(answer);
  EXPECT_TRUE(answer.error().retryable);
  EXPECT_THAT(answer.error().text(), HasSubstr("kafka 127.0.0.1:1"));
}

TEST_F(KafkaTest, WhoeverWaitsIsToldWhenTheServicesEnd) {
  std::optional<Result<std::vector<Series>>> answer;
  std::unique_ptr<Source> kept;
  {
    test::TestServices ending;
    kept = std::move(kafka().create({}, settings, ending.services).value());
    spawn(kept->poll(), [&](Result<std::vector<Series>> result) { answer = std::move(result); });
    EXPECT_FALSE(answer);
  }
  ASSERT_TRUE(answer);
  EXPECT_THAT(answer->error().text(), HasSubstr("shutting down"));
}

}  // namespace
}  // namespace wave::metrics
