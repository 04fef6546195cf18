#pragma once

#include "components/component.h"

/// One function for each component kind, in its own file under components/<vendor>/.
namespace wave::components {

const Kind& aws_ec2_autoscaling();
const Kind& kubernetes_deployment();
const Kind& kubernetes_scale();
const Kind& local_process();
const Kind& logger();
const Kind& webhook();

}  // namespace wave::components
