#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "metrics/kafka/cluster.h"

struct rd_kafka_op_s;
struct rd_kafka_s;

namespace wave::metrics {

/// The thread that librdkafka may block, and the client that it owns.
class KafkaCluster::Worker : public std::enable_shared_from_this<Worker> {
 public:
  using Answer = Result<std::vector<KafkaPartition>>;

  /// What OAUTHBEARER shows to a broker.
  struct Token {
    std::string value;  ///< secret
    std::int64_t until_ms = 0;
    std::string principal;
    std::map<std::string, std::string> extensions;
  };
  /// A question whose asker may have stopped waiting.
  struct Job {
    KafkaQuestion question;
    std::optional<Token> token;
    Duration timeout{0};
    std::atomic<bool> is_over = false;
    OneShot<Answer> done{};
    void finish(Answer answer) {
      if (!is_over.exchange(true)) done.set(std::move(answer));
    }
  };

  static Result<std::shared_ptr<Worker>> start(const std::map<std::string, std::string>& options,
                                               Runtime& runtime);
  ~Worker();

  /// For the loop's thread, as all of these. Finishes the job on the loop; late when the cluster is slow.
  void add(const std::shared_ptr<Job>& job);
  /// Nothing is posted to the loop any more; who still waits is told so.
  void end();
  /// Why brokers do not answer, where librdkafka has said it.
  Error why_silent(Duration timeout);

  void run();  ///< the thread's
  bool has_ended() const { return has_ended_; }

 private:
  Worker() = default;
  static void on_event(rd_kafka_s* client, rd_kafka_op_s* event, void* self);
  void answer(const std::shared_ptr<Job>& job);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Job>> jobs_;
  std::vector<std::weak_ptr<Job>> pending_;  ///< the loop's thread only
  Runtime* runtime_ = nullptr;               ///< null: ended
  std::optional<Error> problem_;
  std::atomic<bool> has_ended_ = false;
  rd_kafka_s* client_ = nullptr;
};

/// Asks with librdkafka, blocking for at most `timeout` a request.
KafkaCluster::Worker::Answer read_kafka(rd_kafka_s* client, const KafkaCluster::Worker::Job& job);

/// What a code of librdkafka or of a broker means (a rd_kafka_resp_err_t).
Error kafka_error(int code, const std::string& detail);

}  // namespace wave::metrics
