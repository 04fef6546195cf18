"""Prints the numbers that the project holds itself to, with medians and ratios. Not a test: nothing is asserted."""

import http.server
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build/bench"
PROGRAM = BUILD / "wave-autoscale"
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def family(pid):
    """The process and its children (the one that evaluates JavaScript)."""
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        found += [int(one) for one in (task / "children").read_text().split()]
    return found


def cpu_seconds(pid):
    total = 0
    for one in family(pid):
        fields = pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def resident_mib(pid):
    return sum(int(pathlib.Path(f"/proc/{one}/statm").read_text().split()[1]) * PAGE for one in family(pid)) / 2**20


class Daemon:
    def __init__(self, folder, definitions):
        self.folder = pathlib.Path(folder)
        (self.folder / "wave-definitions.yaml").write_text(definitions)
        self.port = free_port()
        environment = dict(os.environ, WAVE_PORT=str(self.port), WAVE_TOKEN="bench", WAVE_LOG_LEVEL="error")
        self.log = open(self.folder / "log.txt", "wb")
        self.begun = time.monotonic()
        self.process = subprocess.Popen([PROGRAM, "run"], cwd=folder, env=environment, stdout=self.log, stderr=self.log)

    def get(self, path):
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as one:
            one.sendall(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())
            parts = []
            while part := one.recv(1 << 20):
                parts.append(part)
        head, _, body = b"".join(parts).partition(b"\r\n\r\n")
        return int(head.split()[1]), body

    def wait_ready(self, limit=120):
        end = time.monotonic() + limit
        while time.monotonic() < end:
            try:
                if self.get("/readyz")[0] == 200:
                    return time.monotonic() - self.begun
            except OSError:
                pass
            if self.process.poll() is not None:
                sys.exit((self.folder / "log.txt").read_text()[-2000:])
            time.sleep(0.005)
        sys.exit("the daemon did not get ready")

    def counter(self, name):
        total = 0.0
        for line in self.get("/metrics")[1].decode().splitlines():
            if line.startswith(name + "{") or line.startswith(name + " "):
                total += float(line.rsplit(" ", 1)[1])
        return total

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


def metric(index, kind, extra=""):
    return f"kind: Metric\nid: m{index}\nmetric_kind: {kind}\n{extra}---\n"


def component(index, kind="logger", extra="limits: { min: 0, max: 1000 }\n"):
    return f"kind: ScalingComponent\nid: c{index}\ncomponent_kind: {kind}\n{extra}---\n"


def plan(index, interval="1h"):
    return (
        f"kind: ScalingPlan\nid: p{index}\ninterval: {interval}\nplans:\n  - id: i\n"
        f"    scaling_components: [{{ component_id: c{index}, desired: 'Math.ceil(m{index} / 10)' }}]\n---\n"
    )


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def bench_check():
    text = "".join(metric(i, "push") + component(i) for i in range(3334)) + "".join(plan(i) for i in range(3332))
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "wave-definitions.yaml").write_text(text)
        times = []
        for _ in range(5):
            begun = time.monotonic()
            subprocess.run([PROGRAM, "check"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
            times.append(time.monotonic() - begun)
    print(f"check of 10,000 documents: median {statistics.median(times):.2f} s (5 runs; to reach: 2 s)")


def bench_start():
    times = []
    for _ in range(5):
        with tempfile.TemporaryDirectory() as folder:
            daemon = Daemon(folder, component(0) + plan(0, "1s").replace("m0 / 10", "30"))
            times.append(daemon.wait_ready())
            daemon.stop()
    print(f"start to first decision, one plan: median {statistics.median(times) * 1000:.0f} ms (5 runs; to reach: 300 ms)")
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(folder, "# nothing\n")
        daemon.wait_ready()
        time.sleep(1)
        print(f"resident with nothing loaded: {resident_mib(daemon.process.pid):.1f} MiB, child included (to reach: 30)")
        daemon.stop()


class Hook:
    """Notes when a webhook's request arrives."""

    def __init__(self):
        outer = self
        self.arrived = threading.Event()
        self.at = 0.0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                outer.at = time.perf_counter()
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                outer.arrived.set()

            def log_message(self, *ignored):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def bench_push():
    hook = Hook()
    extra = f"metadata: {{ url: 'http://127.0.0.1:{hook.port}/' }}\nlimits: {{ min: 0, max: 100000 }}\nbehavior: {{ scale_down: {{ stabilization_window: 0s }} }}\n"
    text = "".join(metric(i, "push") + component(i) for i in range(1, 1000)) + "".join(plan(i) for i in range(1, 1000))
    text += metric(0, "push") + component(0, "webhook", extra) + plan(0)
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(folder, text)
        daemon.wait_ready()
        link = socket.create_connection(("127.0.0.1", daemon.port))
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        times = []
        for number in range(300):
            hook.arrived.clear()
            body = json.dumps({"value": 100 + number * 10}).encode()
            head = f"POST /api/v1/metrics/m0 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer bench\r\nContent-Length: {len(body)}\r\n\r\n"
            begun = time.perf_counter()
            link.sendall(head.encode() + body)
            if not hook.arrived.wait(5):
                sys.exit("a pushed sample was not applied within 5 s")
            times.append(hook.at - begun)
            link.recv(65536)
            time.sleep(0.01)
        link.close()
        daemon.stop()
    times = times[50:]
    print(
        f"pushed sample to apply request, 1,000 metrics and plans: median {statistics.median(times) * 1000:.2f} ms, "
        f"p99 {percentile(times, 0.99) * 1000:.2f} ms (this script's own share included; to reach: 2 and 10)"
    )


def bench_polls():
    server = subprocess.Popen([BUILD / "bench/static_server"], stdout=subprocess.PIPE, text=True)
    port = int(server.stdout.readline())
    bare_command = [BUILD / "bench/bare_curl", f"http://127.0.0.1:{port}/api/v1/query?query=up", "50000", "10000"]
    count = 10_000
    bares = []

    def run_bare():
        for _ in range(3):
            bares.append(float(subprocess.run(bare_command, check=True, capture_output=True, text=True).stdout))

    run_bare()
    for interval in ("1s", "1h"):
        extra = f"metadata: {{ endpoint: 'http://127.0.0.1:{port}', query: 'up{{i=\"%d\"}}' }}\npolling_interval: {interval}\n"
        text = "".join(metric(i, "prometheus", extra % i) + component(i) for i in range(count)) + "".join(plan(i) for i in range(count))
        with tempfile.TemporaryDirectory() as folder:
            daemon = Daemon(folder, text)
            daemon.wait_ready(300)
            time.sleep(5)
            pid = daemon.process.pid
            missed = daemon.counter("wave_metric_polls_missed_total")
            rates, shares, eaches = [], [], []
            for _ in range(5):
                polls, cpu, begun = daemon.counter("wave_metric_polls_total"), cpu_seconds(pid), time.monotonic()
                time.sleep(5)
                used, passed = cpu_seconds(pid) - cpu, time.monotonic() - begun
                polled = daemon.counter("wave_metric_polls_total") - polls
                rates.append(polled / passed)
                shares.append(used / passed * 100)
                eaches.append(used * 1e6 / max(polled, 1))
            lost = daemon.counter("wave_metric_polls_missed_total") - missed
            resident = resident_mib(pid)
            daemon.stop()
        middle = statistics.median
        if interval == "1s":
            run_bare()
            print(f"10,000 Prometheus metrics at 1 s feeding 10,000 plans: {middle(rates):.0f} polls/s, {lost:.0f} missed ticks, {middle(shares):.0f} % of a core, {middle(eaches):.1f} us a poll with its decision; bare libcurl {middle(bares):.1f} us a request: {middle(eaches) / middle(bares):.2f} times (medians of 5 and {len(bares)}; to reach: 0 missed, 1.8 times), {resident:.0f} MiB resident (to reach: 200)")
        else:
            print(f"the same at 1 h intervals: {middle(shares):.2f} % of a core (to reach: 1 %)")
    server.terminate()


def bench_parse():
    command = [BUILD / "bench/parse_bench", "--benchmark_repetitions=5", "--benchmark_report_aggregates_only", "--benchmark_format=json"]
    for one in json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["benchmarks"]:
        if one.get("error_occurred"):
            sys.exit(f"{one['name']}: {one['error_message']}")
        if one["aggregate_name"] == "median":
            speed = one["bytes_per_second"] / 1e6
            print(f"1 MB of {one['run_name']}, {one['series']:.0f} series, to a sample: {speed:.0f} MB/s (median of 5; to reach: 300)")


def bench_slow():
    with tempfile.TemporaryDirectory() as folder:
        definitions = pathlib.Path(folder, "definitions.yaml")
        server = subprocess.Popen([BUILD / "bench/slow_server", definitions], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        server.stdout.readline()
        daemon = Daemon(folder, definitions.read_text())
        daemon.wait_ready()
        time.sleep(15)
        early = resident_mib(daemon.process.pid)
        failed = daemon.counter("wave_metric_poll_failures_total")
        time.sleep(60)
        late = resident_mib(daemon.process.pid)
        failed = daemon.counter("wave_metric_poll_failures_total") - failed
        count, median, p99, most, slow = map(float, server.communicate("\n")[0].split())
        daemon.stop()
    print(
        f"1,000 metrics over all HTTP kinds at 1 s, 500 of them on 10 endpoints that take 2 s: the quick ones are off their interval by "
        f"median {median:.1f} ms, p99 {p99:.1f} ms, at most {most:.1f} ms ({count:.0f} polls; to reach: 50); {slow:.0f} slow requests, "
        f"{failed:.0f} failed polls; {early:.1f} MiB resident after 15 s, {late:.1f} after 75 s"
    )


def bench_hour():
    begun = time.monotonic()
    output = subprocess.run([BUILD / "bench/hour_bench"], check=True, capture_output=True, text=True).stdout
    polls, early, late, without = map(float, output.split())
    print(
        f"the same for an hour of simulated time ({time.monotonic() - begun:.0f} s): {polls:.0f} answers, {without:.0f} metrics without a value, "
        f"{early:.1f} MiB resident after 5 min, {late:.1f} after 60: {late - early:+.1f} (to reach: flat)"
    )


BENCHES = (bench_check, bench_start, bench_push, bench_parse, bench_slow, bench_hour, bench_polls)

if __name__ == "__main__":
    # By name (`bench.py parse slow`), or all.
    for bench in BENCHES:
        if len(sys.argv) > 1 and bench.__name__.removeprefix("bench_") not in sys.argv[1:]:
            continue
        bench()
        sys.stdout.flush()
