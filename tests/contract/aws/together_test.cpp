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
    EXPECT_THAT(request.body, HasSubstr("Filters.Filter.1.Name=db-cluster-id&Filters.Filter.1.Values.Value.1="
                                        "orders&Filters.Filter.1.Values.Value.2=users&"));
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

constexpr const char* mappings_path = "GET /2015-03-31/event-source-mappings";

std::string mapping(const std::string& id) {
  return R"({"UUID":")" + id + R"(","State":"Enabled","EventSourceArn":"arn:aws:sqs:us-east-1:1:q"})";
}

TEST_F(TogetherContract, MappingsAndClustersOfMskAreListedTogether) {
  world.on(mappings_path).reply_with([](const net::HttpRequest& request) {
    const bool second = request.url.find("&Marker=p2") != std::string::npos;
    const std::string next = second ? "" : R"("NextMarker":"p2",)";
    return net::HttpResponse{.status = 200,
                             .headers = {},
                             .body = "{" + next + R"("EventSourceMappings":[)" + mapping(second ? "b" : "a") +
                                     "," + mapping(second ? "c" : "of-somebody") + "]}"};
  });
  make(amazon_sqs(), "event_source_mapping_id", {"a", "b", "c", "gone"});
  const auto seen = observe();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(seen[i]) << seen[i].error().text();
  EXPECT_EQ(seen[3].error().code, ErrorCode::not_found);
  EXPECT_EQ(world.asked(mappings_path), 2);
  components.clear();
  world.on("GET /v1/clusters/").reply(200, R"({"clusterOperationInfoList":[]})");
  const std::string state = R"(","state":"ACTIVE","provisioned":{"numberOfBrokerNodes":3}})";
  world.on("GET /api/v2/clusters")
      .reply(200, R"({"clusterInfoList":[{"clusterArn":"arn:1)" + state + R"(,{"clusterArn":"arn:2)" + state +
                      "]}");
  make(amazon_msk(), "cluster_arn", {"arn:1", "arn:2"});
  for (const auto& one : observe()) EXPECT_EQ(one->current.at("desired"), 3);
  EXPECT_EQ(world.asked("GET /api/v2/clusters"), 1);
  world.expect_golden("kafka", "ListClustersV2", "GET /api/v2/clusters");
}

TEST_F(TogetherContract, MappingsOfALargeAccountOrWithoutTheListAreAskedForAlone) {
  for (const bool is_large : {true, false}) {
    components.clear();
    test::AwsWorld fresh;
    fresh.on(mappings_path).reply_with([is_large](const net::HttpRequest& request) {
      if (request.url.find("event-source-mappings/") != std::string::npos)
        return net::HttpResponse{.status = 200, .headers = {}, .body = mapping("any")};
      if (is_large)
        return net::HttpResponse{
            .status = 200, .headers = {}, .body = R"({"NextMarker":"more","EventSourceMappings":[]})"};
      return net::HttpResponse{
          .status = 403, .headers = {{"x-amzn-errortype", "AccessDeniedException"}}, .body = "{}"};
    });
    std::vector<std::unique_ptr<Component>> both;
    for (const char* id : {"a", "b"}) {
      fresh.settings.set("event_source_mapping_id", std::string(id));
      both.push_back(fresh.make(amazon_sqs()));
    }
    for (int round = 0; round < 2; ++round) {
      std::vector<Task<Result<Observation>>> observations;
      for (const auto& one : both) observations.push_back(one->observe());
      for (const auto& seen : fresh.services.run(all(std::move(observations)))) EXPECT_TRUE(seen);
    }
    // Lists at first, then never again.
    EXPECT_EQ(fresh.asked(mappings_path), is_large ? 2 + 2 + 2 : 1 + 2 + 2);
  }
}

}  // namespace
}  // namespace wave::components
