#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "components/aws/databases/readers.h"
#include "contract/aws/database_world.h"

namespace wave::components {
namespace {

using test::clusters_answer;
using test::DatabaseContract;
using test::Instance;
using test::instances_answer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(DatabaseContract, AuroraSendsWhatBotocoreSends) {
  serve({{.id = "au-1", .writer = true}});
  auto component = world.make(amazon_rds());
  ASSERT_TRUE(world.observe(*component));
  world.expect_golden("rds", "DescribeDBClusters");
  world.expect_golden("rds", "DescribeDBInstances");
  ASSERT_TRUE(world.apply(*component, {{"desired", 1}}, {{"desired", 0}}));
  world.expect_golden("rds", "CreateDBInstance");
  there.back().status = "available";
  ASSERT_TRUE(world.apply(*component, {{"desired", 0}}, {{"desired", 1}}));
  world.expect_golden("rds", "DeleteDBInstance");
}

TEST_F(DatabaseContract, ServerlessCapacityIsSetWithBothBounds) {
  const std::string serverless =
      "<ServerlessV2ScalingConfiguration><MinCapacity>2</MinCapacity><MaxCapacity>16.0</MaxCapacity>"
      "</ServerlessV2ScalingConfiguration>";
  const std::vector<Instance> all = {{.id = "au-1", .writer = true}};
  world.on("DescribeDBClusters").reply(200, clusters_answer("aurora-mysql", all, serverless));
  world.on("DescribeDBInstances").reply(200, instances_answer(all));
  world.on("ModifyDBCluster")
      .reply(200, "<r><ResponseMetadata><RequestId>r-3</RequestId></ResponseMetadata></r>");
  auto component = world.make(amazon_rds());
  const auto seen = world.observe(*component);
  EXPECT_EQ(seen->current.at("min_acu"), 2);
  EXPECT_EQ(seen->current.at("max_acu"), 16);
  const auto applied = world.apply(*component, {{"min_acu", 0.5}}, {{"min_acu", 2}});
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_EQ(applied->request_id, "r-3");
  world.expect_golden("rds", "ModifyDBCluster");
  const auto crossed = world.apply(*component, {{"min_acu", 20}}, {{"min_acu", 2}});
  ASSERT_FALSE(crossed);
  EXPECT_EQ(crossed.error().code, ErrorCode::invalid_argument);
}

TEST_F(DatabaseContract, AClusterWithoutServerlessConfigurationHasNoCapacityToSet) {
  serve({{.id = "au-1", .writer = true}});
  auto component = world.make(amazon_rds());
  const auto applied = world.apply(*component, {{"min_acu", 4}});
  ASSERT_FALSE(applied);
  EXPECT_THAT(applied.error().text(), HasSubstr("no Serverless v2"));
  EXPECT_EQ(world.asked("ModifyDBCluster"), 0);
}

TEST_F(DatabaseContract, NeptuneAndDocumentDbSendWhatBotocoreSendsAndTheirTag) {
  for (const auto& [kind, service, cluster, engine] :
       {std::tuple(&amazon_neptune(), "neptune", "np", "neptune"),
        std::tuple(&amazon_documentdb(), "docdb", "dd", "docdb")}) {
    world.settings.set("db_cluster_identifier", std::string(cluster));
    serve({{.id = "w", .writer = true}}, engine);
    auto component = world.make(*kind);
    ASSERT_TRUE(world.observe(*component));
    world.expect_golden(service, "DescribeDBClusters");
    ASSERT_TRUE(world.apply(*component, {{"desired", 1}}, {{"desired", 0}}));
    EXPECT_EQ(world.sent("CreateDBInstance").request.body,
              "Action=CreateDBInstance&Version=2014-10-31&DBInstanceIdentifier=" + std::string(cluster) +
                  "-wa-1&DBInstanceClass=db.r6g.large&Engine=" + engine + "&DBClusterIdentifier=" + cluster +
                  "&PromotionTier=15&Tags.Tag.1.Key=managed-by&Tags.Tag.1.Value=wa");
    there.back().status = "available";
    ASSERT_TRUE(world.apply(*component, {{"desired", 0}}, {{"desired", 1}}));
    if (service == std::string("neptune")) world.expect_golden(service, "DeleteDBInstance");
    EXPECT_EQ(
        world.sent("DeleteDBInstance").request.body,
        "Action=DeleteDBInstance&Version=2014-10-31&DBInstanceIdentifier=" + std::string(cluster) + "-wa-1");
  }
}

TEST_F(DatabaseContract, AClusterOfAnotherEngineIsRefusedBeforeAnyWrite) {
  for (const auto& [kind, engine] :
       {std::pair(&amazon_rds(), "neptune"), std::pair(&amazon_rds(), "docdb"),
        std::pair(&amazon_rds(), "postgres"), std::pair(&amazon_neptune(), "aurora-mysql"),
        std::pair(&amazon_documentdb(), "neptune")}) {
    serve({{.id = "w", .writer = true}}, engine);
    auto component = world.make(*kind);
    const auto seen = world.observe(*component);
    ASSERT_FALSE(seen) << engine;
    EXPECT_EQ(seen.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(seen.error().text(), HasSubstr(engine));
    EXPECT_FALSE(world.apply(*component, {{"desired", 1}}));
    EXPECT_EQ(world.asked("CreateDBInstance"), 0);
  }
}

TEST_F(DatabaseContract, OnlyOurReadersAreRemovedAndNeverTheWriter) {
  // au-wa-1 is ours and became the writer; au-wa-2 has our name without our tag; au-wa-x only looks like
  // ours.
  serve({{.id = "au-wa-1", .writer = true, .ours = true},
         {.id = "theirs"},
         {.id = "au-wa-2"},
         {.id = "au-wa-x", .ours = true},
         {.id = "au-wa-3", .ours = true, .created = "2015-08-02T00:00:00Z"},
         {.id = "au-wa-4", .ours = true, .created = "2015-08-03T00:00:00Z"}});
  auto component = world.make(amazon_rds());
  const auto seen = world.observe(*component);
  EXPECT_EQ(seen->current.at("desired"), 5);
  EXPECT_EQ(seen->system_min.at("desired"), 3);
  const auto first = world.apply(*component, {{"desired", 3}}, {{"desired", 5}});
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_EQ(first->reached, (Values{{"desired", 4}}));
  EXPECT_EQ(first->rest, "one reader is removed at a time");
  EXPECT_THAT(deleted, ElementsAre("au-wa-4"));
  // One at a time: the next when that is gone.
  EXPECT_EQ(world.apply(*component, {{"desired", 3}}, {{"desired", 4}}).error().code, ErrorCode::busy);
  EXPECT_THAT(deleted, testing::SizeIs(1));
  there.pop_back();
  const auto second = world.apply(*component, {{"desired", 3}}, {{"desired", 4}});
  ASSERT_TRUE(second) << second.error().text();
  EXPECT_THAT(deleted, ElementsAre("au-wa-4", "au-wa-3"));
  there.pop_back();
  const auto refused = world.apply(*component, {{"desired", 1}}, {{"desired", 3}});
  ASSERT_FALSE(refused);
  EXPECT_THAT(deleted, testing::SizeIs(2));
}

TEST_F(DatabaseContract, AReaderThatBecomesTheWriterBetweenTwoRemovalsStays) {
  serve({{.id = "w", .writer = true},
         {.id = "au-wa-1", .ours = true, .created = "2015-08-01T00:00:00Z"},
         {.id = "au-wa-2", .ours = true, .created = "2015-08-02T00:00:00Z"},
         {.id = "au-wa-3", .ours = true, .created = "2015-08-03T00:00:00Z"}});
  world.on("DeleteDBInstance").reply_with([this](const net::HttpRequest& request) {
    deleted.push_back(parameter(request.body, "DBInstanceIdentifier"));
    for (auto& one : there) {
      if (one.id == deleted.back()) one.status = "deleting";
      one.writer = one.id == "au-wa-2";  // a failover
    }
    return net::HttpResponse{.status = 200, .headers = {}, .body = "<r/>"};
  });
  auto component = world.make(amazon_rds());
  (void)world.apply(*component, {{"desired", 0}}, {{"desired", 3}});
  EXPECT_THAT(deleted, ElementsAre("au-wa-3"));
  there.pop_back();
  // w is a reader now, au-wa-2 the writer.
  (void)world.apply(*component, {{"desired", 0}}, {{"desired", 2}});
  EXPECT_THAT(deleted, ElementsAre("au-wa-3", "au-wa-1"));
}

TEST_F(DatabaseContract, WithoutAWriterNothingIsChanged) {
  serve({{.id = "a"}, {.id = "au-wa-1", .ours = true}});
  auto component = world.make(amazon_rds());
  for (const double wanted : {0.0, 3.0}) {
    const auto applied = world.apply(*component, {{"desired", wanted}}, {{"desired", 2}});
    ASSERT_FALSE(applied);
    EXPECT_EQ(applied.error().code, ErrorCode::busy);
  }
  EXPECT_THAT(deleted, IsEmpty());
  EXPECT_EQ(world.asked("CreateDBInstance"), 0);
}

TEST_F(DatabaseContract, ReadersThatAreMadeCountAsOrderedAndNotAsReady) {
  serve({{.id = "w", .writer = true}});
  auto component = world.make(amazon_rds());
  ASSERT_TRUE(world.apply(*component, {{"desired", 3}}, {{"desired", 0}}));
  EXPECT_EQ(world.asked("CreateDBInstance"), 3);
  auto seen = world.observe(*component);
  EXPECT_EQ(seen->current.at("desired"), 3);
  EXPECT_EQ(seen->ready, 0);
  EXPECT_TRUE(seen->changing);
  EXPECT_FALSE(world.apply(*component, {{"desired", 3}}, {{"desired", 3}})->changed);
  for (auto& one : there) one.status = "available";
  seen = world.observe(*component);
  EXPECT_EQ(seen->ready, 3);
  EXPECT_FALSE(seen->changing);
  EXPECT_EQ(world.asked("CreateDBInstance"), 3);
  // No more than three in one order.
  EXPECT_EQ(world.apply(*component, {{"desired", 9}}, {{"desired", 3}})->reached, (Values{{"desired", 6}}));
  EXPECT_EQ(world.asked("CreateDBInstance"), 6);
}

TEST_F(DatabaseContract, AnInstanceThatExistsAlreadyIsOursOrTheNextNumberIsTaken) {
  serve({{.id = "w", .writer = true}});
  const std::string exists =
      "<ErrorResponse><Error><Code>DBInstanceAlreadyExists</Code></Error></ErrorResponse>";
  bool ours = false;
  std::string free = "au-wa-3";
  std::vector<std::string> tried;
  world.on("CreateDBInstance").reply_with([&](const net::HttpRequest& request) {
    tried.push_back(parameter(request.body, "DBInstanceIdentifier"));
    if (tried.back() != free) return net::HttpResponse{.status = 400, .headers = {}, .body = exists};
    there.push_back({.id = free, .status = "creating", .ours = true});
    return net::HttpResponse{.status = 200, .headers = {}, .body = "<r/>"};
  });
  world.on("DescribeDBInstances").reply_with([&](const net::HttpRequest& request) {
    std::string body = instances_answer(there);
    if (request.body.find("&DBInstanceIdentifier=au-wa-") != std::string::npos)
      body = "<r><DBInstances><DBInstance><DBClusterIdentifier>" + std::string(ours ? "au" : "other") +
             "</DBClusterIdentifier></DBInstance></DBInstances></r>";
    return net::HttpResponse{.status = 200, .headers = {}, .body = body};
  });
  auto component = world.make(amazon_rds());
  ASSERT_TRUE(world.apply(*component, {{"desired", 1}}, {{"desired", 0}}));
  EXPECT_THAT(tried, ElementsAre("au-wa-1", "au-wa-2", "au-wa-3"));
  // What is taken is remembered.
  free = "au-wa-4";
  ASSERT_TRUE(world.apply(*component, {{"desired", 2}}, {{"desired", 1}}));
  EXPECT_THAT(tried, testing::SizeIs(4));
  // It does not go on for ever.
  free = "none";
  const auto refused = world.apply(*component, {{"desired", 3}}, {{"desired", 2}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(refused.error().text(), HasSubstr("are not its own"));
  EXPECT_THAT(tried, testing::SizeIs(23));
  // An earlier attempt whose answer was lost.
  ours = true;
  EXPECT_TRUE(world.apply(*component, {{"desired", 3}}, {{"desired", 2}}));
}

TEST_F(DatabaseContract, StorageOfAnInstanceOnlyGrows) {
  definitions::Settings plain;
  for (const char* key : {"region", "access_key", "secret_key"}) plain.set(key, world.settings.text(key));
  plain.set("db_instance_identifier", std::string("pg"));
  world.settings = plain;
  const auto instance = [](const std::string& status, const std::string& more = "") {
    return "<r><DBInstances><DBInstance><AllocatedStorage>100</AllocatedStorage><DBInstanceStatus>" + status +
           "</DBInstanceStatus>" + more + "</DBInstance></DBInstances></r>";
  };
  world.on("DescribeDBInstances").reply(200, instance("available"));
  world.on("ModifyDBInstance").reply(200, "<r/>");
  auto component = world.make(amazon_rds());
  ASSERT_TRUE(world.apply(*component, {{"allocated_storage", 120}}, {{"allocated_storage", 100}}));
  world.expect_golden("rds", "ModifyDBInstance");
  const auto smaller = world.apply(*component, {{"allocated_storage", 80}}, {{"allocated_storage", 100}});
  ASSERT_FALSE(smaller);
  EXPECT_THAT(smaller.error().text(), HasSubstr("never shrinks"));
  world.on("DescribeDBInstances").reply(200, instance("storage-optimization"));
  EXPECT_FALSE(world.apply(*component, {{"allocated_storage", 150}}, {{"allocated_storage", 100}}));
  world.on("DescribeDBInstances")
      .reply(200,
             instance(
                 "available",
                 "<PendingModifiedValues><AllocatedStorage>120</AllocatedStorage></PendingModifiedValues>"));
  EXPECT_FALSE(world.apply(*component, {{"allocated_storage", 150}}, {{"allocated_storage", 100}}));
  EXPECT_EQ(world.asked("ModifyDBInstance"), 1);
}

TEST(Readers, NewOnesTakeTheLowestFreeNumbers) {
  std::vector<DbInstance> all(3);
  all[0].id = "p-1";
  all[1].id = "p-3";
  all[2].id = "p-03";
  NewNames names("p");
  EXPECT_EQ(names.next(all), "p-2");
  ASSERT_TRUE(names.skip("p-2"));
  EXPECT_EQ(names.next(all), "p-4");
  EXPECT_TRUE(has_our_name("p-12", "p"));
  for (const char* name : {"p", "p-", "p-0", "p-03", "p-1a", "pp-1", "p-12345"})
    EXPECT_FALSE(has_our_name(name, "p")) << name;
}

TEST(Readers, WhatIsLeastFitAndYoungestGoesFirst) {
  const auto reader = [](const char* id, int tier, const char* created, const char* status = "available") {
    return DbInstance{.id = id,
                      .status = status,
                      .instance_class = {},
                      .created = created,
                      .is_ours = true,
                      .promotion_tier = tier};
  };
  std::vector<DbInstance> all = {reader("p-1", 15, "2015-01-01"), reader("p-2", 15, "2015-01-03"),
                                 reader("p-3", 1, "2015-01-09"), reader("p-4", 15, "", "creating"),
                                 reader("p-5", 15, "2015-01-02", "deleting")};
  std::vector<std::string> order;
  for (const auto& one : removable(all)) order.push_back(one.id);
  EXPECT_THAT(order, ElementsAre("p-4", "p-2", "p-1", "p-3"));
}

}  // namespace
}  // namespace wave::components
