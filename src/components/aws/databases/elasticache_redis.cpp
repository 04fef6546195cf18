#include <algorithm>

#include "base/text.h"
#include "components/aws/answer.h"
#include "components/aws/aws_component.h"
#include "components/aws/xml_items.h"
#include "components/kinds.h"
#include "definitions/common_keys.h"
#include "net/aws/errors.h"

namespace wave::components {
namespace {

constexpr const char* replicas = "replicas";
constexpr const char* shards = "shards";

const XmlListing listing{.action = "DescribeReplicationGroups",
                         .list = "ReplicationGroups",
                         .name = "ReplicationGroupId",
                         .single = "ReplicationGroupId"};

class ReplicationGroup final : public AwsComponent {
 public:
  ReplicationGroup(const definitions::ComponentDefinition& definition, const definitions::Settings& settings,
                   std::shared_ptr<net::AwsClient> client, net::Services& services)
      : AwsComponent("replication group " + settings.text("replication_group_id"), definition),
        id_(settings.text("replication_group_id")),
        only_shard_(settings.text("node_group_id")),
        client_(std::move(client)),
        groups_(xml_items(listing, client_, services)) {}

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
    ids_.clear();
    for (const auto& one : node_groups) {
      ids_.push_back(one.text("NodeGroupId"));
      settled &= one.text("Status") == "available";
      if (!only_shard_.empty() && ids_.back() != only_shard_) continue;
      const double has = std::max(static_cast<double>(one.at("NodeGroupMembers").items().size()) - 1, 0.0);
      if (found) uneven |= has != seen.current[replicas];
      seen.current[replicas] = found ? std::min(seen.current[replicas], has) : has;
      found = true;
    }
    if (!found) return fail(ErrorCode::not_found, "the replication group has no shard '" + only_shard_ + "'");
    std::ranges::sort(ids_);
    seen.current[shards] = static_cast<double>(ids_.size());
    seen.changing = !settled;
    if (settled) seen.ready = seen.current[replicas];
    if (uneven)
      seen.blocks.push_back(
          {.value = replicas,
           .reason = "its shards have different numbers of replicas: set one with node_group_id"});
    if (status != "available")
      seen.blocks.push_back(
          {.reason = "the replication group's status is '" + net::excerpt(status, 64) + "'"});
    if (group.at("GlobalReplicationGroupInfo").text("GlobalReplicationGroupMemberRole") == "SECONDARY")
      seen.blocks.push_back({.reason = "it is a secondary of a global datastore, which its primary steers"});
    const bool clustered = group.text("ClusterEnabled") == "true" || ids_.size() > 1;
    if (!clustered) seen.blocks.push_back({.value = shards, .reason = "its cluster mode is disabled"});
    if (!clustered && group.text("MultiAZ") == "enabled") seen.system_min[replicas] = 1;
    return seen;
  }

  /// One change at a time: AWS refuses a second one. With both, the shards first.
  Task<Result<Applied>> write(Observation seen, Values wanted) override {
    const bool both = wanted.contains(shards) && wanted.contains(replicas);
    Result<std::string> done;
    if (wanted.contains(shards)) {
      done = co_await set_shards(seen, static_cast<std::size_t>(wanted[shards]));
    } else {
      done = co_await set_replicas(seen, wanted[replicas]);
    }
    if (!done) co_return std::unexpected(std::move(done.error()));
    if (both)
      co_return fail(ErrorCode::busy, "the shards are being changed; the replicas follow when that is done",
                     true);
    co_return Applied{.request_id = std::move(*done)};
  }

  Task<Result<std::string>> set_shards(const Observation& seen, std::size_t target) {
    net::Headers parameters = {{"ReplicationGroupId", id_},
                               {"NodeGroupCount", std::to_string(target)},
                               {"ApplyImmediately", "true"}};
    if (static_cast<double>(target) < seen.current.at(shards))
      for (std::size_t i = target; i < ids_.size(); ++i)
        parameters.emplace_back("NodeGroupsToRemove.NodeGroupToRemove." + std::to_string(i - target + 1),
                                ids_[i]);
    auto id = co_await send("ModifyReplicationGroupShardConfiguration", std::move(parameters));
    co_return id;
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
  std::shared_ptr<net::AwsClient> client_;
  std::shared_ptr<XmlItems> groups_;
  std::vector<std::string> ids_;  ///< of the shards that were seen last, ascending
};

Result<std::unique_ptr<Component>> create(const definitions::ComponentDefinition& definition,
                                          const definitions::Settings& settings, net::Services& services) {
  auto client = services.aws.client(net::aws::elasticache, settings);
  if (!client) return std::unexpected(client.error());
  auto made = std::make_unique<ReplicationGroup>(definition, settings, std::move(*client), services);
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
           .permissions = "`elasticache:DescribeReplicationGroups`, `elasticache:IncreaseReplicaCount`, "
                          "`elasticache:DecreaseReplicaCount` and "
                          "`elasticache:ModifyReplicationGroupShardConfiguration` on "
                          "the replication group and its clusters; "
                          "`application-autoscaling:DescribeScalableTargets` (all "
                          "resources) to see who else steers it, and "
                          "`application-autoscaling:RegisterScalableTarget` with "
                          "`on_conflict: raise_floor`.",
           .notes =
               "AWS takes one change at a time: with new shards and new replicas wanted together, the shards "
               "come first. The shards with the highest numbers are removed first; AWS moves their data, for "
               "which the others need free memory of one and a half times what the removed ones use. A "
               "primary "
               "is never removed. `scale_in` is false unless you write true. Clients need the topology "
               "refresh "
               "of cluster mode."},
      .create = &create};
  return kind;
}

}  // namespace wave::components
