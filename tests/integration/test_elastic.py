"""elastic-apm against a real OpenSearch: the engine and its HTTP transport, without its installation."""

import json
import random
import statistics
import subprocess
import time

import pytest
import requests

from conftest import ROOT, eventually, free_port
from peers import server
from test_past import ask_past

pytestmark = [pytest.mark.heavy, pytest.mark.held_to("elastic-apm", "a real server: OpenSearch 2")]

MAPPING = {
    "mappings": {
        "properties": {
            "@timestamp": {"type": "date"},
            "processor.event": {"type": "keyword"},
            "service.name": {"type": "keyword"},
            "service.environment": {"type": "keyword"},
            "transaction.type": {"type": "keyword"},
            "transaction.duration.us": {"type": "long"},
            "event.outcome": {"type": "keyword"},
            "metricset.name": {"type": "keyword"},
            "system.process.cpu.total.norm.pct": {"type": "double"},
            "system.memory.actual.free": {"type": "long"},
            "system.memory.total": {"type": "long"},
        }
    }
}


def transactions(now):
    """What two services did in the three minutes that ended a minute ago."""
    chance = random.Random(4)
    for number in range(400):
        yield {
            "@timestamp": int((now - 240 + chance.random() * 180) * 1000),
            "processor.event": "transaction",
            "service.name": "web" if number % 4 else "jobs",
            "service.environment": "production" if number % 3 else "staging",
            "transaction.type": "request" if number % 5 else "scheduled",
            "transaction.duration.us": chance.randrange(1000, 90000),
            "event.outcome": chance.choice(["success", "success", "failure", "unknown"]),
        }


def app_metrics(now):
    for number in range(6):
        yield {
            "@timestamp": int((now - 200 + number * 20) * 1000),
            "metricset.name": "app",
            "service.name": "web",
            "system.process.cpu.total.norm.pct": 0.1 * number,
            "system.memory.actual.free": 1000 + number,
            "system.memory.total": 4000,
        }


def fill(url, index, documents):
    assert requests.put(f"{url}/{index}", json=MAPPING, timeout=30).ok
    lines = "".join(f'{{"index":{{}}}}\n{json.dumps(one)}\n' for one in documents)
    headers = {"Content-Type": "application/x-ndjson"}
    answer = requests.post(f"{url}/{index}/_bulk?refresh=true", data=lines, headers=headers, timeout=30).json()
    assert not answer["errors"], answer


@pytest.fixture(scope="module")
def opensearch(tmp_path_factory):
    done = subprocess.run([ROOT / "scripts/peers.sh", "opensearch"], capture_output=True, text=True, check=True)
    folder = tmp_path_factory.mktemp("opensearch")
    for name in ("config", "modules", "plugins"):
        (folder / name).mkdir()
    url = f"http://127.0.0.1:{(port := free_port())}"
    program = ROOT / "tests/integration/OpenSearchNode.java"
    command = ["java", "-Xmx400m", "-cp", done.stdout.strip() + "/*", program, folder, str(port)]
    with server(command, folder, lambda: requests.get(url, timeout=2).ok, timeout=180):
        now = time.time()
        fill(url, "traces-apm-default", transactions(now))
        fill(url, "metrics-apm.app-default", app_metrics(now))
        yield url


def found_by(url, **terms):
    """The documents themselves, by a plain query: what is made of them is worked out in Python."""
    query = {"bool": {"filter": [{"term": {name.replace("_", "."): value}} for name, value in terms.items()]}}
    answer = requests.post(f"{url}/traces-apm-default/_search", json={"size": 1000, "query": query}, timeout=30).json()
    return [one["_source"] for one in answer["hits"]["hits"]]


def metric(url, id, keys, more=""):
    return f"{{ kind: Metric, id: {id}, metric_kind: elastic-apm, metadata: {{ endpoint: '{url}', {keys} }} {more} }}"


def polled(wave, definitions, check=0):
    wave.write("\n---\n".join(definitions))
    return {one["metric_id"]: one for one in wave.json("poll", check=check)}


def test_presets_are_what_the_documents_say(wave, opensearch):
    web = found_by(opensearch, service_name="web", transaction_type="request")
    assert 100 < len(web) < 400
    durations = [one["transaction.duration.us"] for one in web]
    known = [one for one in web if one["event.outcome"] != "unknown"]
    production = [one for one in web if one["service.environment"] == "production"]
    preset = "service_name: web, preset: "
    found = polled(
        wave,
        [
            metric(opensearch, "throughput", preset + "throughput_per_minute"),
            metric(opensearch, "production", preset + "throughput_per_minute, environment: production, duration: 10m"),
            metric(opensearch, "average", preset + "latency_avg"),
            metric(opensearch, "p95", preset + "latency_p95"),
            metric(opensearch, "failed", preset + "failed_rate"),
            metric(opensearch, "cpu", preset + "cpu_pct"),
            metric(opensearch, "memory", preset + "memory_pct"),
        ],
    )
    value = {id: one["value"] for id, one in found.items()}
    assert value["throughput"] == pytest.approx(len(web) / 5)
    assert value["production"] == pytest.approx(len(production) / 10)
    assert value["average"] == pytest.approx(statistics.fmean(durations))
    assert value["p95"] == pytest.approx(statistics.quantiles(durations, n=20)[18], rel=0.02)
    assert value["failed"] == pytest.approx(sum(one["event.outcome"] == "failure" for one in known) / len(known))
    assert value["cpu"] == pytest.approx(0.25)
    assert value["memory"] == pytest.approx(1 - 1002.5 / 4000)


def test_a_query_of_ones_own_gives_a_series_for_each_bucket(wave, opensearch):
    query = {
        "size": 0,
        "aggs": {
            "services": {
                "terms": {"field": "service.name"},
                "aggs": {"slowest": {"max": {"field": "transaction.duration.us"}}},
            }
        },
    }
    place = "aggregations.services.buckets[].slowest.value"
    keys = f"index: traces-apm-default, query: '{json.dumps(query)}', value_location: '{place}'"
    found = polled(wave, [metric(opensearch, "slowest", keys, ", aggregate: max")])
    assert found["slowest"]["value"] == max(one["transaction.duration.us"] for one in found_by(opensearch))
    found = polled(wave, [metric(opensearch, "slowest", keys)], check=1)
    assert "2 series" in found["slowest"]["error"]["message"]


def test_nothing_is_no_number(wave, opensearch):
    query = '{"size":0,"aggs":{"v":{"avg":{"field":"transaction.duration.us"}}}}'
    keys = f"query: '{query}', value_location: aggregations.v.value, "
    found = polled(
        wave,
        [
            metric(opensearch, "nobody", "preset: latency_avg, service_name: nobody"),
            metric(opensearch, "no_pattern", keys + "index: 'nothing-*'"),
            metric(opensearch, "no_index", keys + "index: nothing"),
            metric(opensearch, "no_place", keys.replace("v.value,", "w.value,") + "index: traces-apm-default"),
            metric(opensearch, "wrong", "index: traces-apm-default, value_location: a, query: '{\"size\":\"x\"}'"),
        ],
        check=1,
    )
    codes = {id: one["error"]["code"] for id, one in found.items()}
    assert codes == {
        "nobody": "no_data",
        "no_pattern": "no_data",
        "no_index": "not_found",
        "no_place": "bad_response",
        "wrong": "invalid_argument",
    }


def test_a_node_that_is_down_is_passed_over(wave, opensearch):
    dead = f"http://127.0.0.1:{free_port()}"
    keys = "service_name: web, preset: throughput_per_minute"
    wave.write(metric(opensearch, "m", keys, ", polling_interval: 500ms").replace(f"'{opensearch}'", f"[{dead}, {opensearch}]"))
    wave.run()

    def value():
        (one,) = wave.get("/api/v1/status").json()["metrics"]
        return one.get("value")

    counted = len(found_by(opensearch, service_name="web", transaction_type="request")) / 5
    assert eventually(value, timeout=20) == pytest.approx(counted)


def test_the_past_is_the_documents_by_minute(wave, opensearch):
    web = found_by(opensearch, service_name="web", transaction_type="request")
    wave.write(metric(opensearch, "m", "service_name: web, preset: throughput_per_minute"))
    end = int(time.time()) // 60 * 60
    (series,) = ask_past(wave, "m", end - 900, end, 60)
    counts = {}
    for one in web:
        if end - 900 <= one["@timestamp"] / 1000 < end:
            minute = one["@timestamp"] // 60000 * 60
            counts[minute] = counts.get(minute, 0) + 1
    assert {int(at): value for at, value in series["points"]} == counts
