#include "components/kubernetes/steering.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "components/answer.h"

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

/// KEDA leaves its target alone; one that is paused at a number of its own sets that.
bool is_paused(const json& item) {
  if (!item.contains("metadata") || !item["metadata"].is_object()) return false;
  const json annotations = item["metadata"].value("annotations", json());
  return text_of(annotations, "autoscaling.keda.sh/paused") == "true" &&
         text_of(annotations, "autoscaling.keda.sh/paused-replicas").empty();
}

const json* targeting(const json& items, const SteeredTarget& target) {
  for (const json& item : items) {
    if (!item.is_object() || !item.contains("spec") || !item["spec"].is_object()) continue;
    const json& spec = item["spec"];
    if (!spec.contains("scaleTargetRef") || is_paused(item)) continue;
    const std::string kind = text_of(spec["scaleTargetRef"], "kind");
    // KEDA's default kind.
    if ((kind.empty() ? "Deployment" : kind) == target.kind &&
        text_of(spec["scaleTargetRef"], "name") == target.name)
      return &item;
  }
  return nullptr;
}

/// A namespace holds at most so many autoscalers that are looked at.
constexpr int most_pages_of_scalers = 40;
constexpr int page_size = 500;

/// The autoscaler of that kind that names the target; null where there is none.
Task<Result<json>> look_for(Cluster& cluster, std::string folder, const SteeredTarget& target) {
  std::string more;
  for (int page = 0; page < most_pages_of_scalers; ++page) {
    Cluster::Request request{.path = folder + "?limit=" + std::to_string(page_size) + more};
    auto answer = co_await cluster.send(std::move(request));
    if (!answer) {
      // 410: what came first has been forgotten meanwhile, which does not mean that there is none.
      if (page > 0 && answer.error().code == ErrorCode::not_found)
        co_return std::unexpected(bad_answer("the list ended too early: " + answer.error().message));
      co_return std::unexpected(std::move(answer.error()));
    }
    const json list = json::parse(*answer, nullptr, false);
    if (!list.is_object() || !list.contains("items") || !list["items"].is_array())
      co_return std::unexpected(bad_answer("the answer is no list"));
    if (const json* item = targeting(list["items"], target)) co_return *item;
    const std::string next = list.contains("metadata") ? text_of(list["metadata"], "continue") : "";
    if (next.empty()) co_return json();
    more = "&continue=" + net::percent_encode(next);
  }
  co_return fail(ErrorCode::bad_response, "the namespace has more than " +
                                              std::to_string(most_pages_of_scalers * page_size) +
                                              " of them, and the others were not looked at");
}

SteeredBy steered_by(const json& item, const Autoscaler& one, const std::string& folder,
                     const std::string& space) {
  const json metadata = item.contains("metadata") ? item["metadata"] : json();
  const std::string name = text_of(metadata, "name");
  const json& spec = item["spec"];
  const auto number = [&spec](const char* key, double otherwise) {
    return spec.contains(key) && spec[key].is_number() ? spec[key].get<double>() : otherwise;
  };
  return {.who = std::string(one.kind) + " " + space + "/" + name,
          .advice = one.advice,
          .path = folder + "/" + net::percent_encode(name),
          .floor_key = one.floor_key,
          .floor = number(one.floor_key, one.default_floor),
          .ceiling = number(one.ceiling_key, one.default_ceiling),
          .version = text_of(metadata, "resourceVersion")};
}

/// How long "nobody" counts for a change when there is no newer answer.
constexpr Duration nobody_lasts = 1min;

/// An answer, if none that helps: the rights are missing, or the kind is not installed.
bool is_refusal(const Error& error) {
  return error.code == ErrorCode::forbidden || error.code == ErrorCode::not_found;
}

}  // namespace

Task<void> Autoscalers::look(Duration max_age) {
  for (std::size_t i = 0; i < known_.size(); ++i) {
    const Autoscaler& one = autoscalers[i];
    Known& known = known_[i];
    const MonoTime now = runtime_.mono();
    if (!known.answered || now - *known.answered >= max_age) {
      const std::string folder = std::string(one.group_path) + "/namespaces/" +
                                 net::percent_encode(target_.space) + "/" + one.plural;
      auto item = co_await look_for(cluster_, folder, target_);
      if (item) {
        known = {.by = item->is_null() ? std::nullopt
                                       : std::optional(steered_by(*item, one, folder, target_.space)),
                 .answered = now};
      } else {
        known.error = std::move(item.error());
        if (is_refusal(*known.error)) known.answered = now;
        if (known.error->code == ErrorCode::not_found) known.by.reset();
      }
    }
    if (known.by) {
      // Those that come after do not count then: KEDA's HPA is its own.
      std::fill(known_.begin() + static_cast<std::ptrdiff_t>(i) + 1, known_.end(), Known{});
      co_return;
    }
  }
}

const SteeredBy* Autoscalers::steering() const {
  const auto found = std::ranges::find_if(known_, [](const Known& known) { return known.by.has_value(); });
  return found == known_.end() ? nullptr : &*found->by;
}

bool Autoscalers::stops(const Known& known) const {
  using definitions::OnConflict;
  if (!known.error || known.by || on_conflict_ == OnConflict::ignore) return false;
  // Who wants a floor raised, knows that there is one.
  const bool must_be_found = on_conflict_ == OnConflict::raise_floor;
  if (known.error->code == ErrorCode::not_found) return must_be_found && steering() == nullptr;
  if (known.error->code == ErrorCode::forbidden) return must_be_found;
  // Refused is refused, whoever else steers it.
  if (!must_be_found && steering() != nullptr) return false;
  return !known.answered || runtime_.mono() - *known.answered >= nobody_lasts;
}

std::string Autoscalers::unknown() const {
  for (std::size_t i = 0; i < known_.size(); ++i)
    if (stops(known_[i]))
      return "whether a " + std::string(autoscalers[i].kind) +
             " steers it is not known: " + known_[i].error->text();
  return "";
}

std::vector<std::string> Autoscalers::warnings() const {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < known_.size(); ++i) {
    const Known& known = known_[i];
    // 404: KEDA is not installed.
    if (!known.error || known.error->code == ErrorCode::not_found || stops(known)) continue;
    out.push_back("cannot see whether a " + std::string(autoscalers[i].kind) +
                  (known.by ? " still steers it" : " steers it") +
                  (known.error->code == ErrorCode::forbidden
                       ? " (allow list on " + std::string(autoscalers[i].plural) + ")"
                       : "") +
                  ": " + known.error->message);
  }
  return out;
}

void Autoscalers::raised(double floor, std::string version) {
  for (Known& known : known_) {
    if (!known.by) continue;
    known.by->floor = floor;
    known.by->version = std::move(version);
    return;
  }
}

}  // namespace wave::components
