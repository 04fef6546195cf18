#include "components/aws/databases/db_cluster.h"
#include "components/aws/databases/rds_instance.h"
#include "components/aws/databases/rds_multi_az.h"
#include "components/kinds.h"
#include "definitions/common_keys.h"

namespace wave::components {
namespace {

constexpr DbEngine aurora{.service = net::aws::rds,
                          .engine = "aurora",
                          .kind = "amazon-rds",
                          .min_value = "min_acu",
                          .max_value = "max_acu",
                          .steering_space = "rds",
                          .skips_final_snapshot = true};

std::string problem_of_rds(const definitions::Settings& metadata) {
  if (metadata.has("db_cluster_identifier") != metadata.has("db_instance_identifier")) return {};
  return "give one of db_cluster_identifier and db_instance_identifier";
}

std::string lacks_of_rds(const definitions::Settings& metadata, std::string_view value) {
  if (!problem_of_rds(metadata).empty()) return {};
  const bool is_capacity = value == aurora.min_value || value == aurora.max_value;
  if (metadata.has("db_instance_identifier"))
    return is_capacity ? "an instance outside of a cluster has no such capacity" : "";
  if (metadata.has("instance_classes"))
    return value == Sizes::value ? "" : "with instance_classes it is a Multi-AZ cluster, whose size is set";
  if (value == Sizes::value) return "the instances of an Aurora cluster have classes of their own";
  return value == RdsInstance::storage ? "the storage of an Aurora cluster grows by itself" : "";
}

Result<std::unique_ptr<Component>> create_rds(const definitions::ComponentDefinition& definition,
                                              const definitions::Settings& settings,
                                              net::Services& services) {
  if (auto wrong = problem_of_rds(settings); !wrong.empty())
    return fail(ErrorCode::invalid_argument, std::move(wrong));
  if (settings.has("db_instance_identifier"))
    return create_sized<RdsInstance>(net::aws::rds, "instance_classes", definition, settings, services);
  if (settings.has("instance_classes"))
    return create_sized<RdsMultiAz>(net::aws::rds, "instance_classes", definition, settings, services);
  return DbCluster::create(aurora, definition, settings, services);
}

std::vector<definitions::ValueSpec> values() {
  auto out = DbCluster::values(aurora, "ACU");
  out.front().help = "The readers of an Aurora cluster, or the read replicas of an instance.";
  out.push_back(Sizes::spec("instance_classes",
                            "Which of `instance_classes` an instance or a Multi-AZ cluster has. A change is "
                            "an outage of minutes."));
  out.push_back(
      {.name = RdsInstance::storage,
       .help = "The storage of an instance outside of Aurora, in GiB; only grows, by a tenth at least.",
       .lowest = 20,
       .highest = 65536,
       .alias = "volume_size"});
  return out;
}

}  // namespace

const Kind& amazon_rds() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::component,
           .name = "amazon-rds",
           .vendor = "aws",
           .summary = "The readers and the serverless capacity of an Aurora cluster; the read replicas, the "
                      "class and "
                      "the storage of an RDS instance; the class of a Multi-AZ cluster.",
           .keys = definitions::join(
               {DbCluster::keys(false),
                {{.name = "db_instance_identifier",
                  .help = "Instead of a cluster: an instance that is the source of read replicas, whose "
                          "storage grows, or whose class changes."},
                 {.name = "instance_classes",
                  .type = definitions::KeyType::list,
                  .help = "The classes that `size` counts, smallest first; of an instance, or of a Multi-AZ "
                          "cluster that is not Aurora.",
                  .example = "[db.r6g.large, db.r6g.xlarge]"}},
                definitions::aws_keys()}),
           .values = values(),
           .ready_after = 10min,
           .scale_in = false,
           .problem = &problem_of_rds,
           .lacks = &lacks_of_rds,
           .permissions =
               "`rds:DescribeDBClusters`, `rds:DescribeDBInstances`, and `rds:ListTagsForResource` for an "
               "instance that is listed without its tags; for readers `rds:CreateDBInstance` on the cluster, "
               "for read replicas `rds:CreateDBInstanceReadReplica` on the instance, both also on "
               "`arn:aws:rds:REGION:ACCOUNT:db:PREFIX-*` and on the subnet group, the parameter group and "
               "the "
               "option group that the new instance has (`...:subgrp:*`, `...:pg:*`, `...:og:*`); "
               "`rds:AddTagsToResource` and `rds:DeleteDBInstance` on `...:db:PREFIX-*` (the latter with the "
               "condition that `aws:ResourceTag/managed-by` is `wa`); for capacity and the class of a "
               "cluster `rds:ModifyDBCluster`; for class and storage of an "
               "instance `rds:ModifyDBInstance`, for storage also `rds:DescribeEvents` (all resources); "
               "`application-autoscaling:DescribeScalableTargets` (all resources) to see who else steers it, "
               "and `application-autoscaling:RegisterScalableTarget` with `on_conflict: raise_floor`.",
           .notes =
               "New readers and read replicas are called `<replica_prefix>-<number>` and tagged "
               "`managed-by: wa`. Only those are ever removed, one after the other, each after it was read "
               "again, and never the writer, nor a read replica that was promoted, has replicas itself, or "
               "has deletion protection. `scale_in` is false unless you write true: connections to a reader "
               "that goes are cut, and a new one is cold. Read replicas need automated backups of their "
               "source; they take over its security groups. A new reader of "
               "Aurora has the writer's parameter group. Those in other regions are not counted.\n\n"
               "**Another `size` is an outage**: the instance restarts, or fails over with Multi-AZ, after 5 "
               "to 15 minutes. Give it a `cooldown` of hours, or a schedule. A class that is not in the list "
               "blocks the value until you add it. Classes of the instances of an Aurora cluster are not "
               "changed: add readers of another `replica_instance_class`, or use ACU.\n\n`min_acu` is the "
               "lever for capacity ahead of load: it takes effect in seconds to minutes. Storage can be "
               "changed again 6 hours after a change, and when it is optimised. While a change of somebody "
               "else waits for its maintenance window, class, storage and ACU are not changed: AWS would "
               "make both at once."},
      .create = &create_rds};
  return kind;
}

}  // namespace wave::components
