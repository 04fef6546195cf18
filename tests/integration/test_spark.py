"""spark against a real standalone cluster, its drivers, and what Spark's own status tracker says."""

import json
import os
import subprocess

import pytest
import requests

from conftest import ROOT, eventually, free_port, stop
from peers import server, venv

pytestmark = [pytest.mark.heavy, pytest.mark.held_to("spark", "a real server: Spark with a running job")]

# A driver that answers each line of input with what Spark itself says.
DRIVER = """
import json, sys, threading, time
from pyspark.sql import SparkSession
master, name, port, folder = sys.argv[1:]
spark = (SparkSession.builder.master(master).appName(name).config("spark.ui.port", port)
    .config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.executor.memory", "512m").config("spark.driver.memory", "512m")
    .config("spark.sql.streaming.metricsEnabled", "true").config("spark.ui.showConsoleProgress", "false").getOrCreate())
sc = spark.sparkContext
query = None
if name == "stream":
    query = (spark.readStream.schema("n int").json(folder).writeStream.format("noop").queryName("orders")
        .trigger(processingTime="1 hour").start())
    while not query.lastProgress:
        time.sleep(0.1)
else:
    work = lambda: sc.parallelize(range(10), 10).map(lambda x: time.sleep(600)).count()
    threading.Thread(target=work, daemon=True).start()
print("ready", flush=True)
for line in sys.stdin:
    tracker = sc.statusTracker()
    stages = [tracker.getStageInfo(i) for i in tracker.getActiveStageIds()]
    print(json.dumps({
        "jobs": len(tracker.getActiveJobsIds()),
        "active": sum(s.numActiveTasks for s in stages),
        "waiting": sum(s.numTasks - s.numActiveTasks - s.numCompletedTasks for s in stages),
        "executors": sc._jsc.sc().getExecutorMemoryStatus().size() - 1,
        "processing_rate": query.lastProgress["processedRowsPerSecond"] if query else None}), flush=True)
"""


class Driver:
    def __init__(self, programs, folder, master, name):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = open(folder / f"{name}.txt", "wb")
        command = [programs / "python", "-c", DRIVER, master, name, str(self.port), str(folder / "input")]
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(os.environ, PYSPARK_PYTHON=str(programs / "python")),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        line = self.process.stdout.readline()
        assert line == "ready\n", (line, (folder / f"{name}.txt").read_text()[-2000:])

    def says(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        stop(self.process)
        self.log.close()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A master, a worker of two cores, an application that has both, one that waits, and a local one that streams."""
    subprocess.run([ROOT / "scripts/deps.sh", "jvm"], check=True)
    programs = venv("spark")
    folder = tmp_path_factory.mktemp("spark")
    (folder / "input").mkdir()
    (folder / "input/rows.json").write_text("".join(f'{{"n": {i}}}\n' for i in range(1000)))
    spark_class = [programs / "spark-class"]
    port, ui, worker_ui = free_port(), free_port(), free_port()
    url = f"http://127.0.0.1:{ui}"
    master = f"spark://127.0.0.1:{port}"
    master_command = spark_class + ["org.apache.spark.deploy.master.Master", "--host", "127.0.0.1"]
    master_command += ["--port", str(port), "--webui-port", str(ui)]
    worker_command = spark_class + ["org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "--cores", "2"]
    worker_command += ["--memory", "1g", "--webui-port", str(worker_ui), "--work-dir", str(folder / "work"), master]
    drivers = []

    def workers():
        return requests.get(url + "/json/", timeout=2).json()["aliveworkers"]

    env = dict(os.environ, PATH=f"{programs}:{os.environ['PATH']}")
    with server(master_command, folder, lambda: requests.get(url + "/json/", timeout=2).status_code == 200, env=env):
        with server(worker_command, folder, lambda: workers() == 1, env=env):
            try:
                drivers.append(Driver(programs, folder, master, "busy"))
                eventually(lambda: drivers[0].says()["active"] == 2, timeout=60)
                drivers.append(Driver(programs, folder, master, "waits"))
                drivers.append(Driver(programs, folder, "local[1]", "stream"))
                yield url, drivers
            finally:
                for driver in drivers:
                    driver.stop()


def polled(wave, url, metrics):
    wave.write(
        "\n---\n".join(
            f"{{ kind: Metric, id: {id}, metric_kind: spark, timeout: 25s, polling_interval: 30s, metadata: {{ endpoint: '{url}', metric: {keys} }} }}"
            for id, keys in metrics.items()
        )
    )
    return {one["metric_id"]: one for one in json.loads(wave.command("poll", "--json").stdout)}


def values(found):
    return {id: one["value"] if one["error"] is None else one["error"] for id, one in found.items()}


def test_a_running_application_is_what_its_status_tracker_says(wave, cluster):
    _, (busy, _, _) = cluster
    theirs = busy.says()
    assert theirs == {"jobs": 1, "active": 2, "waiting": 8, "executors": 1, "processing_rate": None}
    found = polled(
        wave,
        busy.url,
        {
            "pending": "pending_tasks",
            "named": "pending_tasks, app_name: busy",
            "active": "active_tasks",
            "jobs": "active_jobs",
            "stages": "pending_stages",
            "executors": "executors",
            "utilization": "executor_utilization",
        },
    )
    assert values(found) == {
        "pending": theirs["waiting"],
        "named": theirs["waiting"],
        "active": theirs["active"],
        "jobs": theirs["jobs"],
        "stages": 0,
        "executors": theirs["executors"],
        "utilization": 1,
    }


def test_an_application_without_executors_has_none_and_no_utilization(wave, cluster):
    _, (_, waits, _) = cluster
    theirs = waits.says()
    assert (theirs["executors"], theirs["waiting"]) == (0, 10)
    found = polled(
        wave, waits.url, {"pending": "pending_tasks", "executors": "executors", "utilization": "executor_utilization"}
    )
    assert (found["pending"]["value"], found["executors"]["value"]) == (10, 0)
    assert found["utilization"]["error"]["code"] == "no_data"


def test_the_master_says_what_waits(wave, cluster):
    url, _ = cluster
    theirs = requests.get(url + "/json/", timeout=5).json()
    assert [one["state"] for one in theirs["activeapps"] if one["name"] == "waits"] == ["WAITING"]
    found = polled(wave, url, {"waiting": "waiting_apps", "ratio": "cores_used_ratio, source: master"})
    assert values(found) == {"waiting": 1, "ratio": theirs["coresused"] / theirs["cores"]}


def test_a_stream_is_as_fast_as_its_last_progress(wave, cluster):
    _, (_, _, stream) = cluster
    found = polled(
        wave,
        stream.url,
        {
            "rate": "streaming_processing_rate, query_name: orders",
            "no_query": "streaming_input_rate, query_name: nothing",
            "no_batches": "streaming_backlog",
        },
    )
    assert found["rate"]["value"] == stream.says()["processing_rate"] > 0
    assert found["no_query"]["error"]["code"] == "not_found"
    assert found["no_batches"]["error"]["code"] == "not_found", found


def test_an_application_that_is_gone_is_an_error(wave, cluster):
    _, (busy, _, _) = cluster
    found = polled(wave, busy.url, {"id": "pending_tasks, app_id: app-0-0", "name": "pending_tasks, app_name: other"})
    assert {one["error"]["code"] for one in found.values()} == {"not_found"}
    found = polled(wave, f"http://127.0.0.1:{free_port()}", {"refused": "pending_tasks"})
    assert found["refused"]["error"]["code"] == "unavailable"
