"""The three documents of the original README, as they are but for the addresses, against real servers."""

from conftest import eventually

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


def test_desired_follows_cpu_up_at_once_and_down_after_the_window(wave, prometheus, exporter, group, moto):
    # The query's rate is over a counter of idle seconds: a counter that grows by (1 - cpu) a second.
    wave.environment["AWS_ENDPOINT_URL"] = moto
    exporter.values["cpu"] = 45
    prometheus.wait_for("cpu", 45)
    text = DOCUMENTS.format(prometheus=prometheus.url)
    query = text[text.index("avg(100") : text.index("\npolling_interval")]
    # The query is the one thing that a test cannot wait 20 s for; a window of 5 s stands for that of 300 s.
    text = text.replace(query, "cpu").replace(
        "  asg_name: tf-wa-20230322020900305100000006\n",
        "  asg_name: tf-wa-20230322020900305100000006\nbehavior: { scale_down: { stabilization_window: 5s } }\n",
    )
    wave.write(text)
    wave.run()
    eventually(lambda: group() == 4)
    exporter.values["cpu"] = 87
    eventually(lambda: group() == 8)
    exporter.values["cpu"] = 33
    prometheus.wait_for("cpu", 33)
    eventually(lambda: group() == 3)
    records = wave.json("decisions")
    held = [one for one in records if any(reason["rule"] == "stabilization" for reason in one["reasons"])]
    assert held, records
    scaled_down = [one for one in records if one["action"] == "scale" and one["final"] == 3]
    assert scaled_down and scaled_down[0]["wishes"][0]["desired"] == 3


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
