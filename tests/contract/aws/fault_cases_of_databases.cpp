#include "contract/aws/faults.h"

namespace wave::test {
namespace {

constexpr const char* instances =
    "<r><DBInstances><DBInstance><DBInstanceIdentifier>w</DBInstanceIdentifier><DBInstanceStatus>available"
    "</DBInstanceStatus><DBInstanceClass>db.r6g.large</DBInstanceClass></DBInstance></DBInstances></r>";

/// What makes the list of the cluster's instances longer by one is the next answer of the script.
FaultCase cluster(const std::string& kind, const std::string& engine, const std::string& least) {
  return {
      .kind = kind,
      .keys = {{"db_cluster_identifier", "c"}},
      .read = "DescribeDBClusters",
      .healthy = {.body =
                      "<r><DBClusters><DBCluster><Engine>" + engine +
                      "</Engine><Status>available</Status><ServerlessV2ScalingConfiguration><MinCapacity>1"
                      "</MinCapacity><MaxCapacity>8</MaxCapacity></ServerlessV2ScalingConfiguration>"
                      "<DBClusterMembers><DBClusterMember><DBInstanceIdentifier>w</DBInstanceIdentifier>"
                      "<IsClusterWriter>true</IsClusterWriter></DBClusterMember></DBClusterMembers>"
                      "</DBCluster></DBClusters></r>"},
      .others = {{"DescribeDBInstances", {.body = instances}}},
      .now = {{"desired", 0}, {least, 1}},
      .wanted = {{least, 4}},
      .write = "ModifyDBCluster",
      .written = {.body = "<r/>"},
      .missing = {query_error(404, "DBClusterNotFoundFault"), {.body = "<r><DBClusters/></r>"}},
      .refusals = {{query_error(400, "InvalidDBClusterStateFault"), ErrorCode::busy},
                   {query_error(400, "StorageQuotaExceeded"), ErrorCode::limit_exceeded},
                   {query_error(400, "InvalidParameterCombination"), ErrorCode::invalid_argument}},
      .error = &query_error};
}

/// The read replicas of an instance outside of a cluster.
FaultCase instance() {
  return {.kind = "amazon-rds",
          .keys = {{"db_instance_identifier", "pg"}},
          .read = "DescribeDBInstances",
          .healthy = {.body = "<r><DBInstances><DBInstance><DBInstanceStatus>available</DBInstanceStatus>"
                              "<AllocatedStorage>100</AllocatedStorage></DBInstance></DBInstances></r>"},
          .now = {{"desired", 0}, {"allocated_storage", 100}},
          .wanted = {{"desired", 1}},
          .write = "CreateDBInstanceReadReplica",
          .written = {.body = "<r/>"},
          .missing = {query_error(404, "DBInstanceNotFound"), {.body = "<r><DBInstances/></r>"}},
          .refusals = {{query_error(400, "InvalidDBInstanceState"), ErrorCode::busy},
                       {query_error(400, "InsufficientDBInstanceCapacity"), ErrorCode::busy},
                       {query_error(400, "InstanceQuotaExceeded"), ErrorCode::limit_exceeded},
                       {query_error(400, "InvalidParameterCombination"), ErrorCode::invalid_argument}},
          .error = &query_error,
          .form = "Instance"};
}

FaultCase multi_az_cluster() {
  return {.kind = "amazon-rds",
          .keys = {{"db_cluster_identifier", "maz"}},
          .lists = {{"instance_classes", {"db.a", "db.b"}}},
          .read = "DescribeDBClusters",
          .healthy = {.body = "<r><DBClusters><DBCluster><Engine>mysql</Engine><Status>available</Status>"
                              "<DBClusterInstanceClass>db.a</DBClusterInstanceClass></DBCluster></DBClusters>"
                              "</r>"},
          .now = {{"size", 1}},
          .wanted = {{"size", 2}},
          .write = "ModifyDBCluster",
          .written = {.body = "<r/>"},
          .missing = {query_error(404, "DBClusterNotFoundFault"), {.body = "<r><DBClusters/></r>"}},
          .refusals = {{query_error(400, "InvalidDBClusterStateFault"), ErrorCode::busy},
                       {query_error(400, "StorageQuotaExceeded"), ErrorCode::limit_exceeded},
                       {query_error(400, "InvalidParameterCombination"), ErrorCode::invalid_argument}},
          .error = &query_error,
          .form = "MultiAz"};
}

FaultCase cache_node_type() {
  return {
      .kind = "amazon-elasticache",
      .keys = {{"cache_cluster_id", "mc"}},
      .lists = {{"node_types", {"cache.a", "cache.b"}}},
      .read = "DescribeCacheClusters",
      .healthy = {.body = "<r><CacheClusters><CacheCluster><CacheClusterStatus>available"
                          "</CacheClusterStatus><CacheNodeType>cache.a</CacheNodeType></CacheCluster>"
                          "</CacheClusters></r>"},
      .others = {{"ListAllowedNodeTypeModifications",
                  {.body = "<r><ScaleUpModifications><member>cache.b</member></ScaleUpModifications></r>"}}},
      .now = {{"size", 1}},
      .wanted = {{"size", 2}},
      .write = "ModifyCacheCluster",
      .written = {.body = "<r/>"},
      .missing = {query_error(404, "CacheClusterNotFound"), {.body = "<r><CacheClusters/></r>"}},
      .refusals = {{query_error(400, "InvalidCacheClusterState"), ErrorCode::busy},
                   {query_error(400, "InsufficientCacheClusterCapacity"), ErrorCode::busy},
                   {query_error(400, "NodeQuotaForCustomerExceeded"), ErrorCode::limit_exceeded},
                   {query_error(400, "InvalidParameterValue"), ErrorCode::invalid_argument}},
      .error = &query_error,
      .form = "NodeType"};
}

FaultCase replication_group() {
  return {
      .kind = "amazon-elasticache-redis",
      .keys = {{"replication_group_id", "rg"}},
      .read = "DescribeReplicationGroups",
      .healthy = {.body =
                      "<r><ReplicationGroups><ReplicationGroup><Status>available</Status><NodeGroups>"
                      "<NodeGroup><NodeGroupId>0001</NodeGroupId><Status>available</Status>"
                      "<NodeGroupMembers><NodeGroupMember/><NodeGroupMember/></NodeGroupMembers></NodeGroup>"
                      "</NodeGroups></ReplicationGroup></ReplicationGroups></r>"},
      .now = {{"replicas", 1}, {"shards", 1}},
      .wanted = {{"replicas", 3}},
      .write = "IncreaseReplicaCount",
      .written = {.body = "<r/>"},
      .missing = {query_error(404, "ReplicationGroupNotFoundFault"), {.body = "<r><ReplicationGroups/></r>"}},
      .refusals = {{query_error(400, "InvalidReplicationGroupState"), ErrorCode::busy},
                   {query_error(400, "InsufficientCacheClusterCapacity"), ErrorCode::busy},
                   {query_error(400, "NodeQuotaForCustomerExceeded"), ErrorCode::limit_exceeded},
                   {query_error(400, "InvalidParameterValue"), ErrorCode::invalid_argument}},
      .error = &query_error};
}

FaultCase memcached() {
  return {.kind = "amazon-elasticache-memcached",
          .keys = {{"cache_cluster_id", "mc"}},
          .read = "DescribeCacheClusters",
          .healthy = {.body = "<r><CacheClusters><CacheCluster><Engine>memcached</Engine><CacheClusterStatus>"
                              "available</CacheClusterStatus><NumCacheNodes>2</NumCacheNodes></CacheCluster>"
                              "</CacheClusters></r>"},
          .now = {{"nodes", 2}},
          .wanted = {{"nodes", 4}},
          .write = "ModifyCacheCluster",
          .written = {.body = "<r/>"},
          .missing = {query_error(404, "CacheClusterNotFound"), {.body = "<r><CacheClusters/></r>"}},
          .refusals = {{query_error(400, "InvalidCacheClusterState"), ErrorCode::busy},
                       {query_error(400, "NodeQuotaForClusterExceeded"), ErrorCode::limit_exceeded},
                       {query_error(400, "InvalidParameterCombination"), ErrorCode::invalid_argument}},
          .error = &query_error};
}

FaultCase serverless_cache() {
  return {
      .kind = "amazon-elasticache",
      .keys = {{"serverless_cache_name", "sc"}},
      .read = "DescribeServerlessCaches",
      .healthy = {.body = "<r><ServerlessCaches><member><Status>available</Status><CacheUsageLimits>"
                          "<ECPUPerSecond><Maximum>4000</Maximum></ECPUPerSecond></CacheUsageLimits></member>"
                          "</ServerlessCaches></r>"},
      .now = {{"max_ecpu", 4000}},
      .wanted = {{"max_ecpu", 5000}},
      .write = "ModifyServerlessCache",
      .written = {.body = "<r/>"},
      .missing = {query_error(404, "ServerlessCacheNotFoundFault"), {.body = "<r><ServerlessCaches/></r>"}},
      .refusals = {{query_error(400, "InvalidServerlessCacheStateFault"), ErrorCode::busy},
                   {query_error(400, "ServerlessCacheQuotaForCustomerExceededFault"),
                    ErrorCode::limit_exceeded},
                   {query_error(400, "InvalidParameterValue"), ErrorCode::invalid_argument}},
      .error = &query_error};
}

FaultCase elastic_cluster() {
  return {.kind = "amazon-documentdb-elastic",
          .keys = {{"cluster_arn", "arn:aws:docdb-elastic:us-east-1:123456789012:cluster/x"}},
          .read = "GET /cluster/",
          .healthy = {.body = R"({"cluster":{"status":"ACTIVE","shardCount":2,"shardCapacity":4,
              "shardInstanceCount":1}})"},
          .now = {{"shard_count", 2}, {"shard_capacity", 4}, {"shard_instance_count", 1}},
          .wanted = {{"shard_count", 3}},
          .write = "PUT /cluster/",
          .written = {.body = "{}"},
          .missing = {rest_error(404, "ResourceNotFoundException")},
          .refusals = {{rest_error(409, "ConflictException"), ErrorCode::busy},
                       {rest_error(402, "ServiceQuotaExceededException"), ErrorCode::limit_exceeded},
                       {rest_error(400, "ValidationException"), ErrorCode::invalid_argument}},
          .error = &rest_error};
}

}  // namespace

std::vector<FaultCase> fault_cases_of_databases() {
  return {cluster("amazon-documentdb", "docdb", "min_dcu"),
          elastic_cluster(),
          serverless_cache(),
          memcached(),
          replication_group(),
          cluster("amazon-neptune", "neptune", "min_ncu"),
          cluster("amazon-rds", "aurora-postgresql", "min_acu"),
          instance(),
          multi_az_cluster(),
          cache_node_type()};
}

}  // namespace wave::test
