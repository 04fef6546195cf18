#include <algorithm>
#include <charconv>
#include <cmath>

#include <pugixml.hpp>

#include "components/kinds.h"
#include "definitions/common_keys.h"
#include "net/aws/aws_client.h"

namespace wave::components {
namespace {

Error bad(std::string message) {
  return {.code = ErrorCode::bad_response, .message = std::move(message), .retryable = true};
}

std::optional<double> number_of(const pugi::xml_node& node, const char* name) {
  const std::string_view text = node.child_value(name);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value < 0)
    return std::nullopt;
  return value;
}

std::string whole(double number) {
  return std::to_string(static_cast<std::int64_t>(number));
}

/// What of a group's instances serves; with weights, units of capacity.
struct Serving {
  double ready = 0;
  bool all_settled = true;
};

Serving serving_of(const pugi::xml_node& group) {
  Serving out;
  for (const auto instance : group.child("Instances").children("member")) {
    const std::string_view state = instance.child_value("LifecycleState");
    const bool in_service = state == "InService";
    if (in_service && std::string_view(instance.child_value("HealthStatus")) == "Healthy")
      out.ready += number_of(instance, "WeightedCapacity").value_or(1);
    if (!in_service && state != "Standby") out.all_settled = false;
  }
  return out;
}

class AutoScalingGroup final : public Component {
 public:
  AutoScalingGroup(std::string name, std::unique_ptr<net::AwsClient> client)
      : name_(std::move(name)), client_(std::move(client)) {}

  Task<Result<Observation>> observe() override {
    net::Headers parameters;
    parameters.emplace_back("AutoScalingGroupNames.member.1", name_);
    auto answer = co_await client_->query("DescribeAutoScalingGroups", std::move(parameters));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    co_return read(answer->body);
  }

  /// One call for all that changes. Reads first: limits were computed on what was there then.
  Task<Result<Applied>> apply(Change change) override {
    auto seen = co_await observe();
    if (!seen) co_return std::unexpected(std::move(seen.error()));
    for (const auto& [value, was] : change.basis) {
      if (seen->current[value] != was)
        co_return fail(ErrorCode::conflict,
                       "group " + name_ + ": " + value + " is " + whole(seen->current[value]) + " now, not " +
                           whole(was),
                       true);
    }
    net::Headers parameters;
    parameters.emplace_back("AutoScalingGroupName", name_);
    bool changed = false;
    for (const auto& [value, number] : change.values) {
      if (seen->current[value] == number) continue;
      changed = true;
      parameters.emplace_back(value == "min"   ? "MinSize"
                              : value == "max" ? "MaxSize"
                                               : "DesiredCapacity",
                              whole(number));
    }
    if (!changed) co_return Applied{.changed = false};
    const bool only_desired = parameters.size() == 2 && parameters.back().first == "DesiredCapacity";
    if (only_desired) parameters.emplace_back("HonorCooldown", "false");
    auto answer = co_await client_->query(only_desired ? "SetDesiredCapacity" : "UpdateAutoScalingGroup",
                                          std::move(parameters));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    pugi::xml_document xml;
    xml.load_buffer(answer->body.data(), answer->body.size());
    const auto id = xml.find_node(
        [](const pugi::xml_node& node) { return std::string_view(node.name()) == "RequestId"; });
    co_return Applied{.request_id = std::string(id.child_value()).substr(0, 128)};
  }

 private:
  Result<Observation> read(const std::string& body) const {
    pugi::xml_document xml;
    if (!xml.load_buffer(body.data(), body.size())) return std::unexpected(bad("the answer is not XML"));
    const auto groups = xml.find_node(
        [](const pugi::xml_node& node) { return std::string_view(node.name()) == "AutoScalingGroups"; });
    if (!groups) return std::unexpected(bad("no AutoScalingGroups in the answer"));
    // AWS answers 200 with an empty list for a group that is not there.
    const auto group = groups.child("member");
    if (!group)
      return fail(ErrorCode::not_found,
                  "there is no Auto Scaling group '" + name_ + "' in " + client_->region());
    const auto min = number_of(group, "MinSize");
    const auto max = number_of(group, "MaxSize");
    const auto desired = number_of(group, "DesiredCapacity");
    if (!min || !max || !desired)
      return std::unexpected(bad("no MinSize, MaxSize and DesiredCapacity in the answer"));
    Observation seen{.current = {{"desired", *desired}, {"min", *min}, {"max", *max}}, .ready = {}};
    const Serving serving = serving_of(group);
    seen.ready = serving.ready;
    seen.changing = !serving.all_settled || serving.ready != *desired;
    seen.system_min["desired"] = *min;
    seen.system_max["desired"] = *max;
    if (const std::string status = group.child_value("Status"); !status.empty()) {
      seen.accepts_change = false;
      seen.blocked_reason = "the group's status is '" + status.substr(0, 64) + "'";
    }
    for (const auto process : group.child("SuspendedProcesses").children("member")) {
      const std::string name = process.child_value("ProcessName");
      if (name == "Launch" || name == "Terminate" || name == "AlarmNotification")
        seen.warnings.push_back(name + " is suspended: " +
                                (name == "AlarmNotification" ? "AWS' own alarms do nothing"
                                                             : "a change is accepted and never comes true"));
      if (name == "Terminate") seen.system_min["desired"] = std::max(*min, *desired);
    }
    return seen;
  }

  std::string name_;
  std::unique_ptr<net::AwsClient> client_;
};

Result<std::unique_ptr<Component>> create(const definitions::ComponentDefinition&,
                                          const definitions::Settings& settings, net::Services& services) {
  auto client = services.aws.client(net::aws::autoscaling, settings);
  if (!client) return std::unexpected(client.error());
  return std::make_unique<AutoScalingGroup>(settings.text("asg_name"), std::move(*client));
}

}  // namespace

const Kind& aws_ec2_autoscaling() {
  static const Kind kind{
      .table = {.document = definitions::Document::component,
                .name = "aws-ec2-autoscaling",
                .vendor = "aws",
                .summary = "An EC2 Auto Scaling group.",
                .keys = definitions::join(
                    {{{.name = "asg_name", .help = "The group's name.", .required = true, .example = "web"}},
                     definitions::aws_keys()}),
                .values = {{.name = "desired",
                            .help = "The desired capacity: instances, or units with weights.",
                            .highest = 100000},
                           {.name = "min", .help = "The group's own minimum.", .highest = 100000},
                           {.name = "max", .help = "The group's own maximum.", .highest = 100000}},
                .ready_after = 3min,
                .permissions = "`autoscaling:DescribeAutoScalingGroups` (all resources), and on the group "
                               "`autoscaling:SetDesiredCapacity` and `autoscaling:UpdateAutoScalingGroup`.",
                .notes =
                    "The group's own MinSize and MaxSize bound `desired`; `limits` may be narrower. While "
                    "`Terminate` is suspended nothing is scaled in."},
      .create = &create};
  return kind;
}

}  // namespace wave::components
