"""NodePools on a real kube-apiserver with Karpenter's own CustomResourceDefinitions (their CEL rules and patterns hold) and
its own controllers, which make nodes for the pools of a KWOKNodeClass and leave the others alone."""

import copy
import itertools
import re
import threading

import pytest

from conftest import eventually
from kube import running

pytestmark = [pytest.mark.heavy, pytest.mark.filterwarnings("ignore:Unverified HTTPS request")]

POOLS = "/apis/karpenter.sh/v1/nodepools"
CLAIMS = "/apis/karpenter.sh/v1/nodeclaims"
PODS = "/api/v1/namespaces/default/pods"
MERGE = "application/merge-patch+json"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
# The least that the reference page asks for.
RULES = [
    {"apiGroups": ["karpenter.sh"], "resources": ["nodepools"], "verbs": ["get", "patch"]},
    {"apiGroups": ["karpenter.sh"], "resources": ["nodeclaims"], "verbs": ["list"]},
]
names = (f"pool{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def kube(tmp_path_factory):
    with running(tmp_path_factory.mktemp("kube")) as made:
        made.with_karpenter()
        for name, delay in (("quick", "2s"), ("slow", "1h")):
            node_class = {"apiVersion": "karpenter.kwok.sh/v1alpha1", "kind": "KWOKNodeClass", "metadata": {"name": name}}
            made.create("/apis/karpenter.kwok.sh/v1alpha1/kwoknodeclasses", node_class | {"spec": {"nodeRegistrationDelay": delay}})
        made.create(f"{RBAC}/clusterroles", {"metadata": {"name": "pools"}, "rules": RULES})
        made.create(
            f"{RBAC}/clusterrolebindings",
            {
                "metadata": {"name": "pools"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "pools"},
                "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "scalers"}],
            },
        )
        yield made


def pool(kube, **more):
    name = next(names)
    spec = {
        "template": {
            "metadata": {"labels": {"team": "shop"}},
            "spec": {
                "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "default"},
                "requirements": [{"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]}],
                "expireAfter": "720h",
            },
        },
        "disruption": {"consolidationPolicy": "WhenEmpty", "consolidateAfter": "5m", "budgets": [{"nodes": "20%"}]},
    } | more
    kube.create(POOLS, {"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {"name": name}, "spec": spec})
    return name


def managed(kube, node_class, **more):
    """A pool whose nodes, of two cores each, Karpenter makes here, after as long as the class says."""
    types = {"key": "node.kubernetes.io/instance-type", "operator": "In", "values": ["c-2x-amd64-linux"]}
    reference = {"group": "karpenter.kwok.sh", "kind": "KWOKNodeClass", "name": node_class}
    template = {"spec": {"nodeClassRef": reference, "requirements": [types], "expireAfter": "Never"}}
    disruption = {"consolidationPolicy": "WhenEmpty", "consolidateAfter": "Never"}
    return pool(kube, template=template, disruption=disruption, **more)


def claims(kube, name):
    return kube.call("GET", f"{CLAIMS}?labelSelector=karpenter.sh/nodepool%3D{name}").json()["items"]


def ready_nodes(kube, name):
    """As the API server's own nodes tell."""
    nodes = kube.call("GET", f"/api/v1/nodes?labelSelector=karpenter.sh/nodepool%3D{name}").json()["items"]
    ready = {"type": "Ready", "status": "True"}.items()
    return sum(any(ready <= condition.items() for condition in node["status"].get("conditions", [])) for node in nodes)


def pod(kube, name, **spec):
    container = {"name": "main", "image": "example/main", "resources": {"requests": {"cpu": "1500m"}}}
    kube.create(PODS, {"metadata": {"name": name, "labels": {"app": name}}, "spec": {"containers": [container], **spec}})


def at_rest(wave, replicas):
    seen = wave.component("pool")
    return seen["current"].get("replicas") == replicas == seen.get("ready") and not seen["changing"]


def counted(wave, what):
    return float(re.search(rf"^{what}(?:{{.*}})? (\S+)$", wave.get("/metrics").text, re.MULTILINE)[1])


def definitions(name, plan="cpu: load, memory: 'load * 4'"):
    return f"""
kind: Metric
id: load
metric_kind: push
---
kind: ScalingComponent
id: pool
component_kind: kubernetes-karpenter
metadata: {{ kubeconfig: kubeconfig.yaml, nodepool: {name} }}
limits:
  replicas: {{ min: 0, max: 50 }}
  cpu: {{ min: 4, max: 400 }}
  memory: {{ min: 8, max: 1600 }}
  nodes: {{ min: 1, max: 100 }}
behavior: {{ scale_down: {{ stabilization_window: 1s }} }}
---
kind: ScalingPlan
id: p
interval: 500ms
plans: [{{ id: i, scaling_components: [{{ component_id: pool, {plan} }}] }}]
"""


def without_bookkeeping(one):
    one = copy.deepcopy(one)
    for field in ("managedFields", "resourceVersion", "generation"):
        one["metadata"].pop(field, None)
    return one


def test_limits_follow_and_nothing_else_changes(wave, kube):
    name = pool(kube, limits={"cpu": "100", "memory": "400Gi", "nvidia.com/gpu": "2"}, weight=7)
    before = kube.call("GET", f"{POOLS}/{name}").json()
    kube.kubeconfig(wave.folder / "kubeconfig.yaml")
    wave.write(definitions(name))
    (seen,) = wave.json("observe")
    assert seen["current"] == {"cpu": 100, "memory": 400}
    wave.run()
    wave.push("load", 200)
    eventually(lambda: kube.call("GET", f"{POOLS}/{name}").json()["spec"]["limits"]["cpu"] == "200")
    after = kube.call("GET", f"{POOLS}/{name}").json()
    expected = without_bookkeeping(before)
    expected["spec"]["limits"] |= {"cpu": "200", "memory": "800Gi"}
    assert without_bookkeeping(after) == expected
    assert "wave-autoscale" in {one["manager"] for one in after["metadata"]["managedFields"]}
    wave.push("load", 50)
    eventually(lambda: kube.call("GET", f"{POOLS}/{name}").json()["spec"]["limits"]["memory"] == "200Gi")
    version = kube.call("GET", f"{POOLS}/{name}").json()["metadata"]["resourceVersion"]
    wave.push("load", 50)
    eventually(lambda: wave.component("pool")["decisions"][0]["action"] == "none")
    assert kube.call("GET", f"{POOLS}/{name}").json()["metadata"]["resourceVersion"] == version


def test_somebody_who_writes_all_the_time_is_not_overwritten(wave, kube):
    name = pool(kube, limits={"cpu": "100", "memory": "400Gi"})
    kube.kubeconfig(wave.folder / "kubeconfig.yaml")
    wave.write(definitions(name))
    over = threading.Event()
    written = []

    def write():
        while not over.is_set():
            weight = len(written) % 100 + 1
            body = {"spec": {"weight": weight}}
            assert kube.call("PATCH", f"{POOLS}/{name}", body, MERGE).status_code == 200
            written.append(weight)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        wave.run()
        wave.push("load", 300)
        eventually(lambda: kube.call("GET", f"{POOLS}/{name}").json()["spec"]["limits"]["cpu"] == "300", timeout=60)
    finally:
        over.set()
        writer.join()
    assert kube.call("GET", f"{POOLS}/{name}").json()["spec"]["weight"] == written[-1]


def test_a_limit_that_is_not_there_is_not_set(wave, kube):
    name = pool(kube, limits={"cpu": "100"})
    kube.kubeconfig(wave.folder / "kubeconfig.yaml")
    wave.write(definitions(name))
    wave.run()
    wave.push("load", 200)
    held = eventually(
        lambda: [
            reason["text"]
            for one in wave.component("pool")["decisions"]
            if one["value"] == "memory"
            for reason in one["reasons"]
            if "no limit on memory" in reason["text"]
        ]
    )
    assert "unlimited" in held[0]
    eventually(lambda: kube.call("GET", f"{POOLS}/{name}").json()["spec"]["limits"] == {"cpu": "200"})


def test_a_static_pool_comes_to_rest_when_its_nodes_are_ready(wave, kube):
    name = managed(kube, "quick", replicas=1, limits={"nodes": "5"})
    kube.kubeconfig(wave.folder / "kubeconfig.yaml")
    wave.write(definitions(name, "desired: load"))
    wave.run()
    eventually(lambda: at_rest(wave, 1))
    before = kube.call("GET", f"{POOLS}/{name}").json()
    assert "karpenter.sh/nodepool-hash" in before["metadata"]["annotations"]
    wave.push("load", 3)
    eventually(lambda: wave.component("pool")["changing"])
    eventually(lambda: at_rest(wave, 3))
    assert (ready_nodes(kube, name), len(claims(kube, name))) == (3, 3)
    after = kube.call("GET", f"{POOLS}/{name}").json()
    assert after["spec"] == before["spec"] | {"replicas": 3}
    assert after["metadata"]["annotations"] == before["metadata"]["annotations"]

    sent = counted(wave, "wave_component_applies_total")
    evaluations = counted(wave, "wave_evaluations_total")
    wave.push("load", 3)
    eventually(lambda: counted(wave, "wave_evaluations_total") >= evaluations + 2)
    assert counted(wave, "wave_component_applies_total") == sent
    assert kube.call("GET", f"{POOLS}/{name}").json()["metadata"]["generation"] == after["metadata"]["generation"]

    wave.push("load", 9)
    eventually(lambda: at_rest(wave, 5))
    assert "the system's own maximum is 5" in wave.reasons("pool")
    wave.push("load", 2)
    eventually(lambda: at_rest(wave, 2), timeout=60)
    assert (ready_nodes(kube, name), len(claims(kube, name))) == (2, 2)


def test_nodes_that_are_only_launched_are_not_ready(wave, kube):
    name = managed(kube, "slow", replicas=2)
    eventually(lambda: kube.call("GET", f"{POOLS}/{name}").json().get("status", {}).get("nodes") == 2)
    kube.kubeconfig(wave.folder / "kubeconfig.yaml")
    wave.write(definitions(name, "desired: load"))
    (seen,) = wave.json("observe")
    assert (seen["current"]["replicas"], seen["ready"], seen["changing"]) == (2, 0, True)


def test_a_node_that_is_still_drained_is_a_change_under_way(wave, kube):
    name = managed(kube, "quick", replicas=2)
    eventually(lambda: ready_nodes(kube, name) == 2)
    for claim in eventually(lambda: all("nodeName" in one["status"] for one in claims(kube, name)) and claims(kube, name)):
        pod(kube, claim["metadata"]["name"], nodeName=claim["status"]["nodeName"])
    budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
    kube.create(budgets, {"metadata": {"name": name}, "spec": {"maxUnavailable": 0, "selector": {}}})
    kube.kubeconfig(wave.folder / "kubeconfig.yaml")
    wave.write(definitions(name, "desired: load"))
    wave.run()
    wave.push("load", 1)
    eventually(lambda: kube.call("GET", f"{POOLS}/{name}").json()["status"]["nodes"] == 1)
    (seen,) = wave.json("observe")
    assert (seen["current"]["replicas"], seen["ready"], seen["changing"]) == (1, 1, True)
    assert len(claims(kube, name)) == 2
    kube.call("DELETE", f"{budgets}/{name}")
    eventually(lambda: at_rest(wave, 1), timeout=60)
    assert (ready_nodes(kube, name), len(claims(kube, name))) == (1, 1)


def test_a_limit_lets_karpenter_add_nodes_and_removes_none(wave, kube):
    name = managed(kube, "quick", limits={"nodes": "1", "cpu": "2"})
    for number in range(5):
        pod(kube, f"{name}-{number}", nodeSelector={"karpenter.sh/nodepool": name})
        waits = {"status": {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}}
        assert kube.call("PATCH", f"{PODS}/{name}-{number}/status", waits, MERGE).status_code == 200
    kube.kubeconfig(wave.folder / "kubeconfig.yaml")
    wave.write(definitions(name, "nodes: load, cpu: 'load * 2'"))
    eventually(lambda: ready_nodes(kube, name) == 1)
    wave.run()
    wave.push("load", 3)
    eventually(lambda: ready_nodes(kube, name) == 3, timeout=60)
    wave.push("load", 2)
    warned = eventually(lambda: wave.component("pool")["warnings"])
    assert [one.split(":")[0] for one in warned] == [
        "more is in use than the limit on cpu allows (4.5)",
        "more is in use than the limit on nodes allows (3)",
    ]
    seen = kube.call("GET", f"{POOLS}/{name}").json()
    assert seen["spec"]["limits"] == {"nodes": "2", "cpu": "4"}
    assert not wave.component("pool")["changing"]
    # Karpenter has seen the limit, too.
    eventually(
        lambda: all(
            one["observedGeneration"] == seen["metadata"]["generation"]
            for one in kube.call("GET", f"{POOLS}/{name}").json()["status"]["conditions"]
        )
    )
    assert (ready_nodes(kube, name), len(claims(kube, name))) == (3, 3)


def test_what_karpenter_says_of_a_pool_is_a_warning(wave, kube):
    name = managed(kube, "nowhere", replicas=1)
    kube.kubeconfig(wave.folder / "kubeconfig.yaml")
    wave.write(definitions(name, "desired: load"))
    wave.run()
    warned = eventually(lambda: wave.component("pool")["warnings"])
    assert any(one.startswith("NodeClassReady is False, NodeClassNotFound") for one in warned), warned


def test_without_the_right_to_list_nodeclaims_readiness_is_unknown(wave, kube):
    name = pool(kube, replicas=2)
    assert kube.call("PATCH", f"{POOLS}/{name}/status", {"status": {"nodes": 2}}, MERGE).status_code == 200
    kube.kubeconfig(wave.folder / "kubeconfig.yaml")
    wave.write(definitions(name, "desired: load"))
    role = f"{RBAC}/clusterroles/pools"
    assert kube.call("PATCH", role, {"rules": RULES[:1]}, MERGE).status_code == 200
    try:
        (seen,) = eventually(lambda: wave.json("observe")[0]["ready"] is None and wave.json("observe"))
        assert seen["current"]["replicas"] == 2 and not seen["changing"]
        assert "allow list on nodeclaims" in seen["warnings"][0]
    finally:
        kube.call("PATCH", role, {"rules": RULES}, MERGE)


def test_a_pool_that_is_missing_or_forbidden_is_named(wave, kube):
    kube.kubeconfig(wave.folder / "kubeconfig.yaml")
    wave.write(definitions("nowhere"))
    (seen,) = wave.json("observe", check=1)
    assert seen["error"]["code"] == "not_found" and "nowhere" in seen["error"]["message"]
    kube.kubeconfig(wave.folder / "kubeconfig.yaml", token="wrong-secret")
    (seen,) = wave.json("observe", check=1)
    assert seen["error"]["code"] == "unauthorized" and "wrong-secret" not in str(seen)
