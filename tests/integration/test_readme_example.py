"""The three documents of the original README, as they are but for the addresses, against real servers."""

import math

import pytest

from conftest import Counter, eventually

# From the original README of the project; only the Prometheus endpoint is another, and AWS has one.
DOCUMENTS = """
kind: Metric
id: prometheus_api_server_cpu_average_total
metric_kind: prometheus
metadata:
  endpoint: {prometheus}
  query: avg(100 - (avg(rate(node_cpu_seconds_total{{mode="idle"}}[20s])) by (hostname) * 100))
polling_interval: 1000
---
kind: ScalingComponent
id: ec2_autoscaling_api_server
component_kind: aws-ec2-autoscaling
metadata:
  region: ap-northeast-2
  access_key: YOUR_AWS_ACCESS_KEY
  secret_key: YOUR_AWS_SECRET_KEY
  asg_name: tf-wa-20230322020900305100000006
---
kind: ScalingPlan
id: scaling_plan_ec2_autoscaling
plans:
  - id: scale-out-plan-1
    expression: "prometheus_api_server_cpu_average_total >= 30"
    priority: 1
    scaling_components:
      - component_id: ec2_autoscaling_api_server
        desired: "Math.floor(prometheus_api_server_cpu_average_total / 10)"
"""


def test_check_accepts_the_documents(wave):
    wave.write(DOCUMENTS.format(prometheus="http://127.0.0.1:9090"))
    result = wave.json("check")
    assert result["ok"] and result["errors"] == []
    warned = " ".join(one["message"] for one in result["warnings"])
    assert "secret_key" in warned and "YOUR_AWS" not in warned


class Hosts:
    """Two hosts of two CPUs each, all of them busy to another degree."""

    def __init__(self, exporter, cpu):
        self.idle = {name: [Counter(1), Counter(1)] for name in ("api-1", "api-2")}
        self.load(cpu)
        for name, cpus in self.idle.items():
            for number, idle in enumerate(cpus):
                labels = f'cpu="{number}",hostname="{name}"'
                exporter.values[f'node_cpu_seconds_total{{mode="idle",{labels}}}'] = idle
                exporter.values[f'node_cpu_seconds_total{{mode="user",{labels}}}'] = Counter(0.5)

    def load(self, cpu):
        """Of all CPUs in the mean, from 10 to 90."""
        for apart, cpus in zip((-5, 5), self.idle.values()):
            for side, idle in zip((-5, 5), cpus):
                idle.grow_by(1 - (cpu + apart + side) / 100)


def test_desired_follows_cpu_up_at_once_and_down_after_the_window(wave, prometheus, exporter, group, moto):
    wave.environment["AWS_ENDPOINT_URL"] = moto
    hosts = Hosts(exporter, cpu=45)
    text = DOCUMENTS.format(prometheus=prometheus.url)
    query = text[text.index("avg(100") : text.index("\npolling_interval")]
    # Until the counters fill the 20 s of the query's rate, Prometheus divides a part of them by all 20 s.
    prometheus.wait_for(query, pytest.approx(45, abs=2), timeout=60)
    # The one change: a window of 5 s stands for that of 300 s, for which no test can wait.
    window = "behavior: { scale_down: { stabilization_window: 5s } }\n"
    wave.write(text.replace("---\nkind: ScalingPlan", window + "---\nkind: ScalingPlan"))
    wave.run()
    eventually(lambda: group() == 4)
    hosts.load(85)
    eventually(lambda: group() == 8, timeout=60)
    prometheus.wait_for(query, pytest.approx(85, abs=2), timeout=60)
    hosts.load(35)
    eventually(lambda: group() == 3, timeout=60)
    records = wave.json("decisions")
    scaled = [one for one in records if one["action"] == "scale"]
    steps = [one["final"] for one in scaled]
    # The rate takes 20 s to follow, and the group follows the rate: up step by step, and then down.
    assert steps[0] == 4 and max(steps) == 8 and steps[-1] == 3, steps
    up, down = steps[: steps.index(8) + 1], steps[steps.index(8) :]
    assert up == sorted(up) and down == sorted(down, reverse=True), steps
    for one in scaled:
        (read,) = one["inputs"]
        wished = one["wishes"][0]["desired"]
        assert wished == math.floor(read["value"] / 10), one
        assert one["final"] == wished if one["final"] > one["current"] else one["final"] >= wished, one
    held = [one for one in records if any(reason["rule"] == "stabilization" for reason in one["reasons"])]
    assert held, records


def test_plan_explains_itself(wave):
    wave.write(DOCUMENTS.format(prometheus="http://127.0.0.1:9090"))
    result = wave.json(
        "plan", "--set", "prometheus_api_server_cpu_average_total=45", "--current", "ec2_autoscaling_api_server=2"
    )
    assert result["plans"] == [
        {
            "plan_id": "scaling_plan_ec2_autoscaling",
            "items": [{"item_id": "scale-out-plan-1", "won": True, "error": None}],
        }
    ]
    (decision,) = result["decisions"]
    assert (decision["current"], decision["wish"], decision["final"], decision["action"]) == (2, 4, 4, "scale")
    assert "45" in decision["reasons"][0]["text"]
