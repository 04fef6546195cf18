"""What a source tells of its past is what the system itself answers."""

import datetime
import json
import os
import pathlib
import subprocess
import time

import pytest
import requests

from conftest import PROGRAM, eventually

ASK_PAST = pathlib.Path(os.environ.get("WAVE_ASK_PAST", pathlib.Path(PROGRAM).parent / "tests/tools/ask_past"))


def ask_past(wave, metric, begin, end, step):
    done = subprocess.run(
        [ASK_PAST, "wave-definitions.yaml", metric, str(begin), str(end), str(step)],
        cwd=wave.folder,
        env=wave.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.held_to("prometheus", "a real server: Prometheus")
def test_prometheus_is_asked_in_parts_and_tells_the_same(wave, prometheus, exporter):
    exporter.values["load"] = 80
    prometheus.wait_for("load", 80)
    exporter.values["load"] = 90
    prometheus.wait_for("load", 90)
    wave.write(
        f"{{ kind: Metric, id: load, metric_kind: prometheus, metadata: {{ endpoint: '{prometheus.url}', query: load }} }}"
    )
    # 15,000 points are more than Prometheus gives at once (11,000).
    end = int(time.time()) + 1
    begin, step = end - 30, 0.002
    refused = requests.get(
        prometheus.url + "/api/v1/query_range",
        params={"query": "load", "start": begin, "end": end, "step": step},
        timeout=10,
    )
    assert refused.status_code == 400 and "11,000" in refused.text
    theirs = {}
    for start in range(begin, end, 10):
        answer = requests.get(
            prometheus.url + "/api/v1/query_range",
            params={"query": "load", "start": start, "end": start + 9.998, "step": step},
            timeout=10,
        ).json()
        for series in answer["data"]["result"]:
            theirs.update((round(at, 3), float(value)) for at, value in series["values"])
    (series,) = ask_past(wave, "load", begin, end, step)
    ours = {round(at, 3): value for at, value in series["points"]}
    assert ours == theirs
    assert {80, 90} == set(ours.values())


@pytest.mark.held_to("cloudwatch", "a server of other authors: moto")
def test_cloudwatch_tells_the_points_that_were_put(wave, aws, moto):
    now = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
    put = {now - datetime.timedelta(minutes=minutes): float(minutes) for minutes in range(1, 121)}
    cloudwatch = aws("cloudwatch")
    for at, value in put.items():
        cloudwatch.put_metric_data(
            Namespace="App", MetricData=[{"MetricName": "Depth", "Timestamp": at, "Value": value}]
        )
    wave.environment.update(AWS_ACCESS_KEY_ID="AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY="an-example-secret")
    metric = (
        "{{ kind: Metric, id: {id}, metric_kind: cloudwatch, metadata: {{ region: ap-northeast-2, endpoint: '{moto}',"
        " namespace: App, metric_name: {name} }} }}\n---\n"
    )
    wave.write(metric.format(id="depth", name="Depth", moto=moto) + metric.format(id="none", name="None", moto=moto))
    end = now.timestamp()
    (series,) = ask_past(wave, "depth", end - 7200, end, 60)
    assert [tuple(point) for point in series["points"]] == sorted((at.timestamp(), value) for at, value in put.items())
    (series,) = ask_past(wave, "depth", end - 7200, end, 600)
    assert [value for _, value in series["points"]] == [float(minutes) for minutes in range(111, 0, -10)]
    depth, none = eventually(lambda: wave.json("poll", check=1))
    assert depth["value"] == 1 and depth["error"] is None
    assert none["error"]["code"] == "no_data"
