"""airflow against the real web servers of Airflow 2.10 and 3, and what Airflow itself counts."""

import json
import os
import subprocess

import pytest
import requests

from conftest import free_port
from peers import run_in, server, venv

pytestmark = [pytest.mark.heavy, pytest.mark.held_to("airflow", "real servers: Airflow 2 and 3")]

DAG = """
import datetime
try:
    from airflow.sdk import DAG
    from airflow.providers.standard.operators.empty import EmptyOperator
except ImportError:
    from airflow import DAG
    from airflow.operators.empty import EmptyOperator
with DAG("etl", start_date=datetime.datetime(2026, 1, 1), schedule=None):
    for i in range(6):
        EmptyOperator(task_id=f"t{i}", pool="gpu/a", queue="heavy" if i < 2 else "default")
with DAG("other", start_date=datetime.datetime(2026, 1, 1), schedule=None):
    EmptyOperator(task_id="t0")
"""

# No scheduler runs: the states are what this says.
FILL = """
from airflow.models import TaskInstance
from airflow.utils.session import create_session
with create_session() as session:
    tasks = session.query(TaskInstance).filter(TaskInstance.dag_id == "etl").order_by(TaskInstance.task_id).all()
    for task, state in zip(tasks, ["queued", "running", "running", "queued", "queued", "scheduled"], strict=True):
        task.state = state
    session.query(TaskInstance).filter(TaskInstance.dag_id == "other").one().state = "queued"
"""

LOOK = """
import collections, json
from airflow.models import DagRun, Pool, TaskInstance
from airflow.utils.session import create_session
with create_session() as session:
    tasks = session.query(TaskInstance).all()
    print(json.dumps({
        "pools": {name: dict(stats) for name, stats in Pool.slots_stats(session=session).items()},
        "all": collections.Counter(str(t.state) for t in tasks),
        "etl": collections.Counter(str(t.state) for t in tasks if t.dag_id == "etl"),
        "heavy": collections.Counter(str(t.state) for t in tasks if t.queue == "heavy"),
        "runs": collections.Counter(str(r.state) for r in session.query(DagRun).all())}))
"""


class Airflow:
    def __init__(self, version, folder):
        self.version = version
        self.folder = folder
        self.programs = venv(f"airflow{version}")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (folder / "dags").mkdir()
        (folder / "dags/all.py").write_text(DAG)
        (folder / "passwords.json").write_text('{"wave": "wave-secret"}')
        self.env = dict(
            os.environ,
            AIRFLOW_HOME=str(folder),
            PATH=f"{self.programs}:{os.environ['PATH']}",
            AIRFLOW__CORE__LOAD_EXAMPLES="False",
            AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS="wave:admin",
            AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE=str(folder / "passwords.json"),
            AIRFLOW__API_AUTH__JWT_SECRET="a-secret-of-this-test-that-is-long-enough-to-be-taken-for-one-ok",
            AIRFLOW__API__AUTH_BACKENDS="airflow.api.auth.backend.basic_auth",
        )

    def cli(self, *arguments):
        done = subprocess.run(
            [self.programs / "airflow", *arguments], env=self.env, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]

    def fill(self):
        self.cli("db", "migrate")
        self.cli("pools", "set", "gpu/a", "10", "for the test")
        if self.version == 2:
            person = ["--firstname", "W", "--lastname", "A", "--email", "wave@example.com", "--role", "Admin"]
            self.cli("users", "create", "--username", "wave", "--password", "wave-secret", *person)
        self.cli("dags", "reserialize")
        for dag in ("etl", "other"):
            self.cli("dags", "trigger", dag, "--run-id", "r1")
        run_in(self.programs, FILL, env=self.env)

    def serve(self):
        command = ["webserver"] if self.version == 2 else ["api-server"]
        host = ["--hostname"] if self.version == 2 else ["--host"]
        command = [self.programs / "airflow", *command, *host, "127.0.0.1", "--port", str(self.port), "--workers", "1"]
        path = "/api/v1/version" if self.version == 2 else "/api/v2/version"
        # gunicorn's master ends with its workers only when it is given the time.
        return server(
            command, self.folder, lambda: requests.get(self.url + path, timeout=2).status_code == 200, 120, self.env
        )


@pytest.fixture(scope="module", params=[2, 3])
def airflow(request, tmp_path_factory):
    made = Airflow(request.param, tmp_path_factory.mktemp(f"airflow{request.param}"))
    made.fill()
    with made.serve():
        yield made


def polled(wave, airflow, metrics, password="wave-secret", more=""):
    signed = f"endpoint: '{airflow.url}', username: wave, password: '{password}'{more}"
    wave.write(
        "\n---\n".join(
            f"{{ kind: Metric, id: {id}, metric_kind: airflow, timeout: 20s, metadata: {{ {signed}, {keys} }} }}"
            for id, keys in metrics.items()
        )
    )
    return {one["metric_id"]: one for one in json.loads(wave.command("poll", "--json").stdout)}


def test_the_numbers_are_airflows_own(wave, airflow):
    theirs = run_in(airflow.programs, LOOK, env=airflow.env)
    assert theirs["etl"] == {"queued": 3, "running": 2, "scheduled": 1}
    pool = theirs["pools"]["gpu/a"]
    assert (pool["queued"], pool["running"], pool["total"]) == (3, 2, 10)
    wanted = {
        "queued": ("dag_id: etl", theirs["etl"]["queued"] + theirs["etl"]["scheduled"]),
        "only_queued": ("dag_id: etl, states: [queued]", theirs["etl"]["queued"]),
        "everywhere": ("metric: queued_tasks", theirs["all"]["queued"] + theirs["all"]["scheduled"]),
        "in_pool": ("pool: gpu/a", theirs["etl"]["queued"] + theirs["etl"]["scheduled"]),
        "in_queue": ("queue: heavy, states: [queued, running]", theirs["heavy"]["queued"] + theirs["heavy"]["running"]),
        "running": ("metric: running_tasks", theirs["all"]["running"]),
        "runs": ("metric: dag_runs", theirs["runs"]["queued"]),
        "runs_of_etl": ("metric: dag_runs, dag_id: etl", 1),
        "pool_queued": ("metric: pool_queued, pool: gpu/a, states: [queued]", pool["queued"]),
        "pool_waiting": ("metric: pool_queued, pool: gpu/a", pool["queued"] + pool["scheduled"]),
        "pool_running": ("metric: pool_running, pool: gpu/a", pool["running"]),
        "pool_open": ("metric: pool_open_slots, pool: gpu/a", pool["open"]),
    }
    found = polled(wave, airflow, {id: keys for id, (keys, _) in wanted.items()})
    values = {id: one["value"] if one["error"] is None else one["error"] for id, one in found.items()}
    assert values == {id: value for id, (_, value) in wanted.items()}


def test_the_version_can_be_told(wave, airflow):
    right, wrong = ("v1", "v2") if airflow.version == 2 else ("v2", "v1")
    found = polled(wave, airflow, {"told": f"dag_id: etl, api_version: {right}"})
    assert found["told"]["value"] == 4
    found = polled(wave, airflow, {"wrong": f"dag_id: etl, api_version: {wrong}"})
    assert found["wrong"]["value"] is None


def test_what_is_refused_is_said(wave, airflow):
    found = polled(wave, airflow, {"pool": "metric: pool_queued, pool: no-such-pool"})
    assert found["pool"]["error"]["code"] == "not_found" and "no-such-pool" in found["pool"]["error"]["message"]
    found = polled(wave, airflow, {"queued": "dag_id: etl"}, password="not-the-password")
    assert found["queued"]["error"]["code"] == "unauthorized", found
    assert "not-the-password" not in str(found)
