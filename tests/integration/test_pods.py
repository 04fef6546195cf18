"""A Deployment whose pods really come and go: kube-controller-manager makes them, and kwok runs them."""

import time

import pytest

from conftest import eventually
from kube import NODE, PLAN, PUSHED, component, running

pytestmark = [pytest.mark.heavy, pytest.mark.filterwarnings("ignore:Unverified HTTPS request")]

READY_AFTER = 6


@pytest.fixture(scope="module")
def kube(tmp_path_factory):
    with running(tmp_path_factory.mktemp("kube")) as made:
        made.with_pods(READY_AFTER)
        made.namespace("shop")
        yield made


def pods(kube):
    """How many there are that stay, and how many of them are ready."""
    there = [
        pod
        for pod in kube.call("GET", "/api/v1/namespaces/shop/pods").json()["items"]
        if "deletionTimestamp" not in pod["metadata"]
    ]
    ready = [
        pod
        for pod in there
        if any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", []))
    ]
    return len(there), len(ready)


def test_a_deployments_pods_become_ready_and_convergence_is_watched(wave, kube):
    kube.workload("shop", "api", 2, node=NODE)
    eventually(lambda: pods(kube) == (2, 2), timeout=60)
    kube.kubeconfig(wave.folder / "kubeconfig.yaml")
    wave.write(component("shop") + PLAN + PUSHED)
    wave.run()
    wave.push("load", 20)
    eventually(lambda: wave.component("api")["ready"] == 2)
    seen = wave.component("api")
    assert (seen["changing"], seen["ready_after_learned"]) == (False, False)

    wave.push("load", 70)
    eventually(lambda: pods(kube)[0] == 7)
    ordered = time.monotonic()
    # What is ordered is not what serves: until kwok says so.
    seen = eventually(lambda: wave.component("api")["changing"] and wave.component("api"))
    there, ready = pods(kube)
    assert (there, ready) == (7, 2) and time.monotonic() - ordered < READY_AFTER
    assert (seen["current"]["desired"], seen["ready"]) == (7, 2)
    wave.push("load", 70)
    eventually(lambda: pods(kube) == (7, 7), timeout=60)
    eventually(lambda: wave.component("api")["ready"] == 7)
    seen = eventually(lambda: not wave.component("api")["changing"] and wave.component("api"))
    assert seen["ready_after_learned"]
    # Looked at every 2 s while a change is under way.
    assert READY_AFTER - 1 <= seen["ready_after_seconds"] <= READY_AFTER + 6

    wave.push("load", 30)
    eventually(lambda: pods(kube) == (3, 3), timeout=60)
    eventually(lambda: wave.component("api")["ready"] == 3)
    seen = eventually(lambda: not wave.component("api")["changing"] and wave.component("api"))
    assert seen["current"]["desired"] == 3
    deployment = kube.call("GET", "/apis/apps/v1/namespaces/shop/deployments/api").json()
    assert (deployment["status"]["readyReplicas"], deployment["spec"]["replicas"]) == (3, 3)
