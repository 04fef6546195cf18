#include "contract/kubernetes/fault_cases.h"

namespace wave::test {

using nlohmann::json;

std::vector<KubernetesFaultCase> kubernetes_fault_cases() {
  const json metadata = {{"name", "it"}, {"resourceVersion", "7"}};
  const json workload = {{"metadata", metadata},
                         {"spec", {{"replicas", 2}}},
                         {"status", {{"replicas", 2}, {"readyReplicas", 2}}}};
  const std::string deployment = "/apis/apps/v1/namespaces/shop/deployments/it";
  const std::string set = "/apis/apps/v1/namespaces/shop/statefulsets/it";
  const std::string pool = "/apis/karpenter.sh/v1/nodepools/it";
  const json limits = {{"metadata", metadata}, {"spec", {{"limits", {{"cpu", "2"}}}}}};
  const json fixed = {{"metadata", metadata}, {"spec", {{"replicas", 2}}}, {"status", {{"nodes", 2}}}};
  return {
      {.name = "kubernetesdeployment",
       .kind = &components::kubernetes_deployment,
       .keys = {{"namespace", "shop"}, {"name", "it"}},
       .path = deployment,
       .object = workload,
       .read = deployment + "/scale",
       .now = {{"desired", 2}},
       .wanted = {{"desired", 5}},
       .written = {{"replicas", 5}},
       .is_watched = true},
      {.name = "kubernetesscale",
       .kind = &components::kubernetes_scale,
       .keys = {{"api_version", "apps/v1"}, {"kind", "StatefulSet"}, {"namespace", "shop"}, {"name", "it"}},
       .path = set,
       .object = workload,
       .read = set + "/scale",
       .now = {{"desired", 2}},
       .wanted = {{"desired", 5}},
       .written = {{"replicas", 5}},
       .is_watched = true},
      {.name = "kuberneteskarpenterLimits",
       .kind = &components::kubernetes_karpenter,
       .keys = {{"nodepool", "it"}},
       .path = pool,
       .object = limits,
       .read = pool,
       .now = {{"cpu", 2}},
       .wanted = {{"cpu", 5}},
       .written = {{"limits", {{"cpu", "5"}}}}},
      {.name = "kuberneteskarpenterStatic",
       .kind = &components::kubernetes_karpenter,
       .keys = {{"nodepool", "it"}},
       .path = pool,
       .object = fixed,
       .read = pool,
       .now = {{"replicas", 2}},
       .wanted = {{"replicas", 5}},
       .written = {{"replicas", 5}},
       .is_watched = true}};
}

}  // namespace wave::test
