#include "components/aws/aws_component.h"
#include "components/kinds.h"
#include "definitions/common_keys.h"

namespace wave::components {
namespace {

/// The range of a registered scalable target; what is inside is left to its policies.
class TargetBounds final : public AwsComponent {
 public:
  TargetBounds(const definitions::ComponentDefinition& definition, const definitions::Settings& settings,
               std::shared_ptr<ScalableTargets> targets)
      : AwsComponent("scalable target " + settings.text("resource_id"), definition),
        name_{.space = settings.text("service_namespace"),
              .resource = settings.text("resource_id"),
              .dimension = settings.text("scalable_dimension")},
        targets_(std::move(targets)) {}

 private:
  Task<Result<Observation>> look() override {
    auto found = co_await targets_->find(name_, Duration{-1});
    if (!found) co_return std::unexpected(std::move(found.error()));
    if (!*found)
      co_return fail(ErrorCode::not_found, "Application Auto Scaling has no target " + name_.resource +
                                               " for " + name_.dimension +
                                               "; register one, with the policies that are to steer it");
    const ScalableTarget& target = **found;
    Observation seen{.current = {{"min", target.min}, {"max", target.max}}, .ready = {}};
    seen.system_max["min"] = target.max;
    seen.system_min["max"] = target.min;
    if (target.suspended)
      seen.warnings.emplace_back("its scaling is suspended: nothing lifts the capacity to the minimum");
    co_return seen;
  }

  Task<Result<Applied>> write(Observation, Values wanted) override {
    const auto bound = [&](const char* value) {
      const auto found = wanted.find(value);
      return found == wanted.end() ? std::nullopt : std::optional(found->second);
    };
    const auto min = bound("min");
    const auto max = bound("max");
    auto set = co_await targets_->set_bounds(name_, min, max);
    if (!set) co_return std::unexpected(std::move(set.error()));
    co_return Applied{.request_id = std::move(*set)};
  }

  TargetName name_;
  std::shared_ptr<ScalableTargets> targets_;
};

std::string problem_of_application_autoscaling(const definitions::Settings& metadata) {
  const std::string space = metadata.text("service_namespace");
  const std::string dimension = metadata.text("scalable_dimension");
  if (definitions::has_reference(space) || definitions::has_reference(dimension)) return "";
  return dimension.starts_with(space + ":")
             ? ""
             : "'scalable_dimension' is one of the namespace and begins with '" + space + ":'";
}

Result<std::unique_ptr<Component>> create_application_autoscaling(
    const definitions::ComponentDefinition& definition, const definitions::Settings& settings,
    net::Services& services) {
  if (auto wrong = problem_of_application_autoscaling(settings); !wrong.empty())
    return fail(ErrorCode::invalid_argument, std::move(wrong));
  auto targets = ScalableTargets::create(settings, services);
  if (!targets) return std::unexpected(targets.error());
  return std::make_unique<TargetBounds>(definition, settings, std::move(*targets));
}

}  // namespace

const Kind& aws_application_autoscaling() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::component,
           .name = "aws-application-autoscaling",
           .vendor = "aws",
           .summary = "The range of a scalable target of Application Auto Scaling, whose own policies go on "
                      "steering.",
           .keys = definitions::join(
               {{{.name = "service_namespace",
                  .help = "The namespace: ecs, dynamodb, rds, lambda, kafka, elasticache, sagemaker, ...",
                  .required = true,
                  .example = "ecs"},
                 {.name = "resource_id",
                  .help = "The resource as Application Auto Scaling names it.",
                  .required = true,
                  .example = "service/shop/api"},
                 {.name = "scalable_dimension",
                  .help = "The dimension.",
                  .required = true,
                  .example = "ecs:service:DesiredCount"}},
                definitions::aws_keys()}),
           .values = {{.name = "min", .help = "The target's MinCapacity.", .alias = "desired"},
                      {.name = "max", .help = "The target's MaxCapacity."}},
           .ready_after = 2min,
           .problem = &problem_of_application_autoscaling,
           .permissions =
               "`application-autoscaling:DescribeScalableTargets` (all resources) and "
               "`application-autoscaling:RegisterScalableTarget` on the target.\n\n"
               "RegisterScalableTarget also needs what a change of the target itself would: AWS checks the "
               "caller's permissions on the target's own service, and says ValidationException where one is "
               "missing, not AccessDenied. With ECS: `ecs:DescribeServices` and `ecs:UpdateService` on the "
               "service. With DynamoDB: `dynamodb:DescribeTable` and `dynamodb:UpdateTable` on the table "
               "(and "
               "its indexes). With Aurora: `rds:DescribeDBClusters`, `rds:DescribeDBInstances`, "
               "`rds:CreateDBInstance` and `rds:DeleteDBInstance`.",
           .notes =
               "The friendly way where target tracking or scheduled actions already run: a raised minimum "
               "makes Application Auto Scaling lift the capacity to it, and its policies stay in charge "
               "above "
               "it. The target must be registered already. With `limits: { min: 0 }` a plan may take the "
               "floor away again."},
      .create = &create_application_autoscaling};
  return kind;
}

}  // namespace wave::components
