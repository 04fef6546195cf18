"""What a restart, a reload, a dry run and a dead target may not do: a webhook is the target, which counts what it is sent."""

import json
import os
import socket
import threading
import time

import pytest

from conftest import eventually
from webhook_target import Target

PLAN = """
kind: Metric
id: load
metric_kind: push
---
kind: ScalingComponent
id: web
component_kind: webhook
metadata: {{ url: '{url}/hooks/T0-secret-path', timeout: 10s {more} }}
limits: {{ min: 1, max: 30 }}
behavior: {{ scale_down: {{ stabilization_window: {window} }} }}
---
kind: ScalingPlan
id: follow
interval: 300ms
plans:
  - id: track
    target: {{ metric: load, per_unit: 10 }}
    scaling_components: [{{ component_id: web }}]
"""


@pytest.fixture
def target():
    made = Target()
    yield made
    made.stop()


def plan(target, window="0s", observed=True):
    more = f", observe_url: '{target.url}/state'" if observed else ""
    return PLAN.format(url=target.url, window=window, more=more)


def test_a_window_that_began_long_after_the_last_change_survives_kill_9(wave, target):
    wave.write(plan(target, window="3s"))
    wave.run()
    begun = time.monotonic()
    while time.monotonic() - begun < 4:  # longer than the window: the wish of the change itself is forgotten
        wave.push("load", 70)
        time.sleep(0.3)
    assert target.taken == [7]
    wave.push("load", 10)
    wave.kill()
    wave.run()
    wave.push("load", 10)
    eventually(lambda: any(reason["rule"] == "stabilization" for one in wave.component("web")["decisions"] for reason in one["reasons"]))
    assert target.taken == [7]
    eventually(lambda: (wave.push("load", 10), target.taken == [7, 1])[1])


@pytest.mark.parametrize("observed", [True, False])
def test_a_start_sends_nothing_by_itself(wave, target, observed):
    wave.write(plan(target, observed=observed))
    wave.run()
    wave.push("load", 70)
    eventually(lambda: wave.desired("web") == 7)
    before = list(target.taken)
    assert before[-1] == 7
    wave.kill()
    wave.run("--dry-run")
    eventually(lambda: wave.desired("web") == 7)
    wave.kill()
    wave.run()
    eventually(lambda: wave.desired("web") == 7)
    wave.push("load", 90)
    eventually(lambda: target.taken == before + [9])


def test_a_reload_waits_for_the_change_that_is_being_sent(wave, target):
    wave.write(plan(target))
    wave.run()
    target.delay = 2
    wave.push("load", 70)
    eventually(lambda: wave.get("/api/v1/status").json()["components"][0]["decisions"][0]["final"] == 7)
    time.sleep(0.5)
    assert wave.post("/api/v1/reload").status_code == 200
    wave.push("load", 200)
    eventually(lambda: target.taken and target.taken[-1] == 20)
    time.sleep(2.5)  # as long as a second request would have taken
    assert target.taken == [7, 20]
    assert wave.desired("web") == 20


def test_a_dead_target_is_asked_at_its_pace_and_the_hold_is_recorded(wave):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        tries = []

        def reset():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                tries.append(time.monotonic())
                connection.close()

        threading.Thread(target=reset, daemon=True).start()

        class Dead:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"

        wave.write(plan(Dead))
        wave.run()
        held = eventually(lambda: wave.json("decisions", "--since", "1h"))
        begun = len(tries)
        for _ in range(10):
            wave.push("load", 70)
            time.sleep(0.3)
        assert held[-1]["action"] == "hold"
        assert any(reason["rule"] == "not_observed" for reason in held[-1]["reasons"]), held
        assert len(tries) - begun < 15
        shown = wave.get("/api/v1/status").text + wave.log.read_text() + json.dumps(held)
        assert "secret-path" not in shown


def test_a_change_by_hand_that_fails_pauses_nothing_and_says_what_the_target_said(wave, target):
    wave.write(plan(target))
    wave.run()
    eventually(lambda: wave.desired("web") == 1)
    target.status = 503
    answer = wave.command("scale", "web", "desired=5", "--for", "15m")
    assert answer.returncode == 1 and "503" in answer.stderr, (answer.stdout, answer.stderr)
    assert not wave.component("web")["paused"]
    target.status = 200
    eventually(lambda: wave.command("scale", "web", "desired=5", "--for", "15m").returncode == 0)
    assert wave.component("web")["paused"] and target.taken[-1] == 5


def test_a_pipe_among_the_definitions_is_a_problem_and_hangs_nothing(wave):
    folder = wave.folder / "definitions"
    folder.mkdir()
    os.mkfifo(folder / "pipe.yaml")
    done = wave.command("check", "-f", "definitions")
    assert done.returncode == 3 and "pipe.yaml" in done.stderr and "is not a file" in done.stderr, done.stderr
    # One that somebody names is read: `check -f <(envsubst < wave.yaml)`.
    text = "kind: Metric\nid: load\nmetric_kind: push\n"
    threading.Thread(target=lambda: (folder / "pipe.yaml").write_text(text), daemon=True).start()
    wave.command("check", "-f", "definitions/pipe.yaml", check=0)


def test_a_logger_knows_after_a_restart_what_it_was_set_to(wave):
    wave.write(
        "kind: ScalingComponent\nid: paper\ncomponent_kind: logger\nlimits: { min: 1, max: 30 }\n"
    )
    wave.run()
    wave.command("scale", "paper", "desired=7", check=0)
    wave.stop()
    wave.run()
    eventually(lambda: wave.desired("paper") == 7)
    assert wave.component("paper")["ready"] == 7
