#pragma once

#include "metrics/metric.h"

/// One function for each metric kind, in its own file under metrics/<vendor>/.
namespace wave::metrics {

const Kind& cloudwatch();
const Kind& prometheus();
const Kind& push();

}  // namespace wave::metrics
