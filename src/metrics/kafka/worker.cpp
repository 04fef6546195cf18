#include "metrics/kafka/worker.h"

#include <thread>

#include <librdkafka/rdkafka.h>

namespace wave::metrics {
namespace {

/// Threads that may still be inside librdkafka; the process ends after them.
class Threads {
 public:
  static Threads& all() {
    static Threads threads;
    return threads;
  }
  Threads() = default;
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
  ~Threads() {
    for (auto& [worker, thread] : running_) {
      worker->end();
      thread.join();
    }
  }
  void start(const std::shared_ptr<KafkaCluster::Worker>& worker) {
    std::erase_if(running_, [](auto& one) {
      if (!one.first->has_ended()) return false;
      one.second.join();
      return true;
    });
    running_.emplace_back(worker, std::thread([worker] { worker->run(); }));
  }

 private:
  std::vector<std::pair<std::shared_ptr<KafkaCluster::Worker>, std::thread>> running_;
};

bool says_more(const Error& error) {
  return error.code == ErrorCode::unauthorized;
}

}  // namespace

void KafkaCluster::Worker::on_event(rd_kafka_t*, rd_kafka_event_t* event, void* self) {
  if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR) {
    auto& worker = *static_cast<Worker*>(self);
    auto error = kafka_error(rd_kafka_event_error(event), rd_kafka_event_error_string(event));
    const std::lock_guard lock(worker.mutex_);
    if (!worker.problem_ || says_more(error) || !says_more(*worker.problem_))
      worker.problem_ = std::move(error);
  }
  rd_kafka_event_destroy(event);
}

Result<std::shared_ptr<KafkaCluster::Worker>> KafkaCluster::Worker::start(
    const std::map<std::string, std::string>& options, Runtime& runtime) {
  std::shared_ptr<Worker> worker(new Worker());
  worker->runtime_ = &runtime;
  char problem[512] = {};
  rd_kafka_conf_t* configuration = rd_kafka_conf_new();
  for (const auto& [name, value] : options) {
    if (rd_kafka_conf_set(configuration, name.c_str(), value.c_str(), problem, sizeof problem) !=
        RD_KAFKA_CONF_OK) {
      rd_kafka_conf_destroy(configuration);
      // librdkafka's own words may repeat the value.
      return fail(ErrorCode::invalid_argument, "librdkafka does not take this value of " + name);
    }
  }
  rd_kafka_conf_set_opaque(configuration, worker.get());
  rd_kafka_conf_set_log_cb(configuration, [](const rd_kafka_t*, int, const char*, const char*) {});
  rd_kafka_conf_set_events(configuration, RD_KAFKA_EVENT_ERROR);
  rd_kafka_conf_set_background_event_cb(configuration, &Worker::on_event);
  worker->client_ = rd_kafka_new(RD_KAFKA_CONSUMER, configuration, problem, sizeof problem);
  if (worker->client_ == nullptr) {
    rd_kafka_conf_destroy(configuration);
    return fail(ErrorCode::invalid_argument, std::string("Kafka client: ") + problem);
  }
  rd_kafka_queue_t* main = rd_kafka_queue_get_main(worker->client_);
  rd_kafka_queue_t* background = rd_kafka_queue_get_background(worker->client_);
  rd_kafka_queue_forward(main, background);
  rd_kafka_queue_destroy(background);
  rd_kafka_queue_destroy(main);
  Threads::all().start(worker);
  return worker;
}

KafkaCluster::Worker::~Worker() = default;

void KafkaCluster::Worker::run() {
  for (;;) {
    std::shared_ptr<Job> job;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return runtime_ == nullptr || !jobs_.empty(); });
      if (runtime_ == nullptr) break;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    if (!job->is_over) answer(job);
  }
  rd_kafka_destroy(client_);
  has_ended_ = true;
}

void KafkaCluster::Worker::answer(const std::shared_ptr<Job>& job) {
  auto read = read_kafka(client_, *job);
  const std::lock_guard lock(mutex_);
  if (read) problem_.reset();
  const bool is_silence =
      !read && (read.error().code == ErrorCode::timeout || read.error().code == ErrorCode::unavailable);
  if (is_silence && problem_) read = std::unexpected(*problem_);
  if (runtime_ == nullptr) return;
  runtime_->post_from_any_thread(
      [job, answer = std::move(read)]() mutable { job->finish(std::move(answer)); });
}

void KafkaCluster::Worker::add(const std::shared_ptr<Job>& job) {
  std::erase_if(pending_, [](const auto& one) {
    const auto there = one.lock();
    return !there || there->is_over;
  });
  pending_.push_back(job);
  const std::lock_guard lock(mutex_);
  jobs_.push_back(job);
  changed_.notify_one();
}

void KafkaCluster::Worker::end() {
  {
    const std::lock_guard lock(mutex_);
    runtime_ = nullptr;
    jobs_.clear();
    changed_.notify_one();
  }
  for (const auto& one : std::exchange(pending_, {}))
    if (const auto job = one.lock())
      job->finish(fail(ErrorCode::unavailable, "the Kafka client is shutting down", true));
}

Error KafkaCluster::Worker::why_silent(Duration timeout) {
  const std::lock_guard lock(mutex_);
  if (problem_) return *problem_;
  return {.code = ErrorCode::timeout,
          .message = "no answer within " + format_duration(timeout),
          .retryable = true};
}

}  // namespace wave::metrics
