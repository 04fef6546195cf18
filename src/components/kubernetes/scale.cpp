#include <cmath>
#include <set>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "components/answer.h"
#include "components/kinds.h"
#include "components/kubernetes/keys.h"
#include "components/kubernetes/steering.h"
#include "definitions/common_keys.h"
#include "net/kubernetes/cluster.h"

namespace wave::components {
namespace {

using net::kubernetes::Cluster;
using nlohmann::json;

constexpr Duration steering_lasts = 20s;
constexpr const char* merge_patch = "application/merge-patch+json";

/// A number of an object; absent counts as 0, as in `status.readyReplicas`.
double number_at(const Answer& object, const char* part, const char* key) {
  return object.at(part).number(key).value_or(0);
}

void add_conditions(const Answer& object, Observation& seen) {
  for (const Answer& one : object.at("status").at("conditions").items()) {
    const std::string type = one.text("type");
    const std::string status = one.text("status");
    const bool stuck =
        (type == "Progressing" && status == "False") || (type == "ReplicaFailure" && status == "True");
    if (stuck)
      seen.warnings.push_back(type + " " + one.text("reason") + ": " +
                              std::string(cut(one.text("message"), 200)));
  }
}

/// Anything with a scale subresource. Where the kind is fixed (Deployment) nothing is discovered.
class KubernetesScale final : public Component {
 public:
  struct Target {
    std::string api_version;
    std::string kind;
    std::string plural;  ///< empty: discovered
    std::string space;
    std::string name;
  };
  KubernetesScale(Target target, std::unique_ptr<Cluster> cluster, net::Services& services, bool raises_floor,
                  std::string field_manager)
      : target_(std::move(target)),
        cluster_(std::move(cluster)),
        services_(services),
        raises_floor_(raises_floor),
        field_manager_(std::move(field_manager)) {}

  Task<Result<Observation>> observe() override {
    auto found = co_await discover();
    if (!found) co_return std::unexpected(std::move(found.error()));
    auto object = co_await get(path());
    if (!object) co_return std::unexpected(std::move(object.error()));
    auto scale = co_await get(path() + "/scale");
    if (!scale) co_return std::unexpected(std::move(scale.error()));
    if (!scale->at("spec").is_object()) co_return std::unexpected(bad_answer("the Scale has no spec"));
    Observation seen;
    const double desired = number_at(*scale, "spec", "replicas");
    seen.current["desired"] = desired;
    const Answer status = object->at("status");
    const double replicas = number_at(*scale, "status", "replicas");
    // Kinds that do not tell what is ready: what exists.
    seen.ready = status.has("readyReplicas") || status.has("replicas")
                     ? number_at(*object, "status", "readyReplicas")
                     : replicas;
    const bool settled =
        number_at(*object, "metadata", "generation") <= number_at(*object, "status", "observedGeneration");
    seen.changing =
        replicas != desired || *seen.ready != desired || (status.has("observedGeneration") && !settled);
    add_conditions(*object, seen);
    co_await look_for_steering(seen);
    if (raises_floor_ && steered_) {
      seen.current["desired"] = steered_->floor;
      seen.system_max["desired"] = steered_->ceiling;
    }
    co_return seen;
  }

  Task<Result<Applied>> apply(Change change) override {
    const double wanted = change.values["desired"];
    if (change.raise_floor && steered_) {
      auto raised = co_await raise_floor(wanted);
      co_return raised;
    }
    auto scale = co_await get(path() + "/scale");
    if (!scale) co_return std::unexpected(std::move(scale.error()));
    const double now = number_at(*scale, "spec", "replicas");
    if (const auto was = change.basis.find("desired"); was != change.basis.end() && was->second != now)
      co_return fail(ErrorCode::conflict,
                     target_.kind + " " + target_.space + "/" + target_.name + " has " + whole(now) +
                         " replicas now, not " + whole(was->second),
                     true);
    if (now == wanted) co_return Applied{.changed = false};
    json patch = {{"spec", {{"replicas", static_cast<std::int64_t>(wanted)}}}};
    // With its version: whoever writes in between makes this fail instead of being overwritten.
    if (const std::string version = scale->at("metadata").text("resourceVersion"); !version.empty())
      patch["metadata"] = {{"resourceVersion", version}};
    Cluster::Request request{.method = "PATCH",
                             .path = path() + "/scale?fieldManager=" + net::percent_encode(field_manager_),
                             .body = patch.dump(),
                             .content_type = merge_patch};
    auto answer = co_await cluster_->send(std::move(request));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    const Answer after = Answer::parse(*answer).value_or(Answer());
    co_return Applied{.request_id = after.at("metadata").text("resourceVersion")};
  }

 private:
  std::string group_path() const {
    return (target_.api_version.find('/') == std::string::npos ? "/api/" : "/apis/") + target_.api_version;
  }
  std::string path() const {
    return group_path() + "/namespaces/" + net::percent_encode(target_.space) + "/" + target_.plural + "/" +
           net::percent_encode(target_.name);
  }

  Task<Result<Answer>> get(std::string where) {
    Cluster::Request request{.path = std::move(where)};
    auto answer = co_await cluster_->send(std::move(request));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    co_return Answer::parse(*answer);
  }

  /// Finds the plural name of the kind and that it has a scale subresource.
  Task<Status> discover() {
    if (!target_.plural.empty()) co_return Status{};
    auto list = co_await get(group_path());
    if (!list) co_return std::unexpected(std::move(list.error()));
    if (!list->has("resources")) co_return std::unexpected(bad_answer("no list of resources"));
    std::string plural;
    std::set<std::string> names;
    for (const Answer& one : list->at("resources").items()) {
      const std::string name = one.text("name");
      names.insert(name);
      if (one.text("kind") == target_.kind && name.find('/') == std::string::npos) plural = name;
    }
    if (plural.empty())
      co_return fail(ErrorCode::not_found,
                     "the cluster has no kind " + target_.kind + " in " + target_.api_version);
    if (!names.contains(plural + "/scale"))
      co_return fail(ErrorCode::invalid_argument, target_.kind + " has no scale subresource");
    target_.plural = plural;
    co_return Status{};
  }

  Task<void> look_for_steering(Observation& seen) {
    const MonoTime now = services_.runtime.mono();
    if (!looked_ || now - *looked_ >= steering_lasts) {
      SteeredTarget target{.kind = target_.kind, .name = target_.name, .space = target_.space};
      auto found = co_await find_steering(*cluster_, std::move(target));
      looked_ = now;
      steered_ = std::move(found.by);
      steering_warnings_ = std::move(found.warnings);
    }
    seen.warnings.insert(seen.warnings.end(), steering_warnings_.begin(), steering_warnings_.end());
    if (steered_)
      seen.steering.push_back({.who = steered_->who, .advice = steered_->advice, .can_raise_floor = true});
  }

  Task<Result<Applied>> raise_floor(double floor) {
    if (steered_->floor == floor) co_return Applied{.changed = false};
    const json patch = {{"spec", {{steered_->floor_key, static_cast<std::int64_t>(floor)}}}};
    Cluster::Request request{
        .method = "PATCH", .path = steered_->path, .body = patch.dump(), .content_type = merge_patch};
    auto answer = co_await cluster_->send(std::move(request));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    steered_->floor = floor;
    co_return Applied{};
  }

  Target target_;
  std::unique_ptr<Cluster> cluster_;
  net::Services& services_;
  bool raises_floor_;
  std::string field_manager_;
  std::optional<MonoTime> looked_;
  std::optional<SteeredBy> steered_;
  std::vector<std::string> steering_warnings_;
};

Result<std::unique_ptr<Component>> make(KubernetesScale::Target target,
                                        const definitions::ComponentDefinition& component,
                                        const definitions::Settings& settings, net::Services& services) {
  auto cluster = Cluster::connect(settings, services);
  if (!cluster) return std::unexpected(cluster.error());
  target.name = settings.text("name");
  target.space = settings.text("namespace");
  if (target.space.empty()) target.space = (*cluster)->space();
  if (target.space.empty()) target.space = "default";
  return std::make_unique<KubernetesScale>(std::move(target), std::move(*cluster), services,
                                           component.on_conflict == definitions::OnConflict::raise_floor,
                                           settings.text("field_manager"));
}

std::vector<definitions::Key> target_keys() {
  return {
      {.name = "namespace",
       .help = "Its namespace; without it the context's, else default.",
       .example = "shop"},
      {.name = "name", .help = "Its name.", .required = true, .example = "api"},
  };
}

constexpr std::string_view rbac =
    "A Role in the target's namespace (`apps` and `deployments` are those of the "
    "target):\n\n```yaml\nrules:\n"
    "  - { apiGroups: [apps], resources: [deployments], verbs: [get] }\n"
    "  - { apiGroups: [apps], resources: [deployments/scale], verbs: [get, patch] }\n"
    "  - { apiGroups: [autoscaling], resources: [horizontalpodautoscalers], verbs: [list] }    # who else "
    "steers it; patch for raise_floor\n"
    "  - { apiGroups: [keda.sh], resources: [scaledobjects], verbs: [list] }                   # the same "
    "for KEDA\n```";

constexpr std::string_view notes =
    "A HorizontalPodAutoscaler or KEDA ScaledObject on the same target would undo every change: "
    "`on_conflict` says what "
    "then happens (refuse; raise_floor sets its minimum instead; ignore). A target at 0 replicas with `min` "
    "above 0 was "
    "switched off by someone and stays so.";

}  // namespace

const Kind& kubernetes_deployment() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::component,
           .name = "kubernetes-deployment",
           .vendor = "kubernetes",
           .summary = "The replicas of a Kubernetes Deployment.",
           .keys = definitions::join({target_keys(), cluster_keys()}),
           .values = {{.name = "desired", .help = "Its replicas.", .highest = 1e308, .alias = "replicas"}},
           .ready_after = 30s,
           .permissions = rbac,
           .notes = notes},
      .create = [](const definitions::ComponentDefinition& component, const definitions::Settings& settings,
                   net::Services& services) {
        return make({.api_version = "apps/v1", .kind = "Deployment", .plural = "deployments"}, component,
                    settings, services);
      }};
  return kind;
}

const Kind& kubernetes_scale() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::component,
           .name = "kubernetes-scale",
           .vendor = "kubernetes",
           .summary =
               "Anything in Kubernetes with a scale subresource: StatefulSet, ReplicaSet, custom resources.",
           .keys = definitions::join(
               {{{.name = "api_version",
                  .help = "Its group and version.",
                  .default_value = "apps/v1",
                  .example = "apps/v1"},
                 {.name = "kind", .help = "Its kind.", .required = true, .example = "StatefulSet"}},
                target_keys(),
                cluster_keys()}),
           .values = {{.name = "desired", .help = "Its replicas.", .highest = 1e308, .alias = "replicas"}},
           .ready_after = 30s,
           .permissions = rbac,
           .notes = notes},
      .create = [](const definitions::ComponentDefinition& component, const definitions::Settings& settings,
                   net::Services& services) {
        return make({.api_version = settings.text("api_version"), .kind = settings.text("kind")}, component,
                    settings, services);
      }};
  return kind;
}

}  // namespace wave::components
