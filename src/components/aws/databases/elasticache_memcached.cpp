#include <algorithm>

#include "components/answer.h"
#include "components/aws/databases/cache_node_type.h"
#include "components/aws/databases/identifier.h"
#include "components/aws/databases/waiting.h"
#include "components/kinds.h"
#include "definitions/common_keys.h"

namespace wave::components {
namespace {

constexpr const char* nodes = "nodes";

class MemcachedCluster final : public AwsComponent {
 public:
  MemcachedCluster(const definitions::ComponentDefinition& definition, const definitions::Settings& settings,
                   std::shared_ptr<net::AwsClient> client, net::Services& services)
      : AwsComponent("cache cluster " + settings.text("cache_cluster_id"), definition),
        id_(stored_name(settings.text("cache_cluster_id"))),
        client_(std::move(client)),
        clusters_(cache_clusters(client_, services)) {}

  Status watch(const definitions::Settings& settings, net::Services& services) {
    return watch_targets(
        {{.value = nodes,
          .target = {"elasticache", "cache-cluster/" + id_, "elasticache:cache-cluster:Nodes"}}},
        settings, services);
  }

 private:
  Task<Result<Observation>> look() override {
    auto found = co_await clusters_->ask(id_);
    if (!found) co_return std::unexpected(std::move(found.error()));
    if (!*found)
      co_return fail(ErrorCode::not_found, "there is no cache cluster '" + id_ + "' in " + client_->region());
    const XmlAnswer cluster = (*found)->front();
    const auto count = cluster.number("NumCacheNodes");
    const std::string status = cluster.text("CacheClusterStatus");
    if (!count || status.empty())
      co_return std::unexpected(bad_answer("no NumCacheNodes and CacheClusterStatus in the answer"));
    if (const auto engine = cluster.text("Engine"); engine != "memcached")
      co_return fail(ErrorCode::invalid_argument, "its engine is '" + net::excerpt(engine, 40) +
                                                      "', not memcached: use amazon-elasticache-redis");
    Observation seen{.current = {{nodes, *count}}, .ready = {}};
    double ready = 0;
    ids_.clear();
    for (const auto& node : cluster.at("CacheNodes").items()) {
      ids_.push_back(node.text("CacheNodeId"));
      if (node.text("CacheNodeStatus") == "available") ++ready;
    }
    std::ranges::sort(ids_);
    seen.ready = ready;
    seen.changing = (status != "available" || ready != *count) && !is_stuck(status);
    if (status != "available")
      seen.blocks.push_back({.reason = "the cluster's status is '" + net::excerpt(status, 64) + "'"});
    const bool waits = block_while_waiting(cluster, {nodes}, seen);
    show_ordered({nodes}, seen.changing || waits, seen);
    co_return seen;
  }

  /// A decrease names the nodes that go: those with the highest numbers.
  Task<Result<Applied>> write(Observation seen, Values wanted) override {
    const auto target = static_cast<std::size_t>(wanted[nodes]);
    const auto now = static_cast<std::size_t>(seen.current[nodes]);
    net::Headers parameters = {{"CacheClusterId", id_}, {"NumCacheNodes", std::to_string(target)}};
    if (target < now) {
      if (ids_.size() != now)
        co_return fail(ErrorCode::busy,
                       "AWS lists " + std::to_string(ids_.size()) + " of its " + std::to_string(now) +
                           " nodes; which to remove is not known",
                       true);
      for (std::size_t i = target; i < now; ++i)
        parameters.emplace_back("CacheNodeIdsToRemove.CacheNodeId." + std::to_string(i - target + 1),
                                ids_[i]);
    }
    parameters.emplace_back("ApplyImmediately", "true");
    auto id = co_await order_xml(*client_, "ModifyCacheCluster", std::move(parameters));
    if (!id) co_return std::unexpected(std::move(id.error()));
    co_return Applied{.request_id = std::move(*id)};
  }

  std::string id_;
  std::shared_ptr<net::AwsClient> client_;
  std::shared_ptr<XmlItems> clusters_;
  std::vector<std::string> ids_;  ///< of the nodes that were seen last, ascending
};

Result<std::unique_ptr<Component>> create_elasticache_memcached(
    const definitions::ComponentDefinition& definition, const definitions::Settings& settings,
    net::Services& services) {
  auto client = services.aws.client(net::aws::elasticache, settings);
  if (!client) return std::unexpected(client.error());
  auto made = std::make_unique<MemcachedCluster>(definition, settings, std::move(*client), services);
  if (auto ok = made->watch(settings, services); !ok) return std::unexpected(ok.error());
  return made;
}

}  // namespace

const Kind& amazon_elasticache_memcached() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::component,
           .name = "amazon-elasticache-memcached",
           .vendor = "aws",
           .summary = "The nodes of an Amazon ElastiCache cluster of Memcached.",
           .keys = definitions::join({{{.name = "cache_cluster_id",
                                        .help = "The cluster.",
                                        .required = true,
                                        .example = "sessions"}},
                                      definitions::aws_keys()}),
           .values = {{.name = nodes,
                       .help = "Its nodes; AWS' quota is 40 or 60 a cluster.",
                       .lowest = 1,
                       .highest = 60,
                       .alias = "desired"}},
           .ready_after = 7min,
           .scale_in = false,
           .permissions =
               "`elasticache:DescribeCacheClusters` and `elasticache:ModifyCacheCluster` on the "
               "cluster; `application-autoscaling:DescribeScalableTargets` (all resources) to see who "
               "else steers it, and `application-autoscaling:RegisterScalableTarget` with "
               "`on_conflict: raise_floor`.",
           .notes =
               "More or fewer nodes move keys between nodes: the cache is cold for those, so grow before "
               "a peak and not in it. The nodes with the highest numbers go first, with what they hold: "
               "`scale_in` is false unless you write true. Clients need auto discovery."},
      .create = &create_elasticache_memcached};
  return kind;
}

}  // namespace wave::components
