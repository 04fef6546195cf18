"""Against a real kube-apiserver, under the least rights that the reference page names."""

import itertools

import pytest

from conftest import eventually
from kube import PLAN, PUSHED, component, running

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.filterwarnings("ignore:Unverified HTTPS request"),
]

spaces = (f"shop{number}" for number in itertools.count())

@pytest.fixture(scope="session")
def kube(tmp_path_factory):
    with running(tmp_path_factory.mktemp("kube")) as made:
        yield made


@pytest.fixture
def space(kube):
    name = next(spaces)
    kube.namespace(name)
    return name


def test_a_deployment_follows_a_real_prometheus_metric(wave, kube, space, prometheus, exporter):
    kube.workload(space, "api", 2)
    kube.kubeconfig(wave.folder / "kubeconfig.yaml")
    exporter.values["load"] = 70
    prometheus.wait_for("load", 70)
    metric = (
        "---\nkind: Metric\nid: load\nmetric_kind: prometheus\npolling_interval: 500ms\n"
        f"metadata: {{ endpoint: '{prometheus.url}', query: load }}\n"
    )
    wave.write(component(space) + metric + PLAN)
    wave.run()
    eventually(lambda: kube.replicas(space, "api") == 7)
    exporter.values["load"] = 30
    eventually(lambda: kube.replicas(space, "api") == 3)
    assert wave.component("api")["warnings"] == []


def test_a_stateful_set_is_found_by_its_kind(wave, kube, space):
    kube.workload(space, "queue", 1, kind="StatefulSet")
    kube.kubeconfig(wave.folder / "kubeconfig.yaml", token="admin-token")
    wave.write(component(space, name="queue", kind="kubernetes-scale", more=", kind: StatefulSet"))
    decided = wave.json("scale", "api", "replicas=4")
    assert decided["applied"] and decided["value"] == "desired"
    assert kube.replicas(space, "queue", "statefulsets") == 4
    refused = wave.json("scale", "api", "replica=5", check=1)["error"]["message"]
    assert "it has no value 'replica', but desired" in refused
    twice = wave.json("scale", "api", "replicas=5", "desired=6", check=1)["error"]["message"]
    assert "are one value" in twice
    assert kube.replicas(space, "queue", "statefulsets") == 4


def test_a_kind_without_scale_is_refused(wave, kube, space):
    kube.kubeconfig(wave.folder / "kubeconfig.yaml", token="admin-token")
    wave.write(component(space, kind="kubernetes-scale", more=", kind: DaemonSet"))
    (seen,) = wave.json("observe", check=1)
    assert "no scale subresource" in seen["error"]["message"]


def test_an_autoscaler_on_the_same_target_is_refused(wave, kube, space):
    kube.workload(space, "api", 2)
    kube.autoscaler(space, "api-hpa", "api", 2)
    kube.kubeconfig(wave.folder / "kubeconfig.yaml")
    wave.write(component(space) + PUSHED + PLAN)
    wave.run()
    wave.push("load", 90)
    decision = eventually(
        lambda: [
            one
            for one in wave.component("api")["decisions"]
            if any(reason["rule"] == "conflict" for reason in one["reasons"])
        ]
    )[0]
    assert f"HorizontalPodAutoscaler {space}/api-hpa" in decision["text"]
    assert kube.replicas(space, "api") == 2


def test_the_last_of_many_autoscalers_is_seen(wave, kube, space):
    kube.workload(space, "api", 2)
    for number in range(501):
        kube.autoscaler(space, f"a{number:03}", f"other{number}", 1)
    kube.autoscaler(space, "z-last", "api", 2)
    kube.kubeconfig(wave.folder / "kubeconfig.yaml")
    wave.write(component(space))
    (seen,) = wave.json("observe")
    assert seen["steered_by"] == f"HorizontalPodAutoscaler {space}/z-last"


def test_raise_floor_moves_the_autoscalers_minimum(wave, kube, space):
    kube.workload(space, "api", 2)
    kube.autoscaler(space, "api-hpa", "api", 2)
    kube.kubeconfig(wave.folder / "kubeconfig.yaml", token="admin-token")
    wave.write(component(space, on_conflict="raise_floor") + PUSHED + PLAN)
    wave.run()
    wave.push("load", 90)
    path = f"/apis/autoscaling/v2/namespaces/{space}/horizontalpodautoscalers/api-hpa"
    eventually(lambda: kube.call("GET", path).json()["spec"]["minReplicas"] == 9)
    assert kube.replicas(space, "api") == 2
    wave.push("load", 40)
    eventually(lambda: kube.call("GET", path).json()["spec"]["minReplicas"] == 4)


def test_raise_floor_stops_at_the_autoscalers_maximum_also_by_hand(wave, kube, space):
    kube.workload(space, "api", 2)
    kube.autoscaler(space, "api-hpa", "api", 2, most=12)
    kube.kubeconfig(wave.folder / "kubeconfig.yaml", token="admin-token")
    wave.write(component(space, on_conflict="raise_floor") + PUSHED + PLAN)
    wave.run()
    path = f"/apis/autoscaling/v2/namespaces/{space}/horizontalpodautoscalers/api-hpa"
    wave.push("load", 390)
    eventually(lambda: kube.call("GET", path).json()["spec"]["minReplicas"] == 12)
    decided = wave.json("scale", "api", "desired=5")
    assert decided["applied"]
    spec = kube.call("GET", path).json()["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (5, 12)
    assert wave.json("scale", "api", "desired=13", "--dry-run")["final"] == 12
    assert kube.replicas(space, "api") == 2


def test_a_target_that_was_switched_off_stays_off(wave, kube, space):
    kube.workload(space, "api", 0)
    kube.kubeconfig(wave.folder / "kubeconfig.yaml")
    wave.write(component(space) + PUSHED + PLAN)
    wave.run()
    wave.push("load", 90)
    eventually(
        lambda: any(
            reason["rule"] == "switched_off"
            for one in wave.component("api")["decisions"]
            for reason in one["reasons"]
        )
    )
    assert kube.replicas(space, "api") == 0


def test_a_target_that_disappears_is_an_error_and_comes_back(wave, kube, space):
    kube.workload(space, "api", 2)
    kube.kubeconfig(wave.folder / "kubeconfig.yaml")
    wave.write(component(space) + PUSHED + PLAN)
    wave.run()
    wave.push("load", 30)
    eventually(lambda: kube.replicas(space, "api") == 3)
    kube.call("DELETE", f"/apis/apps/v1/namespaces/{space}/deployments/api")
    eventually(lambda: wave.component("api")["error"], timeout=60)
    assert wave.component("api")["error"]["code"] == "not_found"
    kube.workload(space, "api", 1)
    eventually(lambda: kube.replicas(space, "api") == 3, timeout=90)


def test_missing_rights_are_named(wave, kube, space):
    kube.workload(space, "api", 2)
    kube.call("DELETE", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{space}/rolebindings/scaler")
    kube.kubeconfig(wave.folder / "kubeconfig.yaml")
    wave.write(component(space))
    (seen,) = wave.json("observe", check=1)
    assert seen["error"]["code"] == "forbidden"
    assert 'cannot get resource "deployments"' in seen["error"]["message"]


def test_a_wrong_token_is_unauthorized(wave, kube, space):
    kube.kubeconfig(wave.folder / "kubeconfig.yaml", token="wrong-secret")
    wave.write(component(space))
    done = wave.command("observe", "--json", check=1)
    assert "unauthorized" in done.stdout
    assert "wrong-secret" not in done.stdout + done.stderr


def test_an_exec_plugin_gives_the_token(wave, kube, space):
    kube.workload(space, "api", 2)
    plugin = wave.folder / "plugin"
    plugin.write_text(
        "#!/bin/sh\n"
        'echo \'{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"scaler-token"}}\'\n'
    )
    plugin.chmod(0o755)
    kube.kubeconfig(
        wave.folder / "kubeconfig.yaml",
        user={"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin", "interactiveMode": "Never"}},
    )
    wave.write(component(space))
    (seen,) = wave.json("observe")
    assert seen["current"] == {"desired": 2}
