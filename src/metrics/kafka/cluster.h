#pragma once

#include <memory>

#include "metrics/kafka/lag.h"
#include "net/services.h"
#include "net/sign_in.h"

namespace wave::net {
class AwsClient;
}

namespace wave::metrics {

/// What of a cluster to read.
struct KafkaQuestion {
  std::string topic;  ///< empty: all that the group committed to
  std::string group;  ///< empty: no committed offsets
  std::vector<std::pair<std::int32_t, std::int32_t>> partitions{};  ///< first to last; empty: all
};

/// One Kafka cluster, read without joining any group. librdkafka blocks, so it runs on a thread of its own,
/// one question after the other; every answer or the end of its time comes back to the loop.
class KafkaCluster {
 public:
  /// The cluster that `settings` name, the same for equal settings.
  static Result<std::shared_ptr<KafkaCluster>> get(const definitions::Settings& settings,
                                                   net::Services& services);
  ~KafkaCluster();
  KafkaCluster(const KafkaCluster&) = delete;
  KafkaCluster& operator=(const KafkaCluster&) = delete;

  /// Every partition of an answer is whole: an error of one is an error of all.
  Task<Result<std::vector<KafkaPartition>>> ask(KafkaQuestion question, Duration timeout);

  class Worker;

 private:
  explicit KafkaCluster(net::Services& services);
  static Result<std::shared_ptr<KafkaCluster>> create(const definitions::Settings& settings,
                                                      net::Services& services);
  Task<Status> renew_token();

  net::Services& services_;
  std::shared_ptr<Worker> worker_;
  std::unique_ptr<net::SignIn> oauth_;   ///< OAUTHBEARER
  std::unique_ptr<net::AwsClient> msk_;  ///< AWS_MSK_IAM
  std::string principal_;
  std::map<std::string, std::string> extensions_;
  std::string token_;
  std::optional<MonoTime> token_until_;
};

/// librdkafka's options as our keys say them. invalid_argument when they contradict each other.
Result<std::map<std::string, std::string>> kafka_options(const definitions::Settings& settings);

}  // namespace wave::metrics
