"""Capacity is there before a load that comes every day, also on the day of the first start."""

import csv
import datetime
import math
import pathlib
import subprocess
import time

from conftest import ROOT, eventually

METRIC = """
kind: Metric
id: load
metric_kind: {kind}
metadata: {metadata}
polling_interval: 1s
"""
PLAN = """
---
kind: ScalingComponent
id: web
component_kind: logger
limits: {{ min: 1, max: 100 }}
ready_after: {ready_after}
---
kind: ScalingPlan
id: follow
interval: 1s
plans:
  - id: track
    target: {{ metric: load, per_unit: {per_unit} }}
    proactive: {{ mode: {mode} }}
    scaling_components: [{{ component_id: web }}]
"""


def definitions(mode):
    # The daily rise comes in eight minutes, which is within the ten that capacity takes to serve.
    rise = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=8)
    fall = rise + datetime.timedelta(hours=4)
    days = f"{{ cron: {{ '{rise.minute} {rise.hour} * * *': 400, '{fall.minute} {fall.hour} * * *': 50 }} }}"
    return METRIC.format(kind="generator", metadata=days) + PLAN.format(ready_after="10m", per_unit=10, mode=mode)


def test_the_first_day_is_met_from_the_sources_own_past(wave):
    wave.write(definitions("forecast_and_scale"))
    wave.run()
    # 400 at 14 a unit, which is what one carries before it counts as violated.
    eventually(lambda: (wave.desired("web") or 0) >= 400 / 14, timeout=60)
    reasons = [reason["text"] for one in wave.json("decisions") for reason in one["reasons"]]
    assert any("load 50 / 10" in text and "ahead" in text and "forecast" in text for text in reasons), reasons
    assert any("P90 covered" in text for text in reasons), reasons
    # What is said is kept with the truth, and everybody may see how good it was.
    told = [one for one in wave.get("/api/v1/forecasts").json() if one["lead_seconds"] == 600]
    assert told and told[0]["metric_id"] == "load" and told[0]["record"]["forecasts"] > 1000, told
    assert told[0]["acts"] and told[0]["problem"] == "" and told[0]["forecast"]["p90"] > 300, told
    page = wave.get("/metrics").text
    acts = [line for line in page.splitlines() if line.startswith('wave_forecast_acts{metric="load",lead_seconds="600",')]
    assert len(acts) == 1 and acts[0].endswith("} 1"), page
    coverage = [line for line in page.splitlines() if line.startswith("wave_forecast_coverage{") and '"0.9"' in line]
    assert coverage and all(0 <= float(line.split()[-1]) <= 1 for line in coverage), page
    recorded = [seen for one in wave.json("decisions") for seen in one["inputs"] if seen["metric_id"] == "load"]
    assert any(seen["forecasts"] and "mase" in seen["forecasts"][0]["record"] for seen in recorded), recorded


def test_a_forecast_that_is_only_shown_changes_nothing(wave):
    wave.write(definitions("forecast_only"))
    wave.run()
    shown = eventually(
        lambda: [
            reason["text"]
            for one in wave.json("decisions")
            for reason in one["reasons"]
            if reason["rule"] == "forecast_only" and reason["to"] >= 400 / 14
        ],
        timeout=60,
    )
    assert shown
    assert wave.desired("web") == 5


# What is recorded at 15:20 is 544, at 15:40 it is 809.
NOW = datetime.datetime(1998, 6, 22, 15, 20, tzinfo=datetime.timezone.utc)
DAYS = 14


def recorded(now):
    """Each minute of two recorded weeks before an afternoon's rise, as if they had just passed."""
    with open(ROOT / "examples/recordings/worldcup98.csv", newline="") as lines:
        for row in csv.DictReader(lines):
            before = datetime.datetime.fromisoformat(row["timestamp"].replace("Z", "+00:00")) - NOW
            if -datetime.timedelta(days=DAYS) <= before < datetime.timedelta(0):
                for minute in range(5):
                    yield int(now + before.total_seconds() + 60 * minute), float(row["value"])


def test_a_fresh_start_learns_two_weeks_of_a_real_load_and_decides_with_them_within_a_minute(
    wave, prometheus_program, prometheus, exporter, tmp_path
):
    prometheus.stop()
    past = list(recorded(time.time()))
    lines = [f"requests {value} {at}" for at, value in past]
    (tmp_path / "past.txt").write_text("\n".join(["# TYPE requests gauge", *lines, "# EOF", ""]))
    promtool = pathlib.Path(prometheus_program).parent / "promtool"
    blocks = ["tsdb", "create-blocks-from", "openmetrics", "-q", tmp_path / "past.txt", prometheus.folder / "tsdb"]
    subprocess.run([promtool, *blocks], check=True)
    exporter.values["requests"] = load = past[-1][1]
    prometheus.start()
    prometheus.wait_for("max(requests)", load)

    query = f"{{ endpoint: '{prometheus.url}', query: max(requests) }}"
    plan = PLAN.format(ready_after="20m", per_unit=50, mode="forecast_and_scale")
    wave.write(METRIC.format(kind="prometheus", metadata=query) + plan)
    wave.run()
    begun = time.monotonic()

    def ahead():
        return [one for one in wave.json("decisions") if "; ahead " in str(one["reasons"])]

    decisions = eventually(ahead, timeout=60)
    print(f"after {time.monotonic() - begun:.1f} s:", decisions[0]["reasons"])
    (told,) = [one for one in decisions[0]["inputs"][0]["forecasts"] if one["lead_seconds"] == 1200]
    assert told["acts"] and told["problem"] == "" and told["record"]["forecasts"] > 10_000, told
    # The rise that the days before had at this hour is seen coming, and capacity is there before it.
    assert told["forecast"]["p90"] > 1.1 * load, told
    assert eventually(lambda: wave.desired("web")) >= math.ceil(load / 50)
    assert "(forecast " in wave.component("web")["decisions"][0]["text"]
