#pragma once

#include <string>
#include <vector>

#include "net/aws/aws_client.h"

namespace wave::components {

/// A shard of a replication group, with its nodes.
struct Shard {
  std::string id;
  std::vector<std::string> nodes;  ///< CacheClusterId of each
};

/// What one GetMetricData says against moving the data of the shards that `go` to those that `stay`: too
/// little free memory, too much load (Amazon ElastiCache User Guide, "Best practices: online resharding"), or
/// that it is not known. Empty: nothing.
Task<std::string> why_shards_must_stay(net::AwsClient& cloudwatch, UtcTime now, std::vector<Shard> stay,
                                       std::vector<Shard> go);

}  // namespace wave::components
