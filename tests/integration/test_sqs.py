"""aws-sqs against moto, with and without checked signatures, and against ElasticMQ."""

import os
import pathlib
import subprocess

import boto3
import pytest
import requests

from conftest import ROOT, eventually, free_port, stop
from peers import server

METRIC = """
kind: Metric
id: {id}
metric_kind: aws-sqs
metadata: {{ {keys} }}
---
"""


def fill(sqs, url):
    """4 messages, of which 1 is in flight, and 1 more that is delayed."""
    for body in "abcd":
        sqs.send_message(QueueUrl=url, MessageBody=body)
    sqs.send_message(QueueUrl=url, MessageBody="late", DelaySeconds=600)
    assert sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1, VisibilityTimeout=600)["Messages"]


def told(sqs, url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return [int(attributes[name]) for name in names]


def check_counts(wave, sqs, endpoint):
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    fill(sqs, url)
    waiting, in_flight, delayed = told(sqs, url)
    assert (waiting, in_flight, delayed) == (3, 1, 1)
    named = f"region: ap-northeast-2, endpoint: '{endpoint}', queue_name: jobs"
    wave.write(
        METRIC.format(id="default", keys=named)
        + METRIC.format(id="waiting", keys=named + ", scale_on_in_flight: false")
        + METRIC.format(id="everything", keys=named + ", scale_on_delayed: true")
        + METRIC.format(id="by_url", keys=f"region: ap-northeast-2, queue_url: '{url}'")
    )
    polled = {one["metric_id"]: one["value"] for one in wave.json("poll")}
    assert polled == {
        "default": waiting + in_flight,
        "waiting": waiting,
        "everything": waiting + in_flight + delayed,
        "by_url": waiting + in_flight,
    }
    wave.write(METRIC.format(id="none", keys=named.replace("jobs", "no-such-queue")))
    (missing,) = wave.json("poll", check=1)
    assert missing["error"]["code"] == "not_found", missing


@pytest.mark.held_to("aws-sqs", "a server of other authors: moto, which checks signatures")
def test_moto_counts_as_boto_does(wave, aws, moto):
    wave.environment.update(AWS_ACCESS_KEY_ID="AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY="an-example-secret")
    check_counts(wave, aws("sqs"), moto)


@pytest.fixture
def strict_moto(tmp_path):
    """moto that checks every signature after a user has been made, and that user's keys."""
    port = free_port()
    program = pathlib.Path(os.sys.executable).parent / "moto_server"
    log = open(tmp_path / "moto.txt", "wb")
    environment = dict(os.environ, INITIAL_NO_AUTH_ACTION_COUNT="3")
    process = subprocess.Popen(
        [program, "-H", "127.0.0.1", "-p", str(port)], env=environment, stdout=log, stderr=log
    )
    url = f"http://127.0.0.1:{port}"

    def client(service, key, secret):
        return boto3.client(
            service, region_name="ap-northeast-2", endpoint_url=url, aws_access_key_id=key, aws_secret_access_key=secret
        )

    try:
        eventually(lambda: requests.get(url + "/moto-api/data.json", timeout=2).status_code == 200, timeout=60)
        iam = client("iam", "any", "any")
        iam.create_user(UserName="wave")
        key = iam.create_access_key(UserName="wave")["AccessKey"]
        policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"*"}]}'
        iam.put_user_policy(UserName="wave", PolicyName="p", PolicyDocument=policy)
        yield url, key["AccessKeyId"], key["SecretAccessKey"], client
    finally:
        stop(process)
        log.close()


@pytest.mark.held_to("aws-sqs", "a server of other authors: moto, which checks signatures")
def test_our_signature_is_what_moto_computes(wave, strict_moto):
    url, key, secret, client = strict_moto
    wave.environment.update(AWS_ACCESS_KEY_ID=key, AWS_SECRET_ACCESS_KEY=secret)
    check_counts(wave, client("sqs", key, secret), url)
    wave.write(METRIC.format(id="jobs", keys=f"region: ap-northeast-2, endpoint: '{url}', queue_name: jobs"))
    wave.environment.update(AWS_SECRET_ACCESS_KEY="a-wrong-secret")
    (refused,) = wave.json("poll", check=1)
    assert refused["error"]["code"] == "unauthorized" and "SignatureDoesNotMatch" in refused["error"]["message"]
    wave.environment.update(AWS_ACCESS_KEY_ID="AKIANOBODY")
    (refused,) = wave.json("poll", check=1)
    assert refused["error"]["code"] == "unauthorized" and "InvalidClientTokenId" in refused["error"]["message"]


@pytest.fixture
def elasticmq(tmp_path):
    """A second implementation of SQS, by others."""
    done = subprocess.run([ROOT / "scripts/peers.sh", "elasticmq"], capture_output=True, text=True, check=True)
    port = free_port()
    (tmp_path / "elasticmq.conf").write_text(
        'include classpath("application.conf")\n'
        f'node-address {{ host = "127.0.0.1", port = {port} }}\n'
        f'rest-sqs {{ bind-hostname = "127.0.0.1", bind-port = {port} }}\n'
        "rest-stats { enabled = false }\n"
    )
    command = ["java", "-Xmx256m", f"-Dconfig.file={tmp_path / 'elasticmq.conf'}"]
    command += ["-cp", done.stdout.strip() + "/*", "org.elasticmq.server.Main"]
    url = f"http://127.0.0.1:{port}"
    with server(command, tmp_path, lambda: requests.get(url + "/?Action=ListQueues", timeout=2).status_code == 200):
        yield url


@pytest.mark.heavy
@pytest.mark.held_to("aws-sqs", "a server of other authors: ElasticMQ")
def test_elasticmq_counts_as_boto_does(wave, elasticmq):
    wave.environment.update(AWS_ACCESS_KEY_ID="AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY="an-example-secret")
    sqs = boto3.client(
        "sqs",
        region_name="ap-northeast-2",
        endpoint_url=elasticmq,
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="an-example-secret",
    )
    check_counts(wave, sqs, elasticmq)
