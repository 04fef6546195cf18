#include "metrics/kinds.h"

namespace wave::metrics {

const std::vector<const Kind*>& registry() {
  static const std::vector<const Kind*> kinds = {
      &airflow(),
      &appdynamics(),
      &aws_sqs(),
      &cloudwatch(),
      &databricks(),
      &datadog(),
      &dynatrace(),
      &elastic_apm(),
      &generator(),
      &http_json(),
      &kafka(),
      &luigi(),
      &mlflow(),
      &new_relic(),
      &otlp(),
      &prometheus(),
      &prometheus_remote_write(),
      &push(),
      &spark(),
      &splunk(),
  };
  return kinds;
}

}  // namespace wave::metrics
