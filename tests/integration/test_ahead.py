"""Capacity is there before a load that comes every day, also on the day of the first start."""

import datetime

from conftest import eventually

AHEAD = """
kind: Metric
id: load
metric_kind: generator
metadata: {{ cron: {{ '{rise}': 400, '{fall}': 50 }} }}
polling_interval: 1s
---
kind: ScalingComponent
id: web
component_kind: logger
limits: {{ min: 1, max: 100 }}
ready_after: 10m
---
kind: ScalingPlan
id: follow
interval: 1s
plans:
  - id: track
    target: {{ metric: load, per_unit: 10 }}
    proactive: {{ mode: {mode} }}
    scaling_components: [{{ component_id: web }}]
"""


def definitions(mode):
    # The daily rise comes in eight minutes, which is within the ten that capacity takes to serve.
    rise = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=8)
    fall = rise + datetime.timedelta(hours=4)
    return AHEAD.format(rise=f"{rise.minute} {rise.hour} * * *", fall=f"{fall.minute} {fall.hour} * * *", mode=mode)


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
