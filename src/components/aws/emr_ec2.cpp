#include <nlohmann/json.hpp>

#include "components/answer.h"
#include "components/aws/aws_component.h"
#include "components/aws/emr.h"
#include "components/kinds.h"
#include "definitions/common_keys.h"

namespace wave::components {
namespace {

using nlohmann::ordered_json;

constexpr const char* on_demand = "on_demand_capacity";
constexpr const char* spot = "spot_capacity";
constexpr const char* steps = "step_concurrency_level";
constexpr Duration policy_lasts = 1min;

bool is_changing(const std::string& state) {
  return state == "RESIZING" || state == "PROVISIONING" || state == "BOOTSTRAPPING" ||
         state == "RECONFIGURING";
}

bool is_fleet(const definitions::Settings& metadata) {
  return metadata.text("instance_group_id").starts_with("if-");
}

/// What its id does not tell, or not yet, is seen when it is scaled.
bool is_known(const definitions::Settings& metadata) {
  return is_fleet(metadata) || metadata.text("instance_group_id").starts_with("ig-");
}

std::string lacks_for(bool is_fleet, std::string_view value) {
  if (is_fleet && value == "desired") return "an instance fleet has on_demand_capacity and spot_capacity";
  if (!is_fleet && (value == on_demand || value == spot)) return "an instance group has desired";
  return "";
}

std::string lacks_of_emr_ec2(const definitions::Settings& metadata, std::string_view value) {
  return is_known(metadata) ? lacks_for(is_fleet(metadata), value) : "";
}

/// An instance fleet (its id begins with `if-`) or an instance group of a cluster.
class EmrInstances final : public AwsComponent {
 public:
  EmrInstances(const definitions::ComponentDefinition& definition, const definitions::Settings& settings,
               Runtime& runtime, std::unique_ptr<net::AwsClient> client)
      : AwsComponent("instances " + settings.text("instance_group_id"), definition),
        cluster_(settings.text("cluster_id")),
        id_(settings.text("instance_group_id")),
        is_fleet_(is_fleet(settings)),
        runtime_(runtime),
        client_(std::move(client)) {}

 private:
  Task<Result<Observation>> look() override {
    Observation seen;
    auto level = co_await look_at_emr_cluster(*client_, cluster_, &seen);
    if (!level) co_return std::unexpected(std::move(level.error()));
    if (*level) seen.current[steps] = **level;
    auto listed = co_await ask(is_fleet_ ? "ListInstanceFleets" : "ListInstanceGroups");
    if (!listed) co_return std::unexpected(std::move(listed.error()));
    const char* list = is_fleet_ ? "InstanceFleets" : "InstanceGroups";
    if (!listed->has(list))
      co_return std::unexpected(bad_answer(std::string("no ") + list + " in the answer"));
    Answer own;
    for (const auto& one : listed->at(list).items())
      if (one.text("Id") == id_) own = one;
    if (!own) co_return fail(ErrorCode::not_found, "the cluster " + cluster_ + " has no " + id_);
    auto ok = is_fleet_ ? read_fleet(own, seen) : read_group(own, seen);
    if (!ok) co_return std::unexpected(std::move(ok.error()));
    add_state(own, seen);
    if (!ignores_steering()) co_await look_for_policy(&seen);
    co_return seen;
  }

  Task<Result<Answer>> ask(std::string operation) {
    const ordered_json body = {{"ClusterId", cluster_}};
    auto answer = co_await client_->json(operation, body.dump());
    if (!answer) co_return std::unexpected(emr_error(std::move(answer.error())));
    auto parsed = Answer::parse(answer->body);
    co_return parsed;
  }

  static Status read_group(const Answer& group, Observation& seen) {
    const auto requested = group.number("RequestedInstanceCount");
    if (!requested) return std::unexpected(bad_answer("no RequestedInstanceCount in the answer"));
    if (group.text("InstanceGroupType") == "MASTER")
      return fail(ErrorCode::invalid_argument, "a master instance group is never scaled");
    seen.current["desired"] = *requested;
    seen.ready = group.number("RunningInstanceCount");
    seen.changing = seen.ready && *seen.ready != *requested;
    const std::string policy = group.at("AutoScalingPolicy").at("Status").text("State");
    if (!policy.empty() && policy != "DETACHED")
      seen.steering.push_back(
          {.who = "an automatic scaling policy of the instance group", .advice = "remove it"});
    return {};
  }

  static Status read_fleet(const Answer& fleet, Observation& seen) {
    const auto ordered = fleet.number("TargetOnDemandCapacity");
    const auto bid = fleet.number("TargetSpotCapacity");
    if (!ordered || !bid)
      return std::unexpected(bad_answer("no TargetOnDemandCapacity and TargetSpotCapacity in the answer"));
    if (fleet.text("InstanceFleetType") == "MASTER")
      return fail(ErrorCode::invalid_argument, "a master instance fleet is never scaled");
    seen.current[on_demand] = *ordered;
    seen.current[spot] = *bid;
    const double there = fleet.number("ProvisionedOnDemandCapacity").value_or(0) +
                         fleet.number("ProvisionedSpotCapacity").value_or(0);
    seen.changing = there < *ordered + *bid;
    return {};
  }

  void add_state(const Answer& own, Observation& seen) const {
    const std::string state = own.at("Status").text("State");
    seen.changing = seen.changing || is_changing(state);
    if (state == "TERMINATING" || state == "TERMINATED" || state == "ENDED" || state == "SUSPENDED")
      seen.blocks.push_back({.reason = id_ + " is " + state});
    if (state == "RECONFIGURING")
      seen.blocks.push_back({.reason = id_ + " is being reconfigured, which excludes resizing"});
    if (state == "ARRESTED") seen.warnings.push_back(id_ + " is ARRESTED: EMR cannot start its instances");
  }

  /// Managed scaling undoes what is set by hand. EMR's API allows few calls: the answer counts for a minute.
  Task<void> look_for_policy(Observation* seen) {
    if (!policy_asked_at_ || runtime_.mono() - *policy_asked_at_ >= policy_lasts) {
      policy_.reset();
      policy_unknown_.clear();
      auto policy = co_await ask("GetManagedScalingPolicy");
      if (!policy) {
        policy_unknown_ = "whether managed scaling steers it is not known: " + policy.error().text();
        if (policy.error().retryable) {
          seen->blocks.push_back({.reason = policy_unknown_});
          co_return;
        }
      } else if (policy->at("ManagedScalingPolicy").has("ComputeLimits")) {
        policy_ = Steering{.who = "the managed scaling policy of the cluster",
                           .advice = "use amazon-emr-managed-scaling, which moves its range"};
      }
      policy_asked_at_ = runtime_.mono();
    }
    if (policy_) seen->steering.push_back(*policy_);
    if (!policy_unknown_.empty()) seen->warnings.push_back(policy_unknown_);
  }

  Task<Result<Applied>> write(Observation, Values wanted) override {
    for (const auto& [value, number] : wanted)
      if (const std::string why = lacks_for(is_fleet_, value); !why.empty())
        co_return fail(ErrorCode::invalid_argument, title() + " has no " + value + ": " + why);
    Applied applied;
    Values reached;
    if (const auto level = wanted.find(steps); level != wanted.end()) {
      const ordered_json body = {{"ClusterId", cluster_},
                                 {"StepConcurrencyLevel", static_cast<std::int64_t>(level->second)}};
      auto answer = co_await client_->json("ModifyCluster", body.dump());
      if (!answer) co_return std::unexpected(emr_error(std::move(answer.error())));
      applied.request_id = std::string(answer->header("x-amzn-requestid"));
      reached.insert(*level);
      wanted.erase(level);
    }
    if (wanted.empty()) co_return applied;
    auto answer = co_await resize(std::move(wanted));
    if (answer) {
      applied.request_id = std::string(answer->header("x-amzn-requestid"));
      co_return applied;
    }
    co_return in_part(std::move(applied), std::move(reached), emr_error(std::move(answer.error())));
  }

  /// Only what is set: a capacity that is left out stays.
  Task<Result<net::HttpResponse>> resize(Values wanted) {
    ordered_json body = {{"ClusterId", cluster_}};
    if (is_fleet_) {
      ordered_json fleet = {{"InstanceFleetId", id_}};
      if (wanted.contains(on_demand))
        fleet["TargetOnDemandCapacity"] = static_cast<std::int64_t>(wanted[on_demand]);
      if (wanted.contains(spot)) fleet["TargetSpotCapacity"] = static_cast<std::int64_t>(wanted[spot]);
      body["InstanceFleet"] = std::move(fleet);
    } else {
      body["InstanceGroups"] = ordered_json::array(
          {{{"InstanceGroupId", id_}, {"InstanceCount", static_cast<std::int64_t>(wanted["desired"])}}});
    }
    auto answer =
        co_await client_->json(is_fleet_ ? "ModifyInstanceFleet" : "ModifyInstanceGroups", body.dump());
    co_return answer;
  }

  std::string cluster_;
  std::string id_;
  bool is_fleet_;
  Runtime& runtime_;
  std::unique_ptr<net::AwsClient> client_;
  std::optional<MonoTime> policy_asked_at_;
  std::optional<Steering> policy_;
  std::string policy_unknown_;  ///< why it is not known
};

Result<std::unique_ptr<Component>> create_emr_ec2(const definitions::ComponentDefinition& definition,
                                                  const definitions::Settings& settings,
                                                  net::Services& services) {
  auto client = services.aws.client(net::aws::emr, settings);
  if (!client) return std::unexpected(client.error());
  return std::make_unique<EmrInstances>(definition, settings, services.runtime, std::move(*client));
}

}  // namespace

const Kind& amazon_emr_ec2() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::component,
           .name = "amazon-emr-ec2",
           .vendor = "aws",
           .summary = "An instance group or instance fleet of an Amazon EMR cluster.",
           .keys = definitions::join(
               {{{.name = "cluster_id",
                  .help = "The cluster's id.",
                  .required = true,
                  .example = "j-2AXXXXXXGAPLF"},
                 {.name = "instance_group_id",
                  .help = "The id of the instance group (ig-...) or of the instance fleet (if-...).",
                  .required = true,
                  .example = "ig-1XXXXXXXXXXXX"}},
                definitions::aws_keys()}),
           .values = {{.name = "desired",
                       .help = "Instances of the instance group.",
                       .highest = 4000,
                       .alias = "instance_count"},
                      {.name = on_demand, .help = "On-demand units of the fleet."},
                      {.name = spot, .help = "Spot units of the fleet."},
                      {.name = steps, .help = "Steps at once.", .lowest = 1, .highest = 256}},
           .ready_after = 5min,
           .scale_in = false,
           .lacks = &lacks_of_emr_ec2,
           .permissions =
               "On the cluster: `elasticmapreduce:DescribeCluster`, "
               "`elasticmapreduce:GetManagedScalingPolicy` "
               "(to see whether managed scaling steers it), `elasticmapreduce:ListInstanceGroups` and "
               "`elasticmapreduce:ModifyInstanceGroups`, or `elasticmapreduce:ListInstanceFleets` and "
               "`elasticmapreduce:ModifyInstanceFleet`; with `step_concurrency_level` "
               "`elasticmapreduce:ModifyCluster`.",
           .notes =
               "Core nodes hold HDFS: nothing is made smaller unless `scale_in: true` says that it may be (a "
               "task group, say). Keep a core group above the replication factor of HDFS with `limits`. The "
               "master group is never scaled.\n\nA managed scaling policy of the cluster, or an automatic "
               "scaling policy of the group, would undo every change: it is seen before the first write and "
               "never removed. Of a fleet only the capacities that a plan names are sent."},
      .create = &create_emr_ec2};
  return kind;
}

}  // namespace wave::components
