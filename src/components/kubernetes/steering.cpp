#include "components/kubernetes/steering.h"

#include <nlohmann/json.hpp>

namespace wave::components {
namespace {

using net::kubernetes::Cluster;
using nlohmann::json;

struct Autoscaler {
  const char* kind;
  const char* group_path;
  const char* plural;
  const char* floor_key;
  double default_floor;
  const char* ceiling_key;
  double default_ceiling;
  const char* advice;
};

/// KEDA first: it makes an HPA of its own, which it would set back.
constexpr Autoscaler autoscalers[] = {
    {"ScaledObject", "/apis/keda.sh/v1alpha1", "scaledobjects", "minReplicaCount", 0, "maxReplicaCount", 100,
     "pause or delete it, or set on_conflict: raise_floor"},
    {"HorizontalPodAutoscaler", "/apis/autoscaling/v2", "horizontalpodautoscalers", "minReplicas", 1,
     "maxReplicas", 1, "delete it, or set on_conflict: raise_floor"},
};

std::string text_of(const json& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_string()
             ? object[key].get<std::string>()
             : "";
}

const json* targeting(const json& list, const SteeredTarget& target) {
  if (!list.is_object() || !list.contains("items") || !list["items"].is_array()) return nullptr;
  for (const json& item : list["items"]) {
    if (!item.is_object() || !item.contains("spec") || !item["spec"].is_object()) continue;
    const json& spec = item["spec"];
    if (!spec.contains("scaleTargetRef")) continue;
    const std::string kind = text_of(spec["scaleTargetRef"], "kind");
    // KEDA's default kind.
    if ((kind.empty() ? "Deployment" : kind) == target.kind &&
        text_of(spec["scaleTargetRef"], "name") == target.name)
      return &item;
  }
  return nullptr;
}

/// A namespace holds at most so many autoscalers that are looked at.
constexpr int most_pages = 40;
constexpr int page_size = 500;

/// The autoscaler of that kind that names the target; null where there is none.
Task<Result<json>> look_for(Cluster& cluster, std::string folder, const SteeredTarget& target) {
  std::string more;
  for (int page = 0; page < most_pages; ++page) {
    Cluster::Request request{.path = folder + "?limit=" + std::to_string(page_size) + more};
    auto answer = co_await cluster.send(std::move(request));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    const json list = json::parse(*answer, nullptr, false);
    if (const json* item = targeting(list, target)) co_return *item;
    const std::string next =
        list.is_object() && list.contains("metadata") ? text_of(list["metadata"], "continue") : "";
    if (next.empty()) co_return json();
    more = "&continue=" + net::percent_encode(next);
  }
  co_return fail(ErrorCode::bad_response, "the namespace has more than " +
                                              std::to_string(most_pages * page_size) +
                                              " of them, and the others were not looked at");
}

}  // namespace

Task<FoundSteering> find_steering(Cluster& cluster, SteeredTarget target) {
  FoundSteering out;
  for (const Autoscaler& one : autoscalers) {
    const std::string folder =
        std::string(one.group_path) + "/namespaces/" + net::percent_encode(target.space) + "/" + one.plural;
    auto item = co_await look_for(cluster, folder, target);
    if (!item) {
      // 404: KEDA is not installed.
      if (item.error().code != ErrorCode::not_found)
        out.warnings.push_back("cannot see whether a " + std::string(one.kind) + " steers it" +
                               (item.error().code == ErrorCode::forbidden
                                    ? " (allow list on " + std::string(one.plural) + ")"
                                    : "") +
                               ": " + item.error().message);
      continue;
    }
    if (item->is_null()) continue;
    const std::string name = item->contains("metadata") ? text_of((*item)["metadata"], "name") : "";
    const json& spec = (*item)["spec"];
    const bool has_floor = spec.contains(one.floor_key) && spec[one.floor_key].is_number();
    const bool has_ceiling = spec.contains(one.ceiling_key) && spec[one.ceiling_key].is_number();
    out.by = SteeredBy{.who = std::string(one.kind) + " " + target.space + "/" + name,
                       .advice = one.advice,
                       .path = folder + "/" + net::percent_encode(name),
                       .floor_key = one.floor_key,
                       .floor = has_floor ? spec[one.floor_key].get<double>() : one.default_floor,
                       .ceiling = has_ceiling ? spec[one.ceiling_key].get<double>() : one.default_ceiling};
    co_return out;
  }
  co_return out;
}

}  // namespace wave::components
