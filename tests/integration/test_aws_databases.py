"""Clusters and instances of RDS and Neptune on moto, read back with boto3. moto is lax and instant: this proves the wire and whose readers go."""

import pytest

from conftest import eventually

DOCUMENTS = """
kind: Metric
id: load
metric_kind: push
---
kind: ScalingComponent
id: db
component_kind: {kind}
metadata: {{ region: ap-northeast-2, endpoint: '{endpoint}', access_key: AKIAEXAMPLE, secret_key: an-example-secret,
  db_cluster_identifier: orders }}
limits: {{ min: 0, max: 6 }}
behavior: {{ scale_down: {{ stabilization_window: 0s }} }}
cooldown: {{ up: 0s, down: 0s }}
scale_in: true
on_conflict: {conflict}
---
kind: ScalingPlan
id: follow
interval: 500ms
plans: [{{ id: i, scaling_components: [{{ component_id: db, desired: load }}] }}]
"""


def instances(client):
    found = client.describe_db_instances(Filters=[{"Name": "db-cluster-id", "Values": ["orders"]}])["DBInstances"]
    return {one["DBInstanceIdentifier"]: one for one in found}


@pytest.mark.parametrize(
    "kind, service, engine, conflict",
    # moto refuses Neptune's namespace of Application Auto Scaling.
    [("amazon-rds", "rds", "aurora-postgresql", "refuse"), ("amazon-neptune", "neptune", "neptune", "ignore")],
)
def test_only_our_readers_go(wave, aws, moto, kind, service, engine, conflict):
    client = aws(service)
    client.create_db_cluster(
        DBClusterIdentifier="orders",
        Engine=engine,
        **({"MasterUsername": "root", "MasterUserPassword": "hunter2-hunter2"} if service == "rds" else {}),
    )
    for name in ("writer", "theirs-1", "theirs-2"):
        client.create_db_instance(
            DBInstanceIdentifier=name, DBInstanceClass="db.r6g.large", Engine=engine, DBClusterIdentifier="orders"
        )
    members = client.describe_db_clusters(DBClusterIdentifier="orders")["DBClusters"][0]["DBClusterMembers"]
    assert [one["DBInstanceIdentifier"] for one in members if one["IsClusterWriter"]] == ["writer"]
    wave.write(DOCUMENTS.format(kind=kind, endpoint=moto, conflict=conflict))
    (seen,) = wave.json("observe")
    assert seen["current"]["desired"] == 2 and seen["ready"] == 2
    wave.run()
    wave.push("load", 3)
    eventually(lambda: set(instances(client)) == {"writer", "theirs-1", "theirs-2", "orders-wa-1"})
    made = instances(client)["orders-wa-1"]
    assert made["DBInstanceClass"] == "db.r6g.large" and made["Engine"] == engine
    tags = client.list_tags_for_resource(ResourceName=made["DBInstanceArn"])["TagList"]
    assert {"Key": "managed-by", "Value": "wa"} in tags
    eventually(lambda: wave.component("db")["ready"] == 3)
    wave.push("load", 0)
    eventually(lambda: set(instances(client)) == {"writer", "theirs-1", "theirs-2"}, timeout=60)
    held = eventually(lambda: [text for text in wave.reasons("db") if "system's own minimum" in text], timeout=60)
    assert "2" in held[0]
    assert set(instances(client)) == {"writer", "theirs-1", "theirs-2"}


def test_a_cluster_of_another_engine_is_refused(wave, aws, moto):
    aws("neptune").create_db_cluster(DBClusterIdentifier="orders", Engine="neptune")
    wave.write(DOCUMENTS.format(kind="amazon-rds", endpoint=moto, conflict="refuse"))
    (seen,) = wave.json("observe", check=1)
    assert "neptune" in seen["error"]["message"]


INSTANCE = """
kind: Metric
id: load
metric_kind: push
---
kind: Metric
id: weight
metric_kind: push
---
kind: ScalingComponent
id: db
component_kind: amazon-rds
metadata: {{ region: ap-northeast-2, endpoint: '{endpoint}', access_key: AKIAEXAMPLE, secret_key: an-example-secret,
  db_instance_identifier: orders, instance_classes: [db.r6g.large, db.r6g.xlarge] }}
limits: {{ desired: {{ min: 0, max: 4 }}, size: {{ min: 1, max: 2 }} }}
behavior: {{ scale_down: {{ stabilization_window: 0s }} }}
scale_in: true
---
kind: ScalingPlan
id: follow
interval: 500ms
plans:
  - id: i
    scaling_components: [{{ component_id: db, desired: load }}]
---
kind: ScalingPlan
id: larger
interval: 500ms
plans:
  - id: i
    scaling_components: [{{ component_id: db, size: weight }}]
"""


def described(client):
    return {one["DBInstanceIdentifier"]: one for one in client.describe_db_instances()["DBInstances"]}


def test_an_instance_changes_its_class_and_its_own_read_replicas_only(wave, aws, moto):
    client = aws("rds")
    client.create_db_instance(
        DBInstanceIdentifier="orders",
        DBInstanceClass="db.r6g.large",
        Engine="postgres",
        AllocatedStorage=100,
        MasterUsername="root",
        MasterUserPassword="hunter2-hunter2",
    )
    client.create_db_instance_read_replica(DBInstanceIdentifier="theirs", SourceDBInstanceIdentifier="orders")
    wave.write(INSTANCE.format(endpoint=moto))
    (seen,) = wave.json("observe")
    assert seen["current"] == {"desired": 1, "size": 1, "allocated_storage": 100} and seen["ready"] == 1
    wave.run()
    wave.push("load", 3)
    eventually(lambda: set(described(client)) == {"orders", "theirs", "orders-wa-1", "orders-wa-2"}, timeout=60)
    made = described(client)["orders-wa-1"]
    assert made["ReadReplicaSourceDBInstanceIdentifier"] == "orders"
    assert {"Key": "managed-by", "Value": "wa"} in made["TagList"]
    wave.push("weight", 2)
    eventually(lambda: described(client)["orders"]["DBInstanceClass"] == "db.r6g.xlarge", timeout=60)
    wave.push("weight", 1)
    eventually(lambda: described(client)["orders"]["DBInstanceClass"] == "db.r6g.large", timeout=60)
    wave.push("load", 0)
    eventually(lambda: set(described(client)) == {"orders", "theirs"}, timeout=60)
    assert described(client)["orders"]["AllocatedStorage"] == 100


def test_a_class_that_is_not_listed_is_held_and_named(wave, aws, moto):
    aws("rds").create_db_instance(
        DBInstanceIdentifier="orders", DBInstanceClass="db.m5.large", Engine="postgres", AllocatedStorage=100
    )
    wave.write(INSTANCE.format(endpoint=moto))
    wave.run()
    wave.push("load", 0)
    wave.push("weight", 2)
    held = eventually(lambda: [text for text in wave.reasons("db") if "db.m5.large" in text])
    assert "instance_classes does not list: add it there" in held[0]
    assert described(aws("rds"))["orders"]["DBInstanceClass"] == "db.m5.large"
