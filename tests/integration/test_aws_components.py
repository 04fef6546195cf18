"""The AWS kinds against moto, read back with boto3; where moto checks signatures rightly, they are checked."""

import io
import json
import zipfile

import boto3
import pytest
import requests

from conftest import eventually

DOCUMENTS = """
kind: Metric
id: wanted
metric_kind: push
---
kind: ScalingComponent
id: it
component_kind: {kind}
metadata: {{ region: ap-northeast-2, endpoint: '{endpoint}', {keys} }}
limits: {{ {limits} }}
behavior: {{ scale_down: {{ stabilization_window: 0s }} }}
cooldown: {{ up: 0s, down: 0s }}
{more}
---
kind: ScalingPlan
id: follow
plans:
  - id: metric
    scaling_components: [{{ component_id: it, {wishes} }}]
"""

ROLE = "arn:aws:iam::123456789012:role/r"


class Kind:
    """A kind on moto: how its thing is made, what is written, and how boto3 reads it back."""

    def __init__(self, kind, value, limits, make, read, more="", others=None, checked=True):
        self.kind, self.value, self.limits, self.make, self.read = kind, value, limits, make, read
        self.more, self.others, self.checked = more, others or {}, checked

    def __repr__(self):
        return self.kind


def make_ecs(aws):
    ecs = aws("ecs")
    ecs.create_cluster(clusterName="shop")
    ecs.register_task_definition(family="f", containerDefinitions=[{"name": "c", "image": "i", "memory": 64}])
    ecs.create_service(cluster="shop", serviceName="api", taskDefinition="f", desiredCount=2)
    return "cluster_name: shop, service_name: api"


def read_ecs(aws):
    return aws("ecs").describe_services(cluster="shop", services=["api"])["services"][0]["desiredCount"]


def make_group(aws):
    autoscaling = aws("autoscaling")
    autoscaling.create_launch_configuration(LaunchConfigurationName="lc", ImageId="ami-1", InstanceType="t2.micro")
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="g",
        LaunchConfigurationName="lc",
        MinSize=0,
        MaxSize=20,
        DesiredCapacity=2,
        AvailabilityZones=["ap-northeast-2a"],
    )
    return "asg_name: g"


def read_group(aws):
    found = aws("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["g"])
    return found["AutoScalingGroups"][0]["DesiredCapacity"]


def make_table(aws):
    throughput = {"ReadCapacityUnits": 2, "WriteCapacityUnits": 2}
    aws("dynamodb").create_table(
        TableName="orders",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("id", "customer")],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-customer",
                "KeySchema": [{"AttributeName": "customer", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
                "ProvisionedThroughput": throughput,
            }
        ],
        ProvisionedThroughput=throughput,
    )
    return "table_name: orders, index_names: [by-customer]"


def read_table(aws):
    table = aws("dynamodb").describe_table(TableName="orders")["Table"]
    index = table["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]
    assert index["WriteCapacityUnits"] == 2
    assert index["ReadCapacityUnits"] == table["ProvisionedThroughput"]["ReadCapacityUnits"]
    return table["ProvisionedThroughput"]["ReadCapacityUnits"]


def zipped():
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("handler.py", "def handler(event, context):\n    return 1\n")
    return body.getvalue()


def make_role(aws):
    iam = aws("iam")
    document = {"Version": "2012-10-17", "Statement": []}
    return iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(document))["Role"]["Arn"]


def make_function(aws):
    role = make_role(aws)
    aws("lambda").create_function(
        FunctionName="resize", Runtime="python3.12", Role=role, Handler="handler.handler", Code={"ZipFile": zipped()}
    )
    return "function_name: resize"


def make_reserved(aws):
    keys = make_function(aws)
    aws("lambda").put_function_concurrency(FunctionName="resize", ReservedConcurrentExecutions=2)
    return keys


def read_function(aws):
    found = aws("lambda").get_function_concurrency(FunctionName="resize")
    return found.get("ReservedConcurrentExecutions", 0)


def make_mapping(aws):
    make_function(aws)
    url = aws("sqs").create_queue(QueueName="jobs")["QueueUrl"]
    arn = aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    made = aws("lambda").create_event_source_mapping(
        EventSourceArn=arn, FunctionName="resize", ScalingConfig={"MaximumConcurrency": 3}
    )
    return f"event_source_mapping_id: {made['UUID']}"


def read_mapping(aws):
    (found,) = aws("lambda").list_event_source_mappings()["EventSourceMappings"]
    return found["ScalingConfig"]["MaximumConcurrency"]


def make_node_group(aws):
    eks = aws("eks")
    eks.create_cluster(name="shop", roleArn=ROLE, resourcesVpcConfig={})
    scaling = {"minSize": 1, "maxSize": 9, "desiredSize": 2}
    eks.create_nodegroup(
        clusterName="shop", nodegroupName="workers", scalingConfig=scaling, subnets=["s"], nodeRole=ROLE
    )
    return "cluster_name: shop, nodegroup_name: workers"


def read_node_group(aws):
    scaling = aws("eks").describe_nodegroup(clusterName="shop", nodegroupName="workers")["nodegroup"]["scalingConfig"]
    assert (scaling["minSize"], scaling["maxSize"]) == (1, 9)
    return scaling["desiredSize"]


def make_endpoint(aws):
    sagemaker = aws("sagemaker")
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "i"})
    variant = {"VariantName": "v", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.t2.medium"}
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="ranking", EndpointConfigName="c")
    return "endpoint_name: ranking, variant_name: v"


def read_endpoint(aws):
    return aws("sagemaker").describe_endpoint(EndpointName="ranking")["ProductionVariants"][0]["DesiredInstanceCount"]


def register(aws, smallest=2, largest=10):
    aws("application-autoscaling").register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId="service/shop/api",
        ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=smallest,
        MaxCapacity=largest,
    )


def make_target(aws):
    make_ecs(aws)
    register(aws)
    return (
        "service_namespace: ecs, resource_id: service/shop/api, scalable_dimension: 'ecs:service:DesiredCount'"
    )


def read_target(aws):
    found = aws("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"][0]
    assert found["MaxCapacity"] == 10
    return found["MinCapacity"]


def make_cluster(aws):
    emr = aws("emr")
    group = {"InstanceRole": "MASTER", "InstanceType": "m5.large", "InstanceCount": 1}
    task = {"InstanceRole": "TASK", "InstanceType": "m5.large", "InstanceCount": 2, "Name": "tasks"}
    instances = {"InstanceGroups": [group, task], "KeepJobFlowAliveWhenNoSteps": True}
    cluster = emr.run_job_flow(Name="warehouse", Instances=instances, JobFlowRole="r", ServiceRole="r")["JobFlowId"]
    groups = emr.list_instance_groups(ClusterId=cluster)["InstanceGroups"]
    (found,) = [one["Id"] for one in groups if one["InstanceGroupType"] == "TASK"]
    return f"cluster_id: {cluster}, instance_group_id: {found}"


def read_cluster(aws):
    (cluster,) = aws("emr").list_clusters()["Clusters"]
    groups = aws("emr").list_instance_groups(ClusterId=cluster["Id"])["InstanceGroups"]
    return [one["RequestedInstanceCount"] for one in groups if one["InstanceGroupType"] == "TASK"][0]


# moto has no managed scaling to ask for (HTTP 500): whoever says on_conflict: ignore is not asked.
KINDS = [
    Kind("aws-ec2-autoscaling", "desired", "min: 0, max: 20", make_group, read_group),
    Kind("amazon-ecs", "desired", "min: 1, max: 20", make_ecs, read_ecs),
    Kind(
        "amazon-dynamodb",
        "read_capacity",
        "read_capacity: { min: 1, max: 40 }, index_read_capacity: { min: 1, max: 40 }",
        make_table,
        read_table,
        others={"index_read_capacity": "wanted"},
    ),
    Kind(
        "aws-lambda",
        "reserved_concurrency",
        "reserved_concurrency: { min: 1, max: 9 }",
        make_reserved,
        read_function,
        checked=False,
    ),
    Kind("amazon-sqs", "max_concurrency", "min: 2, max: 20", make_mapping, read_mapping, checked=False),
    Kind("amazon-eks", "desired", "min: 1, max: 9", make_node_group, read_node_group, checked=False),
    Kind("amazon-sagemaker", "desired", "min: 1, max: 9", make_endpoint, read_endpoint),
    Kind("aws-application-autoscaling", "min", "min: 1, max: 10", make_target, read_target),
    Kind(
        "amazon-emr-ec2",
        "desired",
        "min: 1, max: 9",
        make_cluster,
        read_cluster,
        more="on_conflict: ignore\nscale_in: true",
    ),
]


@pytest.fixture
def user(aws, moto):
    """Keys that moto knows, and a switch that makes it check every signature."""
    iam = aws("iam")
    iam.create_user(UserName="wave")
    key = iam.create_access_key(UserName="wave")["AccessKey"]
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="wave", PolicyName="p", PolicyDocument=policy)

    def check(count):
        answer = requests.post(
            moto + "/moto-api/reset-auth", data=count, headers={"Content-Type": "text/plain"}, timeout=10
        )
        assert answer.ok

    def client(service):
        return boto3.client(
            service,
            region_name="ap-northeast-2",
            endpoint_url=moto,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )

    key["check"], key["client"] = check, client
    yield key
    check("inf")


def write(wave, moto, kind, keys, more=""):
    wishes = ", ".join(f"{value}: {wish}" for value, wish in {kind.value: "wanted", **kind.others}.items())
    more = "\n".join(filter(None, [kind.more, more]))
    wave.write(
        DOCUMENTS.format(kind=kind.kind, endpoint=moto, keys=keys, limits=kind.limits, wishes=wishes, more=more)
    )


def use(wave, user):
    wave.environment.update(AWS_ACCESS_KEY_ID=user["AccessKeyId"], AWS_SECRET_ACCESS_KEY=user["SecretAccessKey"])


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_a_plan_changes_the_thing_and_comes_to_rest(wave, aws, moto, user, kind):
    write(wave, moto, kind, kind.make(aws))
    use(wave, user)
    if kind.checked:
        user["check"]("0")
    (seen,) = wave.json("observe")
    assert seen["error"] is None, seen
    assert not [one for one in seen["blocks"] if one["value"] in ("", kind.value)], seen
    wave.run()
    wave.push("wanted", 6)
    eventually(lambda: kind.read(user["client"]) == 6)
    eventually(lambda: wave.component("it")["current"].get(kind.value) == 6)
    wave.push("wanted", 6)
    eventually(lambda: wave.component("it")["changing"] is False)
    scaled = [one for one in wave.json("decisions") if one["action"] == "scale" and one["value"] == kind.value]
    assert len(scaled) == 1 and scaled[0]["final"] == 6, scaled
    wave.push("wanted", 3)
    eventually(lambda: kind.read(user["client"]) == 3)


@pytest.mark.parametrize("kind", [one for one in KINDS if one.checked], ids=repr)
def test_wrong_keys_are_one_clear_error(wave, aws, moto, user, kind):
    write(wave, moto, kind, kind.make(aws))
    use(wave, dict(user, SecretAccessKey="a-wrong-secret"))
    user["check"]("0")
    (refused,) = wave.json("observe", check=1)
    assert refused["error"]["code"] == "unauthorized", refused
    assert "SignatureDoesNotMatch" in refused["error"]["message"] or "InvalidSignature" in refused["error"]["message"]


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_by_hand_and_dry(wave, aws, moto, user, kind):
    write(wave, moto, kind, kind.make(aws))
    use(wave, user)
    before = kind.read(user["client"])
    wave.run()
    eventually(lambda: wave.component("it")["current"].get(kind.value) == before)
    shown = wave.json("scale", "it", f"{kind.value}=5", "--dry-run")
    assert shown["final"] == 5 and not shown["applied"], shown
    assert kind.read(user["client"]) == before
    if not kind.others:
        assert wave.json("scale", "it", f"{kind.value}=5")["applied"]
        assert kind.read(user["client"]) == 5


def test_a_scalable_target_is_seen_before_the_first_write(wave, aws, moto, user):
    (ecs,) = [one for one in KINDS if one.kind == "amazon-ecs"]
    write(wave, moto, ecs, ecs.make(aws))
    register(aws)
    use(wave, user)
    user["check"]("0")
    wave.run()
    wave.push("wanted", 6)
    held = lambda: [one for one in wave.json("decisions") if one["reasons"][-1]["rule"] == "conflict"]
    eventually(held)
    assert "Application Auto Scaling target service/shop/api" in held()[0]["reasons"][-1]["text"]
    assert ecs.read(user["client"]) == 2


def test_raise_floor_moves_the_targets_minimum(wave, aws, moto, user):
    (ecs,) = [one for one in KINDS if one.kind == "amazon-ecs"]
    write(wave, moto, ecs, ecs.make(aws), more="on_conflict: raise_floor")
    register(aws)
    use(wave, user)
    user["check"]("0")
    wave.run()
    wave.push("wanted", 6)
    eventually(lambda: read_target(user["client"]) == 6)
    assert ecs.read(user["client"]) == 2, "moto's Application Auto Scaling never scales; we must not either"


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_a_thing_that_is_gone_is_said(wave, aws, moto, kind):
    keys = kind.make(aws)
    requests.post(moto + "/moto-api/reset", timeout=10)
    wave.environment.update(AWS_ACCESS_KEY_ID="AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY="an-example-secret")
    write(wave, moto, kind, keys)
    (gone,) = wave.json("observe", check=1)
    assert gone["error"]["code"] == "not_found", gone
