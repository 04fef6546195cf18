"""Real servers for the tests: started on free ports, stopped after, and missing ones are failures."""

import collections
import fcntl
import http.server
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import threading
import time

import boto3
import pytest
import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("WAVE_PROGRAM", str(ROOT / "build/dev/wave-autoscale"))


# Of the ports below those that the kernel takes itself, the share of this process of `pytest -n`.
worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
share = 12000 // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
handed_out = set()


def free_port():
    """A port that nobody takes before it is used."""
    while True:
        port = 20000 + worker * share + random.randrange(share)
        if port in handed_out:
            continue
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
        handed_out.add(port)
        return port


def eventually(probe, timeout=30.0, every=0.05):
    """Asks until the probe gives something true; the last answer is in the failure."""
    end = time.monotonic() + timeout
    last = None
    while time.monotonic() < end:
        try:
            last = probe()
        except requests.RequestException as error:
            last = error
        else:
            if last:
                return last
        time.sleep(every)
    raise AssertionError(f"did not happen within {timeout} s; last: {last!r}")


def stop(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


# What stands behind the kinds of a vendor in a test that has this fixture. Kinds of other vendors (processes, webhooks,
# the log) are real wherever they run.
REAL = {"amazon": "moto", "aws": "moto", "kubernetes": "kube"}
# Which tests passed with which component kind, for scripts/kinds.py: against what is `real`, or with the whole program
# against a server that is `scripted`.
passed_with = {"real": collections.defaultdict(set), "scripted": collections.defaultdict(set)}
running = None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    global running
    running = item


def count_kind(kind):
    """The test that runs now uses that kind; one that has no server for it counts as nothing."""
    needed = REAL.get(kind.partition("-")[0])
    if running.get_closest_marker("scripted"):
        passed_with["scripted"][kind].add(running.nodeid)
    elif needed is None or needed in running.fixturenames:
        passed_with["real"][kind].add(running.nodeid)


def pytest_runtest_logreport(report):
    if report.when == "call" and report.failed:
        for kinds in passed_with.values():
            for tests in kinds.values():
                tests.discard(report.nodeid)


def pytest_sessionfinish():
    if not any(passed_with.values()):
        return
    path = ROOT / "build/kinds-tested.json"
    path.parent.mkdir(exist_ok=True)
    with open(path, "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        known = json.loads(file.read() or "{}")
        merged = {}
        for how, kinds in passed_with.items():
            before = known.get(how, {})
            merged[how] = {kind: sorted(set(before.get(kind, [])) | kinds[kind]) for kind in before.keys() | kinds.keys()}
        file.truncate(0)
        file.write(json.dumps(merged, indent=1))


class Exporter:
    """What Prometheus scrapes: gauges that the test sets, or Counters."""

    def __init__(self):
        self.values = {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = "".join(f"{name} {value}\n" for name, value in outer.values.items()).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *ignored):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Counter:
    """For an exporter: grows by so much in each second that passes; written as of now."""

    def __init__(self, by):
        self.known = (time.monotonic(), 1000.0, by)

    def now(self):
        since, value, by = self.known
        return value + (time.monotonic() - since) * by

    def grow_by(self, by):
        self.known = (time.monotonic(), self.now(), by)

    def __str__(self):
        return f"{self.now():.6f}"


class Prometheus:
    def __init__(self, program, folder, exporter_port):
        self.program = program
        self.folder = folder
        self.port = free_port()
        self.process = None
        (folder / "prometheus.yml").write_text(
            "global: { scrape_interval: 500ms, scrape_timeout: 500ms }\n"
            f"scrape_configs: [{{ job_name: test, static_configs: [{{ targets: ['127.0.0.1:{exporter_port}'] }}] }}]\n"
        )

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        self.process = subprocess.Popen(
            [
                self.program,
                f"--config.file={self.folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={self.folder / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--storage.tsdb.retention.time=100y",
                "--log.level=error",
            ]
        )
        eventually(lambda: requests.get(self.url + "/-/ready", timeout=2).status_code == 200)

    def wait_for(self, query, value, timeout=30.0):
        def probe():
            answer = requests.get(self.url + "/api/v1/query", params={"query": query}, timeout=2).json()
            return [one for one in answer["data"]["result"] if float(one["value"][1]) == value]

        eventually(probe, timeout)

    def stop(self):
        if self.process:
            stop(self.process)


class Wave:
    """The program in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.process = None
        self.log = folder / "log.txt"
        self.environment = dict(os.environ, WAVE_PORT=str(self.port), WAVE_TOKEN="test-token")

    def write(self, text, name="wave-definitions.yaml"):
        for kind in re.findall(r"^component_kind: (\S+)", text, re.MULTILINE):
            count_kind(kind)
        (self.folder / name).write_text(text)

    def command(self, *arguments, check=None):
        done = subprocess.run(
            [PROGRAM, *arguments], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=300
        )
        if check is not None:
            assert done.returncode == check, (done.returncode, done.stdout, done.stderr)
        return done

    def json(self, *arguments, check=0):
        return json.loads(self.command(*arguments, "--json", check=check).stdout)

    def launch(self, *arguments):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "run", *arguments], cwd=self.folder, env=self.environment, stdout=log, stderr=log
            )

    def run(self, *arguments):
        self.launch(*arguments)
        eventually(lambda: self.process.poll() is not None or self.get("/healthz").status_code == 200)
        assert self.process.poll() is None, self.log.read_text()

    def get(self, path):
        return requests.get(f"http://127.0.0.1:{self.port}{path}", timeout=5)

    def post(self, path, body=None, token="test-token"):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.post(f"http://127.0.0.1:{self.port}{path}", json=body, headers=headers, timeout=10)

    def push(self, metric, value):
        answer = self.post(f"/api/v1/metrics/{metric}", {"value": value})
        assert answer.status_code == 200, answer.text

    def component(self, component):
        for one in self.get("/api/v1/status").json()["components"]:
            if one["component_id"] == component:
                return one
        raise AssertionError(f"no component {component}")

    def reasons(self, component):
        """The texts of the reasons in its latest decisions."""
        return [reason["text"] for one in self.component(component)["decisions"] for reason in one["reasons"]]

    def desired(self, component):
        return self.component(component)["current"].get("desired")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self):
        if self.process:
            stop(self.process)


def pytest_addoption(parser):
    parser.addoption("--write-table", action="store_true", help="writes docs/reference/metrics/README.md")


def pytest_configure(config):
    if config.getoption("--write-table"):
        import held_to

        config.pluginmanager.register(held_to.Table())


@pytest.fixture(scope="session")
def prometheus_program():
    done = subprocess.run([ROOT / "scripts/peers.sh", "prometheus"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def exporter():
    made = Exporter()
    yield made
    made.stop()


@pytest.fixture
def prometheus(prometheus_program, exporter, tmp_path):
    folder = tmp_path / "prometheus"
    folder.mkdir()
    made = Prometheus(prometheus_program, folder, exporter.port)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def wave(tmp_path):
    folder = tmp_path / "wave"
    folder.mkdir()
    made = Wave(folder)
    yield made
    made.stop()


@pytest.fixture(scope="session")
def moto(tmp_path_factory):
    port = free_port()
    program = pathlib.Path(os.sys.executable).parent / "moto_server"
    log = open(tmp_path_factory.mktemp("moto") / "log.txt", "wb")
    process = subprocess.Popen([program, "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: requests.get(url + "/moto-api/data.json", timeout=2).status_code == 200, timeout=60)
        yield url
    finally:
        stop(process)
        log.close()


@pytest.fixture
def aws(moto):
    """Clients that are not ours."""
    requests.post(moto + "/moto-api/reset", timeout=10)

    def client(service):
        return boto3.client(
            service,
            region_name="ap-northeast-2",
            endpoint_url=moto,
            aws_access_key_id="AKIAEXAMPLE",
            aws_secret_access_key="an-example-secret",
        )

    return client


@pytest.fixture
def group(aws):
    """An Auto Scaling group of 2, between 0 and 20, and how to read its desired capacity."""
    autoscaling = aws("autoscaling")
    autoscaling.create_launch_configuration(
        LaunchConfigurationName="lc", ImageId="ami-12c6146b", InstanceType="t2.micro"
    )
    name = "tf-wa-20230322020900305100000006"
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchConfigurationName="lc",
        MinSize=0,
        MaxSize=20,
        DesiredCapacity=2,
        AvailabilityZones=["ap-northeast-2a"],
    )

    def desired():
        found = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        return found["AutoScalingGroups"][0]["DesiredCapacity"]

    return desired
