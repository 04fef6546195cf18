"""Known events through the commands that people type, and through a reload of the running daemon."""

import contextlib
import csv
import datetime
import io
import json
import math
import signal
import sqlite3

from conftest import ROOT, eventually

UTC = datetime.timezone.utc
BEGIN = datetime.datetime(2026, 6, 1, tzinfo=UTC)
EXAMPLE = (ROOT / "examples/known-events.yaml").read_text()
STEP = datetime.timedelta(minutes=5)


def sale(at):
    """Friday 20:00 to 22:00 in Seoul."""
    return at.weekday() == 4 and 11 <= at.hour < 13


def load(at):
    usual = 10_000 + 4000 * math.sin(2 * math.pi * (at.hour * 60 + at.minute) / 1440)
    return usual * 2.2 if sale(at) else usual


def recording(path, until):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["timestamp", "value"])
    at = BEGIN
    while at < until:
        writer.writerow([at.strftime("%Y-%m-%dT%H:%M:%SZ"), round(load(at), 1)])
        at += STEP
    path.write_text(text.getvalue())


def test_a_forecast_with_definitions_has_the_events_that_begin_and_not_those_of_last_week(wave):
    (wave.folder / "events.yaml").write_text(EXAMPLE)
    recording(wave.folder / "api_rps.csv", datetime.datetime(2026, 6, 26, tzinfo=UTC))  # a Friday, 00:00
    answer = wave.json("forecast", "-f", "events.yaml", "--input", "api_rps.csv", "--horizon", str(2 * 288))
    for point in answer["series"][0]["points"]:
        at = datetime.datetime.fromisoformat(point["at"].replace("Z", "+00:00"))
        # Three sales of 2.2 times (less the 300 that were said), shrunk towards the 1.8 that were given.
        wanted = load(at) if not sale(at) else load(at) / 2.2 * 2.1 + 250
        assert abs(point["mean"] / wanted - 1) < 0.06, (point, wanted)


def test_schedules_are_a_plan_that_check_accepts(wave):
    wave.write(EXAMPLE)
    text = wave.command("schedules", check=0).stdout
    (wave.folder / "with-schedules.yaml").write_text(EXAMPLE + "---\n" + text)
    assert wave.json("check", "with-schedules.yaml") == {"ok": True, "errors": [], "warnings": []}
    (item,) = wave.json("schedules", "final")["plans"]
    assert item["schedule"] == {"cron": "0 0 19 19 7 * 2026", "timezone": "UTC", "duration": "2h30m", "lead": "30s"}
    (wish,) = item["scaling_components"]
    assert wish == {"component_id": "api", "at_least": "Math.ceil((avg(\"api_rps\", '1d') * 2.5) / 200)"}
    (item,) = wave.json("schedules", "final", "--lead", "90s")["plans"]
    assert item["schedule"]["lead"] == "1m30s"
    (item,) = wave.json("schedules", "final", "--lead", "0s")["plans"]
    assert "lead" not in item["schedule"]
    unknown = wave.json("schedules", "fina", check=1)
    assert unknown["error"]["message"] == "there is no event 'fina' (did you mean 'final'?)"


DAEMON = """
kind: Metric
id: rps
metric_kind: push
stale_after: 5m
---
kind: ScalingComponent
id: web
component_kind: logger
limits: { min: 1, max: 100 }
---
kind: ScalingPlan
id: p
interval: 1s
plans:
  - id: track
    target: { metric: rps, per_unit: 10 }
    proactive: {}
    scaling_components: [{ component_id: web }]
"""


def test_an_event_that_a_reload_brings_raises_at_once(wave):
    wave.write(DAEMON)
    wave.run()
    wave.push("rps", 100)
    desired = lambda: wave.json("status")["components"][0]["current"]["desired"]
    eventually(lambda: desired() == 10)
    soon = datetime.datetime.now(UTC) + datetime.timedelta(seconds=20)
    wave.write(
        DAEMON + f"---\nkind: Event\nid: final\nmetrics: [rps]\nstart: {soon.isoformat()}\nduration: 1h\nfactor: 3\n"
    )
    wave.process.send_signal(signal.SIGHUP)
    eventually(lambda: desired() == 30)
    assert any("event 'final'" in json.dumps(one) for one in wave.json("decisions"))

    # Everybody may see it: before it begins, and from when it is in force.
    (event,) = wave.get("/api/v1/events").json()
    assert (event["metric_id"], event["event_id"], event["name"]) == ("rps", "final", "final")
    assert (event["factor"], event["amount"], event["learned_from"]) == (3, 0, 0)
    assert event["expected"] == "factor 3 as given" and not event["stands_aside"] and event["problem"] == ""
    begins = datetime.datetime.fromisoformat(event["begin"].replace("Z", "+00:00"))
    assert abs(begins - soon) < datetime.timedelta(seconds=1)
    of_metric = wave.json("status")["metrics"][0]["events"]
    assert [one["event_id"] for one in of_metric] == ["final"]
    eventually(lambda: wave.get("/api/v1/events").json()[0]["in_force"])
    told = wave.command("status", check=0).stdout
    (line,) = [line for line in told.splitlines() if line.startswith("final ")]
    assert line.split()[1] == "rps" and line.rstrip().endswith("in force, factor 3 as given"), told
    page = wave.get("/metrics").text
    for name, value in {"in_force": 1, "expected": 3, "learned_from": 0, "stands_aside": 0}.items():
        assert f'wave_event_{name}{{metric="rps",event="final"}} {value}\n' in page, page


def test_a_schedule_begins_by_what_the_daemon_has_learned_that_capacity_takes(wave):
    events = "---\nkind: Event\nid: final\nmetrics: [rps]\nstart: 2030-07-19T21:00:00Z\nduration: 1h\nfactor: 3\n"
    wave.write(DAEMON + events)
    wave.run()
    wave.push("rps", 100)
    eventually(lambda: wave.desired("web") == 10)
    wave.stop()
    with contextlib.closing(sqlite3.connect(wave.folder / "wave.db")) as database, database:
        state = json.loads(database.execute("SELECT json FROM states WHERE key = 'component/web'").fetchone()[0])
        state["learned"] = [272_431_000]  # microseconds
        database.execute("UPDATE states SET json = ? WHERE key = 'component/web'", [json.dumps(state)])
    (item,) = wave.json("schedules")["plans"]
    assert item["schedule"]["lead"] == "4m33s"
    wave.write(DAEMON.replace("limits:", "ready_after: 2m\nlimits:") + events)
    assert wave.json("schedules")["plans"][0]["schedule"]["lead"] == "2m"
