#include "definitions/common_keys.h"
#include "metrics/kafka/cluster.h"
#include "metrics/kinds.h"

namespace wave::metrics {
namespace {

using definitions::KeyType;

enum class What { lag, count, rate, end };

What what_of(const std::string& metric) {
  if (metric == "message_count") return What::count;
  if (metric == "message_rate") return What::rate;
  return metric == "log_end_offset" ? What::end : What::lag;
}

class KafkaSource final : public Source {
 public:
  KafkaSource(std::shared_ptr<KafkaCluster> cluster, Runtime& runtime, const definitions::Settings& settings,
              KafkaQuestion question, KafkaLagPolicy policy, Duration timeout)
      : cluster_(std::move(cluster)),
        runtime_(runtime),
        what_(what_of(settings.text("metric"))),
        per_partition_(settings.flag("per_partition")),
        question_(std::move(question)),
        policy_(policy),
        timeout_(timeout) {
    place_ = "kafka " + settings.text("bootstrap_servers");
  }

  Task<Result<std::vector<Series>>> poll() override {
    auto partitions = co_await cluster_->ask(question_, timeout_);
    if (!partitions) co_return within(place_, std::move(partitions.error()));
    const MonoTime now = runtime_.mono();
    std::vector<double> values;
    bool is_whole = true;
    for (const auto& one : *partitions) {
      const auto value = value_of(one, now);
      is_whole = is_whole && value;
      values.push_back(value.value_or(0));
    }
    remember(*partitions, now);
    std::vector<Series> out;
    if (!is_whole) co_return out;
    if (per_partition_) {
      for (std::size_t i = 0; i < values.size(); ++i) {
        const auto& one = (*partitions)[i];
        Labels labels = {{"topic", one.topic}, {"partition", std::to_string(one.partition)}};
        out.push_back({.labels = std::move(labels), .value = values[i], .at = {}});
      }
      co_return out;
    }
    out.push_back({.labels = {},
                   .value = total_lag(values, what_ == What::lag ? policy_ : KafkaLagPolicy{}),
                   .at = {}});
    co_return out;
  }

 private:
  /// None: a rate at the first sight of a partition, or after its topic was made anew.
  std::optional<double> value_of(const KafkaPartition& one, MonoTime now) const {
    if (what_ == What::lag) return partition_lag(one, policy_, committed_);
    if (what_ == What::count) return static_cast<double>(one.end - one.begin);
    if (what_ == What::end) return static_cast<double>(one.end);
    const auto known = ends_.find({one.topic, one.partition});
    if (known == ends_.end() || one.end < known->second || now <= seen_) return std::nullopt;
    return static_cast<double>(one.end - known->second) / seconds(now - seen_);
  }

  void remember(const std::vector<KafkaPartition>& partitions, MonoTime now) {
    committed_.clear();
    ends_.clear();
    for (const auto& one : partitions) {
      if (one.committed) committed_[{one.topic, one.partition}] = *one.committed;
      ends_[{one.topic, one.partition}] = one.end;
    }
    seen_ = now;
  }

  std::shared_ptr<KafkaCluster> cluster_;
  Runtime& runtime_;
  What what_;
  bool per_partition_;
  KafkaQuestion question_;
  KafkaLagPolicy policy_;
  Duration timeout_;
  std::string place_;
  KafkaOffsets committed_;
  KafkaOffsets ends_;
  MonoTime seen_{};
};

Result<std::unique_ptr<Source>> create_kafka(const definitions::MetricDefinition& metric,
                                             const definitions::Settings& settings, net::Services& services) {
  const bool is_lag = what_of(settings.text("metric")) == What::lag;
  if (is_lag && settings.text("consumer_group").empty())
    return fail(ErrorCode::invalid_argument, "metric consumer_lag needs 'consumer_group'");
  if (!is_lag && settings.text("topic").empty())
    return fail(ErrorCode::invalid_argument, "metric " + settings.text("metric") + " needs 'topic'");
  if (settings.has("partitions") && !settings.has("topic"))
    return fail(ErrorCode::invalid_argument, "'partitions' needs 'topic'");
  auto policy = KafkaLagPolicy::create(settings);
  if (!policy) return std::unexpected(policy.error());
  auto partitions = parse_partitions(settings.text("partitions"));
  if (!partitions) return std::unexpected(partitions.error());
  auto cluster = KafkaCluster::get(settings, services);
  if (!cluster) return std::unexpected(cluster.error());
  KafkaQuestion question{.topic = settings.text("topic"),
                         .group = is_lag ? settings.text("consumer_group") : "",
                         .partitions = std::move(*partitions)};
  return std::make_unique<KafkaSource>(std::move(*cluster), services.runtime, settings, std::move(question),
                                       *policy, metric.timeout);
}

/// What librdkafka has of the shared keys.
std::vector<definitions::Key> tls_keys() {
  auto keys = definitions::tls_keys();
  std::erase_if(keys,
                [](const auto& key) { return key.name == "proxy_url" || key.name == "tls_server_name"; });
  return keys;
}

std::vector<definitions::Key> lag_keys() {
  return {
      {.name = "bootstrap_servers",
       .help = "Brokers to begin with, host:port with commas between.",
       .required = true,
       .example = "kafka-1:9092,kafka-2:9092"},
      {.name = "metric",
       .type = KeyType::choice,
       .help =
           "How far a group is behind, how many messages are kept, how many a second arrive, or the sum of "
           "the next offsets.",
       .default_value = "consumer_lag",
       .choices = "consumer_lag|message_count|message_rate|log_end_offset"},
      {.name = "consumer_group",
       .help = "The group whose lag it is; it is read, never joined.",
       .example = "workers"},
      {.name = "topic",
       .help = "The topic; for a lag, without it every topic that the group has committed to.",
       .example = "orders"},
      {.name = "partitions", .help = "Only these partitions of the topic.", .example = "0-3,7"},
      {.name = "per_partition",
       .type = KeyType::boolean,
       .help = "A series for each partition, for `aggregate`; without it their sum, after the caps.",
       .default_value = "false"},
      {.name = "offset_reset_policy",
       .type = KeyType::choice,
       .help = "What a partition counts where the group has committed nothing: 1 (`latest`), or all that is "
               "kept.",
       .default_value = "latest",
       .choices = "latest|earliest"},
      {.name = "scale_to_zero_on_invalid_offset",
       .type = KeyType::boolean,
       .help = "Such a partition counts 0.",
       .default_value = "false"},
      {.name = "exclude_persistent_lag",
       .type = KeyType::boolean,
       .help = "A partition whose committed offset has not moved since the last poll counts 0.",
       .default_value = "false"},
      {.name = "lag_threshold",
       .type = KeyType::number,
       .help = "What one consumer takes. With it the lag is at most that much for each partition, since more "
               "consumers than partitions are idle.",
       .example = "100"},
      {.name = "allow_idle_consumers",
       .type = KeyType::boolean,
       .help = "Takes that cap away.",
       .default_value = "false"},
      {.name = "limit_to_partitions_with_lag",
       .type = KeyType::boolean,
       .help = "Caps by the partitions that have a lag instead of all.",
       .default_value = "false"},
      {.name = "ensure_even_distribution",
       .type = KeyType::boolean,
       .help = "Raises the lag so that the number of consumers divides the number of partitions.",
       .default_value = "false"},
      {.name = "isolation_level",
       .type = KeyType::choice,
       .help = "Whether messages of open transactions count.",
       .default_value = "read_uncommitted",
       .choices = "read_uncommitted|read_committed"},
  };
}

std::vector<definitions::Key> sasl_keys() {
  return {
      {.name = "security_protocol",
       .type = KeyType::choice,
       .help = "Without it SASL_SSL with a `sasl_mechanism`, SSL with `tls_*`, else PLAINTEXT.",
       .choices = "PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL"},
      {.name = "sasl_mechanism",
       .type = KeyType::choice,
       .help = "How to sign in to the brokers.",
       .choices = "PLAIN|SCRAM-SHA-256|SCRAM-SHA-512|OAUTHBEARER|AWS_MSK_IAM|GSSAPI"},
      {.name = "sasl_username", .help = "The user; the client id of OAUTHBEARER."},
      {.name = "sasl_password", .help = "The password; the client secret of OAUTHBEARER.", .secret = true},
      {.name = "sasl_oauth_token_url", .type = KeyType::url, .help = "Where OAUTHBEARER gets its token."},
      {.name = "sasl_oauth_scopes", .type = KeyType::list, .help = "The scopes that the token asks for."},
      {.name = "sasl_oauth_extensions",
       .type = KeyType::map,
       .help = "Extensions that OAUTHBEARER shows to the brokers.",
       .example = "{ logicalCluster: lkc-1 }"},
      {.name = "sasl_oauth_tls_ca",
       .help = "A PEM file of the authorities to trust at `sasl_oauth_token_url`."},
      {.name = "sasl_kerberos_service_name",
       .help = "The brokers' Kerberos service; tickets come from the machine's cache.",
       .default_value = "kafka"},
  };
}

}  // namespace

const Kind& kafka() {
  static const Kind kind{
      .table = {.document = definitions::Document::metric,
                .name = "kafka",
                .vendor = "kafka",
                .summary = "How far a consumer group is behind, or what a topic of Apache Kafka holds.",
                .keys = definitions::join(
                    {lag_keys(), sasl_keys(), tls_keys(), definitions::aws_credential_keys()}),
                .permissions = "`DESCRIBE` on the topic and on the group. For MSK with IAM: "
                               "`kafka-cluster:Connect`, `kafka-cluster:DescribeTopic` and "
                               "`kafka-cluster:DescribeGroup`.",
                .notes =
                    "The group is read by its coordinator and never joined, and no topic is ever made. "
                    "Metrics of one cluster and one user share a connection.\n\nA lag counts from the oldest "
                    "message that is kept: what retention has deleted is nobody's work. An error of one "
                    "partition is an error of the whole, never a smaller sum.\n\n`message_rate` has no value "
                    "at its first poll and after a topic was made anew."},
      .create = &create_kafka};
  return kind;
}

}  // namespace wave::metrics
