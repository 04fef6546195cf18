#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/aws/world.h"

namespace wave::components {
namespace {

using testing::HasSubstr;

class CacheContract : public testing::Test {
 protected:
  CacheContract() {
    world.settings.set("replication_group_id", std::string("rg"));
    world.settings.set("cache_cluster_id", std::string("mc"));
    for (const char* action : {"IncreaseReplicaCount", "DecreaseReplicaCount", "ModifyCacheCluster",
                               "ModifyReplicationGroupShardConfiguration", "ModifyServerlessCache"})
      world.on(action).reply(200, "<r><ResponseMetadata><RequestId>r-9</RequestId></ResponseMetadata></r>");
  }
  static std::string group(int shards, int replicas, const std::string& status = "available",
                           const std::string& more = "<ClusterEnabled>true</ClusterEnabled>") {
    std::string groups;
    for (int shard = 1; shard <= shards; ++shard) {
      std::string members;
      for (int i = 1; i <= replicas + 1; ++i)
        members += "<NodeGroupMember><CacheClusterId>rg-000" + std::to_string(shard) + "-00" +
                   std::to_string(i) + "</CacheClusterId></NodeGroupMember>";
      groups += "<NodeGroup><NodeGroupId>000" + std::to_string(shard) + "</NodeGroupId><Status>" + status +
                "</Status><NodeGroupMembers>" + members + "</NodeGroupMembers></NodeGroup>";
    }
    return "<r><ReplicationGroups><ReplicationGroup><Status>" + status + "</Status>" + more + "<NodeGroups>" +
           groups + "</NodeGroups></ReplicationGroup></ReplicationGroups></r>";
  }
  static std::string memcached(int nodes, const std::string& more = "",
                               const std::string& status = "available") {
    std::string all;
    for (int i = 1; i <= nodes; ++i)
      all += "<CacheNode><CacheNodeId>000" + std::to_string(i) +
             "</CacheNodeId><CacheNodeStatus>available</CacheNodeStatus></CacheNode>";
    return "<r><CacheClusters><CacheCluster><Engine>memcached</Engine><CacheClusterStatus>" + status +
           "</CacheClusterStatus><NumCacheNodes>" + std::to_string(nodes) + "</NumCacheNodes><CacheNodes>" +
           all + "</CacheNodes>" + more + "</CacheCluster></CacheClusters></r>";
  }
  /// What CloudWatch tells of each node, by metric and the beginning of its name.
  void serve_metrics(std::map<std::string, std::string> values) {
    world.on("GetMetricData").reply_with([values](const net::HttpRequest& request) {
      auto results = nlohmann::json::array();
      const auto asked = nlohmann::json::parse(request.body);
      for (const auto& query : asked["MetricDataQueries"]) {
        const auto& metric = query["MetricStat"]["Metric"];
        const std::string key = metric["MetricName"].get<std::string>() + " " +
                                metric["Dimensions"][0]["Value"].get<std::string>();
        for (const auto& [beginning, numbers] : values)
          if (key.starts_with(beginning))
            results.push_back({{"Id", query["Id"]}, {"Values", nlohmann::json::parse(numbers)}});
      }
      return net::HttpResponse{
          .status = 200, .headers = {}, .body = nlohmann::json{{"MetricDataResults", results}}.dump()};
    });
  }
  test::AwsWorld world;
};

TEST_F(CacheContract, ReplicasGrowAndShrinkByTwoOperations) {
  world.on("DescribeReplicationGroups").reply(200, group(2, 1));
  auto component = world.make(amazon_elasticache_redis());
  const auto seen = world.observe(*component);
  ASSERT_TRUE(seen) << seen.error().text();
  EXPECT_EQ(seen->current, (Values{{"replicas", 1}, {"shards", 2}}));
  EXPECT_EQ(seen->ready, 1);
  world.expect_golden("elasticache", "DescribeReplicationGroups");
  const auto applied = world.apply(*component, {{"replicas", 2}}, {{"replicas", 1}});
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_EQ(applied->request_id, "r-9");
  world.expect_golden("elasticache", "IncreaseReplicaCount");
  world.on("DescribeReplicationGroups").reply(200, group(2, 2));
  world.settings.set("node_group_id", std::string("0001"));
  auto one_shard = world.make(amazon_elasticache_redis());
  ASSERT_TRUE(world.apply(*one_shard, {{"replicas", 1}}, {{"replicas", 2}}));
  world.expect_golden("elasticache", "DecreaseReplicaCount");
}

TEST_F(CacheContract, FewerShardsNameThoseThatGo) {
  world.on("DescribeReplicationGroups").reply(200, group(2, 1));
  auto component = world.make(amazon_elasticache_redis());
  ASSERT_TRUE(world.apply(*component, {{"shards", 3}}, {{"shards", 2}}));
  world.expect_golden("elasticache", "ModifyReplicationGroupShardConfiguration");
  EXPECT_EQ(world.asked("GetMetricData"), 0) << "only before a decrease";
  world.on("DescribeReplicationGroups").reply(200, group(3, 1));
  serve_metrics({{"FreeableMemory", "[900000000,910000000]"},
                 {"BytesUsedForCache", "[500000000]"},
                 {"EngineCPUUtilization", "[12.5,70]"}});
  ASSERT_TRUE(world.apply(*component, {{"shards", 2}}, {{"shards", 3}}));
  EXPECT_EQ(world.asked("GetMetricData"), 1);
  world.expect_golden("elasticache", "ModifyReplicationGroupShardConfiguration");
  EXPECT_THAT(world.sent("ModifyReplicationGroupShardConfiguration").request.body,
              HasSubstr("NodeGroupToRemove.1=0003"));
}

TEST_F(CacheContract, ShardsAreRemovedOnlyWhereTheirDataFits) {
  world.on("DescribeReplicationGroups").reply(200, group(3, 1));
  const std::map<std::string, std::string> well = {{"FreeableMemory", "[900000000]"},
                                                   {"BytesUsedForCache", "[500000000]"},
                                                   {"EngineCPUUtilization", "[12]"}};
  const auto with = [&](const std::string& metric, const std::string& node, const std::string& numbers) {
    auto out = well;
    for (const char* one :
         {"rg-0001-001", "rg-0001-002", "rg-0002-001", "rg-0002-002", "rg-0003-001", "rg-0003-002"})
      out[metric + " " + one] = one == node ? numbers : well.at(metric);
    out.erase(metric);
    return out;
  };
  struct Case {
    std::map<std::string, std::string> values;
    std::string why;
  };
  const std::vector<Case> cases = {
      {with("FreeableMemory", "rg-0002-002", "[900000000,370000000]"),
       "shard 0002 has 353 MiB of memory free"},
      {with("FreeableMemory", "rg-0001-001", "[]"), "memory shard 0001 has free is not known"},
      {with("BytesUsedForCache", "rg-0003-001", "[]"), "memory shard 0003 uses is not known"},
      {with("BytesUsedForCache", "rg-0003-002", "[1300000000]"), "needs 930 MiB"},
      {with("EngineCPUUtilization", "rg-0003-001", "[10,81.2]"), "shard 0003 is busy: 81 % of its core"},
      {with("EngineCPUUtilization", "rg-0001-002", "[]"), "how busy shard 0001 is, is not known"},
      {{}, "not known"}};
  for (const auto& one : cases) {
    serve_metrics(one.values);
    auto component = world.make(amazon_elasticache_redis());
    const auto applied = world.apply(*component, {{"shards", 2}}, {{"shards", 3}});
    ASSERT_FALSE(applied) << one.why;
    EXPECT_EQ(applied.error().code, ErrorCode::busy);
    EXPECT_THAT(applied.error().text(), HasSubstr(one.why));
    const auto seen = world.observe(*component);
    ASSERT_EQ(seen->blocks.size(), 1u);
    EXPECT_TRUE(seen->blocks.front().until.has_value() && seen->blocks.front().only_down);
    EXPECT_THAT(seen->blocks.front().reason, HasSubstr(one.why));
  }
  world.on("GetMetricData").reply(403, R"({"__type":"AccessDenied","message":"no"})");
  auto component = world.make(amazon_elasticache_redis());
  EXPECT_THAT(world.apply(*component, {{"shards", 2}}, {{"shards", 3}}).error().text(),
              HasSubstr("AccessDenied"));
  EXPECT_EQ(world.asked("ModifyReplicationGroupShardConfiguration"), 0);
  // The other way is free meanwhile; after five minutes CloudWatch is asked again.
  ASSERT_TRUE(world.apply(*component, {{"shards", 4}}, {{"shards", 3}}));
  serve_metrics(well);
  EXPECT_EQ(world.apply(*component, {{"shards", 2}}, {{"shards", 3}}).error().code, ErrorCode::busy);
  world.services.runtime.advance(5min);
  EXPECT_TRUE(world.apply(*component, {{"shards", 2}}, {{"shards", 3}}));
}

TEST_F(CacheContract, ShardsComeBeforeReplicasAndTheOtherWaits) {
  world.on("DescribeReplicationGroups").reply(200, group(2, 1));
  auto component = world.make(amazon_elasticache_redis());
  const auto applied =
      world.apply(*component, {{"shards", 3}, {"replicas", 2}}, {{"shards", 2}, {"replicas", 1}});
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_EQ(applied->reached, (Values{{"shards", 3}}));
  EXPECT_THAT(applied->rest, HasSubstr("replicas follow"));
  EXPECT_EQ(world.asked("ModifyReplicationGroupShardConfiguration"), 1);
  EXPECT_EQ(world.asked("IncreaseReplicaCount"), 0);
}

TEST_F(CacheContract, WhileTheGroupChangesNothingElseIsAsked) {
  world.on("DescribeReplicationGroups").reply(200, group(2, 1, "modifying"));
  auto component = world.make(amazon_elasticache_redis());
  const auto seen = world.observe(*component);
  EXPECT_TRUE(seen->changing);
  EXPECT_EQ(seen->ready, std::nullopt);
  const auto applied = world.apply(*component, {{"replicas", 2}}, {{"replicas", 1}});
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::busy);
  EXPECT_EQ(world.asked("IncreaseReplicaCount"), 0);
}

TEST_F(CacheContract, WhatAGroupCannotIsSaid) {
  world.on("DescribeReplicationGroups")
      .reply(200,
             group(1, 1, "available", "<ClusterEnabled>false</ClusterEnabled><MultiAZ>enabled</MultiAZ>"));
  auto component = world.make(amazon_elasticache_redis());
  EXPECT_EQ(world.observe(*component)->system_min.at("replicas"), 1);
  EXPECT_THAT(world.apply(*component, {{"shards", 2}}, {{"shards", 1}}).error().text(),
              HasSubstr("cluster mode is disabled"));
  world.on("DescribeReplicationGroups")
      .reply(200, group(1, 1, "available",
                        "<GlobalReplicationGroupInfo><GlobalReplicationGroupMemberRole>SECONDARY"
                        "</GlobalReplicationGroupMemberRole></GlobalReplicationGroupInfo>"));
  EXPECT_THAT(world.apply(*component, {{"replicas", 2}}, {{"replicas", 1}}).error().text(),
              HasSubstr("global datastore"));
}

TEST_F(CacheContract, WhatSteersAGroupOrAClusterIsFoundInUpperCaseAndByAnArn) {
  world.on("DescribeReplicationGroups").reply(200, group(2, 1));
  world.on("DescribeCacheClusters").reply(200, memcached(3));
  world.on("DescribeScalableTargets")
      .reply(200, R"({"ScalableTargets":[{"ServiceNamespace":"elasticache","ResourceId":)"
                  R"("replication-group/rg","ScalableDimension":"elasticache:replication-group:Replicas",)"
                  R"("MinCapacity":1,"MaxCapacity":5},{"ServiceNamespace":"elasticache","ResourceId":)"
                  R"("cache-cluster/mc","ScalableDimension":"elasticache:cache-cluster:Nodes",)"
                  R"("MinCapacity":1,"MaxCapacity":9}]})");
  for (const std::string& before : {std::string(), std::string("arn:aws:elasticache:us-east-1:1:x:")}) {
    world.settings.set("replication_group_id", before + "RG");
    world.settings.set("cache_cluster_id", before + "MC");
    EXPECT_EQ(world.observe(*world.make(amazon_elasticache_redis()))->steering.size(), 1u) << before;
    EXPECT_EQ(world.observe(*world.make(amazon_elasticache_memcached()))->steering.size(), 1u) << before;
  }
}

TEST_F(CacheContract, WhatIsAlreadySoIsDone) {
  world.on("DescribeReplicationGroups").reply(200, group(2, 1));
  world.on("IncreaseReplicaCount")
      .reply(400, "<ErrorResponse><Error><Code>NoOperationFault</Code></Error></ErrorResponse>");
  auto component = world.make(amazon_elasticache_redis());
  EXPECT_TRUE(world.apply(*component, {{"replicas", 2}}, {{"replicas", 1}}));
}

TEST_F(CacheContract, MemcachedNamesTheNodesThatGo) {
  world.on("DescribeCacheClusters").reply(200, memcached(3));
  auto component = world.make(amazon_elasticache_memcached());
  const auto seen = world.observe(*component);
  ASSERT_TRUE(seen) << seen.error().text();
  EXPECT_EQ(seen->current.at("nodes"), 3);
  EXPECT_EQ(seen->ready, 3);
  world.expect_golden("elasticache", "DescribeCacheClusters");
  ASSERT_TRUE(world.apply(*component, {{"nodes", 4}}, {{"nodes", 3}}));
  world.expect_golden("elasticache", "ModifyCacheCluster");
  world.on("DescribeCacheClusters").reply(200, memcached(4));
  ASSERT_TRUE(world.apply(*component, {{"nodes", 2}}, {{"nodes", 4}}));
  world.expect_golden("elasticache", "ModifyCacheCluster");
  EXPECT_THAT(world.sent("ModifyCacheCluster").request.body, HasSubstr("CacheNodeId.2=0004"));
}

TEST_F(CacheContract, AMemcachedChangeThatWaitsForItsWindowIsNotSentAgain) {
  world.on("DescribeCacheClusters")
      .reply(200,
             memcached(3, "<PendingModifiedValues><NumCacheNodes>5</NumCacheNodes></PendingModifiedValues>"));
  auto component = world.make(amazon_elasticache_memcached());
  const auto applied = world.apply(*component, {{"nodes", 5}}, {{"nodes", 3}});
  ASSERT_FALSE(applied);
  EXPECT_THAT(applied.error().text(), HasSubstr("maintenance window"));
  // Nodes that AWS does not list cannot be named.
  world.on("DescribeCacheClusters")
      .reply(200,
             "<r><CacheClusters><CacheCluster><Engine>memcached</Engine><CacheClusterStatus>available"
             "</CacheClusterStatus><NumCacheNodes>3</NumCacheNodes></CacheCluster></CacheClusters></r>");
  EXPECT_FALSE(world.apply(*component, {{"nodes", 2}}, {{"nodes", 3}}));
  EXPECT_EQ(world.asked("ModifyCacheCluster"), 0);
}

TEST_F(CacheContract, AServerlessCacheKeepsItsOtherLimits) {
  definitions::Settings plain;
  for (const char* key : {"region", "access_key", "secret_key"}) plain.set(key, world.settings.text(key));
  plain.set("serverless_cache_name", std::string("sc"));
  world.settings = plain;
  const auto cache = [](const std::string& limits) {
    return "<r><ServerlessCaches><member><Status>available</Status><CacheUsageLimits>" + limits +
           "</CacheUsageLimits></member></ServerlessCaches></r>";
  };
  world.on("DescribeServerlessCaches")
      .reply(200, cache("<DataStorage><Maximum>10</Maximum><Unit>GB</Unit></DataStorage>"
                        "<ECPUPerSecond><Maximum>4000</Maximum></ECPUPerSecond>"));
  auto component = world.make(amazon_elasticache());
  EXPECT_EQ(world.observe(*component)->current,
            (Values{{"min_ecpu", 0}, {"max_ecpu", 4000}, {"min_data_gb", 0}, {"max_data_gb", 10}}));
  ASSERT_TRUE(world.apply(*component, {{"max_ecpu", 5000}}, {{"max_ecpu", 4000}}));
  world.expect_golden("elasticache", "ModifyServerlessCache");
  world.on("DescribeServerlessCaches").reply(200, cache(""));
  EXPECT_THAT(world.apply(*component, {{"max_ecpu", 5000}}).error().text(), HasSubstr("unlimited"));
  ASSERT_TRUE(world.apply(*component, {{"min_ecpu", 2000}}));
  EXPECT_EQ(
      world.sent("ModifyServerlessCache").request.body,
      "Action=ModifyServerlessCache&Version=2015-02-02&ServerlessCacheName=sc&CacheUsageLimits.ECPUPerSecond."
      "Minimum=2000");
}

TEST_F(CacheContract, AnElasticClusterOfDocumentDbSendsWhatBotocoreSends) {
  world.settings.set("cluster_arn", std::string("arn:aws:docdb-elastic:us-east-1:123456789012:cluster/"
                                                "11112222-3333-4444-5555-666677778888"));
  const auto cluster = [](const std::string& status) {
    return R"({"cluster":{"status":")" + status +
           R"(","shardCount":2,"shardCapacity":4,"shardInstanceCount":1}})";
  };
  world.on("GET /cluster/").reply(200, cluster("ACTIVE"));
  world.on("PUT /cluster/").reply(200, "{}");
  auto component = world.make(amazon_documentdb_elastic());
  const auto seen = world.observe(*component);
  ASSERT_TRUE(seen) << seen.error().text();
  EXPECT_EQ(seen->ready, 2);
  world.expect_golden("docdb-elastic", "GetCluster", "GET /cluster/");
  ASSERT_TRUE(
      world.apply(*component, {{"shard_count", 4}, {"shard_capacity", 8}, {"shard_instance_count", 2}}));
  world.expect_golden("docdb-elastic", "UpdateCluster", "PUT /cluster/");
  EXPECT_EQ(world.apply(*component, {{"shard_capacity", 5}}).error().code, ErrorCode::invalid_argument);
  world.on("GET /cluster/").reply(200, cluster("INACCESSIBLE_ENCRYPTION_CREDENTIALS"));
  EXPECT_FALSE(world.observe(*component)->changing) << "nothing is under way";
  world.on("GET /cluster/").reply(200, cluster("UPDATING"));
  EXPECT_TRUE(world.observe(*component)->changing);
  EXPECT_EQ(world.apply(*component, {{"shard_count", 4}}).error().code, ErrorCode::busy);
  EXPECT_EQ(world.asked("PUT /cluster/"), 1);
}

}  // namespace
}  // namespace wave::components
