#include <array>

#include "base/text.h"
#include "components/answer.h"
#include "components/aws/databases/cache_node_type.h"
#include "components/aws/databases/identifier.h"
#include "components/aws/databases/waiting.h"
#include "components/kinds.h"
#include "definitions/common_keys.h"

namespace wave::components {
namespace {

/// A limit of a serverless cache: our value, and where AWS has it.
struct UsageLimit {
  const char* name;
  const char* part;
  const char* bound;
  bool is_floor;
};
constexpr std::array<UsageLimit, 4> usage_limits{{{"min_ecpu", "ECPUPerSecond", "Minimum", true},
                                                  {"max_ecpu", "ECPUPerSecond", "Maximum", false},
                                                  {"min_data_gb", "DataStorage", "Minimum", true},
                                                  {"max_data_gb", "DataStorage", "Maximum", false}}};

const XmlListing serverless_caches{.action = "DescribeServerlessCaches",
                                   .list = "ServerlessCaches",
                                   .name = "ServerlessCacheName",
                                   .single = "ServerlessCacheName",
                                   .page_size = "MaxResults",
                                   .most_of_a_page = 50,
                                   .next = "NextToken"};

class ServerlessCache final : public AwsComponent {
 public:
  ServerlessCache(const definitions::ComponentDefinition& definition, const definitions::Settings& settings,
                  std::shared_ptr<net::AwsClient> client, net::Services& services)
      : AwsComponent("serverless cache " + settings.text("serverless_cache_name"), definition),
        name_(stored_name(settings.text("serverless_cache_name"))),
        client_(std::move(client)),
        caches_(xml_items(serverless_caches, client_, services)) {}

 private:
  Task<Result<Observation>> look() override {
    auto found = co_await caches_->ask(name_);
    if (!found) co_return std::unexpected(std::move(found.error()));
    if (!*found)
      co_return fail(ErrorCode::not_found,
                     "there is no serverless cache '" + name_ + "' in " + client_->region());
    const XmlAnswer cache = (*found)->front();
    const std::string status = cache.text("Status");
    if (status.empty()) co_return std::unexpected(bad_answer("no Status in the answer"));
    co_return seen_in(cache.at("CacheUsageLimits"), status);
  }

  Observation seen_in(const XmlAnswer& limits, const std::string& status) {
    Observation seen;
    for (const auto& one : usage_limits) {
      const auto number = limits.at(one.part).number(one.bound);
      // No minimum is a minimum of 0; no maximum is none at all.
      if (number || one.is_floor) {
        seen.current[one.name] = number.value_or(0);
      } else {
        seen.blocks.push_back({.value = one.name,
                               .reason =
                                   "it has no such limit, so it is unlimited; set one once, then a plan may "
                                   "move it"});
      }
    }
    seen.blocks.push_back({.value = Sizes::value, .reason = "a serverless cache has no nodes"});
    seen.changing = status != "available" && !is_stuck(status);
    if (status != "available")
      seen.blocks.push_back({.reason = "its status is '" + net::excerpt(status, 64) + "'"});
    show_ordered({"min_ecpu", "max_ecpu", "min_data_gb", "max_data_gb"}, seen.changing, seen);
    return seen;
  }

  /// All limits that it has: a part that is sent replaces what was there.
  Task<Result<Applied>> write(Observation seen, Values wanted) override {
    net::Headers parameters = {{"ServerlessCacheName", name_}};
    const auto number = [&](const char* name) -> std::optional<double> {
      if (const auto asked = wanted.find(name); asked != wanted.end()) return asked->second;
      const auto now = seen.current.find(name);
      return now == seen.current.end() || now->second == 0 ? std::nullopt : std::optional(now->second);
    };
    const auto add = [&](const char* name, const std::string& key) {
      if (const auto value = number(name)) parameters.emplace_back("CacheUsageLimits." + key, whole(*value));
    };
    add("max_data_gb", "DataStorage.Maximum");
    add("min_data_gb", "DataStorage.Minimum");
    if (parameters.size() > 1) parameters.emplace_back("CacheUsageLimits.DataStorage.Unit", "GB");
    add("max_ecpu", "ECPUPerSecond.Maximum");
    add("min_ecpu", "ECPUPerSecond.Minimum");
    auto id = co_await order_xml(*client_, "ModifyServerlessCache", std::move(parameters));
    if (!id) co_return std::unexpected(std::move(id.error()));
    co_return Applied{.request_id = std::move(*id)};
  }

  std::string name_;
  std::shared_ptr<net::AwsClient> client_;
  std::shared_ptr<XmlItems> caches_;
};

std::string problem_of_elasticache(const definitions::Settings& metadata) {
  int given = 0;
  for (const char* key : {"serverless_cache_name", "replication_group_id", "cache_cluster_id"})
    given += metadata.has(key) ? 1 : 0;
  return given == 1 ? "" : "give one of serverless_cache_name, replication_group_id and cache_cluster_id";
}

std::string lacks_of_elasticache(const definitions::Settings& metadata, std::string_view value) {
  if (!problem_of_elasticache(metadata).empty()) return {};
  if (metadata.has("serverless_cache_name"))
    return value == Sizes::value ? "a serverless cache has no nodes" : "";
  return value == Sizes::value ? "" : "only a serverless cache has such a limit";
}

Result<std::unique_ptr<Component>> create_elasticache(const definitions::ComponentDefinition& definition,
                                                      const definitions::Settings& settings,
                                                      net::Services& services) {
  if (auto wrong = problem_of_elasticache(settings); !wrong.empty())
    return fail(ErrorCode::invalid_argument, std::move(wrong));
  if (!settings.has("serverless_cache_name"))
    return create_sized<CacheNodeType>(net::aws::elasticache, "node_types", definition, settings, services);
  auto client = services.aws.client(net::aws::elasticache, settings);
  if (!client) return std::unexpected(client.error());
  return std::make_unique<ServerlessCache>(definition, settings, std::move(*client), services);
}

}  // namespace

const Kind& amazon_elasticache() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::component,
           .name = "amazon-elasticache",
           .vendor = "aws",
           .summary = "The limits of an Amazon ElastiCache serverless cache, or the node type of a "
                      "replication group or cluster.",
           .keys = definitions::join(
               {{{.name = "serverless_cache_name", .help = "The serverless cache.", .example = "sessions"},
                 {.name = "replication_group_id",
                  .help = "Instead: the replication group (Valkey, Redis OSS) whose "
                          "node type is set."},
                 {.name = "cache_cluster_id",
                  .help = "Instead: a cluster of Memcached, or a single node, whose "
                          "node type is set."},
                 {.name = "node_types",
                  .type = definitions::KeyType::list,
                  .help = "The node types that `size` counts, smallest first.",
                  .example = "[cache.r7g.large, cache.r7g.xlarge]"}},
                definitions::aws_keys()}),
           .values = {{.name = "min_ecpu",
                       .help = "ElastiCache processing units a second that are always there; 0 is none.",
                       .highest = 15'000'000},
                      {.name = "max_ecpu",
                       .help = "The most of them; requests above are throttled.",
                       .lowest = 1000,
                       .highest = 15'000'000},
                      {.name = "min_data_gb",
                       .help = "GB of data that are always paid for; 0 is none.",
                       .highest = 5000},
                      {.name = "max_data_gb",
                       .help = "The most data, in GB; above, keys are evicted.",
                       .lowest = 1,
                       .highest = 5000},
                      Sizes::spec("node_types", "Which of `node_types` its nodes have.")},
           .ready_after = 5min,
           .scale_in = false,
           .problem = &problem_of_elasticache,
           .lacks = &lacks_of_elasticache,
           .permissions =
               "`elasticache:DescribeServerlessCaches` and `elasticache:ModifyServerlessCache` on the cache; "
               "for a node type `elasticache:DescribeReplicationGroups` and "
               "`elasticache:ModifyReplicationGroup` on the replication group, "
               "`elasticache:DescribeCacheClusters` and `elasticache:ModifyCacheCluster` on the clusters, "
               "`elasticache:ListAllowedNodeTypeModifications` on either. AWS lists as what they may need "
               "besides: for a serverless cache `ec2:DescribeSecurityGroups` and `ec2:DescribeTags`; for a "
               "replication group `ec2:CreateNetworkInterface`, `ec2:DeleteNetworkInterface`, "
               "`ec2:DescribeNetworkInterfaces`, `ec2:DescribeSubnets` and `ec2:DescribeVpcs`.",
           .notes =
               "A minimum is capacity that is ready before the load comes; a maximum caps the cost. "
               "`scale_in` is false unless you write true.\n\nAnother `size` replaces the nodes: minutes to "
               "an hour, online with replicas (Valkey, Redis OSS), with an interruption without; Memcached "
               "needs 1.5 and clients with auto discovery. AWS is asked first whether it allows that type: a "
               "smaller one must hold the data. A type that is not in the list blocks the value until you "
               "add it. While another change waits for its maintenance window nothing is sent: AWS would "
               "make both at once. For the number of nodes, shards and replicas use "
               "`amazon-elasticache-redis` and `amazon-elasticache-memcached`."},
      .create = &create_elasticache};
  return kind;
}

}  // namespace wave::components
