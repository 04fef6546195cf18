#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "components/answer.h"
#include "components/aws/aws_component.h"
#include "components/kinds.h"
#include "definitions/common_keys.h"

namespace wave::components {
namespace {

using nlohmann::ordered_json;

constexpr const char* path = "/cluster/{}";

/// A value and what the API calls it.
struct Dimension {
  const char* name;
  const char* key;
};
constexpr std::array<Dimension, 3> elastic_dimensions{{{"shard_count", "shardCount"},
                                                       {"shard_capacity", "shardCapacity"},
                                                       {"shard_instance_count", "shardInstanceCount"}}};
constexpr std::array<std::string_view, 9> under_way{"CREATING",  "UPDATING", "MODIFYING",
                                                    "SPLITTING", "MERGING",  "COPYING",
                                                    "STARTING",  "STOPPING", "MAINTENANCE"};
constexpr std::array<double, 6> capacities{2, 4, 8, 16, 32, 64};

class ElasticCluster final : public AwsComponent {
 public:
  ElasticCluster(const definitions::ComponentDefinition& definition, const definitions::Settings& settings,
                 Runtime& runtime, std::unique_ptr<net::AwsClient> client)
      : AwsComponent("elastic cluster " + settings.text("cluster_arn"), definition),
        arn_(settings.text("cluster_arn")),
        runtime_(runtime),
        client_(std::move(client)) {}

 private:
  Task<Result<Observation>> look() override {
    net::RestCall call{.path = path, .labels = {arn_}};
    auto answer = co_await client_->rest(std::move(call));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    const auto parsed = Answer::parse(answer->body);
    if (!parsed) co_return std::unexpected(parsed.error());
    const Answer cluster = parsed->at("cluster");
    Observation seen;
    for (const auto& [name, key] : elastic_dimensions) {
      const auto number = cluster.number(key);
      if (!number && std::string_view(name) == "shard_instance_count") continue;
      if (!number) co_return std::unexpected(bad_answer("no " + std::string(key) + " in the answer"));
      seen.current[name] = *number;
    }
    const std::string status = cluster.text("status");
    seen.changing = std::ranges::find(under_way, status) != under_way.end();
    if (status != "ACTIVE") {
      seen.blocks.push_back({.reason = "the cluster's status is '" + net::excerpt(status, 64) + "'"});
    } else {
      seen.ready = seen.current.at("shard_count");
    }
    show_ordered({"shard_count", "shard_capacity", "shard_instance_count"}, seen.changing, seen);
    co_return seen;
  }

  Task<Result<Applied>> write(Observation, Values wanted) override {
    if (const auto capacity = wanted.find("shard_capacity");
        capacity != wanted.end() && std::ranges::find(capacities, capacity->second) == capacities.end())
      co_return fail(ErrorCode::invalid_argument,
                     "shard_capacity is 2, 4, 8, 16, 32 or 64, not " + whole(capacity->second));
    ordered_json body = ordered_json::object();
    for (const auto& [name, key] : elastic_dimensions)
      if (const auto number = wanted.find(name); number != wanted.end())
        body[key] = static_cast<std::int64_t>(number->second);
    body["clientToken"] = net::idempotency_token(runtime_);
    net::RestCall call{.method = "PUT", .path = path, .labels = {arn_}, .body = body.dump()};
    auto answer = co_await client_->rest(std::move(call));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    co_return Applied{.request_id = std::string(answer->header("x-amzn-requestid"))};
  }

  std::string arn_;
  Runtime& runtime_;
  std::unique_ptr<net::AwsClient> client_;
};

Result<std::unique_ptr<Component>> create_documentdb_elastic(
    const definitions::ComponentDefinition& definition, const definitions::Settings& settings,
    net::Services& services) {
  auto client = services.aws.client(net::aws::docdb_elastic, settings);
  if (!client) return std::unexpected(client.error());
  return std::make_unique<ElasticCluster>(definition, settings, services.runtime, std::move(*client));
}

}  // namespace

const Kind& amazon_documentdb_elastic() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::component,
           .name = "amazon-documentdb-elastic",
           .vendor = "aws",
           .summary = "The shards of an Amazon DocumentDB elastic cluster.",
           .keys = definitions::join({{{.name = "cluster_arn",
                                        .help = "The cluster's ARN.",
                                        .required = true,
                                        .example = "arn:aws:docdb-elastic:eu-west-1:123456789012:"
                                                   "cluster/11112222-3333-4444-5555-666677778888"}},
                                      definitions::aws_keys()}),
           .values = {{.name = "shard_count",
                       .help = "Its shards.",
                       .lowest = 1,
                       .highest = 32,
                       .alias = "desired"},
                      {.name = "shard_capacity",
                       .help = "The vCPUs of each shard: 2, 4, 8, 16, 32 or 64.",
                       .lowest = 2,
                       .highest = 64,
                       .choices = "2|4|8|16|32|64"},
                      {.name = "shard_instance_count",
                       .help = "The instances of each shard.",
                       .lowest = 1,
                       .highest = 16}},
           .ready_after = 30min,
           .scale_in = false,
           .permissions =
               "`docdb-elastic:GetCluster` and `docdb-elastic:UpdateCluster` on the cluster. AWS' Service "
               "Authorization Reference lists more that UpdateCluster may need: for its VPC endpoints "
               "`ec2:CreateVpcEndpoint`, `ec2:ModifyVpcEndpoint`, `ec2:DeleteVpcEndpoints`, "
               "`ec2:DescribeVpcEndpoints`, `ec2:DescribeVpcs`, `ec2:DescribeVpcAttribute`, "
               "`ec2:DescribeSubnets`, `ec2:DescribeSecurityGroups` and "
               "`ec2:DescribeAvailabilityZones`; with a key of yours `kms:DescribeKey`, "
               "`kms:CreateGrant`, `kms:Decrypt` and `kms:GenerateDataKey`; for another password, which "
               "we never set, some of Secrets Manager. It does not say which of them another number of "
               "shards needs: begin with the two, and a refusal names what it lacks.",
           .notes = "Another number of shards moves data: minutes to hours, so let it be rare. `scale_in` is "
                    "false unless you write true. While the cluster is not ACTIVE nothing is changed."},
      .create = &create_documentdb_elastic};
  return kind;
}

}  // namespace wave::components
