"""Kinds that moto cannot play: a scripted AWS that accepts, is busy for a while, and then is done.

The requests themselves are held to botocore's in tests/contract; here the whole program waits out the states.
"""

import http.server
import json
import threading
import time

import pytest

from conftest import eventually

pytestmark = pytest.mark.scripted

DOCUMENTS = """
kind: Metric
id: wanted
metric_kind: push
---
kind: ScalingComponent
id: it
component_kind: {kind}
metadata: {{ region: eu-west-1, endpoint: '{url}', {keys} }}
limits: {{ {limits} }}
behavior: {{ scale_down: {{ stabilization_window: 0s }} }}
cooldown: {{ up: 0s, down: 0s }}
---
kind: ScalingPlan
id: follow
plans:
  - id: metric
    scaling_components: [{{ component_id: it, {value}: wanted }}]
"""


class Aws:
    """A number that is asked for, and becomes true `takes` seconds later; nothing else is accepted meanwhile."""

    takes = 3.0

    def __init__(self):
        self.value = 2
        self.asked = None
        self.busy_until = 0.0
        self.writes = []
        self.refused = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or "{}")
                target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
                status, answer, code = outer.answer(self.command, self.path, target, body)
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                if code:
                    self.send_header("x-amzn-errortype", code)
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_PUT = do_POST = do_DELETE = handle_any

            def log_message(self, *ignored):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def settle(self):
        if self.asked is not None and time.monotonic() >= self.busy_until:
            self.value, self.asked = self.asked, None
        return self.asked is not None

    def set(self, number, busy_code):
        if self.settle():
            self.refused += 1
            return 409, {"message": "busy"}, busy_code
        self.asked, self.busy_until = number, time.monotonic() + self.takes
        self.writes.append(number)
        return 200, {}, None

    def answer(self, method, path, target, body):
        if target == "DescribeScalableTargets":
            return 200, {"ScalableTargets": []}, None
        return self.serve(method, path, target, body)


class Msk(Aws):
    kind, value_name, keys = "amazon-msk", "volume_size", "cluster_arn: 'arn:aws:kafka:eu-west-1:1:cluster/demo/x'"
    limits, first, then, back = "desired: { min: 3, max: 9 }, volume_size: { min: 1, max: 90 }", 2, 6, None

    def serve(self, method, path, target, body):
        if method == "PUT":
            if body["currentVersion"] != f"V{self.value}":
                return 400, {"message": "currentVersion is not the cluster's"}, "BadRequestException"
            return self.set(body["targetBrokerEBSVolumeInfo"][0]["volumeSizeGB"], "ConflictException")
        if path.endswith("/operations"):
            return 200, {"clusterOperationInfoList": []}, None
        busy = self.settle()
        storage = {"ebsStorageInfo": {"volumeSize": self.value}}
        nodes = {"clientSubnets": ["a", "b", "c"], "storageInfo": storage}
        provisioned = {"numberOfBrokerNodes": 3, "brokerNodeGroupInfo": nodes}
        cluster = {"state": "UPDATING" if busy else "ACTIVE", "currentVersion": f"V{self.value}"}
        return 200, {"clusterInfo": dict(cluster, provisioned=provisioned)}, None


class ManagedScaling(Aws):
    kind, value_name, keys = "amazon-emr-managed-scaling", "min", "cluster_id: j-1"
    limits, first, then, back = "min: 1, max: 90", 2, 6, 3

    def serve(self, method, path, target, body):
        if target == "DescribeCluster":
            return 200, {"Cluster": {"Status": {"State": "RUNNING"}}}, None
        self.settle()
        if target == "PutManagedScalingPolicy":
            self.takes = 0
            limits = body["ManagedScalingPolicy"]["ComputeLimits"]
            assert limits["MaximumCapacityUnits"] == 90 and limits["UnitType"] == "VCPU"
            return self.set(limits["MinimumCapacityUnits"], "InvalidRequestException")
        limits = {"UnitType": "VCPU", "MinimumCapacityUnits": self.value, "MaximumCapacityUnits": 90}
        return 200, {"ManagedScalingPolicy": {"ComputeLimits": limits}}, None


class Provisioned(Aws):
    kind, value_name, keys = "aws-lambda", "provisioned_concurrency", "function_name: f, qualifier: live"
    limits, first, then, back = "provisioned_concurrency: { min: 0, max: 90 }", 2, 6, 0

    def serve(self, method, path, target, body):
        if "/provisioned-concurrency" not in path:
            return 200, {}, None
        if method in ("PUT", "DELETE"):
            return self.set(body.get("ProvisionedConcurrentExecutions", 0), "ResourceConflictException")
        busy = self.settle()
        wanted = self.asked if busy else self.value
        if wanted == 0:
            return 404, {"message": "none"}, "ProvisionedConcurrencyConfigNotFoundException"
        return (
            200,
            {
                "RequestedProvisionedConcurrentExecutions": wanted,
                "AvailableProvisionedConcurrentExecutions": self.value,
                "Status": "IN_PROGRESS" if busy else "READY",
            },
            None,
        )


class Table(Aws):
    kind, value_name, keys = "amazon-dynamodb", "read_capacity", "table_name: t"
    limits, first, then, back = "read_capacity: { min: 1, max: 90 }", 2, 6, 3
    decreases, last_decrease = 0, None

    def serve(self, method, path, target, body):
        if target == "UpdateTable":
            wanted = body["ProvisionedThroughput"]["ReadCapacityUnits"]
            status, answer, code = self.set(wanted, "ResourceInUseException")
            if status == 200 and wanted < self.value:
                self.decreases, self.last_decrease = self.decreases + 1, time.time()
            return status, answer, code
        busy = self.settle()
        throughput = {"ReadCapacityUnits": self.value, "WriteCapacityUnits": 5}
        throughput["NumberOfDecreasesToday"] = self.decreases
        if self.last_decrease:
            throughput["LastDecreaseDateTime"] = self.last_decrease
        status = "UPDATING" if busy else "ACTIVE"
        return 200, {"Table": {"TableStatus": status, "ProvisionedThroughput": throughput}}, None


class Elastic(Aws):
    kind, value_name = "amazon-documentdb-elastic", "shard_count"
    keys = "cluster_arn: 'arn:aws:docdb-elastic:eu-west-1:123456789012:cluster/x'"
    limits, first, then, back = "shard_count: { min: 1, max: 9 }", 2, 6, None

    def serve(self, method, path, target, body):
        if method == "PUT":
            return self.set(body["shardCount"], "ConflictException")
        busy = self.settle()
        cluster = {"status": "SPLITTING" if busy else "ACTIVE", "shardCount": self.value}
        return 200, {"cluster": dict(cluster, shardCapacity=4, shardInstanceCount=1)}, None


@pytest.fixture
def make():
    made = []

    def one(kind):
        made.append(kind())
        return made[-1]

    yield one
    for each in made:
        each.server.shutdown()
        each.server.server_close()


def start(wave, there):
    wave.environment.update(AWS_ACCESS_KEY_ID="AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY="an-example-secret")
    wave.write(
        DOCUMENTS.format(
            kind=there.kind, url=there.url, keys=there.keys, limits=there.limits, value=there.value_name
        )
    )
    wave.run()


def rest(wave, there, number):
    """What is asked for is there, and nothing is under way."""
    eventually(lambda: not there.settle() and there.value == number)
    eventually(lambda: wave.component("it")["current"].get(there.value_name) == number)
    eventually(lambda: wave.component("it")["changing"] is False)


@pytest.mark.parametrize("kind", [Msk, ManagedScaling, Provisioned, Table, Elastic], ids=lambda one: one.kind)
def test_a_change_is_sent_once_and_its_states_are_waited_out(wave, make, kind):
    there = make(kind)
    start(wave, there)
    wave.push("wanted", there.then)
    eventually(lambda: there.writes == [there.then])
    wave.push("wanted", there.then)
    rest(wave, there, there.then)
    wave.push("wanted", there.then)
    assert there.writes == [there.then]
    if there.back is not None:
        wave.push("wanted", there.back)
        rest(wave, there, there.back)
        assert there.writes == [there.then, there.back]
    assert there.refused == 0, "nobody was asked while busy"


@pytest.mark.parametrize("kind", [Msk, Table, Elastic], ids=lambda one: one.kind)
def test_a_daemon_that_dies_between_accept_and_available_goes_on(wave, make, kind):
    there = make(kind)
    there.takes = 6.0
    start(wave, there)
    wave.push("wanted", there.then)
    eventually(lambda: there.writes == [there.then])
    wave.kill()
    wave.run()
    wave.push("wanted", there.then)
    rest(wave, there, there.then)
    assert there.writes == [there.then] and there.refused == 0


def test_the_fifth_decrease_of_the_day_is_held_and_decisions_say_until_when(wave, make):
    there = make(Table)
    there.takes = 0.0
    there.value = 50
    start(wave, there)
    for number in (40, 30, 20, 10):
        wave.push("wanted", number)
        rest(wave, there, number)
    wave.push("wanted", 5)

    def held():
        return [
            reason
            for one in wave.json("decisions")
            for reason in one["reasons"]
            if reason["rule"] == "blocked" and one["value"] == "read_capacity"
        ]

    (reason,) = eventually(held)
    assert "4 decreases of the table today" in reason["text"] and ", until 2" in reason["text"], reason
    assert there.writes == [40, 30, 20, 10]
    (seen,) = wave.json("observe")
    assert seen["blocked_until"] is not None
    wave.push("wanted", 60)
    rest(wave, there, 60)
