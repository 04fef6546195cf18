"""A thousand components: one Describe for many of them, and a cluster in trouble slows only itself."""

import collections
import http.server
import json
import threading
import time
import urllib.parse

import pytest

from conftest import eventually

CLUSTERS = ["c0", "c1", "c2", "c3", "throttled"]
METRIC = """
kind: Metric
id: load
metric_kind: generator
metadata: { cron: { "0 0 1 1 *": 2 } }
polling_interval: 15s
"""
SERVICE = """
---
kind: ScalingComponent
id: {cluster}-{number}
component_kind: amazon-ecs
metadata: {{ region: eu-west-1, endpoint: '{url}', cluster_name: {cluster}, service_name: s{number} }}
limits: {{ min: 1, max: 9 }}
"""
GROUP = """
---
kind: ScalingComponent
id: g-{number}
component_kind: aws-ec2-autoscaling
metadata: {{ region: eu-west-1, endpoint: '{url}', asg_name: g{number} }}
limits: {{ min: 1, max: 9 }}
"""
PLAN = """
---
kind: ScalingPlan
id: all
plans:
  - id: load
    scaling_components:
"""


class Stub:
    """Answers two Describe calls as AWS does, and counts them."""

    def __init__(self):
        self.calls = collections.Counter()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, answer = outer.answer(self.headers.get("X-Amz-Target", ""), body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer.encode())

            def log_message(self, *ignored):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, target, body):
        if target.endswith("DescribeScalableTargets"):
            self.calls["targets"] += 1
            return 200, '{"ScalableTargets":[]}'
        if target.endswith("DescribeServices"):
            asked = json.loads(body)
            self.calls[asked["cluster"]] += 1
            if asked["cluster"] == "throttled":
                return 400, '{"__type":"ThrottlingException","message":"Rate exceeded"}'
            of = {"status": "ACTIVE", "desiredCount": 2, "runningCount": 2, "deployments": [{}]}
            return 200, json.dumps({"services": [dict(of, serviceName=name) for name in asked["services"]]})
        self.calls["groups"] += 1
        names = [value for name, value in urllib.parse.parse_qsl(body) if name.startswith("AutoScalingGroupNames")]
        groups = "".join(
            f"<member><AutoScalingGroupName>{name}</AutoScalingGroupName><MinSize>1</MinSize><MaxSize>9</MaxSize>"
            "<DesiredCapacity>2</DesiredCapacity><Instances>"
            + "<member><LifecycleState>InService</LifecycleState><HealthStatus>Healthy</HealthStatus></member>" * 2
            + "</Instances></member>"
            for name in names
        )
        return 200, f"<r><AutoScalingGroups>{groups}</AutoScalingGroups></r>"


@pytest.fixture
def stub():
    made = Stub()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.mark.heavy
def test_describe_calls_are_as_few_as_batching_predicts(wave, stub):
    wave.environment.update(AWS_ACCESS_KEY_ID="AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY="an-example-secret")
    services = [(cluster, number) for cluster in CLUSTERS for number in range(100)]
    ids = [f"{cluster}-{number}" for cluster, number in services] + [f"g-{number}" for number in range(500)]
    wave.write(
        METRIC
        + "".join(SERVICE.format(cluster=cluster, number=number, url=stub.url) for cluster, number in services)
        + "".join(GROUP.format(number=number, url=stub.url) for number in range(500))
        + PLAN
        + "".join(f"      - {{ component_id: {one}, desired: load }}\n" for one in ids)
    )
    wave.run()
    healthy = [one for one in ids if not one.startswith("throttled")]

    def seen():
        found = {one["component_id"]: one for one in wave.get("/api/v1/status").json()["components"]}
        return all(found[one]["current"].get("desired") == 2 for one in healthy)

    eventually(seen)
    before = collections.Counter(stub.calls)
    rounds, every = 3, 15
    time.sleep(rounds * every)
    calls = stub.calls - before
    for cluster in CLUSTERS[:-1]:
        assert 10 * (rounds - 1) <= calls[cluster] <= 10 * (rounds + 1), calls
    assert 5 * (rounds - 1) <= calls["groups"] <= 5 * (rounds + 1), calls
    assert calls["targets"] == 0, "who else steers is asked every few minutes only"
    assert wave.component("throttled-1")["error"]["code"] == "throttled"
