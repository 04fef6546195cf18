#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/aws/world.h"

namespace wave::components {
namespace {

/// What AWS answers while nothing, or something, is under way; by operation.
using Answers = std::vector<std::pair<std::string, std::string>>;

/// A kind that stores data, and a change of it from its order to its end.
struct Case {
  std::string name;
  const Kind* kind;
  std::map<std::string, std::string> keys;
  std::map<std::string, std::vector<std::string>> lists{};
  Answers before;
  std::vector<Answers> under_way;
  Answers after;
  Values now;
  Values wanted;
  std::string write;
  Values system_min{};  ///< that AWS tells, or is known to have
  Values system_max{};
};

std::string cluster(const std::string& engine, const std::string& status, int least,
                    const std::string& more = "") {
  return "<r><DBClusters><DBCluster><Engine>" + engine + "</Engine><Status>" + status +
         "</Status><ServerlessV2ScalingConfiguration><MinCapacity>" + std::to_string(least) +
         "</MinCapacity><MaxCapacity>8</MaxCapacity></ServerlessV2ScalingConfiguration><DBClusterMembers>"
         "<DBClusterMember><DBInstanceIdentifier>w</DBInstanceIdentifier><IsClusterWriter>true"
         "</IsClusterWriter></DBClusterMember></DBClusterMembers>" +
         more + "</DBCluster></DBClusters></r>";
}

/// The writer, and a reader of ours in that status; empty: none.
std::string instances(const std::string& reader = "") {
  const std::string one =
      "<DBInstance><DBInstanceIdentifier>c-wa-1</DBInstanceIdentifier><DBInstanceStatus>" + reader +
      "</DBInstanceStatus><TagList><Tag><Key>managed-by</Key><Value>wa</Value></Tag></TagList></DBInstance>";
  return "<r><DBInstances><DBInstance><DBInstanceIdentifier>w</DBInstanceIdentifier><DBInstanceStatus>"
         "available</DBInstanceStatus><DBInstanceClass>db.r6g.large</DBInstanceClass></DBInstance>" +
         (reader.empty() ? "" : one) + "</DBInstances></r>";
}

Case capacity(const Kind& kind, const std::string& engine, const std::string& value) {
  const auto answers = [engine](const std::string& status, int least) {
    return Answers{{"DescribeDBClusters", cluster(engine, status, least)},
                   {"DescribeDBInstances", instances()}};
  };
  return {.name = value,
          .kind = &kind,
          .keys = {{"db_cluster_identifier", "c"}},
          .before = answers("available", 1),
          .under_way = {answers("modifying", 1), answers("modifying", 4)},
          .after = answers("available", 4),
          .now = {{value, 1}},
          .wanted = {{value, 4}},
          .write = "ModifyDBCluster",
          .system_min = {{"desired", 0}},
          .system_max = {{"desired", 15}}};
}

Case readers(const Kind& kind, const std::string& engine) {
  const auto answers = [engine](const std::string& reader) {
    return Answers{{"DescribeDBClusters", cluster(engine, "available", 1)},
                   {"DescribeDBInstances", instances(reader)}};
  };
  return {
      .name = "readers_of_" + std::string(engine),
      .kind = &kind,
      .keys = {{"db_cluster_identifier", "c"}},
      .before = answers(""),
      .under_way = {answers("creating"), answers("configuring-enhanced-monitoring"), answers("modifying")},
      .after = answers("available"),
      .now = {{"desired", 0}},
      .wanted = {{"desired", 1}},
      .write = "CreateDBInstance",
      .system_min = {{"desired", 0}},
      .system_max = {{"desired", 15}}};
}

Case of_instance(const std::string& value, double to) {
  const auto answers = [](const std::string& status, const std::string& size, const std::string& storage,
                          const std::string& more = "") {
    return Answers{
        {"DescribeEvents", "<r><Events/></r>"},
        {"DescribeDBInstances", "<r><DBInstances><DBInstance><DBInstanceStatus>" + status +
                                    "</DBInstanceStatus><AllocatedStorage>" + storage +
                                    "</AllocatedStorage><DBInstanceClass>" + size + "</DBInstanceClass>" +
                                    more + "</DBInstance></DBInstances></r>"}};
  };
  const bool is_size = value == "size";
  const std::string waits = is_size ? "<PendingModifiedValues><DBInstanceClass>db.b</DBInstanceClass>"
                                      "</PendingModifiedValues>"
                                    : "";
  const std::string size = is_size ? "db.b" : "db.a";
  const std::string storage = is_size ? "100" : "200";
  return {.name = "instance_" + value,
          .kind = &amazon_rds(),
          .keys = {{"db_instance_identifier", "pg"}},
          .lists = {{"instance_classes", {"db.a", "db.b"}}},
          .before = answers("available", "db.a", "100"),
          .under_way = {answers("modifying", "db.a", "100", waits),
                        answers("rebooting", "db.a", "100", waits), answers("modifying", size, storage)},
          .after = answers("available", size, storage),
          .now = {{value, is_size ? 1 : 100}},
          .wanted = {{value, to}},
          .write = "ModifyDBInstance",
          .system_min = {{"desired", 0}},
          .system_max = {{"desired", 15}, {"size", 2}}};
}

Case multi_az() {
  const auto answers = [](const std::string& status, const std::string& size) {
    return Answers{{"DescribeDBClusters", "<r><DBClusters><DBCluster><Engine>postgres</Engine><Status>" +
                                              status + "</Status><DBClusterInstanceClass>" + size +
                                              "</DBClusterInstanceClass></DBCluster></DBClusters></r>"}};
  };
  return {.name = "multi_az_size",
          .kind = &amazon_rds(),
          .keys = {{"db_cluster_identifier", "c"}},
          .lists = {{"instance_classes", {"db.a", "db.b"}}},
          .before = answers("available", "db.a"),
          .under_way = {answers("modifying", "db.a"), answers("upgrading", "db.a")},
          .after = answers("available", "db.b"),
          .now = {{"size", 1}},
          .wanted = {{"size", 2}},
          .write = "ModifyDBCluster",
          .system_max = {{"size", 2}}};
}

Case node_type() {
  const auto answers = [](const std::string& status, const std::string& type) {
    const std::string of_member = "<r><CacheClusters><CacheCluster><CacheClusterStatus>" + status +
                                  "</CacheClusterStatus><CacheNodeType>" + type +
                                  "</CacheNodeType></CacheCluster></CacheClusters></r>";
    return Answers{{"ListAllowedNodeTypeModifications",
                    "<r><ScaleUpModifications><member>cache.b</member></ScaleUpModifications></r>"},
                   {"DescribeCacheClusters", of_member},
                   {"DescribeReplicationGroups",
                    "<r><ReplicationGroups><ReplicationGroup><Status>" + status + "</Status><CacheNodeType>" +
                        type + "</CacheNodeType><MemberClusters><ClusterId>rg-001</ClusterId>" +
                        "</MemberClusters></ReplicationGroup></ReplicationGroups></r>"}};
  };
  return {.name = "node_type",
          .kind = &amazon_elasticache(),
          .keys = {{"replication_group_id", "rg"}},
          .lists = {{"node_types", {"cache.a", "cache.b"}}},
          .before = answers("available", "cache.a"),
          .under_way = {answers("modifying", "cache.a"), answers("modifying", "cache.b")},
          .after = answers("available", "cache.b"),
          .now = {{"size", 1}},
          .wanted = {{"size", 2}},
          .write = "ModifyReplicationGroup",
          .system_max = {{"size", 2}}};
}

Case serverless_cache() {
  const auto answers = [](const std::string& status, int most) {
    return Answers{{"DescribeServerlessCaches",
                    "<r><ServerlessCaches><member><Status>" + status +
                        "</Status><CacheUsageLimits><ECPUPerSecond><Maximum>" + std::to_string(most) +
                        "</Maximum></ECPUPerSecond></CacheUsageLimits></member></ServerlessCaches></r>"}};
  };
  return {.name = "serverless_cache",
          .kind = &amazon_elasticache(),
          .keys = {{"serverless_cache_name", "sc"}},
          .before = answers("available", 4000),
          .under_way = {answers("modifying", 4000), answers("modifying", 5000)},
          .after = answers("available", 5000),
          .now = {{"max_ecpu", 4000}},
          .wanted = {{"max_ecpu", 5000}},
          .write = "ModifyServerlessCache"};
}

Case replication_group(const std::string& value, const std::string& write) {
  const auto answers = [](const std::string& status, int shards, int replicas) {
    std::string groups;
    for (int shard = 1; shard <= shards; ++shard) {
      groups += "<NodeGroup><NodeGroupId>000" + std::to_string(shard) + "</NodeGroupId><Status>" + status +
                "</Status><NodeGroupMembers>";
      for (int node = 0; node <= replicas; ++node) groups += "<NodeGroupMember/>";
      groups += "</NodeGroupMembers></NodeGroup>";
    }
    return Answers{{"DescribeReplicationGroups",
                    "<r><ReplicationGroups><ReplicationGroup><Status>" + status +
                        "</Status><ClusterEnabled>true</ClusterEnabled><NodeGroups>" + groups +
                        "</NodeGroups></ReplicationGroup></ReplicationGroups></r>"}};
  };
  const bool of_shards = value == "shards";
  const int shards = of_shards ? 4 : 2;
  const int replicas = of_shards ? 1 : 3;
  return {
      .name = value,
      .kind = &amazon_elasticache_redis(),
      .keys = {{"replication_group_id", "rg"}},
      .before = answers("available", 2, 1),
      .under_way = {answers("modifying", 2, 1), answers("modifying", of_shards ? 3 : 2, of_shards ? 1 : 2),
                    answers("modifying", shards, replicas)},
      .after = answers("available", shards, replicas),
      .now = {{"shards", 2}, {"replicas", 1}},
      .wanted = {{value, of_shards ? 4 : 3}},
      .write = write};
}

Case memcached() {
  const auto answers = [](const std::string& status, int nodes) {
    std::string all;
    for (int node = 1; node <= nodes; ++node)
      all += "<CacheNode><CacheNodeStatus>available</CacheNodeStatus></CacheNode>";
    return Answers{{"DescribeCacheClusters",
                    "<r><CacheClusters><CacheCluster><Engine>memcached</Engine><CacheClusterStatus>" +
                        status + "</CacheClusterStatus><NumCacheNodes>" + std::to_string(nodes) +
                        "</NumCacheNodes><CacheNodes>" + all +
                        "</CacheNodes></CacheCluster></CacheClusters></r>"}};
  };
  return {.name = "memcached",
          .kind = &amazon_elasticache_memcached(),
          .keys = {{"cache_cluster_id", "mc"}},
          .before = answers("available", 2),
          .under_way = {answers("modifying", 2), answers("modifying", 3), answers("modifying", 4)},
          .after = answers("available", 4),
          .now = {{"nodes", 2}},
          .wanted = {{"nodes", 4}},
          .write = "ModifyCacheCluster"};
}

Case elastic_cluster() {
  const auto answers = [](const std::string& status, int shards) {
    return Answers{{"GET /cluster/", R"({"cluster":{"status":")" + status + R"(","shardCount":)" +
                                         std::to_string(shards) +
                                         R"(,"shardCapacity":4,"shardInstanceCount":1}})"}};
  };
  return {.name = "elastic_cluster",
          .kind = &amazon_documentdb_elastic(),
          .keys = {{"cluster_arn", "arn:aws:docdb-elastic:us-east-1:123456789012:cluster/x"}},
          .before = answers("ACTIVE", 2),
          .under_way = {answers("UPDATING", 2), answers("SPLITTING", 2), answers("COPYING", 3)},
          .after = answers("ACTIVE", 3),
          .now = {{"shard_count", 2}},
          .wanted = {{"shard_count", 3}},
          .write = "PUT /cluster/"};
}

Case table() {
  const auto answers = [](const std::string& status, int units) {
    return Answers{{"DescribeTable", R"({"Table":{"TableStatus":")" + status +
                                         R"(","ProvisionedThroughput":{"ReadCapacityUnits":)" +
                                         std::to_string(units) + R"(,"WriteCapacityUnits":5}}})"}};
  };
  return {.name = "table",
          .kind = &amazon_dynamodb(),
          .keys = {{"table_name", "t"}},
          .before = answers("ACTIVE", 5),
          .under_way = {answers("UPDATING", 5), answers("UPDATING", 10)},
          .after = answers("ACTIVE", 10),
          .now = {{"read_capacity", 5}, {"write_capacity", 5}},
          .wanted = {{"read_capacity", 10}},
          .write = "UpdateTable"};
}

class DatabaseStates : public testing::TestWithParam<Case> {
 protected:
  DatabaseStates() {
    for (const auto& [key, value] : GetParam().keys) world.settings.set(key, value);
    for (const auto& [key, values] : GetParam().lists) world.settings.set(key, values);
    serve(GetParam().before);
    world.on(GetParam().write).reply(200, GetParam().write.starts_with("PUT ") ? "{}" : "<r/>");
    component = world.make(*GetParam().kind);
  }
  void serve(const Answers& answers) {
    for (const auto& [operation, body] : answers) world.on(operation).reply(200, body);
  }
  Result<Applied> set(const Values& wanted, const Values& basis) {
    return world.apply(*component, wanted, basis);
  }
  int writes() const { return world.asked(GetParam().write); }

  test::AwsWorld world;
  std::unique_ptr<Component> component;
};

TEST_P(DatabaseStates, AChangeIsWaitedOutAndComesToRest) {
  const auto& param = GetParam();
  const auto seen = world.observe(*component);
  ASSERT_TRUE(seen) << seen.error().text();
  EXPECT_FALSE(seen->changing);
  for (const auto& [value, number] : param.now) EXPECT_EQ(seen->current.at(value), number) << value;
  const auto applied = set(param.wanted, param.now);
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_TRUE(applied->changed);
  EXPECT_EQ(applied->reached, std::nullopt);
  for (const auto& answers : param.under_way) {
    serve(answers);
    for (int look = 0; look < 2; ++look) {
      const auto meanwhile = world.observe(*component);
      ASSERT_TRUE(meanwhile) << meanwhile.error().text();
      EXPECT_TRUE(meanwhile->changing);
      for (const auto& [value, number] : param.wanted)
        EXPECT_EQ(meanwhile->current.at(value), number) << "as it was ordered";
    }
    const auto again = set(param.wanted, param.wanted);
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_FALSE(again->changed);
  }
  serve(param.after);
  const auto done = world.observe(*component);
  EXPECT_FALSE(done->changing);
  for (const auto& [value, number] : param.wanted) EXPECT_EQ(done->current.at(value), number) << value;
  EXPECT_FALSE(set(param.wanted, param.wanted)->changed);
  EXPECT_EQ(writes(), 1);
}

TEST_P(DatabaseStates, ADaemonThatWasKilledMeanwhileIsFollowedByOneThatWaits) {
  const auto& param = GetParam();
  ASSERT_TRUE(set(param.wanted, param.now));
  for (const auto& answers : param.under_way) {
    component.reset();
    serve(answers);
    component = world.make(*param.kind);
    const auto seen = world.observe(*component);
    ASSERT_TRUE(seen) << seen.error().text();
    EXPECT_TRUE(seen->changing);
    const auto again = set(param.wanted, seen->current);
    EXPECT_TRUE(again ? !again->changed : again.error().code == ErrorCode::busy)
        << (again ? "changed" : again.error().text());
    EXPECT_EQ(writes(), 1);
  }
  serve(param.after);
  component = world.make(*param.kind);
  EXPECT_FALSE(world.observe(*component)->changing);
  EXPECT_FALSE(set(param.wanted, param.wanted)->changed);
  EXPECT_EQ(writes(), 1);
}

TEST_P(DatabaseStates, TheBoundsOfTheSystemAreTold) {
  const auto& param = GetParam();
  const auto seen = world.observe(*component);
  ASSERT_TRUE(seen) << seen.error().text();
  for (const auto& [value, number] : param.system_min) EXPECT_EQ(seen->system_min.at(value), number) << value;
  for (const auto& [value, number] : param.system_max) EXPECT_EQ(seen->system_max.at(value), number) << value;
  EXPECT_EQ(seen->system_min.size(), param.system_min.size());
  EXPECT_GE(seen->system_max.size(), param.system_max.size());
  // Those that do not change are in the table.
  for (const auto& [value, number] : param.wanted) {
    const auto& all = param.kind->table.values;
    const auto spec = std::ranges::find(all, value, &definitions::ValueSpec::name);
    ASSERT_NE(spec, all.end());
    EXPECT_GE(number, spec->lowest);
    EXPECT_TRUE(spec->highest < 1e308 || param.kind == &amazon_dynamodb()) << "a quota of the account";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, DatabaseStates,
    testing::Values(capacity(amazon_rds(), "aurora-mysql", "min_acu"),
                    capacity(amazon_neptune(), "neptune", "min_ncu"),
                    capacity(amazon_documentdb(), "docdb", "min_dcu"), readers(amazon_rds(), "aurora"),
                    readers(amazon_neptune(), "neptune"), readers(amazon_documentdb(), "docdb"),
                    of_instance("size", 2), of_instance("allocated_storage", 200), multi_az(), node_type(),
                    serverless_cache(), replication_group("replicas", "IncreaseReplicaCount"),
                    replication_group("shards", "ModifyReplicationGroupShardConfiguration"), memcached(),
                    elastic_cluster(), table()),
    [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace wave::components
