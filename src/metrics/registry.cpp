#include "metrics/kinds.h"

namespace wave::metrics {

const std::vector<const Kind*>& registry() {
  static const std::vector<const Kind*> kinds = {
      &airflow(), &aws_sqs(), &cloudwatch(), &databricks(), &generator(), &kafka(),
      &luigi(),   &mlflow(),  &prometheus(), &push(),       &spark(),
  };
  return kinds;
}

}  // namespace wave::metrics
