#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/aws/world.h"

namespace wave::components {
namespace {

using testing::HasSubstr;

/// Things whose class is set by its place in a list.
class SizesContract : public testing::Test {
 protected:
  void list(const std::string& key, definitions::Settings::List names) {
    world.settings.set(key, std::move(names));
  }
  /// Why the value `size` cannot be set now; empty: it can.
  static std::string block_of(const Observation& seen) {
    for (const auto& block : seen.blocks)
      if (block.stops("size", 1, 2, UtcTime::min())) return block.reason;
    return {};
  }
  test::AwsWorld world;
};

class InstanceSizesContract : public SizesContract {
 protected:
  InstanceSizesContract() {
    world.settings.set("db_instance_identifier", std::string("pg"));
    list("instance_classes", {"db.r6g.large", "db.r6g.xlarge"});
    world.on("ModifyDBInstance").reply(200, "<r/>");
    serve("db.r6g.large");
  }
  void serve(const std::string& instance_class, const std::string& status = "available",
             const std::string& more = "") {
    world.on("DescribeDBInstances")
        .reply(200, "<r><DBInstances><DBInstance><AllocatedStorage>100</AllocatedStorage><DBInstanceStatus>" +
                        status + "</DBInstanceStatus><DBInstanceClass>" + instance_class +
                        "</DBInstanceClass>" + more + "</DBInstance></DBInstances></r>");
  }
};

TEST_F(InstanceSizesContract, AnInstanceChangesItsClassAndComesToRest) {
  auto component = world.make(amazon_rds());
  auto seen = world.observe(*component);
  ASSERT_TRUE(seen) << seen.error().text();
  EXPECT_EQ(seen->current.at("size"), 1);
  EXPECT_EQ(seen->system_max.at("size"), 2);
  ASSERT_TRUE(world.apply(*component, {{"size", 2}}, {{"size", 1}}));
  world.expect_golden("rds", "ModifyDBInstance");
  EXPECT_THAT(world.sent("ModifyDBInstance").request.body, HasSubstr("DBInstanceClass=db.r6g.xlarge"));
  // AWS shows the old class until it is done, and at first not even that something is under way.
  serve("db.r6g.large", "available",
        "<PendingModifiedValues><DBInstanceClass>db.r6g.xlarge</DBInstanceClass></PendingModifiedValues>");
  EXPECT_EQ(world.observe(*component)->current.at("size"), 2) << "as it was ordered";
  serve("db.r6g.large", "modifying",
        "<PendingModifiedValues><DBInstanceClass>db.r6g.xlarge</DBInstanceClass></PendingModifiedValues>");
  seen = world.observe(*component);
  EXPECT_TRUE(seen->changing);
  EXPECT_FALSE(world.apply(*component, {{"size", 2}}, {{"size", 2}})->changed);
  EXPECT_EQ(world.apply(*component, {{"size", 1}}, {{"size", 2}}).error().code, ErrorCode::busy);
  serve("db.r6g.xlarge");
  EXPECT_FALSE(world.apply(*component, {{"size", 2}}, {{"size", 2}})->changed);
  // What is over is what AWS shows, also when it came to nothing.
  serve("db.r6g.large");
  EXPECT_EQ(world.observe(*component)->current.at("size"), 1);
  EXPECT_EQ(world.asked("ModifyDBInstance"), 1);
}

TEST_F(InstanceSizesContract, AClassThatIsNotListedIsNamedAndNeverChanged) {
  serve("db.m5.large");
  auto component = world.make(amazon_rds());
  const auto seen = world.observe(*component);
  EXPECT_FALSE(seen->current.contains("size"));
  EXPECT_THAT(block_of(*seen), HasSubstr("'db.m5.large' now, which instance_classes does not list: add it"));
  for (const double size : {1.0, 2.0})
    EXPECT_EQ(world.apply(*component, {{"size", size}}).error().code, ErrorCode::busy);
  EXPECT_EQ(world.asked("ModifyDBInstance"), 0);
}

TEST_F(InstanceSizesContract, AChangeThatWaitsForItsWindowIsSaidAndNothingIsSent) {
  serve("db.r6g.large", "available",
        "<PendingModifiedValues><DBInstanceClass>db.r6g.xlarge</DBInstanceClass></PendingModifiedValues>");
  auto component = world.make(amazon_rds());
  EXPECT_THAT(block_of(*world.observe(*component)), HasSubstr("DBInstanceClass to db.r6g.xlarge"));
  EXPECT_EQ(world.apply(*component, {{"size", 2}}, {{"size", 1}}).error().code, ErrorCode::busy);
  // ApplyImmediately would upgrade the engine now.
  serve("db.r6g.large", "available",
        "<PendingModifiedValues><EngineVersion>16.4</EngineVersion></PendingModifiedValues>");
  EXPECT_THAT(world.apply(*component, {{"size", 2}}, {{"size", 1}}).error().text(),
              HasSubstr("EngineVersion to 16.4"));
  EXPECT_EQ(world.apply(*component, {{"allocated_storage", 200}}).error().code, ErrorCode::busy);
  serve("db.r6g.large", "available",
        "<PendingModifiedValues><MasterUserPassword>hunter2</MasterUserPassword></PendingModifiedValues>");
  EXPECT_THAT(world.apply(*component, {{"size", 2}}, {{"size", 1}}).error().text(),
              testing::Not(HasSubstr("hunter2")));
  EXPECT_EQ(world.asked("ModifyDBInstance"), 0);
}

TEST_F(InstanceSizesContract, ASizeWithoutAListOrBeyondItIsRefused) {
  auto component = world.make(amazon_rds());
  for (const double size : {0.0, 3.0})
    EXPECT_EQ(world.apply(*component, {{"size", size}}).error().code, ErrorCode::invalid_argument);
  list("instance_classes", {});
  EXPECT_THAT(world.apply(*world.make(amazon_rds()), {{"size", 1}}).error().text(),
              HasSubstr("a place in instance_classes, which is not given"));
  list("instance_classes", {"a", "b", "a"});
  world.definition.kind = &amazon_rds().table;
  const auto made = amazon_rds().create(world.definition, world.settings, world.services.services);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().text(), HasSubstr("lists 'a' twice"));
  EXPECT_EQ(world.asked("ModifyDBInstance"), 0);
}

TEST_F(SizesContract, AMultiAzClusterChangesTheClassOfAllItsInstances) {
  world.settings.set("db_cluster_identifier", std::string("maz"));
  list("instance_classes", {"db.r6gd.large", "db.r6gd.xlarge"});
  const auto serve = [&](const std::string& engine, const std::string& status) {
    world.on("DescribeDBClusters")
        .reply(200, "<r><DBClusters><DBCluster><Engine>" + engine + "</Engine><Status>" + status +
                        "</Status><DBClusterInstanceClass>db.r6gd.large</DBClusterInstanceClass></DBCluster>"
                        "</DBClusters></r>");
  };
  serve("postgres", "available");
  world.on("ModifyDBCluster").reply(200, "<r/>");
  auto component = world.make(amazon_rds());
  EXPECT_EQ(world.observe(*component)->current, (Values{{"size", 1}}));
  ASSERT_TRUE(world.apply(*component, {{"size", 2}}, {{"size", 1}}));
  world.expect_golden("rds", "ModifyDBCluster");
  serve("postgres", "modifying");
  EXPECT_TRUE(world.observe(*component)->changing);
  EXPECT_EQ(world.apply(*component, {{"size", 1}}, {{"size", 2}}).error().code, ErrorCode::busy);
  serve("postgres", "available");
  EXPECT_EQ(world.apply(*component, {{"desired", 3}}).error().code, ErrorCode::busy);
  serve("aurora-postgresql", "available");
  const auto aurora = world.observe(*component);
  ASSERT_FALSE(aurora);
  EXPECT_EQ(aurora.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(aurora.error().text(), HasSubstr("'aurora-postgresql'"));
  EXPECT_EQ(world.asked("ModifyDBCluster"), 1);
}

class BrokerSizesContract : public SizesContract {
 protected:
  BrokerSizesContract() {
    world.settings.set("cluster_arn", std::string("arn:aws:kafka:us-east-1:123456789012:cluster/demo/"
                                                  "6357e0b2-0e6a-4b86-a0b4-70df934c2e31-5"));
    list("broker_types", {"kafka.m7g.large", "kafka.m7g.xlarge"});
    world.on("GET /v1/clusters/").reply(200, R"({"clusterOperationInfoList":[]})");
    world.on("PUT /v1/clusters/").reply(200, R"({"clusterOperationArn":"arn:op"})");
    serve("ACTIVE", "kafka.m7g.large");
  }
  void serve(const std::string& state, const std::string& type) {
    world.on("GET /api/v2/clusters/")
        .reply(200, R"({"clusterInfo":{"state":")" + state +
                        R"(","currentVersion":"KTVPDKIKX0DER","provisioned":
            {"numberOfBrokerNodes":3,"brokerNodeGroupInfo":{"instanceType":")" +
                        type + R"(","clientSubnets":["a","b","c"]}}}})");
  }
};

TEST_F(BrokerSizesContract, BrokersChangeTheirTypeOneOperationAtATime) {
  auto component = world.make(amazon_msk());
  EXPECT_EQ(world.observe(*component)->current.at("size"), 1);
  ASSERT_TRUE(world.apply(*component, {{"size", 2}, {"desired", 6}}, {{"size", 1}, {"desired", 3}}));
  world.expect_golden("kafka", "UpdateBrokerType", "PUT /v1/clusters/");
  serve("UPDATING", "kafka.m7g.large");
  const auto seen = world.observe(*component);
  EXPECT_TRUE(seen->changing);
  EXPECT_EQ(seen->current.at("size"), 2) << "as it was told";
  EXPECT_EQ(world.apply(*component, {{"desired", 6}}).error().code, ErrorCode::busy);
  serve("ACTIVE", "kafka.m7g.xlarge");
  EXPECT_FALSE(world.apply(*component, {{"size", 2}}, {{"size", 2}})->changed);
  EXPECT_EQ(world.asked("PUT /v1/clusters/"), 1);
}

TEST_F(BrokerSizesContract, ATypeThatIsNotListedBlocksItAlone) {
  serve("ACTIVE", "kafka.t3.small");
  auto component = world.make(amazon_msk());
  EXPECT_THAT(block_of(*world.observe(*component)), HasSubstr("'kafka.t3.small'"));
  EXPECT_EQ(world.apply(*component, {{"size", 2}}).error().code, ErrorCode::busy);
  EXPECT_EQ(world.asked("PUT /v1/clusters/"), 0);
  EXPECT_TRUE(world.apply(*component, {{"desired", 6}}));
}

class NodeSizesContract : public SizesContract {
 protected:
  NodeSizesContract() {
    list("node_types", {"cache.r7g.large", "cache.r7g.xlarge"});
    for (const char* action : {"ModifyReplicationGroup", "ModifyCacheCluster"})
      world.on(action).reply(200, "<r/>");
    world.on("ListAllowedNodeTypeModifications")
        .reply(200,
               "<r><ScaleUpModifications><member>cache.r7g.xlarge</member></ScaleUpModifications>"
               "<ScaleDownModifications/></r>");
  }
  void serve_group(const std::string& type, const std::string& status = "available",
                   const std::string& more = "") {
    world.on("DescribeReplicationGroups")
        .reply(200, "<r><ReplicationGroups><ReplicationGroup><Status>" + status + "</Status><CacheNodeType>" +
                        type +
                        "</CacheNodeType><MemberClusters><ClusterId>rg-001</ClusterId></MemberClusters>" +
                        more + "</ReplicationGroup></ReplicationGroups></r>");
  }
  void serve_cluster(const std::string& type, const std::string& more = "") {
    world.on("DescribeCacheClusters")
        .reply(200,
               "<r><CacheClusters><CacheCluster><CacheClusterStatus>available</CacheClusterStatus>"
               "<CacheNodeType>" +
                   type + "</CacheNodeType>" + more + "</CacheCluster></CacheClusters></r>");
  }
};

TEST_F(NodeSizesContract, AReplicationGroupChangesItsNodeType) {
  world.settings.set("replication_group_id", std::string("rg"));
  serve_group("cache.r7g.large");
  serve_cluster("cache.r7g.large");
  auto component = world.make(amazon_elasticache());
  EXPECT_EQ(world.observe(*component)->current, (Values{{"size", 1}}));
  ASSERT_TRUE(world.apply(*component, {{"size", 2}}, {{"size", 1}}));
  world.expect_golden("elasticache", "ListAllowedNodeTypeModifications");
  world.expect_golden("elasticache", "ModifyReplicationGroup");
  serve_group("cache.r7g.large", "modifying");
  EXPECT_TRUE(world.observe(*component)->changing);
  EXPECT_FALSE(world.apply(*component, {{"size", 2}}, {{"size", 2}})->changed);
  EXPECT_EQ(world.asked("ModifyReplicationGroup"), 1);
}

TEST_F(NodeSizesContract, AMembersWaitingTypeAndAGlobalDatastoreBlock) {
  world.settings.set("replication_group_id", std::string("rg"));
  serve_group("cache.r7g.large");
  serve_cluster(
      "cache.r7g.large",
      "<PendingModifiedValues><CacheNodeType>cache.r7g.xlarge</CacheNodeType></PendingModifiedValues>");
  auto component = world.make(amazon_elasticache());
  EXPECT_THAT(world.apply(*component, {{"size", 2}}, {{"size", 1}}).error().text(),
              HasSubstr("maintenance window"));
  serve_cluster("cache.r7g.large");
  serve_group("cache.r7g.large", "available",
              "<GlobalReplicationGroupInfo><GlobalReplicationGroupId>g</GlobalReplicationGroupId>"
              "</GlobalReplicationGroupInfo>");
  EXPECT_THAT(world.apply(*component, {{"size", 2}}, {{"size", 1}}).error().text(),
              HasSubstr("global datastore"));
  EXPECT_EQ(world.asked("ModifyReplicationGroup"), 0);
}

TEST_F(NodeSizesContract, WhatAwsDoesNotAllowNowIsNotSent) {
  world.settings.set("cache_cluster_id", std::string("mc"));
  serve_cluster("cache.r7g.xlarge");
  auto component = world.make(amazon_elasticache());
  const auto smaller = world.apply(*component, {{"size", 1}}, {{"size", 2}});
  ASSERT_FALSE(smaller);
  EXPECT_EQ(smaller.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(smaller.error().text(),
              HasSubstr("does not allow cache.r7g.large for it now (do its data fit?)"));
  world.expect_golden("elasticache", "ListAllowedNodeTypeModifications");
  EXPECT_EQ(world.asked("ModifyCacheCluster"), 0);
  serve_cluster("cache.r7g.large");
  ASSERT_TRUE(world.apply(*component, {{"size", 2}}, {{"size", 1}}));
  world.expect_golden("elasticache", "ModifyCacheCluster");
}

TEST_F(NodeSizesContract, AMemberOfAGroupIsChangedWithItsGroup) {
  world.settings.set("cache_cluster_id", std::string("rg-001"));
  serve_cluster("cache.r7g.large", "<ReplicationGroupId>rg</ReplicationGroupId>");
  const auto seen = world.observe(*world.make(amazon_elasticache()));
  ASSERT_FALSE(seen);
  EXPECT_THAT(seen.error().text(), HasSubstr("give replication_group_id rg"));
}

TEST_F(NodeSizesContract, OneThingIsNamed) {
  world.definition.kind = &amazon_elasticache().table;
  EXPECT_FALSE(amazon_elasticache().create(world.definition, world.settings, world.services.services));
  world.settings.set("cache_cluster_id", std::string("mc"));
  world.settings.set("replication_group_id", std::string("rg"));
  EXPECT_FALSE(amazon_elasticache().create(world.definition, world.settings, world.services.services));
}

}  // namespace
}  // namespace wave::components
