#include <nlohmann/json.hpp>

#include "components/answer.h"
#include "components/aws/aws_component.h"
#include "components/kinds.h"
#include "definitions/common_keys.h"
#include "net/batch.h"

namespace wave::components {
namespace {

using nlohmann::ordered_json;

/// Services of one DescribeServices.
constexpr std::size_t most_services = 10;
constexpr std::size_t longest_event = 200;

using Services = net::Batch<Answer>;

/// `arn:aws:ecs:eu-west-1:123456789012:cluster/shop` -> `shop`.
std::string last_part(const std::string& name) {
  const auto slash = name.rfind('/');
  return slash == std::string::npos ? name : name.substr(slash + 1);
}

Task<Result<Services::Answers>> describe_services(std::shared_ptr<net::AwsClient> client, std::string cluster,
                                                  std::vector<std::string> names) {
  const ordered_json body = {{"cluster", cluster}, {"services", names}};
  auto answer = co_await client->json("DescribeServices", body.dump());
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  const auto parsed = Answer::parse(answer->body);
  if (!parsed) co_return std::unexpected(parsed.error());
  if (!parsed->has("services")) co_return std::unexpected(bad_answer("no services in the answer"));
  Services::Answers out;
  for (const auto& service : parsed->at("services").items()) {
    out.emplace(service.text("serviceName"), service);
    out.emplace(service.text("serviceArn"), service);
  }
  co_return out;
}

class EcsService final : public AwsComponent {
 public:
  EcsService(const definitions::ComponentDefinition& definition, const definitions::Settings& settings,
             std::shared_ptr<net::AwsClient> client, std::shared_ptr<Services> services)
      : AwsComponent("service " + settings.text("service_name"), definition),
        cluster_(settings.text("cluster_name")),
        service_(settings.text("service_name")),
        client_(std::move(client)),
        services_(std::move(services)) {}

  Status watch(const definitions::Settings& settings, net::Services& services) {
    return watch_targets(
        {{.value = "desired",
          .target = {.space = "ecs",
                     .resource = "service/" + last_part(cluster_) + "/" + last_part(service_),
                     .dimension = "ecs:service:DesiredCount"}}},
        settings, services);
  }

 private:
  Task<Result<Observation>> look() override {
    auto found = co_await services_->ask(service_);
    if (!found) co_return std::unexpected(std::move(found.error()));
    // A missing service is a 200 with an entry in `failures`; a deleted one is INACTIVE for a while.
    if (!*found || (**found).text("status") == "INACTIVE")
      co_return fail(ErrorCode::not_found, "there is no ECS service '" + service_ + "' in cluster '" +
                                               cluster_ + "' in " + client_->region());
    co_return read(**found);
  }

  static Result<Observation> read(const Answer& service) {
    const auto desired = service.number("desiredCount");
    const auto running = service.number("runningCount");
    if (!desired || !running)
      return std::unexpected(bad_answer("no desiredCount and runningCount in the answer"));
    if (service.text("schedulingStrategy") == "DAEMON")
      return fail(ErrorCode::invalid_argument,
                  "a DAEMON service runs one task on each instance; it has no count to set");
    Observation seen{.current = {{"desired", *desired}}, .ready = running};
    const auto deployments = service.at("deployments").items();
    seen.changing = deployments.size() > 1 || *running != *desired;
    if (const auto status = service.text("status"); status != "ACTIVE")
      seen.blocks.push_back({.reason = "the service's status is '" + status.substr(0, 64) + "'"});
    if (service.at("deploymentController").text("type") == "EXTERNAL")
      seen.warnings.emplace_back(
          "its deployment controller is EXTERNAL: task sets have a scale of their own");
    for (const auto& deployment : deployments)
      if (deployment.text("rolloutState") == "FAILED") seen.warnings.emplace_back("a deployment has failed");
    const auto events = service.at("events").items();
    if (!events.empty()) {
      const std::string message = events.front().text("message");
      if (message.find("unable to") != std::string::npos)
        seen.warnings.push_back(net::excerpt(message, longest_event));
    }
    return seen;
  }

  /// Nothing but the count: a task definition without revision would deploy the newest one.
  Task<Result<Applied>> write(Observation, Values wanted) override {
    const ordered_json body = {{"cluster", cluster_},
                               {"service", service_},
                               {"desiredCount", static_cast<std::int64_t>(wanted["desired"])}};
    auto answer = co_await client_->json("UpdateService", body.dump());
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    co_return Applied{.request_id = std::string(answer->header("x-amzn-requestid"))};
  }

  std::string cluster_;
  std::string service_;
  std::shared_ptr<net::AwsClient> client_;
  std::shared_ptr<Services> services_;
};

Result<std::unique_ptr<Component>> create_ecs(const definitions::ComponentDefinition& definition,
                                              const definitions::Settings& settings,
                                              net::Services& services) {
  auto made = services.aws.client(net::aws::ecs, settings);
  if (!made) return std::unexpected(made.error());
  const std::shared_ptr<net::AwsClient> client = std::move(*made);
  const std::string cluster = settings.text("cluster_name");
  auto batch = services.shared.get<Services>(client->shared_key() + " " + cluster, [&] {
    return std::make_shared<Services>(services.runtime, most_services,
                                      [client, cluster](std::vector<std::string> names) {
                                        return describe_services(client, cluster, std::move(names));
                                      });
  });
  auto component = std::make_unique<EcsService>(definition, settings, client, std::move(batch));
  if (auto ok = component->watch(settings, services); !ok) return std::unexpected(ok.error());
  return component;
}

}  // namespace

const Kind& amazon_ecs() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::component,
           .name = "amazon-ecs",
           .vendor = "aws",
           .summary = "The tasks of an Amazon ECS service.",
           .keys = definitions::join(
               {{{.name = "cluster_name",
                  .help = "The cluster's name or ARN.",
                  .required = true,
                  .example = "shop"},
                 {.name = "service_name", .help = "The service's name.", .required = true, .example = "api"}},
                definitions::aws_keys()}),
           .values = {{.name = "desired", .help = "Its tasks."}},
           .ready_after = 60s,
           .permissions =
               "`ecs:DescribeServices` and `ecs:UpdateService` on the service "
               "(`arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/SERVICE`); "
               "`application-autoscaling:DescribeScalableTargets` (all resources) to see who else steers it, "
               "and `application-autoscaling:RegisterScalableTarget` with `on_conflict: raise_floor`.",
           .notes =
               "Only services with the REPLICA strategy have a count. Scale-in stops tasks with SIGTERM "
               "after "
               "they left the load balancer; tasks with task protection stay and keep the running count "
               "above "
               "`desired`.\n\nUp to 10 services of a cluster are read in one call.\n\nWhere the service is a "
               "scalable target of Application Auto Scaling, its policies would undo every change: "
               "`on_conflict` says what then happens (refuse; `raise_floor` moves the target's minimum "
               "instead; ignore)."},
      .create = &create_ecs};
  return kind;
}

}  // namespace wave::components
