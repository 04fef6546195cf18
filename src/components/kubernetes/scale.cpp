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

using definitions::OnConflict;
using net::kubernetes::Cluster;
using nlohmann::json;

/// How long an answer about who else steers counts; before a change it must be newer than a minute.
constexpr Duration scalers_last = 20s;
constexpr Duration scalers_last_for_a_change = 1min;
/// Kubernetes counts replicas in 32 bits.
constexpr double highest_replicas = 2147483647;
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
  KubernetesScale(Target target, std::unique_ptr<Cluster> cluster, Runtime& runtime, OnConflict on_conflict,
                  std::string field_manager)
      : target_(std::move(target)),
        cluster_(std::move(cluster)),
        on_conflict_(on_conflict),
        field_manager_(std::move(field_manager)),
        autoscalers_(*cluster_, runtime, {.kind = target_.kind, .name = target_.name, .space = target_.space},
                     on_conflict) {}

  Task<Result<Observation>> observe() override {
    auto found = co_await discover();
    if (!found) co_return std::unexpected(std::move(found.error()));
    auto object = co_await get(path());
    if (!object) co_return std::unexpected(std::move(object.error()));
    auto scale = co_await read_scale();
    if (!scale) co_return std::unexpected(std::move(scale.error()));
    Observation seen;
    const double desired = number_at(*scale, "spec", "replicas");
    seen.current["desired"] = desired;
    const Answer status = object->at("status");
    const double shown = number_at(*scale, "status", "replicas");
    // Kinds that do not tell what is ready: what exists.
    seen.ready = status.has("readyReplicas") || status.has("replicas")
                     ? number_at(*object, "status", "readyReplicas")
                     : shown;
    const bool settled =
        number_at(*object, "metadata", "generation") <= number_at(*object, "status", "observedGeneration");
    seen.changing =
        shown != desired || *seen.ready != desired || (status.has("observedGeneration") && !settled);
    add_conditions(*object, seen);
    co_await autoscalers_.look(scalers_last);
    add_steering(seen);
    co_return seen;
  }

  Task<Result<Applied>> apply(Change change) override {
    auto found = co_await discover();
    if (!found) co_return std::unexpected(std::move(found.error()));
    const double wanted = change.values["desired"];
    if (wanted > highest_replicas)
      co_return fail(ErrorCode::invalid_argument,
                     title() + " cannot have more than " + whole(highest_replicas) + " replicas");
    if (on_conflict_ == OnConflict::raise_floor) {
      co_await autoscalers_.look(Duration{0});
      if (auto known = is_known(); !known) co_return std::unexpected(std::move(known.error()));
      if (const SteeredBy* by = autoscalers_.steering()) {
        auto raised = co_await raise_floor(*by, std::move(change));
        co_return raised;
      }
    }
    auto scale = co_await read_scale();
    if (!scale) co_return std::unexpected(std::move(scale.error()));
    const double now = number_at(*scale, "spec", "replicas");
    if (auto still = is_still(change, now, "replicas"); !still)
      co_return std::unexpected(std::move(still.error()));
    if (now == wanted) co_return Applied{.changed = false};
    if (on_conflict_ == OnConflict::refuse) {
      co_await autoscalers_.look(scalers_last_for_a_change);
      if (auto known = is_known(); !known) co_return std::unexpected(std::move(known.error()));
      if (const SteeredBy* by = autoscalers_.steering())
        co_return fail(ErrorCode::conflict, title() + " is steered by " + by->who + ": " + by->advice);
    }
    json spec = {{"replicas", static_cast<std::int64_t>(wanted)}};
    auto version = co_await patch(path() + "/scale?fieldManager=" + net::percent_encode(field_manager_),
                                  std::move(spec), scale->at("metadata").text("resourceVersion"));
    if (!version) co_return std::unexpected(std::move(version.error()));
    co_return Applied{.request_id = std::move(*version)};
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

  std::string title() const { return target_.kind + " " + target_.space + "/" + target_.name; }

  Task<Result<Answer>> read_scale() {
    auto scale = co_await get(path() + "/scale");
    if (!scale) co_return std::unexpected(std::move(scale.error()));
    const Answer spec = scale->at("spec");
    if (!spec.is_object()) co_return std::unexpected(bad_answer("the Scale has no spec"));
    // Absent is 0; what is there must be a count.
    if (spec.has("replicas") && !(spec.number("replicas").value_or(-1) >= 0))
      co_return std::unexpected(bad_answer("the Scale's spec.replicas is no count"));
    co_return scale;
  }

  void add_steering(Observation& seen) const {
    const auto warnings = autoscalers_.warnings();
    seen.warnings.insert(seen.warnings.end(), warnings.begin(), warnings.end());
    if (std::string unknown = autoscalers_.unknown(); !unknown.empty())
      seen.blocks.push_back({.value = "desired", .reason = std::move(unknown)});
    const SteeredBy* by = autoscalers_.steering();
    if (by == nullptr) return;
    seen.steering.push_back({.who = by->who, .advice = by->advice, .can_raise_floor = true});
    if (on_conflict_ != OnConflict::raise_floor) return;
    seen.current["desired"] = by->floor;
    seen.system_max["desired"] = by->ceiling;
  }

  Status is_known() const {
    const std::string unknown = autoscalers_.unknown();
    return unknown.empty() ? Status{} : fail(ErrorCode::busy, title() + ": " + unknown, true);
  }

  /// That nobody changed the number since the change was decided.
  Status is_still(const Change& change, double now, const std::string& what) const {
    const auto was = change.basis.find("desired");
    if (was == change.basis.end() || was->second == now) return {};
    return fail(ErrorCode::conflict,
                title() + " has " + whole(now) + " " + what + " now, not " + whole(was->second), true);
  }

  /// The version that the object has then. With the version that was read: whoever writes in between makes
  /// this fail instead of being overwritten.
  Task<Result<std::string>> patch(std::string where, json spec, std::string version) {
    json body = {{"spec", std::move(spec)}};
    if (!version.empty()) body["metadata"] = {{"resourceVersion", std::move(version)}};
    Cluster::Request request{
        .method = "PATCH", .path = std::move(where), .body = body.dump(), .content_type = merge_patch};
    auto answer = co_await cluster_->send(std::move(request));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    const auto after = Answer::parse(*answer);
    if (!after) co_return within("the answer to the change", after.error());
    co_return after->at("metadata").text("resourceVersion").substr(0, 128);
  }

  Task<Result<Applied>> raise_floor(SteeredBy by, Change change) {
    const double floor = change.values["desired"];
    if (auto still = is_still(change, by.floor, "as " + by.who + "'s " + by.floor_key); !still)
      co_return std::unexpected(std::move(still.error()));
    if (by.floor == floor) co_return Applied{.changed = false};
    json spec = {{by.floor_key, static_cast<std::int64_t>(floor)}};
    auto version = co_await patch(by.path, std::move(spec), std::move(by.version));
    if (!version) co_return std::unexpected(std::move(version.error()));
    autoscalers_.raised(floor, *version);
    co_return Applied{.request_id = std::move(*version)};
  }

  Target target_;
  std::unique_ptr<Cluster> cluster_;
  OnConflict on_conflict_;
  std::string field_manager_;
  Autoscalers autoscalers_;
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
  return std::make_unique<KubernetesScale>(std::move(target), std::move(*cluster), services.runtime,
                                           component.on_conflict, settings.text("field_manager"));
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
    "`on_conflict` says what then happens (refuse; raise_floor sets its minimum instead; ignore). Unless it "
    "is ignore, nothing is set while the API server does not say who steers it. Missing rights to list them "
    "are a warning, with raise_floor a reason to set nothing, as is KEDA missing where no "
    "HorizontalPodAutoscaler is found. A target at 0 replicas with `min` above 0 was switched off by someone "
    "and stays so.";

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
