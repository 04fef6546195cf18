#pragma once

#include "components/component.h"
#include "net/aws/aws_client.h"
#include "net/batch.h"

namespace wave::components {

/// What a DescribeAutoScalingGroups says of each group, for everything of one account and region together.
using AutoScalingGroups = net::Batch<Result<Observation>>;

/// From the keys of a component.
Result<std::shared_ptr<AutoScalingGroups>> auto_scaling_groups(const definitions::Settings& settings,
                                                               net::Services& services);

}  // namespace wave::components
