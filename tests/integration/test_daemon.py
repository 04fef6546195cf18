"""What a machine does to a daemon: kills it, fills its disk, swaps its files, speaks German."""

import json
import math
import os
import signal
import socket
import subprocess

import pytest

from conftest import PROGRAM, eventually, free_port
from webhook_target import Target

PLAN = """
kind: Metric
id: load
metric_kind: push
---
kind: ScalingComponent
id: {component}
component_kind: {kind}
metadata: {metadata}
limits: {{ min: 1, max: 50 }}
cooldown: {{ up: 0s, down: 0s }}
---
kind: ScalingPlan
id: p
interval: 500ms
plans: [{{ id: i, scaling_components: [{{ component_id: {component}, desired: load }}] }}]
"""

LOCAL = PLAN.format(component="workers", kind="local-process", metadata="{ command: sleep, args: ['1000'] }")


@pytest.mark.parametrize("takes", [True, False], ids=["the target took it", "the target did not"])
def test_kill_9_during_an_apply(wave, takes):
    target = Target(takes, held=True)
    wave.write(
        PLAN.format(
            component="hook",
            kind="webhook",
            metadata=f"{{ url: '{target.url}/scale', observe_url: '{target.url}/state' }}",
        )
    )
    try:
        wave.run()
        wave.push("load", 7)
        eventually(lambda: target.got)
        wave.kill()
        target.answers.set()
        wave.run()
        wave.push("load", 7)
        eventually(lambda: target.number == 7 and wave.desired("hook") == 7)
        # Absolute, and not sent again where it already is so.
        assert target.got == ([7] if takes else [7, 7])
    finally:
        target.stop()


def test_systemd_hears_of_start_reload_and_stop(wave, tmp_path):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(path)
        listener.settimeout(20)
        wave.environment["NOTIFY_SOCKET"] = path
        wave.write(LOCAL)
        wave.run()
        assert listener.recv(100) == b"READY=1"
        wave.process.send_signal(signal.SIGHUP)
        assert listener.recv(100).startswith(b"RELOADING=1")
        assert listener.recv(100) == b"READY=1"
        wave.stop()
        assert listener.recv(100) == b"STOPPING=1"


def test_a_swap_of_kubernetes_symlinks_reloads(wave):
    """As kubelet updates a ConfigMap: a new folder, then `..data` is renamed over."""
    folder = wave.folder / "definitions"

    def publish(version, text):
        (folder / version).mkdir(parents=True)
        (folder / version / "wave.yaml").write_text(text)
        os.symlink(version, folder / "..data_tmp")
        os.rename(folder / "..data_tmp", folder / "..data")

    publish("..2026_01", LOCAL)
    os.symlink("..data/wave.yaml", folder / "wave.yaml")
    wave.run()
    wave.push("load", 3)
    eventually(lambda: wave.desired("workers") == 3)
    publish("..2026_02", LOCAL.replace("desired: load", "desired: load + 2"))
    eventually(lambda: wave.desired("workers") == 5)


FULL = """
mount --make-rprivate / 2> /dev/null || true  # in a chroot / need not be a mount point
mount -t tmpfs -o size=1m,mode=0777 wave-test-disk "$1" || exit 99
( while [ ! -e "$2/fill" ]; do sleep 0.05; done
  dd if=/dev/zero of="$1/ballast" bs=4k 2> /dev/null
  touch "$2/full"
  while [ ! -e "$2/free" ]; do sleep 0.05; done
  rm "$1/ballast" ) &
shift 2
exec "$@"
"""


def test_a_full_disk_is_told_and_stops_no_scaling(wave, tmp_path):
    disk, orders = tmp_path / "disk", tmp_path / "orders"
    disk.mkdir()
    orders.mkdir()
    wave.environment["WAVE_DATABASE"] = str(disk / "wave.db")
    wave.write(LOCAL)
    # root may mount, also in a chroot, where no user namespace can be made
    unshare = ["unshare", "--mount", "--propagation=unchanged", *(["--map-root-user"] if os.getuid() else [])]
    with open(wave.log, "ab") as log:
        wave.process = subprocess.Popen(
            [*unshare, "sh", "-c", FULL, "sh", disk, orders, PROGRAM, "run"],
            cwd=wave.folder,
            env=wave.environment,
            stdout=log,
            stderr=log,
        )

    def history():
        assert wave.process.poll() is None, wave.log.read_text()
        return wave.get("/api/v1/status").json()["history"]

    eventually(lambda: history()["writable"])
    wave.push("load", 3)
    eventually(lambda: wave.desired("workers") == 3)
    (orders / "fill").touch()
    eventually(lambda: (orders / "full").exists())

    def refused():
        wave.push("load", 4)
        told = history()
        return not told["writable"] and told

    told = eventually(refused, timeout=60)
    assert "the disk is full" in told["problem"] and "writes waiting" in told["problem"], told
    wave.push("load", 9)
    eventually(lambda: wave.desired("workers") == 9)
    assert wave.get("/healthz").status_code == 200
    (orders / "free").touch()
    eventually(lambda: history()["writable"])
    wave.push("load", 12)
    eventually(lambda: wave.desired("workers") == 12)


@pytest.mark.parametrize("there", ["an empty file", "a folder"])
def test_a_token_that_cannot_be_read_is_not_replaced(wave, there):
    wave.write(LOCAL)
    token = wave.folder / "token"
    token.mkdir() if there == "a folder" else token.touch(0o644)
    del wave.environment["WAVE_TOKEN"]
    wave.environment["WAVE_TOKEN_FILE"] = str(token)
    for command in (["run"], ["pause", "workers", "--until", "1m"]):
        error = wave.json(*command, check=1)["error"]
        assert str(token) in error["message"], error
    assert token.is_dir() if there == "a folder" else token.read_text() == ""


def test_requests_that_trickle_in_do_not_close_the_api(wave):
    wave.write(LOCAL)
    wave.run()
    slow = [socket.create_connection(("127.0.0.1", wave.port), timeout=30) for _ in range(256)]
    closed = set()
    try:
        for one in slow:
            one.sendall(b"GET /healthz HTTP/1.1\r\nX: ")
            one.setblocking(False)

        def trickle():
            for one in slow:
                try:
                    one.send(b"x")
                    if one.recv(1) == b"":
                        closed.add(one)
                except BlockingIOError:
                    pass
                except OSError:
                    closed.add(one)
            return len(closed) == len(slow)

        eventually(trickle, every=0.5)
        assert wave.get("/healthz").status_code == 200
    finally:
        for one in slow:
            one.close()


def test_silent_connections_do_not_close_the_api(wave):
    """Connections that ask for nothing take all places. They are closed long before one that has asked: that one can
    still be used when the last of them is gone."""
    wave.write(LOCAL)
    wave.run()
    asked = socket.create_connection(("127.0.0.1", wave.port), timeout=30)
    ask = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    asked.sendall(ask)
    assert asked.recv(4096).startswith(b"HTTP/1.1 200")
    silent = [socket.create_connection(("127.0.0.1", wave.port), timeout=30) for _ in range(255)]
    try:
        assert [one.recv(1) for one in silent] == [b""] * 255
        asked.sendall(ask)
        assert asked.recv(4096).startswith(b"HTTP/1.1 200")
        assert eventually(lambda: wave.get("/healthz").status_code == 200)
    finally:
        for one in [asked, *silent]:
            one.close()


def test_a_german_locale_changes_no_number(wave, tmp_path):
    locales = tmp_path / "locales"
    locales.mkdir()
    subprocess.run(
        ["localedef", "--no-archive", "-i", "de_DE", "-f", "UTF-8", locales / "de_DE.UTF-8"], check=True, timeout=60
    )
    wave.environment |= {"LOCPATH": str(locales), "LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"}
    comma = subprocess.run(
        ["/usr/bin/printf", "%.1f", "2,5"], env=wave.environment, capture_output=True, text=True, check=True
    )
    assert comma.stdout == "2,5"  # the locale is there
    wave.write(LOCAL.replace("desired: load", "desired: 'load * 1.5'").replace("up: 0s", "up: 0.5s"))
    decided = wave.json("plan", "--set", "load=2.5", "--current", "workers=1")["decisions"][0]
    assert decided["wish"] == 4 and "3.75" in decided["reasons"][0]["text"]
    wave.run()
    wave.push("load", 2.5)
    eventually(lambda: wave.desired("workers") == 4)
    page = wave.get("/metrics").text
    assert 'wave_metric_value{metric="load"} 2.5' in page, page


def children(pid):
    """Process ids with their command lines."""
    done = subprocess.run(["ps", "--ppid", str(pid), "-o", "pid=,args="], capture_output=True, text=True)
    return dict(line.split(maxsplit=1) for line in done.stdout.splitlines())


def test_the_demo_follows_its_day_and_leaves_nothing_running(prometheus_program, tmp_path):
    process = subprocess.Popen(
        [PROGRAM, "demo", "--seconds", "40", "--json", "--prometheus", prometheus_program],
        cwd=tmp_path,
        env=dict(os.environ, WAVE_PORT=str(free_port())),
        stdout=subprocess.PIPE,
        text=True,
    )
    seen = []
    try:
        for line in process.stdout:
            told = json.loads(line)
            workers = [args for args in children(process.pid).values() if "demo-worker" in args]
            seen.append((told, len(workers)))
            ups = [count for _, count in seen]
            if len(seen) > 10 and max(ups) >= 2 * min(ups[3:]) and ups[-1] < max(ups):
                break
        counts = [count for _, count in seen]
        # How far down the day ends depends on which second saw the evening's second peak: down it goes.
        assert max(counts) >= 2 * counts[3] and counts[-1] < max(counts), seen
        # More is ordered than the load of the moment asks for, because a forecast of the days before says so.
        ahead = [one for one, _ in seen if one["forecast"] and one["forecast"] > 1.1 * one["load"]]
        assert any(one["desired"] > math.ceil(one["load"] / 100) for one in ahead), seen
        offspring = children(process.pid)
        assert len(offspring) > 2, offspring  # Prometheus, the evaluator, workers
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert process.returncode == 0
    finally:
        process.kill()
    left = subprocess.run(["ps", "-p", ",".join(offspring), "-o", "pid=,args="], capture_output=True, text=True)
    assert left.stdout == ""
