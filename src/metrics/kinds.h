#pragma once

#include "metrics/metric.h"

/// One function for each metric kind, in its own file under metrics/<vendor>/.
namespace wave::metrics {

const Kind& airflow();
const Kind& appdynamics();
const Kind& aws_sqs();
const Kind& cloudwatch();
const Kind& databricks();
const Kind& datadog();
const Kind& dynatrace();
const Kind& elastic_apm();
const Kind& generator();
const Kind& http_json();
const Kind& kafka();
const Kind& luigi();
const Kind& mlflow();
const Kind& new_relic();
const Kind& otlp();
const Kind& prometheus();
const Kind& prometheus_remote_write();
const Kind& push();
const Kind& spark();
const Kind& splunk();

}  // namespace wave::metrics
