#include "components/aws/databases/db_cluster.h"
#include "components/kinds.h"
#include "definitions/common_keys.h"

namespace wave::components {
namespace {

constexpr DbEngine neptune_engine{.service = net::aws::neptune,
                                  .engine = "neptune",
                                  .kind = "amazon-neptune",
                                  .min_value = "min_ncu",
                                  .max_value = "max_ncu",
                                  .least_min = 1,
                                  .least_max = 3,
                                  .most_capacity = 128,
                                  .steering_space = "neptune"};

Result<std::unique_ptr<Component>> create_neptune(const definitions::ComponentDefinition& definition,
                                                  const definitions::Settings& settings,
                                                  net::Services& services) {
  return DbCluster::create(neptune_engine, definition, settings, services);
}

}  // namespace

const Kind& amazon_neptune() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::component,
           .name = "amazon-neptune",
           .vendor = "aws",
           .summary = "An Amazon Neptune cluster: its readers, and the capacity of serverless instances.",
           .keys = definitions::join({DbCluster::keys(true), definitions::aws_keys()}),
           .values = DbCluster::values(neptune_engine, "units"),
           .ready_after = 10min,
           .scale_in = false,
           .permissions =
               "Its actions are those of RDS: `rds:DescribeDBClusters`, `rds:DescribeDBInstances` and "
               "`rds:ListTagsForResource`; for readers `rds:CreateDBInstance` on the cluster, on "
               "`arn:aws:rds:REGION:ACCOUNT:db:PREFIX-*`, and on the subnet group, the parameter group and "
               "the "
               "option group that the new instance has (`...:subgrp:*`, `...:pg:*`, `...:og:*`), "
               "`rds:AddTagsToResource` and `rds:DeleteDBInstance` on `...:db:PREFIX-*` (the latter with the "
               "condition that `aws:ResourceTag/managed-by` is `wa`); for capacity `rds:ModifyDBCluster`; "
               "`application-autoscaling:DescribeScalableTargets` (all resources) to "
               "see who "
               "else steers it, and `application-autoscaling:RegisterScalableTarget` with `on_conflict: "
               "raise_floor`.",
           .notes =
               "New readers are called `<replica_prefix>-<number>` and tagged `managed-by: wa`; they have "
               "the "
               "writer's parameter group. Only those "
               "are ever removed, one after the other, each after the cluster was read again, and never the "
               "writer: after a failover it may be one of them. `scale_in` is false unless you write "
               "true.\n\nRDS, Neptune and DocumentDB share one API: a cluster of another engine is refused. "
               "`min_ncu` (at least 1; `max_ncu` at least 2.5, so 3 in whole units) is the lever for "
               "capacity ahead of load."},
      .create = &create_neptune};
  return kind;
}

}  // namespace wave::components
