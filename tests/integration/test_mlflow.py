"""mlflow against a real tracking server, written to and read by MLflow's own client."""

import os

import pytest
import requests

from conftest import free_port
from peers import run_in, server, venv
from test_past import ask_past

pytestmark = pytest.mark.held_to("mlflow", "a real server: MLflow")

FILL = """
import json, sys, time
from mlflow import MlflowClient
client = MlflowClient(sys.argv[1])
experiment = client.create_experiment("train")
now = int(time.time() * 1000)
runs = [client.create_run(experiment, start_time=now - 5000 + i * 1000).info.run_id for i in range(3)]
for i, run in enumerate(runs):
    for step in range(5):
        client.log_metric(run, "queue_len", 10 * (i + 1) + step, timestamp=now - 40000 + step * 10000, step=step)
client.log_metric(runs[2], "lost", float("nan"), timestamp=now, step=0)
client.set_terminated(runs[0], "FINISHED")
print(json.dumps({"experiment": experiment, "runs": runs, "now": now}))
"""

LOOK = """
import json, sys
from mlflow import MlflowClient
client = MlflowClient(sys.argv[1])
experiment = client.get_experiment_by_name("train").experiment_id
runs = client.search_runs([experiment], order_by=["attributes.start_time DESC"])
history = client.get_metric_history(runs[0].info.run_id, "queue_len")
print(json.dumps({
  "latest": runs[0].data.metrics["queue_len"],
  "best": max(run.data.metrics["queue_len"] for run in runs),
  "running": len(client.search_runs([experiment], "attributes.status = 'RUNNING'")),
  "history": [[one.timestamp, one.value] for one in history]}))
"""


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory):
    programs = venv("mlflow")
    folder = tmp_path_factory.mktemp("mlflow")
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [programs / "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/m.db", "--artifacts-destination", str(folder / "files")]
    env = dict(os.environ, PATH=f"{programs}:{os.environ['PATH']}", DO_NOT_TRACK="true", MLFLOW_DISABLE_TELEMETRY="true")
    with server(command, folder, lambda: requests.get(url + "/health", timeout=2).status_code == 200, 120, env):
        yield url, programs, run_in(programs, FILL, url, env=env), env


def polled(wave, url, metrics, check=0):
    wave.write(
        "\n---\n".join(
            f"{{ kind: Metric, id: {id}, metric_kind: mlflow, stale_after: 1h, metadata: {{ endpoint: '{url}', {keys} }} }}"
            for id, keys in metrics.items()
        )
    )
    return {one["metric_id"]: one for one in wave.json("poll", check=check)}


def test_the_numbers_are_those_of_mlflows_own_client(wave, mlflow):
    url, programs, made, env = mlflow
    theirs = run_in(programs, LOOK, url, env=env)
    values = [value for _, value in theirs["history"]]
    assert values == [30, 31, 32, 33, 34] and theirs["running"] == 2
    named = "experiment_name: train, metric_key: queue_len"
    wanted = {
        "run": (f"run_id: {made['runs'][1]}, metric_key: queue_len", 24),
        "newest": (named, theirs["latest"]),
        "by_id": (f"experiment_id: '{made['experiment']}', metric_key: queue_len", theirs["latest"]),
        "best": (named + ", metric: best_metric", theirs["best"]),
        "lowest": (named + ", metric: best_metric, aggregation: min", 14),
        "average": (named + ", metric: history_agg", sum(values) / len(values)),
        "sum": (named + ", metric: history_agg, aggregation: sum", sum(values)),
        "runs": ("experiment_name: train, metric: run_count", theirs["running"]),
        "finished": ("experiment_name: train, metric: run_count, run_status: [FINISHED, FAILED]", 1),
        "filtered": (named + ", filter: \"attributes.status = 'FINISHED'\"", 14),
    }
    found = polled(wave, url, {id: keys for id, (keys, _) in wanted.items()})
    assert {id: one["value"] for id, one in found.items()} == {id: value for id, (_, value) in wanted.items()}


def test_what_is_not_there_is_no_value(wave, mlflow):
    url, _, made, _ = mlflow
    found = polled(
        wave,
        url,
        {
            "nan": f"run_id: {made['runs'][2]}, metric_key: lost",
            "unlogged": f"run_id: {made['runs'][2]}, metric_key: never_logged",
            "no_run": "run_id: 00000000000000000000000000000000, metric_key: queue_len",
            "no_experiment": "experiment_name: nothing, metric_key: queue_len",
        },
        check=1,
    )
    codes = {id: one["error"]["code"] for id, one in found.items()}
    assert codes == {"nan": "no_data", "unlogged": "no_data", "no_run": "not_found", "no_experiment": "not_found"}


def test_the_past_is_the_runs_history(wave, mlflow):
    url, programs, made, env = mlflow
    polled(wave, url, {"depth": "experiment_name: train, metric_key: queue_len"})
    end = made["now"] / 1000 + 1
    (series,) = ask_past(wave, "depth", end - 3600, end, 1)
    theirs = run_in(programs, LOOK, url, env=env)["history"]
    assert [[round(at * 1000), value] for at, value in series["points"]] == theirs
