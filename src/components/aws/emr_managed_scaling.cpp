#include <nlohmann/json.hpp>

#include "components/answer.h"
#include "components/aws/aws_component.h"
#include "components/aws/emr.h"
#include "components/kinds.h"
#include "definitions/common_keys.h"

namespace wave::components {
namespace {

using nlohmann::ordered_json;

/// The value and what the policy calls it.
constexpr std::pair<const char*, const char*> units[] = {{"min", "MinimumCapacityUnits"},
                                                         {"max", "MaximumCapacityUnits"},
                                                         {"max_on_demand", "MaximumOnDemandCapacityUnits"},
                                                         {"max_core", "MaximumCoreCapacityUnits"}};

class ManagedScaling final : public AwsComponent {
 public:
  ManagedScaling(const definitions::ComponentDefinition& definition, const definitions::Settings& settings,
                 std::unique_ptr<net::AwsClient> client)
      : AwsComponent("cluster " + settings.text("cluster_id"), definition),
        cluster_(settings.text("cluster_id")),
        client_(std::move(client)) {}

 private:
  Task<Result<Observation>> look() override {
    Observation seen;
    auto state = co_await look_at_emr_cluster(*client_, cluster_, &seen);
    if (!state) co_return std::unexpected(std::move(state.error()));
    const ordered_json body = {{"ClusterId", cluster_}};
    auto answer = co_await client_->json("GetManagedScalingPolicy", body.dump());
    if (!answer) co_return std::unexpected(emr_error(std::move(answer.error())));
    policy_ = ordered_json::parse(answer->body, nullptr, false);
    const auto parsed = Answer::parse(answer->body);
    if (!parsed) co_return std::unexpected(parsed.error());
    const Answer policy = parsed->at("ManagedScalingPolicy");
    if (!policy)
      co_return fail(ErrorCode::not_found,
                     title() + " has no managed scaling policy; give it one, whose range is then moved");
    const Answer limits = policy.at("ComputeLimits");
    for (const auto& [value, name] : units)
      if (const auto number = limits.number(name)) seen.current[value] = *number;
    if (!seen.current.contains("min") || !seen.current.contains("max"))
      co_return std::unexpected(bad_answer("no MinimumCapacityUnits and MaximumCapacityUnits in the answer"));
    for (const auto& [value, name] : units)
      if (!seen.current.contains(value))
        seen.blocks.push_back({.value = value,
                               .reason = std::string("the policy has no ") + name +
                                         ": only its maximum bounds that; set one once in AWS"});
    seen.system_max["min"] = seen.current["max"];
    seen.system_min["max"] = seen.current["min"];
    co_return seen;
  }

  /// The whole policy, with all that it has and no plan names.
  Task<Result<Applied>> write(Observation, Values wanted) override {
    ordered_json policy = policy_["ManagedScalingPolicy"];
    for (const auto& [value, name] : units)
      if (const auto found = wanted.find(value); found != wanted.end())
        policy["ComputeLimits"][name] = static_cast<std::int64_t>(found->second);
    const ordered_json body = {{"ClusterId", cluster_}, {"ManagedScalingPolicy", std::move(policy)}};
    auto answer = co_await client_->json("PutManagedScalingPolicy", body.dump());
    if (!answer) co_return std::unexpected(emr_error(std::move(answer.error())));
    co_return Applied{.request_id = std::string(answer->header("x-amzn-requestid"))};
  }

  std::string cluster_;
  std::unique_ptr<net::AwsClient> client_;
  ordered_json policy_;  ///< as seen last
};

Result<std::unique_ptr<Component>> create_emr_managed_scaling(
    const definitions::ComponentDefinition& definition, const definitions::Settings& settings,
    net::Services& services) {
  auto client = services.aws.client(net::aws::emr, settings);
  if (!client) return std::unexpected(client.error());
  return std::make_unique<ManagedScaling>(definition, settings, std::move(*client));
}

}  // namespace

const Kind& amazon_emr_managed_scaling() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::component,
           .name = "amazon-emr-managed-scaling",
           .vendor = "aws",
           .summary = "The range of the managed scaling policy of an Amazon EMR cluster.",
           .keys = definitions::join({{{.name = "cluster_id",
                                        .help = "The cluster's id.",
                                        .required = true,
                                        .example = "j-2AXXXXXXGAPLF"}},
                                      definitions::aws_keys()}),
           .values = {{.name = "min",
                       .help = "MinimumCapacityUnits, in the policy's unit.",
                       .lowest = 1,
                       .alias = "desired"},
                      {.name = "max", .help = "MaximumCapacityUnits.", .lowest = 1},
                      {.name = "max_on_demand", .help = "MaximumOnDemandCapacityUnits."},
                      {.name = "max_core", .help = "MaximumCoreCapacityUnits.", .lowest = 1}},
           .ready_after = 5min,
           .permissions = "On the cluster: `elasticmapreduce:DescribeCluster`, "
                          "`elasticmapreduce:GetManagedScalingPolicy`, "
                          "`elasticmapreduce:PutManagedScalingPolicy`.",
           .notes =
               "The cluster must have a managed scaling policy: its unit (instances, vCPU, fleet units) "
               "stays "
               "as it is, as does everything of the policy that a plan does not name. EMR follows its policy "
               "within seconds, so a raised `min` is how to be early; scale-in decommissions nodes "
               "gracefully. A policy is never removed. `max_on_demand` and `max_core` are moved where the "
               "policy has "
               "them; a limit that it does not have is not made."},
      .create = &create_emr_managed_scaling};
  return kind;
}

}  // namespace wave::components
