"""A daemon that is killed with -9 at random moments, again and again: what it may not forget, do twice or do too early."""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import time

from conftest import eventually

SEED = int(os.environ.get("WAVE_SEED", "20261127"))
KILLS = 20

LIMITS = {"calm": (2, 9), "cooled": (1, 12), "held": (1, 12)}
WINDOW = 0.7
COOLDOWN_UP, COOLDOWN_DOWN = 0.3, 0.6
BEHAVIOR = {
    "calm": f"behavior: {{ scale_down: {{ stabilization_window: {WINDOW}s, policies: [] }} }}",
    "cooled": "behavior: { scale_down: { stabilization_window: 0s, policies: [] } }\n"
    f"cooldown: {{ up: {COOLDOWN_UP}s, down: {COOLDOWN_DOWN}s }}",
    "held": "behavior: { scale_down: { stabilization_window: 0s, policies: [] } }",
}

COMPONENT = """---
kind: ScalingComponent
id: {id}
component_kind: local-process
metadata: {{ command: sleep, args: ['{sleep}'] }}
limits: {{ min: {least}, max: {most} }}
{behavior}
"""

PLAN = """---
kind: Metric
id: load
metric_kind: push
---
kind: ScalingPlan
id: follow
interval: 200ms
plans:
  - id: track
    target: { metric: load, per_unit: 10, tolerance: 0 }
    scaling_components: [{ component_id: calm }, { component_id: cooled }, { component_id: held }]
"""


def sleeps(wave):
    """How long the workers of each component sleep, which tells them from all other processes."""
    return {name: f"{1000 + number}.{wave.port}" for number, name in enumerate(LIMITS)}


def workers(wave):
    """Of each component, the parents of the processes that are there."""
    found = {name: [] for name in LIMITS}
    listed = subprocess.run(["ps", "-eo", "ppid=,stat=,args="], capture_output=True, text=True, check=True)
    for line in listed.stdout.splitlines():
        parent, state, command = line.split(maxsplit=2)
        for name, how_long in sleeps(wave).items():
            if command == f"sleep {how_long}" and not state.startswith("Z"):
                found[name].append(int(parent))
    return found


class Disk:
    """What a dead daemon left, read from a copy."""

    def __init__(self, wave, folder):
        folder.mkdir()
        for file in wave.folder.glob("wave.db*"):
            shutil.copy(file, folder)
        database = sqlite3.connect(folder / "wave.db")
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        self.decisions = [
            dict(json.loads(text), id=number, first=first / 1e6, last=last / 1e6)
            for number, first, last, text in database.execute(
                "SELECT id, first_at, last_at, json FROM decisions ORDER BY id"
            )
        ]
        self.states = {
            key.removeprefix("component/"): json.loads(text)
            for key, text in database.execute("SELECT key, json FROM states WHERE key LIKE 'component/%'")
        }
        database.close()

    def of(self, component):
        return [one for one in self.decisions if one["component_id"] == component]

    def scaled(self, component):
        return [one for one in self.of(component) if one["action"] == "scale"]

    def last_applied(self, component):
        return self.states[component]["values"]["desired"]["last_applied"]


def assert_nothing_was_lost(wave, disk, paused_until):
    status = wave.get("/api/v1/status").json()
    assert status["history"]["writable"], status["history"]
    assert wave.component("held")["paused_until"] == paused_until
    for name, parents in workers(wave).items():
        assert set(parents) <= {wave.process.pid}, (name, parents)
        assert len(parents) <= LIMITS[name][1]
    for name, (least, most) in LIMITS.items():
        assert least <= eventually(lambda: wave.desired(name)) <= most
    assert wave.desired("held") == 4
    there = {one["id"]: one for one in wave.get("/api/v1/decisions?limit=10000").json()}
    for one in disk.decisions:
        told = there[one["id"]]
        assert (told["component_id"], told["at"], told["final"]) == (one["component_id"], one["at"], one["final"])


def load_for_a_while(wave, chance):
    end = time.monotonic() + chance.uniform(0.3, 2.2)
    while time.monotonic() < end:
        load = chance.randrange(150)
        change = time.monotonic() + chance.uniform(0.05, 1.5)
        while time.monotonic() < min(end, change):
            time.sleep(chance.uniform(0, 0.15))
            wave.push("load", load)
    # Often while the change is being made that the last sample asks for.
    wave.push("load", chance.randrange(150))
    time.sleep(chance.choice([0, 0.02, 0.2]) * chance.random())


def assert_windows_and_cooldowns_held(disk):
    for name, (least, most) in LIMITS.items():
        for one in disk.of(name):
            assert least <= one["final"] <= most, one
    for one in disk.scaled("calm"):
        # What is recorded is the least that counts: that a decision was made again is written late, or never.
        wished = [
            other["wish"]
            for other in disk.of("calm")
            if other["wish"] is not None and other["last"] > one["first"] - WINDOW and other["first"] <= one["first"]
        ]
        if one["final"] < one["current"]:
            assert one["final"] >= min(LIMITS["calm"][1], max(wished)), (one, wished)
    cooled = disk.scaled("cooled")
    for before, after in zip(cooled, cooled[1:]):
        cooldown = COOLDOWN_DOWN if after["final"] < after["current"] else COOLDOWN_UP
        assert after["first"] - before["first"] >= cooldown, (before, after)


def assert_changes_follow_from_each_other(disk, kills):
    """`kills`: what was on disk after each."""
    for name in LIMITS:
        scaled = disk.scaled(name)
        for before, after in zip(scaled, scaled[1:]):
            known = before["final"]
            for kill in kills:
                last = kill.decisions[-1]["id"] if kill.decisions else 0
                if before["id"] <= last < after["id"]:
                    known = kill.last_applied(name)  # stored before it is sent, and maybe not yet recorded
            assert after["current"] == known and after["applied"], (before, after)


def held_by(disk, component, rule):
    return [one for one in disk.of(component) if any(reason["rule"] == rule for reason in one["reasons"])]


def test_kills_at_random_moments_break_no_promise(wave, tmp_path):
    print(f"WAVE_SEED={SEED}")
    chance = random.Random(SEED)
    wave.write(
        "".join(
            COMPONENT.format(id=name, sleep=sleeps(wave)[name], least=least, most=most, behavior=BEHAVIOR[name])
            for name, (least, most) in LIMITS.items()
        )
        + PLAN
    )
    wave.run()
    wave.push("load", 40)
    eventually(lambda: [wave.desired(name) for name in LIMITS] == [4, 4, 4])
    wave.command("pause", "held", "--until", "1h", check=0)
    paused_until = wave.component("held")["paused_until"]
    assert paused_until
    kills = []
    for number in range(KILLS):
        load_for_a_while(wave, chance)
        wave.kill()
        if chance.random() < 0.3:  # and again while it starts
            wave.launch()
            time.sleep(chance.uniform(0, 0.3))
            wave.kill()
        kills.append(Disk(wave, tmp_path / f"kill{number}"))
        wave.run()
        assert_nothing_was_lost(wave, kills[-1], paused_until)

    def follows(names, load):
        wave.push("load", load)
        return all(wave.desired(name) == load / 10 == wave.component(name)["ready"] for name in names)

    eventually(lambda: follows(["calm", "cooled"], 80))
    pid = wave.process.pid
    eventually(lambda: workers(wave) == {"calm": [pid] * 8, "cooled": [pid] * 8, "held": [pid] * 4})
    wave.command("resume", "held", check=0)
    eventually(lambda: follows(LIMITS, 60))
    eventually(lambda: workers(wave) == {name: [pid] * 6 for name in LIMITS})
    wave.stop()
    assert wave.process.returncode == 0
    assert workers(wave) == {name: [] for name in LIMITS}

    disk = Disk(wave, tmp_path / "end")
    assert_windows_and_cooldowns_held(disk)
    assert_changes_follow_from_each_other(disk, kills)
    # There was something to promise.
    downs = [one for one in disk.scaled("calm") + disk.scaled("cooled") if one["final"] < one["current"]]
    assert len(downs) >= 5, downs
    for component, rule in (("calm", "stabilization"), ("cooled", "cooldown"), ("held", "pause"), ("calm", "limits")):
        assert held_by(disk, component, rule), (component, rule)
