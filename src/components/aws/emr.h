#pragma once

#include "components/component.h"
#include "net/aws/aws_client.h"

namespace wave::components {

/// EMR says of a wrong id, and of a cluster that is busy, that the request is not valid.
Error emr_error(Error error);

/// What is common to everything in a cluster: not_found for one that is over, a block while it is neither
/// RUNNING nor WAITING. Gives its StepConcurrencyLevel.
Task<Result<std::optional<double>>> look_at_emr_cluster(net::AwsClient& client, std::string cluster,
                                                        Observation* seen);

}  // namespace wave::components
