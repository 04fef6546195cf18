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

/// `wanted` as AWS takes it, min <= desired <= max: a bound that is not wanted stands, and of two wanted ones
/// the maximum does. `now` has all three.
Values fitted_range(const Values& now, Values wanted);

/// What a write that sent `sent` in place of `wanted` answers.
Applied applied_range(std::string request_id, const Values& wanted, Values sent);

}  // namespace wave::components
