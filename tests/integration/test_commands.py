"""What somebody types at three in the morning, and what the running daemon answers: pauses, problems, usage."""

import json
import re
import signal
import subprocess

import pytest

from conftest import PROGRAM

LOCAL_PROCESS = """
kind: ScalingComponent
id: workers
component_kind: local-process
metadata: { command: sleep, args: ['1000'] }
limits: { min: 0, max: 5 }
"""

LOGGER = """
kind: Metric
id: load
metric_kind: push
---
kind: ScalingComponent
id: workers
component_kind: logger
limits: { min: 1, max: 50 }
cooldown: { up: 0s, down: 0s }
"""


def test_a_reason_in_any_language_may_be_long(wave):
    wave.write(LOGGER)
    wave.run()
    wave.command("pause", "workers", "--reason", "점" * 67, check=0)
    assert wave.component("workers")["paused_reason"] == "점" * 66
    wave.kill()
    wave.run()
    assert wave.component("workers")["paused_reason"] == "점" * 66


@pytest.mark.parametrize("until", [None, "2h"])
def test_a_change_by_hand_never_shortens_a_pause(wave, until):
    wave.write(LOGGER)
    wave.run()
    wave.command("pause", "workers", *(["--until", until] if until else []), "--reason", "load test", check=0)
    before = wave.component("workers")
    made = wave.json("scale", "workers", "desired=22", "--for", "5s")
    assert made["applied"]
    assert made["paused"] and made["paused_until"] == before["paused_until"] and made["paused_reason"] == "load test"
    shown = wave.command("scale", "workers", "desired=23", "--for", "5s", check=0).stdout
    assert f"workers is paused until {before['paused_until'] or 'resumed'} (load test)" in shown
    # One that is longer counts.
    made = wave.json("scale", "workers", "desired=24", "--for", "3h")
    if until:
        assert made["paused_until"] > before["paused_until"] and made["paused_reason"] == "scaled by hand"
    else:
        assert made["paused_until"] is None and made["paused_reason"] == "load test"
    assert wave.component("workers")["paused_until"] == made["paused_until"]


def test_pause_and_resume_tell_programs_what_holds_now(wave):
    wave.write(LOGGER)
    wave.run()
    until = "2126-01-31T12:00:00Z"
    made = wave.json("pause", "workers", "--until", until, "--reason", "load test")
    assert made == {"ok": True, "component_id": "workers", "until": until, "reason": "load test"}
    made = wave.json("pause", "workers")
    assert made == {"ok": True, "component_id": "workers", "until": None, "reason": ""}
    assert wave.json("resume", "workers") == {"ok": True, "component_id": "workers", "was_paused": True}
    assert wave.json("resume", "workers") == {"ok": True, "component_id": "workers", "was_paused": False}
    assert "was not paused" in wave.command("resume", "workers", check=0).stdout


def test_status_says_why_a_component_is_paused(wave):
    wave.write(LOGGER)
    wave.run()
    assert wave.json("status", "workers")["paused_reason"] is None
    wave.command("pause", "workers", "--reason", "load test", check=0)
    assert wave.json("status", "workers")["paused_reason"] == "load test"
    assert "paused until resumed (load test)" in wave.command("status", check=0).stdout
    # The reason outlives the daemon.
    wave.stop()
    wave.run()
    assert wave.json("status", "workers")["paused_reason"] == "load test"


def test_an_option_takes_its_value_and_leaves_what_stands_behind_it(wave):
    wave.write(LOGGER, "ok.yaml")
    wave.write("kind: Metric\nid: other\nmetric_kind: push\n", "more.yaml")
    both = ("-f", "ok.yaml", "-f", "more.yaml")
    assert [one["metric_id"] for one in wave.json("poll", *both, "other", check=1)] == ["other"]
    assert [one["component_id"] for one in wave.json("observe", "-f", "ok.yaml", "workers")] == ["workers"]
    made = wave.json("scale", "-f", "ok.yaml", "workers", "desired=3", "--dry-run")
    assert made["component_id"] == "workers" and made["final"] == 3
    wave.command("plan", *both, "--set", "load=1", "--set", "other=2", check=0)
    done = wave.command("plan", "-f", "ok.yaml", "--set", "load=1", "foo", check=2)
    assert "foo" in done.stderr
    # `check` takes files as they stand, too: `check -f *.yaml`.
    assert wave.json("check", "-f", "ok.yaml", "more.yaml")["ok"]


def test_a_token_of_another_daemon_is_named_as_such(wave):
    wave.write(LOGGER)
    wave.run()
    wave.environment["WAVE_TOKEN"] = "another"
    done = wave.command("pause", "workers", check=1)
    assert "the token in WAVE_TOKEN is not that of the daemon at http://127.0.0.1:" in done.stderr
    assert "hint: " in done.stderr and "token_file" in done.stderr
    del wave.environment["WAVE_TOKEN"]
    (wave.folder / "wave.token").write_text("another\n")
    error = wave.json("scale", "workers", "desired=3", check=1)["error"]
    assert error["code"] == "unauthorized" and "the token in wave.token is not" in error["message"]
    assert "token_file" in error["hint"]
    # Over HTTP: none is not the same as a wrong one.
    path = "/api/v1/components/workers/resume"
    assert wave.post(path, token=None).json()["error"]["message"] == "a bearer token is needed"
    assert "not this daemon's" in wave.post(path, token="another").json()["error"]["message"]


def test_decisions_are_told_in_utc_wherever_one_sits(wave):
    wave.environment["TZ"] = "Asia/Kolkata"
    wave.write(LOGGER)
    wave.run()
    wave.command("scale", "workers", "desired=4", check=0)
    at = wave.json("decisions")[-1]["at"]
    shown = wave.command("decisions", check=0).stdout
    assert re.sub(r"[.]\d+Z", "Z", at) + "  workers" in shown


def test_a_frozen_daemon_is_said_to_be_one(wave):
    wave.write(LOGGER)
    wave.run()
    wave.process.send_signal(signal.SIGSTOP)
    try:
        error = wave.json("status", check=1)["error"]
        assert error["code"] == "timeout" and "does not answer" in error["hint"] and "told" not in error["hint"]
        done = wave.command("pause", "workers", check=1)
        assert "hint: " in done.stderr and "may still do what it was told" in done.stderr
    finally:
        wave.process.send_signal(signal.SIGCONT)


def test_check_warns_of_input_that_holds_no_documents(wave):
    wave.write(LOGGER, "ok.yaml")
    done = subprocess.run(
        [PROGRAM, "check", "-f", "/dev/stdin"], stdin=subprocess.DEVNULL, cwd=wave.folder, capture_output=True, text=True
    )
    assert done.returncode == 0 and "warning: no documents found in /dev/stdin" in done.stderr
    wave.write("# Later.\n", "empty.yaml")
    made = wave.json("check", "empty.yaml", "ok.yaml")
    assert [one["message"] for one in made["warnings"]] == ["no documents found in empty.yaml"]


def test_words_that_are_not_right_come_with_the_one_that_may_be_meant(wave):
    wave.write(LOGGER)
    for words in (["chekc"], ["chekc", "--json", "-f", "x"], ["help", "chekc"]):
        done = wave.command(*words, check=2)
        assert "there is no command 'chekc' (did you mean 'check'?)" in done.stderr + done.stdout
    wave.run()
    for words in (["pause", "wokers"], ["resume", "wokers"], ["scale", "wokers", "desired=2"], ["status", "wokers"]):
        assert "no component 'wokers' (did you mean 'workers'?)" in wave.command(*words, check=1).stderr
    assert "did you mean" not in wave.command("pause", "x" * 4000, check=1).stderr
    wave.stop()
    # Without a daemon, too.
    assert "did you mean 'workers'" in wave.command("scale", "wokers", "desired=2", check=1).stderr


@pytest.mark.parametrize(
    "words",
    [
        ["status", "--nonsense"],
        ["pause", "workers", "--until", "noon"],
        ["scale", "workers"],
        ["plan", "--set", "lod=1"],
        ["chekc"],
        ["help", "chekc"],
        [],
    ],
    ids=" ".join,
)
def test_programs_are_told_of_usage_errors_as_json(wave, words):
    wave.write(LOGGER)
    done = wave.command(*words, "--json", check=2)
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "usage" and error["message"] and "hint" in error


@pytest.mark.parametrize("command", ["run", "poll", "observe", "plan"])
def test_programs_are_told_every_problem_of_invalid_definitions(wave, command):
    wave.write(LOGGER.replace("push", "pusch") + "colour: red\n")
    told = wave.json(command, check=3)
    assert told["error"]["code"] == "invalid_argument" and "invalid" in told["error"]["message"]
    assert [(one["file"], one["line"]) for one in told["errors"]] == [
        ("wave-definitions.yaml", 4),
        ("wave-definitions.yaml", 11),
    ]
    assert all(one["column"] > 0 and one["message"] for one in told["errors"])


def test_expressions_that_are_wrong_are_told_like_other_problems(wave):
    wave.write(
        LOGGER + "---\nkind: ScalingPlan\nid: p\n"
        "plans: [{ id: i, scaling_components: [{ component_id: workers, desired: 'load +' }] }]\n"
    )
    for command in ("run", "plan"):
        (problem,) = wave.json(command, check=3)["errors"]
        assert problem["line"] == 14 and problem["column"] > 0


def test_processes_are_not_started_by_a_command_that_ends(wave):
    wave.write(LOCAL_PROCESS)
    error = wave.json("scale", "workers", "desired=2", check=1)["error"]
    assert "would end with this command" in error["message"] and "wave-autoscale run" in error["hint"]
    wave.command("scale", "workers", "desired=2", "--dry-run", check=0)
