#include <algorithm>

#include <nlohmann/json.hpp>

#include "components/answer.h"
#include "components/aws/auto_scaling_groups.h"
#include "components/aws/aws_component.h"
#include "components/kinds.h"
#include "definitions/common_keys.h"

namespace wave::components {
namespace {

using nlohmann::ordered_json;

constexpr const char* group_path = "/clusters/{}/node-groups/{}";

class NodeGroup final : public AwsComponent {
 public:
  NodeGroup(const definitions::ComponentDefinition& definition, const definitions::Settings& settings,
            Runtime& runtime, std::unique_ptr<net::AwsClient> client,
            std::shared_ptr<AutoScalingGroups> groups)
      : AwsComponent("node group " + settings.text("nodegroup_name"), definition),
        cluster_(settings.text("cluster_name")),
        group_(settings.text("nodegroup_name")),
        runtime_(runtime),
        client_(std::move(client)),
        groups_(std::move(groups)) {}

 private:
  Task<Result<Observation>> look() override {
    net::RestCall call{.path = group_path, .labels = {cluster_, group_}};
    auto answer = co_await client_->rest(std::move(call));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    const auto parsed = Answer::parse(answer->body);
    if (!parsed) co_return std::unexpected(parsed.error());
    const Answer group = parsed->at("nodegroup");
    auto seen = read(group);
    if (!seen) co_return seen;
    if (!update_.empty()) co_await look_at_update(&*seen);
    const auto behind = group.at("resources").at("autoScalingGroups").items();
    if (!behind.empty()) {
      const std::string name = behind.front().text("name");
      co_await look_at_nodes(name, &*seen);
    }
    seen->warnings.insert(seen->warnings.end(), failures_.begin(), failures_.end());
    co_return seen;
  }

  Result<Observation> read(const Answer& group) {
    const Answer scaling = group.at("scalingConfig");
    const auto min = scaling.number("minSize");
    const auto max = scaling.number("maxSize");
    const auto desired = scaling.number("desiredSize");
    if (!min || !max || !desired)
      return std::unexpected(bad_answer("no minSize, maxSize and desiredSize in the answer"));
    Observation seen{.current = {{"desired", *desired}, {"min", *min}, {"max", *max}}, .ready = {}};
    seen.system_min = {{"desired", *min}, {"max", *min}};
    seen.system_max = {{"desired", *max}, {"min", *max}};
    told_ = *desired;
    const std::string status = group.text("status");
    if (status != "ACTIVE") {
      seen.changing = status == "UPDATING" || status == "CREATING";
      seen.blocks.push_back({.reason = "the node group is " + status.substr(0, 64)});
    }
    for (const auto& issue : group.at("health").at("issues").items())
      seen.warnings.push_back(issue.text("code").substr(0, 64) + ": " + net::excerpt(issue.text("message")));
    return seen;
  }

  /// How many nodes there are, the Auto Scaling group behind it tells; and, while EKS changes nothing, how
  /// many it was told to have: EKS does not follow where Cluster Autoscaler moves that.
  Task<void> look_at_nodes(std::string name, Observation* seen) {
    auto found = co_await groups_->ask(std::move(name));
    are_nodes_known_ = found && (!*found || **found);
    if (!found)
      seen->blocks.push_back(
          {.value = "desired", .reason = "the nodes cannot be counted: " + found.error().text()});
    if (!found || !*found || !**found) co_return;
    const Observation& of_group = ***found;
    if (seen->blocks.empty() && !seen->changing) seen->current["desired"] = of_group.current.at("desired");
    seen->ready = of_group.ready;
    seen->changing = seen->changing || of_group.changing;
    seen->warnings.insert(seen->warnings.end(), of_group.warnings.begin(), of_group.warnings.end());
  }

  /// What became of the update that was accepted last.
  Task<void> look_at_update(Observation* seen) {
    net::RestCall call{.path = "/clusters/{}/updates/{}",
                       .labels = {cluster_, update_},
                       .query = {{"nodegroupName", group_}}};
    auto answer = co_await client_->rest(std::move(call));
    if (!answer) {
      if (!answer.error().retryable) update_.clear();
      co_return;
    }
    const auto parsed = Answer::parse(answer->body);
    if (!parsed) co_return;
    const Answer update = parsed->at("update");
    const std::string status = update.text("status");
    if (status == "InProgress") {
      seen->changing = true;
      seen->blocks.push_back({.value = "desired", .reason = "the last update is under way"});
      co_return;
    }
    update_.clear();
    if (status == "Successful") co_return;
    const auto errors = update.at("errors").items();
    if (errors.empty()) failures_.push_back("the last update " + status.substr(0, 64));
    for (const auto& error : errors)
      failures_.push_back("the last update " + status.substr(0, 64) + ": " +
                          net::excerpt(error.text("errorMessage")));
  }

  /// Only what is wanted; and the desired size where EKS' own, which may be out of date, would not fit the
  /// new range: then it is what the nodes are told now, moved into it.
  Task<Result<Applied>> write(Observation seen, Values wanted) override {
    const Values sent = fitted_range(seen.current, wanted);
    Values all = seen.current;
    for (const auto& [value, number] : sent) all[value] = number;
    ordered_json scaling;
    for (const auto& [value, name] : {std::pair{"min", "minSize"}, {"max", "maxSize"}})
      if (sent.contains(value)) scaling[name] = static_cast<std::int64_t>(all[value]);
    const bool must_move = told_ < all["min"] || told_ > all["max"];
    if ((must_move || sent.contains("desired")) && !are_nodes_known_)
      co_return fail(ErrorCode::busy,
                     title() +
                         ": its desired size has to move into the new range, and how many nodes there "
                         "are is not known: some might end",
                     true);
    if (sent.contains("desired") || must_move)
      scaling["desiredSize"] = static_cast<std::int64_t>(std::clamp(all["desired"], all["min"], all["max"]));
    ordered_json body = {{"scalingConfig", std::move(scaling)}};
    // The same token for the same content: EKS then makes one update of it, and refuses another one under it.
    if (token_.empty() || intent_ != body) token_ = net::idempotency_token(runtime_);
    intent_ = body;
    body["clientRequestToken"] = token_;
    net::RestCall call{.method = "POST",
                       .path = std::string(group_path) + "/update-config",
                       .labels = {cluster_, group_},
                       .body = body.dump()};
    auto answer = co_await client_->rest(std::move(call));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    token_.clear();
    failures_.clear();
    const auto parsed = Answer::parse(answer->body);
    update_ = parsed ? parsed->at("update").text("id") : std::string();
    co_return applied_range(update_.substr(0, 128), wanted, sent);
  }

  std::string cluster_;
  std::string group_;
  Runtime& runtime_;
  std::unique_ptr<net::AwsClient> client_;
  std::shared_ptr<AutoScalingGroups> groups_;
  std::string update_;                 ///< accepted last; empty: none that is not over
  std::vector<std::string> failures_;  ///< of the update that was accepted last
  bool are_nodes_known_ = true;        ///< or there are none to count
  double told_ = 0;                    ///< the desired size that EKS has, as seen last
  std::string token_;
  ordered_json intent_;  ///< what it was made for
};

Result<std::unique_ptr<Component>> create_eks(const definitions::ComponentDefinition& definition,
                                              const definitions::Settings& settings,
                                              net::Services& services) {
  auto client = services.aws.client(net::aws::eks, settings);
  if (!client) return std::unexpected(client.error());
  auto groups = auto_scaling_groups(without_own_endpoint(settings), services);
  if (!groups) return std::unexpected(groups.error());
  return std::make_unique<NodeGroup>(definition, settings, services.runtime, std::move(*client),
                                     std::move(*groups));
}

}  // namespace

const Kind& amazon_eks() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::component,
           .name = "amazon-eks",
           .vendor = "aws",
           .summary = "A managed node group of an Amazon EKS cluster.",
           .keys = definitions::join(
               {{{.name = "cluster_name", .help = "The cluster's name.", .required = true, .example = "shop"},
                 {.name = "nodegroup_name",
                  .help = "The node group's name.",
                  .required = true,
                  .example = "workers"}},
                definitions::aws_keys()}),
           .values = {{.name = "desired", .help = "Its nodes.", .highest = 100000},
                      {.name = "min", .help = "The group's own minimum.", .highest = 100000},
                      {.name = "max", .help = "The group's own maximum.", .lowest = 1, .highest = 100000}},
           .ready_after = 3min,
           .permissions =
               "`eks:DescribeNodegroup` and `eks:UpdateNodegroupConfig` on the node group, "
               "`eks:DescribeUpdate` "
               "on the cluster and the node group, and `autoscaling:DescribeAutoScalingGroups` (all "
               "resources) to count the nodes.",
           .notes =
               "One update at a time: while the group is not ACTIVE the next change waits. The group's own "
               "minimum and maximum bound `desired` and each other; only what a plan names is "
               "sent.\n\nScale-in drains nodes but **does not respect "
               "PodDisruptionBudgets**, and ends a node after 15 minutes whatever still runs on "
               "it.\n\nCluster "
               "Autoscaler moves the desired size of the same group: beside it let a plan set `min`, not "
               "`desired`. EKS does not tell whether it runs. Auto Mode and Fargate have no node group."},
      .create = &create_eks};
  return kind;
}

}  // namespace wave::components
