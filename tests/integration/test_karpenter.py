"""NodePools on a real kube-apiserver with Karpenter's own CustomResourceDefinitions: their CEL rules and patterns hold."""

import copy
import itertools
import pathlib
import subprocess
import threading

import pytest
import yaml

from conftest import ROOT, eventually
from kube import running

pytestmark = [pytest.mark.heavy, pytest.mark.filterwarnings("ignore:Unverified HTTPS request")]

POOLS = "/apis/karpenter.sh/v1/nodepools"
names = (f"pool{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def kube(tmp_path_factory):
    with running(tmp_path_factory.mktemp("kube")) as made:
        crds = subprocess.run([ROOT / "scripts/peers.sh", "karpenter-crds"], capture_output=True, text=True, check=True)
        for file in sorted(pathlib.Path(crds.stdout.strip()).glob("*.yaml")):
            made.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", yaml.safe_load(file.read_text()))
        eventually(lambda: made.call("GET", POOLS).status_code == 200)
        # The least that the reference page asks for.
        rbac = "/apis/rbac.authorization.k8s.io/v1"
        rules = [{"apiGroups": ["karpenter.sh"], "resources": ["nodepools"], "verbs": ["get", "patch"]}]
        made.create(f"{rbac}/clusterroles", {"metadata": {"name": "pools"}, "rules": rules})
        made.create(
            f"{rbac}/clusterrolebindings",
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
            assert kube.call("PATCH", f"{POOLS}/{name}", body, "application/merge-patch+json").status_code == 200
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


def test_a_static_pool_is_scaled_by_its_nodes(wave, kube):
    name = pool(kube, replicas=2)
    kube.kubeconfig(wave.folder / "kubeconfig.yaml")
    wave.write(definitions(name, "desired: load"))
    wave.run()
    wave.push("load", 6)
    eventually(lambda: kube.call("GET", f"{POOLS}/{name}").json()["spec"]["replicas"] == 6)
    seen = eventually(lambda: wave.component("pool")["current"].get("replicas") == 6 and wave.component("pool"))
    assert seen["changing"] and seen["ready"] == 0
    status = {"status": {"nodes": 6}}
    assert kube.call("PATCH", f"{POOLS}/{name}/status", status, "application/merge-patch+json").status_code == 200
    eventually(lambda: wave.component("pool")["ready"] == 6 and not wave.component("pool")["changing"])


def test_a_pool_that_is_missing_or_forbidden_is_named(wave, kube):
    kube.kubeconfig(wave.folder / "kubeconfig.yaml")
    wave.write(definitions("nowhere"))
    (seen,) = wave.json("observe", check=1)
    assert seen["error"]["code"] == "not_found" and "nowhere" in seen["error"]["message"]
    kube.kubeconfig(wave.folder / "kubeconfig.yaml", token="wrong-secret")
    (seen,) = wave.json("observe", check=1)
    assert seen["error"]["code"] == "unauthorized" and "wrong-secret" not in str(seen)
