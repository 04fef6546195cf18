"""kafka against a real broker: the lag under each policy, every way to sign in, and a broker that restarts."""

import base64
import http.server
import json
import threading
import time
import urllib.parse

import pytest

from conftest import eventually
from kafka_broker import SCRAM, Kafka

pytestmark = [pytest.mark.heavy, pytest.mark.held_to("kafka", "a real server: Kafka")]

METRIC = """
kind: Metric
id: {id}
metric_kind: kafka
metadata: {{ bootstrap_servers: '{servers}', {keys} }}
timeout: {timeout}
---
"""

# Three partitions of 10, 20 and 30 messages; `behind` committed 4, 20 and nothing; `nobody` never committed.
FILL = """
from kafka.admin import NewTopic
client.create_topics([NewTopic(name="orders", num_partitions=3, replication_factor=1)])
producer = KafkaProducer(bootstrap_servers=servers)
for partition, count in enumerate([10, 20, 30]):
    for _ in range(count):
        producer.send("orders", value=b"x", partition=partition)
producer.flush()
consumer = KafkaConsumer(bootstrap_servers=servers, group_id="behind", enable_auto_commit=False)
orders = [TopicPartition("orders", p) for p in range(3)]
consumer.assign(orders)
consumer.commit({orders[0]: OffsetAndMetadata(4, "", -1), orders[1]: OffsetAndMetadata(20, "", -1)})
consumer.close()
"""

# What kafka-python sees: the end offsets, and what the group has committed.
LOOK = """
consumer = KafkaConsumer(bootstrap_servers=servers)
orders = [TopicPartition("orders", p) for p in range(3)]
ends = consumer.end_offsets(orders)
begins = consumer.beginning_offsets(orders)
found = KafkaConsumer(bootstrap_servers=servers, group_id=values["group"], enable_auto_commit=False)
print(json.dumps([[begins[p], ends[p], found.committed(p)] for p in orders]))
"""


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    made = Kafka(tmp_path_factory.mktemp("kafka"))
    try:
        made.start()
        made.run(FILL)
        yield made
    finally:
        made.stop()


def polled(wave, servers, metrics, check=0, timeout="15s"):
    wave.write("".join(METRIC.format(id=id, servers=servers, keys=keys, timeout=timeout) for id, keys in metrics.items()))
    return {one["metric_id"]: one for one in wave.json("poll", check=check)}


def test_the_lag_is_right_under_each_policy(wave, broker):
    seen = broker.run(LOOK, group="behind")
    assert seen == [[0, 10, 4], [0, 20, 20], [0, 30, None]]
    assert broker.run(LOOK, group="nobody") == [[0, 10, None], [0, 20, None], [0, 30, None]]
    behind = "consumer_group: behind, topic: orders"
    nobody = "consumer_group: nobody, topic: orders"
    wanted = {
        "latest": (behind, 6 + 0 + 1),
        "earliest": (behind + ", offset_reset_policy: earliest", 6 + 0 + 30),
        "invalid_is_zero": (behind + ", scale_to_zero_on_invalid_offset: true", 6),
        "all_topics": ("consumer_group: behind", 7),
        "some_partitions": (behind + ", partitions: '0-1'", 6),
        "nobody_latest": (nobody, 3),
        "nobody_earliest": (nobody + ", offset_reset_policy: earliest", 60),
        "nobody_is_zero": (nobody + ", scale_to_zero_on_invalid_offset: true", 0),
        "capped": (nobody + ", offset_reset_policy: earliest, lag_threshold: 5", 15),
        "capped_by_lag": (
            behind + ", offset_reset_policy: earliest, lag_threshold: 5, limit_to_partitions_with_lag: true",
            10,
        ),
        "idle_allowed": (nobody + ", offset_reset_policy: earliest, lag_threshold: 5, allow_idle_consumers: true", 60),
        "even": (behind + ", lag_threshold: 5, ensure_even_distribution: true", 15),
        "count": ("metric: message_count, topic: orders", 60),
        "end": ("metric: log_end_offset, topic: orders, isolation_level: read_committed", 60),
    }
    found = polled(wave, broker.plain, {id: keys for id, (keys, _) in wanted.items()})
    assert {id: one["value"] for id, one in found.items()} == {id: value for id, (_, value) in wanted.items()}


def test_each_partition_can_be_a_series(wave, broker):
    keys = "consumer_group: behind, topic: orders, per_partition: true"
    text = METRIC.format(id="lag", servers=broker.plain, keys=keys, timeout="15s")
    wave.write(text.replace("timeout:", "aggregate: max\ntimeout:"))
    (one,) = wave.json("poll")
    assert one["value"] == 6
    assert [(s["labels"]["partition"], s["value"]) for s in one["series"]] == [("0", 6), ("1", 0), ("2", 1)]


def test_reading_makes_no_topic_and_joins_no_group(wave, broker):
    found = polled(
        wave,
        broker.plain,
        {"topic": "consumer_group: behind, topic: no-such-topic", "group": "consumer_group: no-such-group"},
        check=1,
    )
    assert found["topic"]["error"]["code"] == "not_found" and found["group"]["error"]["code"] == "not_found"
    topics = broker.run("print(json.dumps([one['name'] for one in client.describe_topics()]))")
    assert "orders" in topics and "no-such-topic" not in topics
    states = broker.run(
        "print(json.dumps({k: v['group_state'] for k, v in client.describe_groups(['behind']).items()}))"
    )
    assert states == {"behind": "Empty"}


def secure(broker, mechanism, password=SCRAM["password"], more=""):
    return (
        f"consumer_group: behind, topic: orders, sasl_mechanism: {mechanism}, sasl_username: {SCRAM['username']},"
        f" sasl_password: '{password}', tls_ca: '{broker.ca}'{more}"
    )


def test_every_password_mechanism_over_tls(wave, broker):
    servers = f"localhost:{broker.ports['scram']}"
    metrics = {
        "plain": secure(broker, "PLAIN"),
        "scram256": secure(broker, "SCRAM-SHA-256"),
        "scram512": secure(broker, "SCRAM-SHA-512"),
    }
    found = polled(wave, servers, metrics)
    assert {id: one["value"] for id, one in found.items()} == {"plain": 7, "scram256": 7, "scram512": 7}


def test_a_wrong_password_and_an_unknown_authority_are_said(wave, broker):
    servers = f"localhost:{broker.ports['scram']}"
    metrics = {"wrong": secure(broker, "SCRAM-SHA-512", password="not-the-password")}
    found = polled(wave, servers, metrics, check=1, timeout="4s")
    assert found["wrong"]["error"]["code"] == "unauthorized", found
    assert "not-the-password" not in json.dumps(found)
    metrics = {"stranger": secure(broker, "PLAIN").replace(f", tls_ca: '{broker.ca}'", "")}
    found = polled(wave, servers, metrics, check=1, timeout="4s")
    assert "certificate" in found["stranger"]["error"]["message"].lower(), found


class TokenServer:
    """An OAuth 2 server that gives unsigned tokens, which this broker is told to take."""

    def __init__(self):
        self.asked = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                outer.asked.append((self.headers["Authorization"], form))
                now = int(time.time())
                parts = [{"alg": "none"}, {"sub": "wave", "iat": now, "exp": now + 600, "scope": "kafka"}]
                token = ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts)
                body = json.dumps({"access_token": token + ".", "expires_in": 600}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *ignored):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/token"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def test_oauthbearer_with_a_token_of_client_credentials(wave, broker):
    tokens = TokenServer()
    keys = (
        "consumer_group: behind, topic: orders, security_protocol: SASL_PLAINTEXT, sasl_mechanism: OAUTHBEARER,"
        f" sasl_username: client, sasl_password: secret, sasl_oauth_token_url: '{tokens.url}', sasl_oauth_scopes: [kafka]"
    )
    try:
        found = polled(wave, f"127.0.0.1:{broker.ports['oauth']}", {"lag": keys})
    finally:
        tokens.server.shutdown()
        tokens.server.server_close()
    assert found["lag"]["value"] == 7
    (authorization, form), *_ = tokens.asked
    assert base64.b64decode(authorization.split()[1]) == b"client:secret"
    assert form == {"grant_type": ["client_credentials"], "scope": ["kafka"]}


def test_a_restart_of_the_broker_is_never_a_lag_of_zero(wave, broker):
    keys = "consumer_group: behind, topic: orders, offset_reset_policy: earliest"
    wave.write(
        METRIC.format(id="lag", servers=broker.plain, keys=keys, timeout="2s").replace(
            "timeout:", "polling_interval: 500ms\nstale_after: 4s\ntimeout:"
        )
    )
    wave.run()
    seen = set()

    def metric():
        (one,) = wave.get("/api/v1/status").json()["metrics"]
        seen.add(one["value"])
        return one

    eventually(lambda: metric()["value"] == 36)
    broker.stop()
    eventually(lambda: not metric()["fresh"])
    assert metric()["error"]
    broker.start()
    eventually(lambda: metric()["fresh"] and not metric()["error"], timeout=60)
    assert seen - {None} == {36}
    broker.run('p = KafkaProducer(bootstrap_servers=servers)\np.send("orders", value=b"x", partition=0)\np.flush()')
    eventually(lambda: metric()["value"] == 37)
    broker.run(
        'c = KafkaConsumer(bootstrap_servers=servers, group_id="behind", enable_auto_commit=False)\n'
        'c.assign([TopicPartition("orders", 0)])\n'
        'c.commit({TopicPartition("orders", 0): OffsetAndMetadata(5, "", -1)})'
    )
    eventually(lambda: metric()["value"] == 36)
    wave.stop()
    assert wave.process.returncode == 0
