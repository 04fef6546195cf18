"""What Prometheus recorded: a backtest over it, and a first start that knows two weeks of it."""

import datetime
import pathlib
import random
import subprocess
import time

import pytest

from conftest import Prometheus, eventually
from test_backtest_by_hand import DAYS, DEFINITIONS, trace, write_trace


@pytest.fixture
def recorded(prometheus_program, exporter, tmp_path):
    """Starts a Prometheus that holds these rows as `rps`, in blocks that its own tool wrote."""
    folder = tmp_path / "prometheus"
    folder.mkdir()
    server = Prometheus(prometheus_program, folder, exporter.port)

    def start(rows):
        text = folder / "trace.txt"
        lines = [f"rps {value} {at.timestamp():.0f}\n" for at, value in rows]
        text.write_text("# TYPE rps gauge\n" + "".join(lines) + "# EOF\n")
        subprocess.run(
            [
                pathlib.Path(prometheus_program).parent / "promtool",
                *("tsdb", "create-blocks-from", "openmetrics"),
                *(text, folder / "tsdb"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=120,
        )
        server.start()
        return f"metric_kind: prometheus\nmetadata: {{ endpoint: '{server.url}', query: rps }}"

    yield start
    server.stop()


def test_a_file_and_prometheus_with_the_same_trace_give_the_same_figures(wave, recorded):
    # Before the trace's hole, which Prometheus would bridge by looking back.
    rows = trace()[: (DAYS - 1) * 1440 + 900]
    wave.write(DEFINITIONS.replace("metric_kind: push", recorded(rows)))
    write_trace(wave.folder / "load.csv", rows)
    stretch = ["--from", "2026-09-04T00:00:00Z", "--to", "2026-09-04T15:00:00Z", "--capacity", "16", "--series"]
    of_file = wave.json("backtest", "--input", "load=load.csv", *stretch)
    of_source = wave.json("backtest", "--from-prometheus", *stretch)
    assert len(of_source["series"]) == 900 and of_file["figures"]["plan"]["slo_pct"] > 0
    assert of_source == of_file


def test_a_source_that_keeps_no_past_cannot_be_the_load(wave):
    wave.write(DEFINITIONS)
    refused = wave.command("backtest", "--from-prometheus", check=1)
    assert "load has no past: kind push keeps none" in refused.stderr
    assert wave.command("backtest").returncode == 2


def test_a_first_start_beside_two_weeks_of_prometheus_looks_ahead_within_a_minute(wave, recorded):
    # Each day a rise from 50 to 400 for four hours; today's comes in eight minutes, within the ten of `ready_after`.
    now = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
    chance = random.Random(7)
    rows = []
    for minute in range(-14 * 1440, 1):
        since_rise = (minute - 8) % 1440
        rows.append((now + datetime.timedelta(minutes=minute), (400 if since_rise < 240 else 50) + chance.random()))
    definitions = DEFINITIONS.replace("metric_kind: push", recorded(rows)).replace("ready_after: 5m", "ready_after: 10m")
    wave.write(definitions)
    wave.run()
    begun = time.monotonic()
    # 14 of load a unit is what one carries before it counts as violated.
    eventually(lambda: (wave.desired("web") or 0) >= 400 / 14, timeout=60)
    assert time.monotonic() - begun < 60
    told = [one for one in wave.get("/api/v1/forecasts").json() if one["lead_seconds"] == 600]
    assert told and told[0]["acts"] and told[0]["record"]["forecasts"] > 1000, told
    reasons = [reason["text"] for one in wave.json("decisions") for reason in one["reasons"]]
    assert any("ahead" in text and "forecast" in text for text in reasons), reasons
