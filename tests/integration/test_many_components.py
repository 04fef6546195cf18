"""A thousand components of ten services: as few Describe calls as each API allows, and trouble stays where it is."""

import collections
import http.server
import json
import threading
import time
import urllib.parse

import pytest

from conftest import eventually

pytestmark = [pytest.mark.heavy, pytest.mark.scripted]

EACH = 100
EVERY = 15
ROUNDS = 3
# Who else steers is asked for the services that Application Auto Scaling has, at most so many names a call, and again after
# so many seconds.
STEERED = {
    "services": "service/shop/{name}",
    "aurora": "cluster:{name}",
    "neptune": "cluster:{name}",
    "caches": "replication-group/{name}",
    "functions": "function:{name}:live",
    "tables": "table/{name}",
}
TARGETS_A_CALL = 50
TARGETS_LAST = 300
# What a round costs for a hundred components (docs/how-to/many-components.md), by the name that a service has here.
CALLS = {
    "groups": 1,  # 100 names a call
    "services": 10,  # 10 names a call
    "aurora": 4,  # 100 clusters a call, then 300 instances on 3 pages
    "neptune": 4,
    "docdb": 4,
    "caches": 1,  # 100 replication groups a page
    "nodes": 101,  # one each; the groups behind them together
    "functions": 200,  # provisioned and reserved concurrency, each function alone
    "tables": 100,
    "mappings": 1,  # 100 a page
}
KINDS = {
    "groups": ("aws-ec2-autoscaling", "asg_name: {name}", "desired"),
    "services": ("amazon-ecs", "cluster_name: shop, service_name: {name}", "desired"),
    "aurora": ("amazon-rds", "db_cluster_identifier: {name}", "desired"),
    "neptune": ("amazon-neptune", "db_cluster_identifier: {name}", "desired"),
    "docdb": ("amazon-documentdb", "db_cluster_identifier: {name}", "desired"),
    "caches": ("amazon-elasticache-redis", "replication_group_id: {name}", "replicas"),
    "nodes": ("amazon-eks", "cluster_name: shop, nodegroup_name: {name}", "desired"),
    "functions": ("aws-lambda", "function_name: {name}, qualifier: live", "provisioned_concurrency"),
    "tables": ("amazon-dynamodb", "table_name: {name}", "read_capacity"),
    "mappings": ("amazon-sqs", "event_source_mapping_id: {name}", "max_concurrency"),
}
METRIC = """
kind: Metric
id: load
metric_kind: generator
metadata: { cron: { "0 0 1 1 *": 2 } }
polling_interval: 15s
"""
COMPONENT = """
---
kind: ScalingComponent
id: {name}
component_kind: {kind}
metadata: {{ region: eu-west-1, endpoint: '{url}', {keys} }}
limits: {{ {value}: {{ min: 2, max: 5 }} }}
"""
PLAN = """
---
kind: ScalingPlan
id: all
interval: 15s
plans:
  - id: load
    scaling_components:
"""


def element(name, *parts):
    return f"<{name}>{''.join(parts)}</{name}>"


def group(name):
    instance = element("member", element("LifecycleState", "InService"), element("HealthStatus", "Healthy"))
    sizes = element("MinSize", "1") + element("MaxSize", "9") + element("DesiredCapacity", "2")
    return element("member", element("AutoScalingGroupName", name), sizes, element("Instances", instance * 2))


def cluster(name):
    engine = {"aurora": "aurora-mysql"}.get(name.partition("-")[0], name.partition("-")[0])
    members = "".join(
        element(
            "DBClusterMember",
            element("DBInstanceIdentifier", f"{name}-{i}"),
            element("IsClusterWriter", "true" if i == 0 else "false"),
        )
        for i in range(3)
    )
    return element(
        "DBCluster",
        element("DBClusterIdentifier", name),
        element("Engine", engine),
        element("Status", "available"),
        element("DBClusterMembers", members),
    )


def instance(name, number):
    return element(
        "DBInstance",
        element("DBInstanceIdentifier", f"{name}-{number}"),
        element("DBClusterIdentifier", name),
        element("DBInstanceStatus", "available"),
        element("DBInstanceClass", "db.r6g.large"),
    )


def cache(name):
    member = element("NodeGroupMember", element("CacheClusterId", name))
    shard = element("NodeGroupId", "0001") + element("Status", "available") + element("NodeGroupMembers", member * 3)
    return element(
        "ReplicationGroup",
        element("ReplicationGroupId", name),
        element("Status", "available"),
        element("NodeGroups", element("NodeGroup", shard)),
    )


class Stub:
    """Answers the Describe calls of ten services as AWS does, a page at a time, and counts them."""

    def __init__(self):
        self.calls = collections.Counter()
        self.targets = []  # of each DescribeScalableTargets: its names
        self.throttling = None
        self.failing = False
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
                if target:
                    service, answer = outer.answer_json(target, json.loads(body))
                elif self.command == "POST":
                    service, answer = outer.answer_query(dict(urllib.parse.parse_qsl(body)))
                else:
                    service, answer = outer.answer_rest(self.path)
                outer.calls[service] += 1
                status, text = 200, answer if isinstance(answer, str) else json.dumps(answer)
                if service == outer.throttling:
                    status, text = 400, '{"__type":"ThrottlingException","message":"Rate exceeded"}'
                if outer.failing:
                    status, text = 503, "<html>Service Unavailable</html>"
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = handle_any

            def log_message(self, *ignored):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer_json(self, target, asked):
        if target == "DescribeScalableTargets":
            self.targets.append(asked["ResourceIds"])
            return "targets", {"ScalableTargets": []}
        if target == "DescribeServices":
            of = {"status": "ACTIVE", "desiredCount": 2, "runningCount": 2, "deployments": [{}]}
            assert len(asked["services"]) <= 10
            return "services", {"services": [dict(of, serviceName=name) for name in asked["services"]]}
        assert target == "DescribeTable", target
        throughput = {"ReadCapacityUnits": 2, "WriteCapacityUnits": 2}
        return "tables", {"Table": {"TableStatus": "ACTIVE", "ProvisionedThroughput": throughput}}

    def answer_query(self, asked):
        action = asked["Action"]
        if action == "DescribeAutoScalingGroups":
            names = [value for key, value in asked.items() if key.startswith("AutoScalingGroupNames")]
            service = "nodes" if names[0].startswith("behind") else "groups"
            return service, element("r", element("AutoScalingGroups", *map(group, names)))
        if action == "DescribeReplicationGroups":
            found = asked.get("ReplicationGroupId")
            names = [found] if found else [f"caches-{i}" for i in range(EACH)]
            return "caches", element("r", element("ReplicationGroups", *map(cache, names)))
        names = [value for key, value in asked.items() if key.startswith("Filters.Filter.1.Values")]
        names = names or [asked["DBClusterIdentifier"]]
        service = names[0].partition("-")[0]
        if action == "DescribeDBClusters":
            return service, element("r", element("DBClusters", *map(cluster, names)))
        assert action == "DescribeDBInstances", action
        all_of_them = [instance(name, number) for name in names for number in range(3)]
        begin = int(asked.get("Marker", 0))
        page = all_of_them[begin : begin + int(asked.get("MaxRecords", 100))]
        more = begin + len(page) < len(all_of_them)
        marker = element("Marker", str(begin + len(page))) if more else ""
        return service, element("r", marker, element("DBInstances", *page))

    def answer_rest(self, path):
        if "/node-groups/" in path:
            scaling = {"minSize": 1, "maxSize": 9, "desiredSize": 2}
            behind = {"autoScalingGroups": [{"name": "behind-" + path.rpartition("/")[2]}]}
            return "nodes", {"nodegroup": {"status": "ACTIVE", "scalingConfig": scaling, "resources": behind}}
        if "/provisioned-concurrency" in path:
            of = {"RequestedProvisionedConcurrentExecutions": 2, "AvailableProvisionedConcurrentExecutions": 2}
            return "functions", dict(of, Status="READY")
        if "/functions/" in path:
            return "functions", {}
        assert "/event-source-mappings" in path, path
        arn = "arn:aws:sqs:eu-west-1:111122223333:jobs"
        of = {"State": "Enabled", "EventSourceArn": arn, "ScalingConfig": {"MaximumConcurrency": 2}}
        if path.partition("?")[0].endswith("/event-source-mappings"):
            return "mappings", {"EventSourceMappings": [dict(of, UUID=f"mappings-{i}") for i in range(EACH)]}
        return "mappings", of


@pytest.fixture
def stub():
    made = Stub()
    yield made
    made.server.shutdown()
    made.server.server_close()


def assert_each_target_was_asked_for_once(calls):
    asked = collections.Counter(name for names in calls for name in names)
    names = {name.format(name=f"{service}-{number}") for service, name in STEERED.items() for number in range(EACH)}
    assert asked.keys() == names and set(asked.values()) == {1}, asked.most_common(3)
    sizes = [len(call) for call in calls]
    print("names of each DescribeScalableTargets:", sizes)
    assert max(sizes) <= TARGETS_A_CALL
    fewest = len(STEERED) * EACH // TARGETS_A_CALL
    # Each gathers for a twentieth of a second; what is observed later than the others goes in a later call.
    assert fewest <= len(calls) <= 4 * fewest, sizes


def test_describe_calls_are_as_few_as_batching_predicts_and_throttling_slows_one_service_only(wave, stub):
    wave.environment.update(AWS_ACCESS_KEY_ID="AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY="an-example-secret")
    documents, items = METRIC, PLAN
    values = {}
    for service, (kind, keys, value) in KINDS.items():
        for number in range(EACH):
            name = f"{service}-{number}"
            values[name] = value
            documents += COMPONENT.format(
                name=name, kind=kind, url=stub.url, keys=keys.format(name=name), value=value
            )
            items += f"      - {{ component_id: {name}, {value}: load }}\n"
    wave.write(documents + items)
    began = time.monotonic()
    wave.run()

    def strangers(but=None):
        found = {one["component_id"]: one for one in wave.get("/api/v1/status").json()["components"]}
        return [
            (name, found[name]["current"], found[name]["error"])
            for name, value in values.items()
            if name.partition("-")[0] != but and (found[name]["error"] or found[name]["current"].get(value) != 2)
        ]

    eventually(lambda: strangers() == [], timeout=60)

    def calls_of(rounds):
        before = collections.Counter(stub.calls)
        time.sleep(rounds * EVERY)
        return stub.calls - before

    def are_as_predicted(calls, but=None):
        for service, a_round in CALLS.items():
            if service != but:
                assert a_round * (ROUNDS - 1) <= calls[service] <= a_round * (ROUNDS + 1), (service, calls)

    assert_each_target_was_asked_for_once(stub.targets)
    calls = calls_of(ROUNDS)
    print("calls a minute:", {service: calls[service] * 60 // (ROUNDS * EVERY) for service in CALLS})
    are_as_predicted(calls)

    stub.failing = True
    time.sleep(EVERY)
    assert wave.component("aurora-1")["error"]["code"] == "unavailable"
    stub.failing = False
    eventually(lambda: strangers() == [], timeout=60)
    calls = calls_of(ROUNDS)
    print("calls a minute after all of them failed:", {one: calls[one] * 60 // (ROUNDS * EVERY) for one in CALLS})
    are_as_predicted(calls)

    stub.throttling = "tables"
    calls = calls_of(ROUNDS)
    are_as_predicted(calls, but="tables")
    assert strangers(but="tables") == []
    assert wave.component("tables-1")["error"]["code"] == "throttled"
    first_answers = CALLS["tables"] * (ROUNDS + 1)
    # The client's own retries: a bucket of 500 tokens, 5 each.
    assert calls["tables"] <= first_answers + 100, "a service that throttles is not asked more than before"
    if time.monotonic() - began < TARGETS_LAST:
        assert_each_target_was_asked_for_once(stub.targets)
