"""What definitions that change, or switch things off, may do to the daemon and to capacity."""

import os
import signal
import subprocess

import pytest
import requests
from conftest import PROGRAM, eventually

TWO = """
kind: Metric
id: load
metric_kind: push
enabled: {metric}
---
kind: ScalingComponent
id: workers
component_kind: local-process
metadata: {{ command: sleep, args: ['1000'] }}
limits: {{ min: 1, max: 20 }}
enabled: {component}
behavior: {{ scale_down: {{ stabilization_window: 0s }} }}
---
kind: ScalingComponent
id: others
component_kind: local-process
metadata: {{ command: sleep, args: ['1000'] }}
limits: {{ min: 1, max: 20 }}
---
kind: ScalingPlan
id: follow
interval: 200ms
plans:
  - id: track
    priority: 1
    expression: "load > 0"
    scaling_components: [{{ component_id: workers, desired: "load / 10" }}, {{ component_id: others, desired: 3 }}]
  - id: otherwise
    scaling_components: [{{ component_id: workers, desired: 1 }}]
"""


def reload(wave, text):
    wave.write(text)
    wave.process.send_signal(signal.SIGHUP)


def decisions_that_say(wave, component, says):
    """The decisions of a component, once one of them has such a reason."""
    return eventually(
        lambda: [
            one
            for one in wave.json("decisions", "--component", component)
            if any(says(reason) for reason in one["reasons"])
        ]
    )


def test_a_metric_that_is_switched_off_never_lowers_capacity(wave):
    wave.write(TWO.format(metric="true", component="true"))
    wave.run()
    wave.push("load", 80)
    eventually(lambda: wave.desired("workers") == 8)
    reload(wave, TWO.format(metric="false", component="true"))
    held = decisions_that_say(wave, "workers", lambda reason: "not enabled" in reason["text"])
    assert held[-1]["action"] == "hold"
    assert wave.desired("workers") == 8
    assert wave.post("/api/v1/metrics/load", {"value": 1}).status_code == 400


def test_a_component_that_is_switched_off_leaves_the_others_at_work(wave):
    wave.write(TWO.format(metric="true", component="true"))
    wave.run()
    wave.push("load", 40)
    eventually(lambda: wave.desired("workers") == 4)
    reload(wave, TWO.format(metric="true", component="false"))
    removed = decisions_that_say(wave, "workers", lambda reason: reason["rule"] == "removed")
    assert removed[-1]["final"] == 4
    eventually(lambda: wave.desired("others") == 3)
    assert wave.process.poll() is None


def test_plan_goes_on_when_one_component_cannot_be_observed(wave):
    wave.write(
        """
kind: ScalingComponent
id: dead
component_kind: webhook
metadata: { url: 'http://127.0.0.1:9/', observe_url: 'http://127.0.0.1:9/' }
limits: { min: 1, max: 9 }
---
kind: ScalingComponent
id: well
component_kind: logger
limits: { min: 1, max: 9 }
---
kind: ScalingPlan
id: p
plans:
  - id: both
    scaling_components: [{ component_id: dead, desired: 2 }, { component_id: well, desired: 3 }]
"""
    )
    decisions = {one["component_id"]: one for one in wave.json("plan")["decisions"]}
    assert decisions["well"]["wish"] == 3
    assert decisions["dead"]["action"] == "hold"
    assert decisions["dead"]["reasons"][0]["rule"] == "not_observed"


def test_scale_without_a_daemon_reports_invalid_definitions_as_such(wave):
    wave.write("kind: Metric\nid: m\nmetric_kind: pusch\n")
    done = wave.command("scale", "c", "desired=3", check=3)
    assert "did you mean 'push'" in done.stderr


def test_a_page_of_another_site_cannot_read_the_status(wave):
    wave.write("# nothing\n")
    wave.run()
    url = f"http://127.0.0.1:{wave.port}/api/v1/status"
    assert requests.get(url, headers={"Host": "127.0.0.1"}, timeout=5).status_code == 200
    for host in ("evil.example", "127.evil.example", "127.0.0.1.evil.example"):
        assert requests.get(url, headers={"Host": host}, timeout=5).status_code == 403


def test_a_second_daemon_on_the_same_port_does_not_start(wave, tmp_path):
    wave.write("# nothing\n")
    wave.run()
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "wave-definitions.yaml").write_text("# nothing\n")
    environment = dict(os.environ, WAVE_PORT=str(wave.port), WAVE_TOKEN="other")
    done = subprocess.run(
        [PROGRAM, "run"], cwd=tmp_path / "second", env=environment, capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 1
    assert "cannot listen" in done.stderr
    assert "WAVE_PORT" in done.stderr and "`port:`" in done.stderr


def test_definitions_that_a_reload_did_not_take_are_told_until_they_are_right(wave):
    good = TWO.format(metric="true", component="true")
    wave.write(good)
    wave.run()
    assert wave.json("status")["definitions_problem"] is None
    assert "wave_definitions_valid 1\n" in wave.get("/metrics").text
    reload(wave, good.replace("kind: push", "kind: pusch") + "--- {kind: Nonsense}\n")
    problem = eventually(lambda: wave.json("status")["definitions_problem"])
    assert problem["file"] == "wave-definitions.yaml" and problem["line"] == 4 and problem["column"] > 0
    assert "did you mean 'push'" in problem["message"] and problem["count"] == 2
    shown = wave.command("status", check=0).stdout
    assert "invalid" in shown and "wave-definitions.yaml:4:" in shown and "(and 1 more)" in shown
    assert "wave_definitions_valid 0\n" in wave.get("/metrics").text
    reload(wave, good)
    eventually(lambda: wave.json("status")["definitions_problem"] is None)
    assert "wave_definitions_valid 1\n" in wave.get("/metrics").text
    assert "invalid" not in wave.command("status", check=0).stdout


@pytest.mark.parametrize("kind", ["logger", "local-process"])
def test_a_component_that_leaves_and_comes_back_is_paused_as_before(wave, kind):
    process = "component_kind: local-process\nmetadata: { command: sleep, args: ['1000'] }\n"
    both = TWO.format(metric="true", component="true")
    if kind == "logger":
        both = both.replace("id: others\n" + process, "id: others\ncomponent_kind: logger\n")
    assert kind in both
    wave.write(both)
    wave.run()
    wave.push("load", 40)
    eventually(lambda: wave.desired("others") == 3 and wave.desired("workers") == 4)
    wave.command("pause", "others", "--until", "2h", check=0)
    paused = wave.component("others")["paused"]
    assert paused
    documents = both.split("---")
    without = "---".join(one for one in documents if "id: others" not in one or "kind: ScalingPlan" in one)
    reload(wave, without.replace(", { component_id: others, desired: 3 }", ""))
    eventually(lambda: len(wave.get("/api/v1/status").json()["components"]) == 1)
    reload(wave, both)
    eventually(lambda: len(wave.get("/api/v1/status").json()["components"]) == 2)
    assert wave.component("others")["paused"] == paused
    # What it was when it left is over when somebody resumes it.
    wave.command("resume", "others", check=0)
    loaded = wave.get("/api/v1/status").json()["definitions_loaded_at"]
    reload(wave, both + "\n# again\n")
    eventually(lambda: wave.get("/api/v1/status").json()["definitions_loaded_at"] != loaded)
    assert not wave.component("others")["paused"]


def test_an_empty_file_is_no_wish_to_forget_everything(wave):
    wave.write(TWO.format(metric="true", component="true"))
    wave.run()
    wave.push("load", 40)
    eventually(lambda: wave.desired("workers") == 4)
    reload(wave, "")
    eventually(lambda: "there are no documents" in wave.log.read_text())
    assert len(wave.get("/api/v1/status").json()["components"]) == 2
    wave.push("load", 60)
    eventually(lambda: wave.desired("workers") == 6)
