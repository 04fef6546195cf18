#include <algorithm>

#include "base/text.h"
#include "components/answer.h"
#include "components/aws/databases/cache_node_type.h"
#include "components/aws/databases/identifier.h"
#include "components/aws/databases/shard_room.h"
#include "components/aws/databases/waiting.h"
#include "components/kinds.h"
#include "definitions/common_keys.h"
#include "net/aws/errors.h"

namespace wave::components {
namespace {

constexpr const char* replicas = "replicas";
constexpr const char* shards = "shards";

/// After shards could not be removed, CloudWatch is asked again in so long.
constexpr Duration look_for_room_every = 5min;

class ReplicationGroup final : public AwsComponent {
 public:
  ReplicationGroup(const definitions::ComponentDefinition& definition, const definitions::Settings& settings,
                   std::shared_ptr<net::AwsClient> client, std::unique_ptr<net::AwsClient> cloudwatch,
                   net::Services& services)
      : AwsComponent("replication group " + settings.text("replication_group_id"), definition),
        id_(stored_name(settings.text("replication_group_id"))),
        only_shard_(settings.text("node_group_id")),
        runtime_(services.runtime),
        client_(std::move(client)),
        cloudwatch_(std::move(cloudwatch)),
        groups_(replication_groups(client_, services)) {}

  Status watch(const definitions::Settings& settings, net::Services& services) {
    const std::string resource = "replication-group/" + id_;
    return watch_targets(
        {{.value = replicas, .target = {"elasticache", resource, "elasticache:replication-group:Replicas"}},
         {.value = shards, .target = {"elasticache", resource, "elasticache:replication-group:NodeGroups"}}},
        settings, services);
  }

 private:
  Task<Result<Observation>> look() override {
    auto found = co_await groups_->ask(id_);
    if (!found) co_return std::unexpected(std::move(found.error()));
    if (!*found)
      co_return fail(ErrorCode::not_found,
                     "there is no replication group '" + id_ + "' in " + client_->region());
    co_return read((*found)->front());
  }

  Result<Observation> read(const XmlAnswer& group) {
    const std::string status = group.text("Status");
    const auto node_groups = group.at("NodeGroups").items();
    if (status.empty() || node_groups.empty())
      return std::unexpected(bad_answer("no Status and NodeGroups in the answer"));
    Observation seen;
    bool settled = status == "available";
    bool found = false;
    bool uneven = false;
    shards_.clear();
    for (const auto& one : node_groups) {
      shards_.push_back({.id = one.text("NodeGroupId"), .nodes = {}});
      for (const auto& node : one.at("NodeGroupMembers").items())
        shards_.back().nodes.push_back(node.text("CacheClusterId"));
      settled &= one.text("Status") == "available";
      if (!only_shard_.empty() && shards_.back().id != only_shard_) continue;
      const double has = std::max(static_cast<double>(shards_.back().nodes.size()) - 1, 0.0);
      if (found) uneven |= has != seen.current[replicas];
      seen.current[replicas] = found ? std::min(seen.current[replicas], has) : has;
      found = true;
    }
    if (!found) return fail(ErrorCode::not_found, "the replication group has no shard '" + only_shard_ + "'");
    std::ranges::sort(shards_, {}, &Shard::id);
    seen.current[shards] = static_cast<double>(shards_.size());
    seen.changing = !settled && !is_stuck(status);
    if (settled) seen.ready = seen.current[replicas];
    // Until it is done, some of the new ones are listed and some not.
    show_ordered({replicas, shards}, seen.changing, seen);
    if (uneven)
      seen.blocks.push_back(
          {.value = replicas,
           .reason = "its shards have different numbers of replicas: set one with node_group_id"});
    if (status != "available")
      seen.blocks.push_back(
          {.reason = "the replication group's status is '" + net::excerpt(status, 64) + "'"});
    if (group.at("GlobalReplicationGroupInfo").text("GlobalReplicationGroupMemberRole") == "SECONDARY")
      seen.blocks.push_back({.reason = "it is a secondary of a global datastore, which its primary steers"});
    if (no_room_ && *no_room_->until > runtime_.utc()) seen.blocks.push_back(*no_room_);
    const bool clustered = group.text("ClusterEnabled") == "true" || shards_.size() > 1;
    if (!clustered) seen.blocks.push_back({.value = shards, .reason = "its cluster mode is disabled"});
    if (!clustered && group.text("MultiAZ") == "enabled") seen.system_min[replicas] = 1;
    return seen;
  }

  /// One change at a time: AWS refuses a second one. With both, the shards first.
  Task<Result<Applied>> write(Observation seen, Values wanted) override {
    const bool both = wanted.contains(shards) && wanted.contains(replicas);
    Result<std::string> done;
    if (wanted.contains(shards)) {
      done = co_await set_shards(static_cast<std::size_t>(wanted[shards]));
    } else {
      done = co_await set_replicas(seen, wanted[replicas]);
    }
    if (!done) co_return std::unexpected(std::move(done.error()));
    Applied applied{.request_id = std::move(*done)};
    if (both) {
      applied.reached = {{shards, wanted[shards]}};
      applied.rest = "the shards are being changed; the replicas follow when that is done";
    }
    co_return applied;
  }

  Task<Result<std::string>> set_shards(std::size_t target) {
    net::Headers parameters = {{"ReplicationGroupId", id_},
                               {"NodeGroupCount", std::to_string(target)},
                               {"ApplyImmediately", "true"}};
    if (target < shards_.size()) {
      auto room = co_await check_room(target);
      if (!room) co_return std::unexpected(std::move(room.error()));
      for (std::size_t i = target; i < shards_.size(); ++i)
        parameters.emplace_back("NodeGroupsToRemove.NodeGroupToRemove." + std::to_string(i - target + 1),
                                shards_[i].id);
    }
    auto id = co_await send("ModifyReplicationGroupShardConfiguration", std::move(parameters));
    co_return id;
  }

  /// The data of the last ones moves to the first `target`.
  Task<Status> check_room(std::size_t target) {
    const auto last = shards_.begin() + static_cast<std::ptrdiff_t>(target);
    std::vector<Shard> stay(shards_.begin(), last);
    std::vector<Shard> go(last, shards_.end());
    auto against =
        co_await why_shards_must_stay(*cloudwatch_, runtime_.utc(), std::move(stay), std::move(go));
    no_room_.reset();
    if (against.empty()) co_return Status{};
    no_room_ = {.value = shards,
                .only_down = true,
                .until = runtime_.utc() + look_for_room_every,
                .reason = "shards are not removed: " + against};
    co_return fail(ErrorCode::busy, title() + ": " + no_room_->reason, true);
  }

  Task<Result<std::string>> set_replicas(const Observation& seen, double target) {
    net::Headers parameters = {{"ReplicationGroupId", id_}};
    if (only_shard_.empty()) {
      parameters.emplace_back("NewReplicaCount", whole(target));
    } else {
      parameters.emplace_back("ReplicaConfiguration.ConfigureShard.1.NodeGroupId", only_shard_);
      parameters.emplace_back("ReplicaConfiguration.ConfigureShard.1.NewReplicaCount", whole(target));
    }
    parameters.emplace_back("ApplyImmediately", "true");
    const bool grows = target > seen.current.at(replicas);
    auto id = co_await send(grows ? "IncreaseReplicaCount" : "DecreaseReplicaCount", std::move(parameters));
    co_return id;
  }

  Task<Result<std::string>> send(std::string action, net::Headers parameters) {
    auto id = co_await order_xml(*client_, std::move(action), std::move(parameters));
    if (!id && net::aws::has_code(id.error(), "NoOperationFault")) co_return std::string();
    co_return id;
  }

  std::string id_;
  std::string only_shard_;
  Runtime& runtime_;
  std::shared_ptr<net::AwsClient> client_;
  std::unique_ptr<net::AwsClient> cloudwatch_;
  std::shared_ptr<XmlItems> groups_;
  std::vector<Shard> shards_;  ///< as seen last, by id
  std::optional<decisions::Block> no_room_;
};

Result<std::unique_ptr<Component>> create_elasticache_redis(
    const definitions::ComponentDefinition& definition, const definitions::Settings& settings,
    net::Services& services) {
  auto client = services.aws.client(net::aws::elasticache, settings);
  if (!client) return std::unexpected(client.error());
  auto cloudwatch = services.aws.client(net::aws::cloudwatch, without_own_endpoint(settings));
  if (!cloudwatch) return std::unexpected(cloudwatch.error());
  auto made = std::make_unique<ReplicationGroup>(definition, settings, std::move(*client),
                                                 std::move(*cloudwatch), services);
  if (auto ok = made->watch(settings, services); !ok) return std::unexpected(ok.error());
  return made;
}

}  // namespace

const Kind& amazon_elasticache_redis() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::component,
           .name = "amazon-elasticache-redis",
           .vendor = "aws",
           .summary =
               "The replicas and shards of an Amazon ElastiCache replication group (Valkey, Redis OSS).",
           .keys = definitions::join(
               {{{.name = "replication_group_id",
                  .help = "The replication group.",
                  .required = true,
                  .example = "sessions"},
                 {.name = "node_group_id",
                  .help = "Sets the replicas of this shard alone; without it, of every shard.",
                  .example = "0001"}},
                definitions::aws_keys()}),
           .values =
               {{.name = replicas, .help = "The replicas of each shard.", .highest = 5, .alias = "desired"},
                {.name = shards, .help = "The shards; with cluster mode only.", .lowest = 1, .highest = 500}},
           .ready_after = 10min,
           .scale_in = false,
           .permissions =
               "`elasticache:DescribeReplicationGroups`, `elasticache:IncreaseReplicaCount`, "
               "`elasticache:DecreaseReplicaCount` and "
               "`elasticache:ModifyReplicationGroupShardConfiguration` on "
               "the replication group and its clusters, for which AWS lists as what they may need besides: "
               "`ec2:CreateNetworkInterface`, `ec2:DeleteNetworkInterface`, "
               "`ec2:DescribeNetworkInterfaces`, `ec2:DescribeSubnets` and `ec2:DescribeVpcs`; "
               "`cloudwatch:GetMetricData` (all resources) before "
               "shards are removed; "
               "`application-autoscaling:DescribeScalableTargets` (all "
               "resources) to see who else steers it, and "
               "`application-autoscaling:RegisterScalableTarget` with "
               "`on_conflict: raise_floor`.",
           .notes =
               "AWS takes one change at a time: with new shards and new replicas wanted together, the shards "
               "come first. The shards with the highest numbers are removed first; AWS moves their data. "
               "Before, CloudWatch is asked: each shard that stays must have free memory of one and a half "
               "times its share of what is moved, and no shard may use 80 % of its core or more. What is "
               "not so, or not known, is held, and looked at again after 5 minutes. A primary is never "
               "removed. `scale_in` is false unless you write true. Clients need the topology "
               "refresh "
               "of cluster mode."},
      .create = &create_elasticache_redis};
  return kind;
}

}  // namespace wave::components
