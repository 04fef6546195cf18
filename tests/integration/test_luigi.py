"""luigi against a real luigid, driven by Luigi's own client of the scheduler."""

import pytest
import requests

from conftest import free_port
from peers import run_in, server, venv

pytestmark = pytest.mark.held_to("luigi", "a real server: luigid")

# A chain in which C waits for B waits for A, two that are ready and need a gpu, one that runs and one that failed.
FILL = """
import json, sys
from luigi.rpc import RemoteScheduler
s = RemoteScheduler(sys.argv[1])
s.add_worker("w1", {"workers": 2})
s.add_task(worker="w1", task_id="Running_1", family="Running", params={"n": "1"}, resources={})
assert s.get_work(worker="w1", host="here")["task_id"] == "Running_1"
s.add_task(worker="w1", task_id="Failed_1", family="Failed", params={})
s.add_task(worker="w1", task_id="Failed_1", family="Failed", params={}, status="FAILED")
s.add_task(worker="w1", task_id="Chain_A", family="Chain", params={"d": "A"}, resources={"gpu": 1})
s.add_task(worker="w1", task_id="Chain_B", family="Chain", params={"d": "B"}, deps=["Failed_1"])
s.add_task(worker="w1", task_id="Build_1", family="Build", params={"n": "1"})
"""

LOOK = """
import json, sys
from luigi.rpc import RemoteScheduler
s = RemoteScheduler(sys.argv[1])
print(json.dumps({
  "pending": list(s.task_list("PENDING", "")), "running": list(s.task_list("RUNNING", "")),
  "failed": list(s.task_list("FAILED", "")), "blocked": list(s.task_list("PENDING", "UPSTREAM_FAILED")),
  "resources": {one["name"]: [one["num_used"], one["num_total"]] for one in s.resource_list()},
  "workers": [one["name"] for one in s.worker_list()], "count": s.count_pending("w1")}))
"""


@pytest.fixture(scope="module")
def luigid(tmp_path_factory):
    programs = venv("luigi")
    folder = tmp_path_factory.mktemp("luigi")
    (folder / "luigi.cfg").write_text("[resources]\ngpu=2\n")
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [programs / "luigid", "--address", "127.0.0.1", "--port", str(port), "--state-path", folder / "state"]
    with server(command, folder, lambda: requests.head(url, timeout=2).status_code == 204):
        run_in(programs, FILL, url)
        yield url, programs


def polled(wave, url, metrics, check=0):
    wave.write(
        "\n---\n".join(
            f"{{ kind: Metric, id: {id}, metric_kind: luigi, metadata: {{ endpoint: '{url}', {keys} }} }}"
            for id, keys in metrics.items()
        )
    )
    return {one["metric_id"]: one for one in wave.json("poll", check=check)}


def test_the_numbers_are_those_of_luigis_own_client(wave, luigid):
    url, programs = luigid
    theirs = run_in(programs, LOOK, url)
    assert sorted(theirs["pending"]) == ["Build_1", "Chain_A", "Chain_B"]
    assert theirs["running"] == ["Running_1"] and theirs["failed"] == ["Failed_1"]
    assert theirs["blocked"] == ["Chain_B"]
    wanted = {
        "pending": ("metric: pending_tasks", len(theirs["pending"])),
        "running": ("metric: running_tasks", len(theirs["running"])),
        "failed": ("metric: failed_tasks", len(theirs["failed"])),
        "blocked": ("upstream_status: UPSTREAM_FAILED", len(theirs["blocked"])),
        "family": ("task_family: Chain", 2),
        "search": ("search: 'build'", 1),
        "nothing": ("task_family: NoSuchTask", 0),
        "workers": ("metric: workers", len(theirs["workers"])),
        "used": ("metric: resource_used, resource: gpu", theirs["resources"]["gpu"][0]),
        "free": ("metric: resource_free, resource: gpu", theirs["resources"]["gpu"][1] - theirs["resources"]["gpu"][0]),
        "worker": ("metric: worker_pending, worker: w1", theirs["count"]["n_pending_tasks"]),
    }
    found = polled(wave, url, {id: keys for id, (keys, _) in wanted.items()})
    assert {id: one["value"] for id, one in found.items()} == {id: value for id, (_, value) in wanted.items()}


def test_a_worker_or_resource_that_is_not_there_is_said_and_not_made(wave, luigid):
    url, programs = luigid
    found = polled(
        wave,
        url,
        {"worker": "metric: worker_pending, worker: w9", "resource": "metric: resource_free, resource: tpu"},
        check=1,
    )
    assert found["worker"]["error"]["code"] == "not_found"
    assert found["resource"]["error"]["code"] == "not_found" and "gpu" in found["resource"]["error"]["message"]
    assert run_in(programs, LOOK, url)["workers"] == ["w1"]
