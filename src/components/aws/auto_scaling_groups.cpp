#include "components/aws/auto_scaling_groups.h"

#include <algorithm>
#include <map>

#include "components/aws/xml_answer.h"

namespace wave::components {
namespace {

/// What of a group's instances serves; with weights, units of capacity.
struct Serving {
  double ready = 0;
  bool all_settled = true;
};

Serving serving_of(const XmlAnswer& group) {
  Serving out;
  for (const auto& instance : group.at("Instances").items()) {
    const std::string state = instance.text("LifecycleState");
    const bool in_service = state == "InService";
    if (in_service && instance.text("HealthStatus") == "Healthy")
      out.ready += instance.number("WeightedCapacity").value_or(1);
    if (!in_service && state != "Standby") out.all_settled = false;
  }
  return out;
}

/// Who else sets the numbers of a group, by the tags that he needs on it. The node groups of EKS carry that
/// of Cluster Autoscaler whether it runs or not.
std::optional<Steering> steering_of(const XmlAnswer& group) {
  std::map<std::string, std::string> tags;
  for (const auto& tag : group.at("Tags").items()) tags[tag.text("Key")] = tag.text("Value");
  if (const auto node_group = tags.find("eks:nodegroup-name"); node_group != tags.end())
    return Steering{.who = "the EKS node group " + net::excerpt(node_group->second, 64),
                    .advice = "scale it with amazon-eks"};
  if (tags.contains("AmazonECSManaged"))
    return Steering{
        .who = "a capacity provider of ECS",
        .advice = "let plans set `min`, or set on_conflict: ignore where its managed scaling is off",
        .value = "desired"};
  if (tags.contains("k8s.io/cluster-autoscaler/enabled"))
    return Steering{.who = "Cluster Autoscaler",
                    .advice = "let plans set `min`, or set on_conflict: ignore where it does not run",
                    .value = "desired"};
  return std::nullopt;
}

Result<Observation> observation_of(const XmlAnswer& group) {
  const auto min = group.number("MinSize");
  const auto max = group.number("MaxSize");
  const auto desired = group.number("DesiredCapacity");
  if (!min || !max || !desired)
    return std::unexpected(bad_answer("no MinSize, MaxSize and DesiredCapacity in the answer"));
  Observation seen{.current = {{"desired", *desired}, {"min", *min}, {"max", *max}}, .ready = {}};
  const Serving serving = serving_of(group);
  seen.ready = serving.ready;
  seen.changing = !serving.all_settled || serving.ready != *desired;
  seen.system_min = {{"desired", *min}, {"max", *min}};
  seen.system_max = {{"desired", *max}, {"min", *max}};
  if (auto who = steering_of(group)) seen.steering.push_back(std::move(*who));
  if (const std::string status = group.text("Status"); !status.empty()) {
    seen.blocks.push_back({.reason = "the group's status is '" + status.substr(0, 64) + "'"});
  }
  for (const auto& process : group.at("SuspendedProcesses").items()) {
    const std::string name = process.text("ProcessName");
    if (name == "Launch" || name == "Terminate" || name == "AlarmNotification")
      seen.warnings.push_back(name + " is suspended: " +
                              (name == "AlarmNotification" ? "AWS' own alarms do nothing"
                                                           : "a change is accepted and never comes true"));
    if (name == "Terminate") seen.system_min["desired"] = std::max(*min, *desired);
  }
  return seen;
}

/// MaxRecords is 50 unless it is given.
constexpr std::size_t most_groups = 100;
constexpr std::size_t groups_a_page = 50;

Task<Result<AutoScalingGroups::Answers>> describe_groups(std::shared_ptr<net::AwsClient> client,
                                                         std::vector<std::string> names) {
  net::Headers parameters;
  for (const auto& name : names)
    parameters.emplace_back("AutoScalingGroupNames.member." + std::to_string(parameters.size() + 1), name);
  if (names.size() > groups_a_page) parameters.emplace_back("MaxRecords", std::to_string(most_groups));
  auto answer = co_await ask_xml(*client, "DescribeAutoScalingGroups", std::move(parameters));
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  const auto groups = answer->find("AutoScalingGroups");
  if (!groups) co_return std::unexpected(bad_answer("no AutoScalingGroups in the answer"));
  AutoScalingGroups::Answers out;
  for (const auto& group : groups.items()) {
    // An answer for one name need not repeat it.
    const std::string name = group.text("AutoScalingGroupName");
    out.emplace(name.empty() && names.size() == 1 ? names.front() : name, observation_of(group));
  }
  co_return out;
}

}  // namespace

Result<std::shared_ptr<AutoScalingGroups>> auto_scaling_groups(const definitions::Settings& settings,
                                                               net::Services& services) {
  auto made = services.aws.client(net::aws::autoscaling, settings);
  if (!made) return std::unexpected(made.error());
  const std::shared_ptr<net::AwsClient> client = std::move(*made);
  return services.shared.get<AutoScalingGroups>(client->shared_key(), [&] {
    return std::make_shared<AutoScalingGroups>(
        services.runtime, most_groups,
        [client](std::vector<std::string> names) { return describe_groups(client, std::move(names)); },
        net::Forbidden::all);
  });
}

Values fitted_range(const Values& now, Values wanted) {
  const auto of = [&](const char* value) {
    const auto found = wanted.find(value);
    return found == wanted.end() ? now.at(value) : found->second;
  };
  double min = of("min");
  double max = of("max");
  if (min > max && wanted.contains("min")) {
    min = max;
  } else if (min > max) {
    max = min;
  }
  if (wanted.contains("min")) wanted["min"] = min;
  if (wanted.contains("max")) wanted["max"] = max;
  if (wanted.contains("desired")) wanted["desired"] = std::clamp(wanted["desired"], min, max);
  return wanted;
}

Applied applied_range(std::string request_id, const Values& wanted, Values sent) {
  Applied applied{.request_id = std::move(request_id)};
  if (sent == wanted) return applied;
  applied.reached = std::move(sent);
  applied.rest = "the minimum is at most the maximum, and desired between them";
  return applied;
}

}  // namespace wave::components
