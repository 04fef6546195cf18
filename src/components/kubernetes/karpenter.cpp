#include <array>
#include <cmath>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "components/answer.h"
#include "components/kinds.h"
#include "components/kubernetes/keys.h"
#include "components/kubernetes/quantity.h"
#include "definitions/common_keys.h"
#include "net/kubernetes/cluster.h"

namespace wave::components {
namespace {

using net::kubernetes::Cluster;
using nlohmann::json;

constexpr const char* static_replicas = "replicas";
/// One of our units of memory, in the bytes that Kubernetes counts.
constexpr double gibibyte = 0x1p30;

/// A limit of the pool that a plan may set.
struct Limit {
  const char* name;
  double unit;
  const char* suffix;
};
constexpr std::array<Limit, 3> limits{{{"cpu", 1, ""}, {"memory", gibibyte, "Gi"}, {"nodes", 1, ""}}};

/// A quantity or a number, as the API server takes and gives both.
std::optional<double> number_in(const Answer& object, const char* key) {
  const auto number = object.number(key);
  return number ? (*number < 0 ? std::nullopt : number) : quantity_of(object.text(key));
}

/// The machines of a static pool. Its `status.nodes` tells neither number: it counts what is launched before
/// that is a node, and no longer what is still drained.
struct Machines {
  double all = 0;
  double serving = 0;
};

bool serves(const Answer& claim) {
  if (claim.at("metadata").has("deletionTimestamp")) return false;
  for (const Answer& one : claim.at("status").at("conditions").items())
    if (one.text("type") == "Ready") return one.text("status") == "True";
  return false;
}

constexpr int most_pages_of_pools = 40;
constexpr int claims_a_page = 500;

/// A NodePool of Karpenter: the limits of a dynamic one, the nodes of a static one.
class NodePool final : public Component {
 public:
  NodePool(const std::string& name, std::string field_manager, std::unique_ptr<Cluster> cluster)
      : name_(name),
        path_("/apis/karpenter.sh/v1/nodepools/" + net::percent_encode(name)),
        field_manager_(std::move(field_manager)),
        cluster_(std::move(cluster)) {}

  Task<Result<Observation>> observe() override {
    auto pool = co_await read();
    if (!pool) co_return std::unexpected(std::move(pool.error()));
    Observation seen = seen_in(*pool);
    const auto wanted = seen.current.find(static_replicas);
    if (wanted == seen.current.end()) co_return seen;
    auto machines = co_await count_machines();
    if (machines) {
      seen.ready = machines->serving;
      seen.changing = machines->serving != wanted->second || machines->all != wanted->second;
    } else if (machines.error().code == ErrorCode::forbidden) {
      seen.warnings.push_back("cannot see which nodes are ready (allow list on nodeclaims): " +
                              machines.error().message);
    } else {
      co_return std::unexpected(std::move(machines.error()));
    }
    co_return seen;
  }

  /// One patch for all that changes, with the version that was read: whoever writes in between makes it fail
  /// instead of being overwritten, and no other field is touched.
  Task<Result<Applied>> apply(Change change) override {
    auto pool = co_await read();
    if (!pool) co_return std::unexpected(std::move(pool.error()));
    const Observation seen = seen_in(*pool);
    json spec = json::object();
    for (const auto& [value, wanted] : change.values) {
      const auto now = seen.current.find(value);
      if (now == seen.current.end())
        co_return fail(ErrorCode::invalid_argument,
                       "NodePool " + name_ + ": " + refusal(value, is_static(*pool)));
      if (const auto was = change.basis.find(value); was != change.basis.end() && was->second != now->second)
        co_return fail(ErrorCode::conflict,
                       "NodePool " + name_ + ": " + value + " is " + whole(now->second) + " now, not " +
                           whole(was->second),
                       true);
      if (now->second != wanted) put(spec, value, wanted);
    }
    if (spec.empty()) co_return Applied{.changed = false};
    const json patch = {{"metadata", {{"resourceVersion", pool->at("metadata").text("resourceVersion")}}},
                        {"spec", spec}};
    Cluster::Request request{.method = "PATCH",
                             .path = path_ + "?fieldManager=" + net::percent_encode(field_manager_),
                             .body = patch.dump(),
                             .content_type = "application/merge-patch+json"};
    auto answer = co_await cluster_->send(std::move(request));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    const auto after = Answer::parse(*answer);
    if (!after) co_return within("the answer to the change", after.error());
    co_return Applied{.request_id = after->at("metadata").text("resourceVersion").substr(0, 128)};
  }

 private:
  static bool is_static(const Answer& pool) { return pool.at("spec").has(static_replicas); }

  static std::string refusal(const std::string& value, bool is_static) {
    if (value == static_replicas)
      return "it has no spec.replicas, which can only be given when a pool is made";
    if (is_static && value != "nodes") return "a static pool takes no limit on " + value;
    return "it has no limit on " + value + ", so it is unlimited; write spec.limits." + value +
           " once, then a plan may move it";
  }

  static void put(json& spec, const std::string& value, double wanted) {
    if (value == static_replicas) {
      spec[static_replicas] = static_cast<std::int64_t>(wanted);
      return;
    }
    for (const Limit& limit : limits)
      if (value == limit.name) spec["limits"][value] = whole(wanted) + limit.suffix;
  }

  Task<Result<Answer>> read() {
    Cluster::Request request{.path = path_};
    auto answer = co_await cluster_->send(std::move(request));
    if (!answer) {
      if (answer.error().code == ErrorCode::not_found)
        answer.error().hint = "is it the NodePool's name, and does the cluster serve karpenter.sh/v1?";
      co_return std::unexpected(std::move(answer.error()));
    }
    auto pool = Answer::parse(*answer);
    if (pool && !pool->at("spec").is_object())
      co_return std::unexpected(bad_answer("the answer is no NodePool"));
    co_return pool;
  }

  Task<Result<Machines>> count_machines() {
    const std::string claims = "/apis/karpenter.sh/v1/nodeclaims?limit=" + std::to_string(claims_a_page) +
                               "&labelSelector=" + net::percent_encode("karpenter.sh/nodepool=" + name_);
    Machines out;
    std::string more;
    for (int page = 0; page < most_pages_of_pools; ++page) {
      Cluster::Request request{.path = claims + more};
      auto answer = co_await cluster_->send(std::move(request));
      if (!answer) co_return std::unexpected(std::move(answer.error()));
      const auto list = Answer::parse(*answer);
      if (!list || !list->has("items"))
        co_return std::unexpected(bad_answer("the answer is no list of NodeClaims"));
      for (const Answer& claim : list->at("items").items()) {
        ++out.all;
        if (serves(claim)) ++out.serving;
      }
      const std::string next = list->at("metadata").text("continue");
      if (next.empty()) co_return out;
      more = "&continue=" + net::percent_encode(next);
    }
    co_return std::unexpected(bad_answer("the pool has more NodeClaims than are counted"));
  }

  static Observation seen_in(const Answer& pool) {
    Observation seen;
    const Answer spec = pool.at("spec");
    const Answer status = pool.at("status");
    for (const Limit& limit : limits) {
      const auto now = number_in(spec.at("limits"), limit.name);
      if (!now) {
        seen.blocks.push_back({.value = limit.name, .reason = refusal(limit.name, is_static(pool))});
        continue;
      }
      seen.current[limit.name] = *now / limit.unit;
      const auto used = number_in(status.at("resources"), limit.name);
      if (used && *used > *now)
        seen.warnings.push_back("more is in use than the limit on " + std::string(limit.name) + " allows (" +
                                format_number(rounded_to(*used / limit.unit, 4)) + limit.suffix +
                                "): Karpenter removes nothing for that");
    }
    if (const auto wanted = number_in(spec, static_replicas)) {
      seen.current[static_replicas] = *wanted;
      seen.changing = number_in(status, "nodes").value_or(0) != *wanted;
      if (const auto most = seen.current.find("nodes"); most != seen.current.end())
        seen.system_max[static_replicas] = most->second;
    } else {
      seen.blocks.push_back({.value = static_replicas, .reason = refusal(static_replicas, false)});
    }
    for (const Answer& one : status.at("conditions").items()) {
      if (one.text("status") != "False") continue;
      seen.warnings.push_back(one.text("type") + " is False, " + one.text("reason") + ": " +
                              std::string(cut(one.text("message"), 200)));
    }
    return seen;
  }

  std::string name_;
  std::string path_;
  std::string field_manager_;
  std::unique_ptr<Cluster> cluster_;
};

Result<std::unique_ptr<Component>> create_karpenter(const definitions::ComponentDefinition&,
                                                    const definitions::Settings& settings,
                                                    net::Services& services) {
  auto cluster = Cluster::connect(settings, services);
  if (!cluster) return std::unexpected(cluster.error());
  return std::make_unique<NodePool>(settings.text("nodepool"), settings.text("field_manager"),
                                    std::move(*cluster));
}

}  // namespace

const Kind& kubernetes_karpenter() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::component,
           .name = "kubernetes-karpenter",
           .vendor = "kubernetes",
           .summary = "A NodePool of Karpenter (karpenter.sh/v1): its limits, or the nodes of a static pool.",
           .keys = definitions::join({{{.name = "nodepool",
                                        .help = "The NodePool's name.",
                                        .required = true,
                                        .example = "general"}},
                                      cluster_keys()}),
           .values = {{.name = static_replicas,
                       .help = "The nodes of a static pool (`spec.replicas`).",
                       .highest = 2147483647,
                       .alias = "desired"},
                      {.name = "cpu", .help = "The limit on cores of all its nodes."},
                      {.name = "memory", .help = "The limit on memory of all its nodes, in GiB."},
                      {.name = "nodes", .help = "The limit on its nodes.", .highest = 2147483647}},
           .ready_after = 90s,
           .permissions = "A ClusterRole:\n\n```yaml\nrules:\n"
                          "  - { apiGroups: [karpenter.sh], resources: [nodepools], verbs: [get, patch] }\n"
                          "  - { apiGroups: [karpenter.sh], resources: [nodeclaims], verbs: [list] } # "
                          "static pools: what "
                          "is ready\n```",
           .notes =
               "A limit neither makes nor removes nodes: it bounds what Karpenter may add for pods that "
               "wait, and a limit below what is in use stays without effect until nodes go for other "
               "reasons. For capacity ahead of pods use a static pool's `replicas`, or a Deployment of "
               "low-priority placeholder pods (`kubernetes-deployment`). `replicas` can be given only when a "
               "pool is made, is behind Karpenter's feature gate StaticCapacity, and goes no higher than the "
               "pool's limit on nodes. Ready is a node whose NodeClaim is Ready; what is only launched, or "
               "still drained, is a change under way. A limit that the pool does not have is not set: it "
               "would take capacity away. A node removed from a static pool is drained: "
               "PodDisruptionBudgets hold, disruption budgets of the pool do not. Disruption budgets are "
               "texts, so no plan sets them. A NodeClass has no capacity to set."},
      .create = &create_karpenter};
  return kind;
}

}  // namespace wave::components
