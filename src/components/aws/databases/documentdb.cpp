#include "components/aws/databases/db_cluster.h"
#include "components/kinds.h"
#include "definitions/common_keys.h"

namespace wave::components {
namespace {

constexpr DbEngine documentdb_engine{.service = net::aws::docdb,
                                     .engine = "docdb",
                                     .kind = "amazon-documentdb",
                                     .min_value = "min_dcu",
                                     .max_value = "max_dcu",
                                     .least_min = 1,
                                     .steering_space = "",
                                     .has_parameter_groups = false};

Result<std::unique_ptr<Component>> create_documentdb(const definitions::ComponentDefinition& definition,
                                                     const definitions::Settings& settings,
                                                     net::Services& services) {
  return DbCluster::create(documentdb_engine, definition, settings, services);
}

}  // namespace

const Kind& amazon_documentdb() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::component,
           .name = "amazon-documentdb",
           .vendor = "aws",
           .summary = "An Amazon DocumentDB cluster: its readers, and the capacity of serverless instances.",
           .keys = definitions::join({DbCluster::keys(true), definitions::aws_keys()}),
           .values = DbCluster::values(documentdb_engine, "units"),
           .ready_after = 10min,
           .scale_in = false,
           .permissions =
               "Its actions are those of RDS: `rds:DescribeDBClusters`, `rds:DescribeDBInstances` and "
               "`rds:ListTagsForResource`; for readers `rds:CreateDBInstance` on the cluster, on "
               "`arn:aws:rds:REGION:ACCOUNT:db:PREFIX-*`, and on the subnet group, the parameter group and "
               "the "
               "option group that the new instance has (`...:subgrp:*`, `...:pg:*`, `...:og:*`), "
               "`rds:AddTagsToResource` and `rds:DeleteDBInstance` on `...:db:PREFIX-*` (the latter with the "
               "condition that `aws:ResourceTag/managed-by` is `wa`); for capacity `rds:ModifyDBCluster`.",
           .notes =
               "New readers are called `<replica_prefix>-<number>` and tagged `managed-by: wa`. Only those "
               "are ever removed, one after the other, each after the cluster was read again, and never the "
               "writer: after a failover it may be one of them. `scale_in` is false unless you write "
               "true.\n\nRDS, Neptune and DocumentDB share one API: a cluster of another engine is refused. "
               "Application Auto Scaling knows no DocumentDB: nobody else steers it."},
      .create = &create_documentdb};
  return kind;
}

}  // namespace wave::components
