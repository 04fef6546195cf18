#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/aws/world.h"

namespace wave::components {
namespace {

using testing::HasSubstr;

std::string cluster(const std::string& name) {
  return "<DBCluster><DBClusterIdentifier>" + name +
         "</DBClusterIdentifier><Engine>aurora-mysql</Engine><Status>available</Status><DBClusterMembers>"
         "<DBClusterMember><DBInstanceIdentifier>" +
         name + "-w</DBInstanceIdentifier><IsClusterWriter>true</IsClusterWriter></DBClusterMember>" +
         "</DBClusterMembers></DBCluster>";
}

std::string instance(const std::string& name, const std::string& id) {
  return "<DBInstance><DBInstanceIdentifier>" + id + "</DBInstanceIdentifier><DBClusterIdentifier>" + name +
         "</DBClusterIdentifier><DBInstanceStatus>available</DBInstanceStatus></DBInstance>";
}

std::string group(const std::string& name) {
  return "<ReplicationGroup><ReplicationGroupId>" + name +
         "</ReplicationGroupId><Status>available</Status><NodeGroups><NodeGroup><NodeGroupId>0001"
         "</NodeGroupId><Status>available</Status><NodeGroupMembers><NodeGroupMember/></NodeGroupMembers>"
         "</NodeGroup></NodeGroups></ReplicationGroup>";
}

net::HttpResponse ok(const std::string& body) {
  return {.status = 200, .headers = {}, .body = "<r>" + body + "</r>"};
}

/// Several components of one kind that are observed at once.
class TogetherContract : public testing::Test {
 protected:
  void make(const Kind& kind, const std::string& key, const std::vector<std::string>& names) {
    for (const auto& name : names) {
      world.settings.set(key, name);
      components.push_back(world.make(kind));
    }
  }
  std::vector<Result<Observation>> observe() {
    std::vector<Task<Result<Observation>>> observations;
    for (const auto& one : components) observations.push_back(one->observe());
    return world.services.run(all(std::move(observations)));
  }
  test::AwsWorld world;
  std::vector<std::unique_ptr<Component>> components;
};

TEST_F(TogetherContract, ClustersAreAskedForInOneCallAndTheirInstancesPageByPage) {
  world.on("DescribeDBClusters").reply_with([](const net::HttpRequest& request) {
    EXPECT_THAT(
        request.body,
        HasSubstr(
            "Filters.Filter.1.Name=db-cluster-id&Filters.Filter.1.Values.Value.1="
            "Orders&Filters.Filter.1.Values.Value.2=arn%3Aaws%3Ards%3Aus-east-1%3A1%3Acluster%3Ausers&"));
    // AWS tells names in lower case, in its own order.
    return ok("<DBClusters>" + cluster("users") + cluster("orders") + "</DBClusters>");
  });
  world.on("DescribeDBInstances").reply_with([](const net::HttpRequest& request) {
    if (request.body.find("Marker=") == std::string::npos)
      return ok("<Marker>p2</Marker><DBInstances>" + instance("users", "users-w") + "</DBInstances>");
    EXPECT_THAT(request.body, HasSubstr("&Marker=p2"));
    return ok("<DBInstances>" + instance("orders", "orders-w") + instance("orders", "orders-r") +
              "</DBInstances>");
  });
  make(amazon_rds(), "db_cluster_identifier", {"Orders", "arn:aws:rds:us-east-1:1:cluster:users"});
  const auto seen = observe();
  ASSERT_TRUE(seen[0]) << seen[0].error().text();
  ASSERT_TRUE(seen[1]) << seen[1].error().text();
  EXPECT_EQ(seen[0]->current.at("desired"), 1);
  EXPECT_EQ(seen[1]->current.at("desired"), 0);
  EXPECT_EQ(world.asked("DescribeDBClusters"), 1);
  EXPECT_EQ(world.asked("DescribeDBInstances"), 2);
}

TEST_F(TogetherContract, WhatIsNotInTheAnswerIsNotThere) {
  world.on("DescribeReplicationGroups").reply_with([](const net::HttpRequest&) {
    return ok("<ReplicationGroups>" + group("a") + group("of-somebody-else") + "</ReplicationGroups>");
  });
  make(amazon_elasticache_redis(), "replication_group_id", {"a", "b"});
  const auto seen = observe();
  EXPECT_TRUE(seen[0]);
  ASSERT_FALSE(seen[1]);
  EXPECT_EQ(seen[1].error().code, ErrorCode::not_found);
  EXPECT_EQ(world.asked("DescribeReplicationGroups"), 1);
}

TEST_F(TogetherContract, AFewNamesInALargeAccountAreAskedForOneByOne) {
  world.on("DescribeReplicationGroups").reply_with([](const net::HttpRequest& request) {
    for (const std::string name : {"a", "b"})
      if (request.body.find("ReplicationGroupId=" + name) != std::string::npos)
        return ok("<ReplicationGroups>" + group(name) + "</ReplicationGroups>");
    return ok("<Marker>more</Marker><ReplicationGroups>" + group("x") + "</ReplicationGroups>");
  });
  make(amazon_elasticache_redis(), "replication_group_id", {"a", "b"});
  for (const auto& seen : observe()) EXPECT_TRUE(seen);
  EXPECT_EQ(world.asked("DescribeReplicationGroups"), 4) << "two pages, then each alone";
  for (const auto& seen : observe()) EXPECT_TRUE(seen);
  EXPECT_EQ(world.asked("DescribeReplicationGroups"), 6) << "and it is remembered";
}

TEST_F(TogetherContract, WhereOnlySingleOnesMayBeReadEachIsAskedForAlone) {
  world.on("DescribeReplicationGroups").reply_with([](const net::HttpRequest& request) {
    if (request.body.find("ReplicationGroupId=") != std::string::npos)
      return ok("<ReplicationGroups>" + group("any") + "</ReplicationGroups>");
    return net::HttpResponse{
        .status = 403,
        .headers = {},
        .body = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"};
  });
  make(amazon_elasticache_redis(), "replication_group_id", {"a", "b", "c"});
  for (const auto& seen : observe()) EXPECT_TRUE(seen);
  EXPECT_EQ(world.asked("DescribeReplicationGroups"), 4);
  for (const auto& seen : observe()) EXPECT_TRUE(seen);
  EXPECT_EQ(world.asked("DescribeReplicationGroups"), 7);
}

TEST_F(TogetherContract, AnInstanceOutsideOfAClusterIsAskedForWithTheOthers) {
  world.on("DescribeDBInstances").reply_with([](const net::HttpRequest& request) {
    EXPECT_THAT(request.body, HasSubstr("Filters.Filter.1.Name=db-instance-id"));
    std::string all;
    for (const std::string name : {"pg1", "pg2"})
      all += "<DBInstance><DBInstanceIdentifier>" + name +
             "</DBInstanceIdentifier><AllocatedStorage>100</AllocatedStorage>"
             "<DBInstanceStatus>available</DBInstanceStatus></DBInstance>";
    return ok("<DBInstances>" + all + "</DBInstances>");
  });
  make(amazon_rds(), "db_instance_identifier", {"pg1", "pg2"});
  for (const auto& seen : observe()) EXPECT_EQ(seen->current.at("allocated_storage"), 100);
  EXPECT_EQ(world.asked("DescribeDBInstances"), 1);
}

}  // namespace
}  // namespace wave::components
