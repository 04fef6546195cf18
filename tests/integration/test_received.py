"""Samples that others send: a real Prometheus by remote write, and OTLP as protobuf and as JSON."""

import gzip
import time

import pytest
import requests

from conftest import eventually
from peers import run_in, venv

METRIC = """
kind: Metric
id: depth
metric_kind: {kind}
metadata: {{ name: {name}, labels: {labels} }}
aggregate: {aggregate}
"""

SEND = """
import sys
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
exporter = OTLPMetricExporter(endpoint=sys.argv[1], headers={"Authorization": "Bearer test-token"}, compression=Compression(sys.argv[2]))
reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3600_000)
provider = MeterProvider(metric_readers=[reader], resource=Resource.create({"service.name": "shop"}))
meter = provider.get_meter("m")
gauge = meter.create_gauge("queue.depth")
gauge.set(12.5, {"queue": "a"})
gauge.set(30, {"queue": "b"})
meter.create_counter("jobs").add(7)
meter.create_histogram("took").record(1.5)
assert provider.force_flush()
print("true")
"""


def value(wave):
    (one,) = wave.get("/api/v1/status").json()["metrics"]
    return one.get("value")


@pytest.mark.held_to("prometheus-remote-write", "a real server: Prometheus sends to it")
def test_a_prometheus_sends_what_it_scraped(wave, prometheus, exporter):
    wave.write(METRIC.format(kind="prometheus-remote-write", name="queue_depth", labels="{ job: test }", aggregate="sum"))
    wave.run()
    with open(prometheus.folder / "prometheus.yml", "a") as file:
        file.write(
            f"remote_write: [{{ url: 'http://127.0.0.1:{wave.port}/api/v1/write', "
            "authorization: { credentials: test-token }, queue_config: { batch_send_deadline: 500ms } }]\n"
        )
    prometheus.stop()
    prometheus.start()
    exporter.values = {"queue_depth": 41, "other": 1}
    eventually(lambda: value(wave) == 41)
    exporter.values = {"queue_depth": 12, "other": 1}
    eventually(lambda: value(wave) == 12)


@pytest.mark.heavy
@pytest.mark.held_to("otlp", "a real client: the OpenTelemetry SDK sends to it")
@pytest.mark.parametrize(
    ("name", "labels", "compression", "expected"),
    [
        ("queue.depth", "{ service.name: shop }", "none", 42.5),
        ("queue.depth", "{ service.name: shop }", "gzip", 42.5),
        ("queue.depth", "{ queue: b }", "gzip", 30),
        ("jobs", "{}", "none", 7),
        ("took_count", "{}", "none", 1),
        ("took_sum", "{}", "gzip", 1.5),
    ],
)
def test_an_opentelemetry_sdk_sends_what_it_measured(wave, name, labels, compression, expected):
    wave.write(METRIC.format(kind="otlp", name=name, labels=labels, aggregate="sum"))
    wave.run()
    run_in(venv("otlp"), SEND, f"http://127.0.0.1:{wave.port}/v1/metrics", compression)
    assert value(wave) == expected


def test_what_is_sent_wrongly_is_refused_and_changes_nothing(wave):
    wave.write(METRIC.format(kind="otlp", name="a", labels="{}", aggregate="error"))
    wave.run()
    url = f"http://127.0.0.1:{wave.port}"
    headers = {"Authorization": "Bearer test-token", "Content-Type": "application/json"}

    def send(body, **more):
        return requests.post(f"{url}/v1/metrics", data=body, headers={**headers, **more}, timeout=5)

    def points(*all):
        data = ",".join(f'{{"timeUnixNano":"{time.time_ns()}","asInt":"{one}","attributes":[{{"key":"n","value":{{"intValue":"{one}"}}}}]}}' for one in all)
        return f'{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"name":"a","gauge":{{"dataPoints":[{data}]}}}}]}}]}}]}}'

    assert send(points(4)).json() == {}
    assert value(wave) == 4
    assert send("{").status_code == 400
    assert send("\x0a\x7f", **{"Content-Type": "application/x-protobuf"}).status_code == 400
    assert send("", **{"Content-Type": "text/plain"}).status_code == 415
    assert send(points(5), **{"Content-Encoding": "br"}).status_code == 415
    packed = {"Content-Encoding": "gzip"}
    assert send(points(5), **packed).status_code == 400
    bomb = send(gzip.compress(b" " * 100_000_000), **packed)
    assert bomb.status_code == 413 and "32 MiB" in bomb.json()["error"]["message"]
    assert send(points(5), Authorization="Bearer wrong").status_code == 401
    wrong = requests.post(f"{url}/api/v1/write", data=b"not snappy", headers=headers, timeout=5)
    assert wrong.status_code == 400 and "snappy" in wrong.json()["error"]["message"]
    # A sender of version 2.0 learns that its message is not understood, and must not read it as written.
    second = {**headers, "Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request", "Content-Encoding": "snappy"}
    refused = requests.post(f"{url}/api/v1/write", data=b"\x00", headers=second, timeout=5)
    assert refused.status_code == 415 and "prometheus.WriteRequest" in refused.json()["error"]["message"]
    first = {**second, "Content-Type": "application/x-protobuf;proto=prometheus.WriteRequest"}
    assert requests.post(f"{url}/api/v1/write", data=b"\x00", headers=first, timeout=5).status_code == 204
    assert value(wave) == 4
    # What is compressed counts as what is not.
    assert send(gzip.compress(points(4).encode()), **packed).status_code == 200
    assert value(wave) == 4
    # A second series without a rule is the metric's error, as it is for one that is polled.
    assert send(points(5)).status_code == 200
    (one,) = wave.get("/api/v1/status").json()["metrics"]
    assert "2 series" in one["error"]["message"]
