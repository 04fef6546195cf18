#include "components/aws/databases/cache_node_type.h"

#include <algorithm>

#include "components/answer.h"
#include "components/aws/databases/identifier.h"
#include "components/aws/databases/waiting.h"

namespace wave::components {
namespace {

const XmlListing described_groups{.action = "DescribeReplicationGroups",
                                  .list = "ReplicationGroups",
                                  .name = "ReplicationGroupId",
                                  .single = "ReplicationGroupId"};
const XmlListing described_clusters{.action = "DescribeCacheClusters",
                                    .list = "CacheClusters",
                                    .name = "CacheClusterId",
                                    .single = "CacheClusterId",
                                    .more = {{"ShowCacheNodeInfo", "true"}}};

void add_status(const std::string& status, Observation& seen) {
  seen.changing = status != "available" && !is_stuck(status);
  if (status != "available")
    seen.blocks.push_back({.reason = "its status is '" + net::excerpt(status, 64) + "'"});
  for (const char* value : {"min_ecpu", "max_ecpu", "min_data_gb", "max_data_gb"})
    seen.blocks.push_back({.value = value, .reason = "only a serverless cache has such a limit"});
}

}  // namespace

std::shared_ptr<XmlItems> replication_groups(std::shared_ptr<net::AwsClient> client,
                                             net::Services& services) {
  return xml_items(described_groups, std::move(client), services);
}

std::shared_ptr<XmlItems> cache_clusters(std::shared_ptr<net::AwsClient> client, net::Services& services) {
  return xml_items(described_clusters, std::move(client), services);
}

CacheNodeType::CacheNodeType(const definitions::ComponentDefinition& definition,
                             const definitions::Settings& settings, Sizes sizes,
                             std::shared_ptr<net::AwsClient> client, net::Services& services)
    : AwsComponent(settings.has("replication_group_id")
                       ? "replication group " + settings.text("replication_group_id")
                       : "cache cluster " + settings.text("cache_cluster_id"),
                   definition),
      group_(stored_name(settings.text("replication_group_id"))),
      cluster_(stored_name(settings.text("cache_cluster_id"))),
      sizes_(std::move(sizes)),
      client_(std::move(client)),
      groups_(replication_groups(client_, services)),
      clusters_(cache_clusters(client_, services)) {}

Task<Result<XmlAnswer>> CacheNodeType::read(std::shared_ptr<XmlItems> items, std::string id) {
  auto found = co_await items->ask(id);
  if (!found) co_return std::unexpected(std::move(found.error()));
  if (!*found) co_return fail(ErrorCode::not_found, "there is no " + title() + " in " + client_->region());
  co_return (*found)->front();
}

Task<Result<Observation>> CacheNodeType::look() {
  if (!group_.empty()) {
    auto seen = co_await look_at_group();
    co_return seen;
  }
  auto cluster = co_await read(clusters_, cluster_);
  if (!cluster) co_return std::unexpected(std::move(cluster.error()));
  const std::string status = cluster->text("CacheClusterStatus");
  if (status.empty()) co_return std::unexpected(bad_answer("no CacheClusterStatus in the answer"));
  if (const std::string group = cluster->text("ReplicationGroupId"); !group.empty())
    co_return fail(ErrorCode::invalid_argument,
                   "it is a member of a replication group, whose nodes have one type: give "
                   "replication_group_id " +
                       net::excerpt(group, 40));
  Observation seen;
  add_status(status, seen);
  sizes_.add(cluster->text("CacheNodeType"), seen);
  const bool waits = block_while_waiting(*cluster, {Sizes::value}, seen);
  show_ordered({Sizes::value}, seen.changing || waits, seen);
  co_return seen;
}

Task<Result<Observation>> CacheNodeType::look_at_group() {
  auto group = co_await read(groups_, group_);
  if (!group) co_return std::unexpected(std::move(group.error()));
  const std::string status = group->text("Status");
  const auto members = group->at("MemberClusters").items();
  if (status.empty() || members.empty())
    co_return std::unexpected(bad_answer("no Status and MemberClusters in the answer"));
  Observation seen;
  add_status(status, seen);
  sizes_.add(group->text("CacheNodeType"), seen);
  if (!group->at("GlobalReplicationGroupInfo").text("GlobalReplicationGroupId").empty())
    seen.blocks.push_back({.value = Sizes::value,
                           .reason = "it is part of a global datastore, whose node type is changed as a "
                                     "whole"});
  // The group does not tell of a type that waits; its members do.
  auto member = co_await read(clusters_, members.front().text());
  if (!member) co_return std::unexpected(std::move(member.error()));
  bool waits = block_while_waiting(*group, {Sizes::value}, seen);
  waits |= block_while_waiting(*member, {Sizes::value}, seen);
  show_ordered({Sizes::value}, seen.changing || waits, seen);
  co_return seen;
}

net::Headers CacheNodeType::whose() const {
  if (!group_.empty()) return {{"ReplicationGroupId", group_}};
  return {{"CacheClusterId", cluster_}};
}

Task<Result<Applied>> CacheNodeType::write(Observation seen, Values wanted) {
  auto name = sizes_.at(wanted[Sizes::value]);
  if (!name) co_return std::unexpected(std::move(name.error()));
  auto allowed = co_await check_allowed(*name, wanted[Sizes::value] > seen.current[Sizes::value]);
  if (!allowed) co_return std::unexpected(std::move(allowed.error()));
  net::Headers parameters = whose();
  parameters.emplace_back("CacheNodeType", std::move(*name));
  parameters.emplace_back("ApplyImmediately", "true");
  auto id = co_await order_xml(*client_, group_.empty() ? "ModifyCacheCluster" : "ModifyReplicationGroup",
                               std::move(parameters));
  if (!id) co_return std::unexpected(std::move(id.error()));
  co_return Applied{.request_id = std::move(*id)};
}

/// AWS lists what the nodes may become, with what they hold now: a smaller one need not be in it.
Task<Status> CacheNodeType::check_allowed(std::string name, bool grows) {
  auto listed = co_await ask_xml(*client_, "ListAllowedNodeTypeModifications", whose());
  if (!listed) co_return within("ListAllowedNodeTypeModifications", std::move(listed.error()));
  std::vector<std::string> allowed;
  for (const char* list : {"ScaleUpModifications", "ScaleDownModifications"})
    for (const auto& one : listed->find(list).items()) allowed.push_back(one.text());
  if (std::ranges::find(allowed, name) != allowed.end()) co_return Status{};
  co_return fail(ErrorCode::invalid_argument,
                 title() + ": AWS does not allow " + name + " for it now" +
                     (grows ? "" : " (do its data fit?)") +
                     "; `aws elasticache list-allowed-node-type-modifications` lists what it allows");
}

}  // namespace wave::components
