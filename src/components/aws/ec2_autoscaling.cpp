#include "base/text.h"
#include "components/aws/auto_scaling_groups.h"
#include "components/aws/aws_component.h"
#include "components/aws/xml_answer.h"
#include "components/kinds.h"
#include "definitions/common_keys.h"

namespace wave::components {
namespace {

class AutoScalingGroup final : public AwsComponent {
 public:
  AutoScalingGroup(std::string name, const definitions::ComponentDefinition& definition,
                   std::unique_ptr<net::AwsClient> client, std::shared_ptr<AutoScalingGroups> groups)
      : AwsComponent("group " + name, definition),
        name_(std::move(name)),
        client_(std::move(client)),
        groups_(std::move(groups)) {}

 private:
  Task<Result<Observation>> look() override {
    auto found = co_await groups_->ask(name_);
    if (!found) co_return std::unexpected(std::move(found.error()));
    // AWS answers 200 with an empty list for a group that is not there.
    if (!*found)
      co_return fail(ErrorCode::not_found,
                     "there is no Auto Scaling group '" + name_ + "' in " + client_->region());
    co_return std::move(**found);
  }

  /// One call for all that changes: AWS refuses it whole if one number does not fit the others.
  Task<Result<Applied>> write(Observation seen, Values wanted) override {
    Values sent = fitted_range(seen.current, wanted);
    net::Headers parameters = {{"AutoScalingGroupName", name_}};
    for (const auto& [value, parameter] :
         {std::pair{"min", "MinSize"}, std::pair{"max", "MaxSize"}, std::pair{"desired", "DesiredCapacity"}})
      if (const auto found = sent.find(value); found != sent.end())
        parameters.emplace_back(parameter, whole(found->second));
    const bool only_desired = sent.size() == 1 && sent.contains("desired");
    if (only_desired) parameters.emplace_back("HonorCooldown", "false");
    auto id = co_await order_xml(*client_, only_desired ? "SetDesiredCapacity" : "UpdateAutoScalingGroup",
                                 std::move(parameters));
    if (!id) co_return std::unexpected(std::move(id.error()));
    co_return applied_range(std::move(*id), wanted, std::move(sent));
  }

  std::string name_;
  std::unique_ptr<net::AwsClient> client_;
  std::shared_ptr<AutoScalingGroups> groups_;
};

Result<std::unique_ptr<Component>> create_ec2_autoscaling(const definitions::ComponentDefinition& definition,
                                                          const definitions::Settings& settings,
                                                          net::Services& services) {
  auto client = services.aws.client(net::aws::autoscaling, settings);
  if (!client) return std::unexpected(client.error());
  auto groups = auto_scaling_groups(settings, services);
  if (!groups) return std::unexpected(groups.error());
  return std::make_unique<AutoScalingGroup>(settings.text("asg_name"), definition, std::move(*client),
                                            std::move(*groups));
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
                    "The group's own MinSize and MaxSize bound `desired` and each other; `limits` may be "
                    "narrower. "
                    "Where a plan sets both bounds, one may follow the other a moment later. While "
                    "`Terminate` is suspended nothing is scaled in.\n\nTags tell who else steers a group: a "
                    "node group of EKS (then scale that, with `amazon-eks`), a capacity provider of ECS, "
                    "Cluster Autoscaler. The last two move `desired`; beside them let plans set `min`. "
                    "Scaling policies of the group itself are not looked for."},
      .create = &create_ec2_autoscaling};
  return kind;
}

}  // namespace wave::components
