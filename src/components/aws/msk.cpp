#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "components/answer.h"
#include "components/aws/aws_component.h"
#include "components/aws/rest_items.h"
#include "components/aws/sizes.h"
#include "components/kinds.h"
#include "definitions/common_keys.h"

namespace wave::components {
namespace {

using nlohmann::ordered_json;

constexpr const char* brokers = "desired";
constexpr const char* volume = "volume_size";
constexpr const char* cluster_path = "/v1/clusters/{}";
const RestListing msk_clusters{.all_path = "/api/v2/clusters",
                               .parameters = {{"maxResults", "100"}},
                               .list = "clusterInfoList",
                               .name = "clusterArn",
                               .next = "nextToken",
                               .next_asked = "nextToken",
                               .one_path = "/api/v2/clusters/{}",
                               .one = "clusterInfo"};

/// Storage rests that long after a change (Amazon MSK Developer Guide, "Scale up broker storage"); it may be
/// longer, then MSK refuses.
constexpr Duration broker_storage_rests = 6h;
constexpr Duration operations_last = 5min;

bool is_storage(const std::string& operation) {
  return operation == "INCREASE_BROKER_STORAGE" || operation == "UPDATE_BROKER_STORAGE" ||
         operation == "UPDATE_STORAGE";
}

class MskCluster final : public AwsComponent {
 public:
  MskCluster(const definitions::ComponentDefinition& definition, const definitions::Settings& settings,
             Sizes sizes, std::shared_ptr<net::AwsClient> client, net::Services& services)
      : AwsComponent("cluster " + settings.text("cluster_arn"), definition),
        arn_(settings.text("cluster_arn")),
        sizes_(std::move(sizes)),
        runtime_(services.runtime),
        client_(std::move(client)),
        clusters_(rest_items(msk_clusters, client_, services)) {}

  Status watch(const definitions::Settings& settings, net::Services& services) {
    return watch_targets({{.value = volume, .target = {"kafka", arn_, "kafka:broker-storage:VolumeSize"}}},
                         settings, services);
  }

 private:
  Task<Result<Observation>> look() override {
    auto found = co_await clusters_->ask(arn_);
    if (!found) co_return std::unexpected(std::move(found.error()));
    if (!*found) co_return fail(ErrorCode::not_found, "there is no such cluster in " + client_->region());
    auto seen = read(**found);
    if (!seen) co_return seen;
    co_await look_at_operations(&*seen);
    co_return seen;
  }

  Result<Observation> read(const Answer& cluster) {
    if (cluster.text("clusterType") == "SERVERLESS")
      return fail(ErrorCode::invalid_argument, "a serverless cluster has no brokers and no storage to set");
    const Answer of_brokers = cluster.at("provisioned");
    const auto count = of_brokers.number("numberOfBrokerNodes");
    const std::string state = cluster.text("state");
    if (!count || state.empty())
      return std::unexpected(bad_answer("no state and numberOfBrokerNodes in the answer"));
    version_ = cluster.text("currentVersion");
    const Answer node_info = of_brokers.at("brokerNodeGroupInfo");
    zones_ = static_cast<double>(node_info.at("clientSubnets").items().size());
    Observation seen{.current = {{brokers, *count}}, .ready = count};
    // Each removal takes one broker of a zone at most.
    if (zones_ > 0) seen.system_min[brokers] = std::max(zones_, *count - zones_);
    if (const auto size = node_info.at("storageInfo").at("ebsStorageInfo").number("volumeSize")) {
      seen.current[volume] = *size;
      seen.system_min[volume] = *size;  // storage never shrinks
    } else {
      seen.blocks.push_back({.value = volume, .reason = "its brokers have no storage of their own to set"});
    }
    sizes_.add(node_info.text("instanceType"), seen);
    if (state != "ACTIVE") {
      seen.changing = state == "UPDATING" || state == "CREATING" || state == "HEALING" ||
                      state == "MAINTENANCE" || state == "REBOOTING_BROKER";
      seen.blocks.push_back({.reason = "the cluster is " + state.substr(0, 64)});
    }
    show_ordered({brokers, volume, Sizes::value}, state != "ACTIVE", seen);
    return seen;
  }

  /// When storage was changed last: until six hours later it is refused.
  Task<void> look_at_operations(Observation* seen) {
    const MonoTime now = runtime_.mono();
    if (!listed_at_ || now - *listed_at_ > operations_last) {
      net::RestCall call{.path = std::string(cluster_path) + "/operations", .labels = {arn_}};
      auto answer = co_await client_->rest(std::move(call));
      not_listed_.clear();
      if (!answer) not_listed_ = "its last storage change is not known: " + answer.error().text();
      if (answer || !answer.error().retryable) listed_at_ = now;
      if (answer) read_operations(Answer::parse(answer->body).value_or(Answer()));
    }
    if (!not_listed_.empty()) seen->warnings.push_back(not_listed_);
    if (!storage_until_ || *storage_until_ <= runtime_.utc()) co_return;
    seen->blocks.push_back({.value = volume,
                            .until = storage_until_,
                            .reason = "storage rests for six hours or more after a change"});
  }

  void read_operations(const Answer& list) {
    for (const auto& operation : list.at("clusterOperationInfoList").items()) {
      if (!is_storage(operation.text("operationType"))) continue;
      const std::string end = operation.text("endTime");
      const auto at = parse_time(end.empty() ? operation.text("creationTime") : end);
      if (at && (!storage_until_ || *at + broker_storage_rests > *storage_until_))
        storage_until_ = *at + broker_storage_rests;
    }
  }

  /// One operation at a time: storage, then the type of the brokers, which help as soon as they are there,
  /// before more brokers.
  Task<Result<Applied>> write(Observation, Values wanted) override {
    const std::string value = wanted.contains(volume)         ? volume
                              : wanted.contains(Sizes::value) ? Sizes::value
                                                              : brokers;
    const double number = wanted[value];
    if (value == brokers && zones_ > 0 && std::fmod(number, zones_) != 0)
      co_return fail(ErrorCode::invalid_argument, title() + ": the number of brokers is a multiple of its " +
                                                      whole(zones_) + " zones, not " + whole(number));
    auto sent = co_await send(value, number);
    if (!sent && sent.error().message.find("currentVersion") != std::string::npos) {
      // Somebody changed it in between: once more with the version of now.
      auto again = co_await look();
      if (!again) co_return std::unexpected(std::move(again.error()));
      sent = co_await send(value, number);
    }
    Applied applied;
    if (wanted.size() > 1) {
      applied.reached = Values{{value, number}};
      applied.rest = "one operation at a time: storage first, then the type, then the number of brokers";
    }
    if (sent) {
      listed_at_.reset();
      applied.request_id = std::move(*sent);
    } else if (sent.error().message.find("does not include any updates") != std::string::npos) {
      applied.changed = false;
    } else {
      co_return std::unexpected(std::move(sent.error()));
    }
    co_return applied;
  }

  Task<Result<std::string>> send(std::string value, double number) {
    ordered_json body = {{"currentVersion", version_}};
    std::string part = "/nodes/count";
    if (value == volume) {
      part = "/nodes/storage";
      body["targetBrokerEBSVolumeInfo"] = ordered_json::array(
          {{{"kafkaBrokerNodeId", "ALL"}, {"volumeSizeGB", static_cast<std::int64_t>(number)}}});
    } else if (value == Sizes::value) {
      part = "/nodes/type";
      auto type = sizes_.at(number);
      if (!type) co_return std::unexpected(std::move(type.error()));
      body["targetInstanceType"] = std::move(*type);
    } else {
      body["targetNumberOfBrokerNodes"] = static_cast<std::int64_t>(number);
    }
    net::RestCall call{.method = "PUT", .path = cluster_path + part, .labels = {arn_}, .body = body.dump()};
    auto answer = co_await client_->rest(std::move(call));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    const auto parsed = Answer::parse(answer->body);
    co_return parsed ? parsed->text("clusterOperationArn").substr(0, 256) : std::string();
  }

  std::string arn_;
  Sizes sizes_;
  Runtime& runtime_;
  std::shared_ptr<net::AwsClient> client_;
  std::shared_ptr<RestItems> clusters_;  ///< by ARN
  std::string version_;                  ///< as seen last: MSK takes a change only of the version that it has
  double zones_ = 0;
  std::optional<MonoTime> listed_at_;  ///< its operations, or refused to
  std::string not_listed_;             ///< why they are not known
  std::optional<UtcTime> storage_until_;
};

Result<std::unique_ptr<Component>> create_msk(const definitions::ComponentDefinition& definition,
                                              const definitions::Settings& settings,
                                              net::Services& services) {
  auto client = services.aws.client(net::aws::kafka, settings);
  if (!client) return std::unexpected(client.error());
  auto sizes = Sizes::create("broker_types", settings);
  if (!sizes) return std::unexpected(sizes.error());
  auto component =
      std::make_unique<MskCluster>(definition, settings, std::move(*sizes), std::move(*client), services);
  if (auto ok = component->watch(settings, services); !ok) return std::unexpected(ok.error());
  return component;
}

}  // namespace

const Kind& amazon_msk() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::component,
           .name = "amazon-msk",
           .vendor = "aws",
           .summary = "The brokers, their type and their storage in an Amazon MSK cluster.",
           .keys = definitions::join(
               {{{.name = "cluster_arn",
                  .help = "The cluster's ARN.",
                  .required = true,
                  .example = "arn:aws:kafka:eu-west-1:123456789012:cluster/events/6357e0b2-0e6a-4b86-a0b4-"
                             "70df934c2e31-5"},
                 {.name = "broker_types",
                  .type = definitions::KeyType::list,
                  .help = "The types that `size` counts, smallest first.",
                  .example = "[kafka.m7g.large, kafka.m7g.xlarge]"}},
                definitions::aws_keys()}),
           .values = {{.name = brokers,
                       .help = "Brokers in all; a multiple of the cluster's availability zones.",
                       .alias = "broker_count"},
                      {.name = volume,
                       .help = "GiB of storage of each broker; never less than now.",
                       .lowest = 1,
                       .highest = 16384},
                      Sizes::spec("broker_types",
                                  "Which of `broker_types` its brokers have; each restarts in turn.")},
           .ready_after = 30min,
           .scale_in = false,
           .permissions =
               "`kafka:ListClustersV2` (all resources) to read many clusters in one call; on the cluster: "
               "`kafka:DescribeClusterV2`, `kafka:ListClusterOperations`, "
               "`kafka:UpdateBrokerStorage`, `kafka:UpdateBrokerCount`, `kafka:UpdateBrokerType`; "
               "`application-autoscaling:DescribeScalableTargets` (all resources) to see who else steers it, "
               "and `application-autoscaling:RegisterScalableTarget` with `on_conflict: raise_floor`.",
           .notes =
               "Storage only grows, and rests for six hours or more after each change: `decisions` says "
               "until "
               "when. New brokers hold **no partitions** until somebody reassigns some. Brokers are removed "
               "only with `scale_in: true`, one in each zone at a time, and MSK refuses while they hold "
               "partitions of "
               "users.\n\nAnother `size` restarts the brokers one after the other, 10 to 15 minutes each: "
               "topics "
               "need a replication factor of 3 and clients more than one broker. A type that is not in the "
               "list blocks the value until you add it.\n\nOne operation at a time: while the cluster is "
               "not ACTIVE the next change waits; where a plan changes several values, storage goes first, "
               "then the type. Serverless clusters have nothing to set."},
      .create = &create_msk};
  return kind;
}

}  // namespace wave::components
