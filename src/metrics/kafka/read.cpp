#include <algorithm>
#include <set>

#include <librdkafka/rdkafka.h>

#include "metrics/kafka/worker.h"

namespace wave::metrics {
namespace {

constexpr int most_partitions = 100'000;
/// The special times of ListOffsets (Kafka protocol guide, API key 2).
constexpr std::int64_t latest = -1;
constexpr std::int64_t earliest = -2;

template <auto destroy>
struct Destroy {
  template <class T>
  void operator()(T* one) const {
    destroy(one);
  }
};
template <class T, auto destroy>
using Owned = std::unique_ptr<T, Destroy<destroy>>;
using PartitionList = Owned<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;

using Id = std::pair<std::string, std::int32_t>;

std::unexpected<Error> failed(rd_kafka_resp_err_t code, std::string place) {
  return within(std::move(place), kafka_error(code, rd_kafka_err2str(code)));
}

int milliseconds(Duration duration) {
  return static_cast<int>(std::max<std::int64_t>(duration / 1ms, 1));
}

/// Reads one answer; every step stops when the asker has gone.
class Reader {
 public:
  Reader(rd_kafka_t* client, const KafkaCluster::Worker::Job& job) : client_(client), job_(job) {}

  KafkaCluster::Worker::Answer read() {
    if (auto ok = set_token(); !ok) return std::unexpected(ok.error());
    const KafkaQuestion& question = job_.question;
    Status ok;
    if (question.topic.empty()) {
      ok = add_committed(nullptr);
      std::set<std::string> topics;
      for (const auto& [id, offset] : committed_) topics.insert(id.first);
      if (ok && topics.empty())
        ok = fail(ErrorCode::not_found,
                  "the group " + question.group + " has committed no offset anywhere; name its 'topic'");
      for (const auto& topic : topics)
        if (ok) ok = add_partitions(topic);
    } else {
      ok = add_partitions(question.topic);
      const PartitionList list = ok ? make_list(0) : nullptr;
      if (ok && !question.group.empty()) ok = add_committed(list.get());
    }
    if (ok) ok = add_offsets(earliest, &KafkaPartition::begin);
    if (ok) ok = add_offsets(latest, &KafkaPartition::end);
    if (!ok) return std::unexpected(ok.error());
    return finish();
  }

 private:
  Status check() const {
    return job_.is_over ? fail(ErrorCode::timeout, "nobody waits any more", true) : Status{};
  }

  Status set_token() {
    if (!job_.token) return {};
    std::vector<const char*> extensions;
    for (const auto& [name, value] : job_.token->extensions) {
      extensions.push_back(name.c_str());
      extensions.push_back(value.c_str());
    }
    char problem[256] = {};
    const auto code = rd_kafka_oauthbearer_set_token(client_, job_.token->value.c_str(), job_.token->until_ms,
                                                     job_.token->principal.c_str(), extensions.data(),
                                                     extensions.size(), problem, sizeof problem);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    return fail(ErrorCode::unauthorized, "the OAUTHBEARER token or its extensions cannot be used");
  }

  bool is_wanted(std::int32_t partition) const {
    const auto& ranges = job_.question.partitions;
    return ranges.empty() || std::ranges::any_of(ranges, [&](const auto& range) {
             return partition >= range.first && partition <= range.second;
           });
  }

  /// The partitions of one topic, by asking for that topic only: whole clusters are large.
  Status add_partitions(const std::string& topic) {
    if (auto ok = check(); !ok) return ok;
    const Owned<rd_kafka_topic_t, rd_kafka_topic_destroy> handle(
        rd_kafka_topic_new(client_, topic.c_str(), nullptr));
    if (!handle) return failed(rd_kafka_last_error(), "topic " + topic);
    const rd_kafka_metadata_t* raw = nullptr;
    const auto code = rd_kafka_metadata(client_, 0, handle.get(), &raw, milliseconds(job_.timeout));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return failed(code, "topic " + topic);
    const Owned<const rd_kafka_metadata_t, rd_kafka_metadata_destroy> metadata(raw);
    const rd_kafka_metadata_topic_t* found = nullptr;
    for (int i = 0; i < metadata->topic_cnt; ++i)
      if (topic == metadata->topics[i].topic) found = &metadata->topics[i];
    if (found == nullptr) return failed(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "topic " + topic);
    if (found->err != RD_KAFKA_RESP_ERR_NO_ERROR) return failed(found->err, "topic " + topic);
    if (found->partition_cnt > most_partitions)
      return fail(ErrorCode::limit_exceeded, "topic " + topic + " has more than 100000 partitions");
    for (int i = 0; i < found->partition_cnt; ++i) {
      const std::int32_t id = found->partitions[i].id;
      if (!is_wanted(id)) continue;
      partitions_[{topic, id}] = KafkaPartition{.topic = topic, .partition = id, .committed = std::nullopt};
    }
    return check_ranges(topic);
  }

  Status check_ranges(const std::string& topic) const {
    for (const auto& [first, last] : job_.question.partitions) {
      if (!partitions_.contains({topic, first}) || !partitions_.contains({topic, last}))
        return fail(ErrorCode::not_found, "topic " + topic + " lacks some of the partitions " +
                                              std::to_string(first) + " to " + std::to_string(last));
    }
    return {};
  }

  PartitionList make_list(std::int64_t offset) const {
    PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions_.size())));
    for (const auto& [id, partition] : partitions_)
      rd_kafka_topic_partition_list_add(list.get(), id.first.c_str(), id.second)->offset = offset;
    return list;
  }

  /// What the group has committed; null: to every topic.
  Status add_committed(const rd_kafka_topic_partition_list_t* list) {
    if (auto ok = check(); !ok) return ok;
    const std::string place = "group " + job_.question.group;
    const Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy> options(
        rd_kafka_AdminOptions_new(client_, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS));
    const int timeout = milliseconds(job_.timeout);
    rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout, nullptr, 0);
    const Owned<rd_kafka_queue_t, rd_kafka_queue_destroy> queue(rd_kafka_queue_new(client_));
    const Owned<rd_kafka_ListConsumerGroupOffsets_t, rd_kafka_ListConsumerGroupOffsets_destroy> request(
        rd_kafka_ListConsumerGroupOffsets_new(job_.question.group.c_str(), list));
    rd_kafka_ListConsumerGroupOffsets_t* requests[] = {request.get()};
    rd_kafka_ListConsumerGroupOffsets(client_, requests, 1, options.get(), queue.get());
    const Owned<rd_kafka_event_t, rd_kafka_event_destroy> event(rd_kafka_queue_poll(queue.get(), timeout));
    if (!event) return failed(RD_KAFKA_RESP_ERR__TIMED_OUT, place);
    if (const auto code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
      return failed(code, place);
    std::size_t count = 0;
    const auto* result = rd_kafka_event_ListConsumerGroupOffsets_result(event.get());
    const auto* groups =
        result == nullptr ? nullptr : rd_kafka_ListConsumerGroupOffsets_result_groups(result, &count);
    if (groups == nullptr || count != 1)
      return within(place, Error{.code = ErrorCode::bad_response, .message = "no offsets in the answer"});
    if (const auto* error = rd_kafka_group_result_error(groups[0]))
      return failed(rd_kafka_error_code(error), place);
    const auto* offsets = rd_kafka_group_result_partitions(groups[0]);
    for (int i = 0; offsets != nullptr && i < offsets->cnt; ++i) {
      const auto& one = offsets->elems[i];
      if (one.err != RD_KAFKA_RESP_ERR_NO_ERROR) return failed(one.err, place + " on " + one.topic);
      if (one.offset >= 0) committed_[{one.topic, one.partition}] = one.offset;
    }
    return {};
  }

  Status add_offsets(std::int64_t time, std::int64_t KafkaPartition::* field) {
    if (auto ok = check(); !ok) return ok;
    if (partitions_.empty()) return fail(ErrorCode::not_found, "there are no partitions");
    const PartitionList list = make_list(time);
    const auto code = rd_kafka_offsets_for_times(client_, list.get(), milliseconds(job_.timeout));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return failed(code, "offsets");
    for (int i = 0; i < list->cnt; ++i) {
      const auto& one = list->elems[i];
      const std::string place = std::string(one.topic) + " " + std::to_string(one.partition);
      if (one.err != RD_KAFKA_RESP_ERR_NO_ERROR) return failed(one.err, place);
      if (one.offset < 0)
        return within(place, Error{.code = ErrorCode::bad_response, .message = "no offset in the answer"});
      partitions_[{one.topic, one.partition}].*field = one.offset;
    }
    return {};
  }

  KafkaCluster::Worker::Answer finish() {
    std::vector<KafkaPartition> out;
    for (auto& [id, partition] : partitions_) {
      if (const auto found = committed_.find(id); found != committed_.end())
        partition.committed = found->second;
      // Retention may have moved the beginning between the two requests.
      partition.begin = std::min(partition.begin, partition.end);
      out.push_back(std::move(partition));
    }
    return out;
  }

  rd_kafka_t* client_;
  const KafkaCluster::Worker::Job& job_;
  std::map<Id, KafkaPartition> partitions_;
  std::map<Id, std::int64_t> committed_;
};

}  // namespace

KafkaCluster::Worker::Answer read_kafka(rd_kafka_t* client, const KafkaCluster::Worker::Job& job) {
  return Reader(client, job).read();
}

Error kafka_error(int code, const std::string& detail) {
  Error error{.code = ErrorCode::bad_response, .message = detail.substr(0, 300), .retryable = true};
  switch (code) {
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
      error.code = ErrorCode::timeout;
      break;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
      error.code = ErrorCode::unavailable;
      break;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      error.code = ErrorCode::not_found;
      break;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      error.code = ErrorCode::forbidden;
      error.retryable = false;
      break;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      error.code = ErrorCode::unauthorized;
      error.retryable = false;
      break;
    case RD_KAFKA_RESP_ERR_INVALID_GROUP_ID:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
      error.code = ErrorCode::invalid_argument;
      error.retryable = false;
      break;
    default:
      break;
  }
  return error;
}

}  // namespace wave::metrics
