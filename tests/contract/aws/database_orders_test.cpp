#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "components/aws/databases/waiting.h"
#include "contract/aws/database_world.h"

namespace wave::components {
namespace {

using test::DatabaseContract;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Engine {
  const Kind* kind;
  std::string name;
  std::string min_value;
};

/// What is ordered of a cluster's instances: the same for the three kinds that share the API of RDS.
class ClusterOrders : public DatabaseContract, public testing::WithParamInterface<Engine> {
 protected:
  static constexpr const char* serverless =
      "<ServerlessV2ScalingConfiguration><MinCapacity>1</MinCapacity><MaxCapacity>16</MaxCapacity>"
      "</ServerlessV2ScalingConfiguration>";

  void start(std::vector<test::Instance> all) {
    serve(std::move(all), GetParam().name);
    component = world.make(*GetParam().kind);
  }
  Result<Applied> set(double wanted, double now) {
    return world.apply(*component, {{"desired", wanted}}, {{"desired", now}});
  }
  const std::string& min_value() const { return GetParam().min_value; }
  std::unique_ptr<Component> component;
};

TEST_P(ClusterOrders, AccessDeniedIsSaidAndNotTriedAgain) {
  start({{.id = "w", .writer = true}, {.id = "au-wa-1", .ours = true}});
  for (const char* action : {"CreateDBInstance", "DeleteDBInstance"})
    world.on(action).reply_with([](const net::HttpRequest&) { return refusal("AccessDenied"); });
  for (const double wanted : {0.0, 2.0}) {
    const auto applied = set(wanted, 1);
    ASSERT_FALSE(applied);
    EXPECT_EQ(applied.error().code, ErrorCode::forbidden);
    EXPECT_FALSE(applied.error().retryable);
  }
  EXPECT_EQ(world.asked("CreateDBInstance"), 1);
  EXPECT_EQ(world.asked("DeleteDBInstance"), 1);
}

TEST_P(ClusterOrders, AThrottledOrderIsTriedAgainWithinTheCall) {
  start({{.id = "w", .writer = true}});
  world.on("CreateDBInstance")
      .reply_with([](const net::HttpRequest&) { return refusal("Throttling"); })
      .reply_with([this](const net::HttpRequest& request) { return create(request); });
  world.on("DeleteDBInstance")
      .reply_with([](const net::HttpRequest&) { return refusal("Throttling"); })
      .reply_with([this](const net::HttpRequest& request) { return remove(request); });
  ASSERT_TRUE(set(1, 0));
  EXPECT_EQ(world.asked("CreateDBInstance"), 2);
  there.back().status = "available";
  ASSERT_TRUE(set(0, 1));
  EXPECT_EQ(world.asked("DeleteDBInstance"), 2);
  EXPECT_THAT(deleted, ElementsAre("au-wa-1"));
}

TEST_P(ClusterOrders, AQuotaThatIsReachedIsSaidAndWhatWasMadeBeforeCounts) {
  start({{.id = "w", .writer = true}});
  world.on("CreateDBInstance").reply_with([](const net::HttpRequest&) {
    return refusal("InstanceQuotaExceeded");
  });
  const auto refused = set(2, 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::limit_exceeded);
  EXPECT_FALSE(refused.error().retryable);
  world.on("CreateDBInstance")
      .reply_with([this](const net::HttpRequest& request) { return create(request); })
      .reply_with([](const net::HttpRequest&) { return refusal("InstanceQuotaExceeded"); });
  const auto partly = set(3, 0);
  ASSERT_TRUE(partly) << partly.error().text();
  EXPECT_TRUE(partly->changed);
  EXPECT_EQ(partly->reached, (Values{{"desired", 1}}));
  EXPECT_THAT(partly->rest, HasSubstr("InstanceQuotaExceeded"));
  EXPECT_EQ(world.asked("CreateDBInstance"), 3);
}

TEST_P(ClusterOrders, CapacityThatIsSetCountsWhateverBecomesOfTheReaders) {
  cluster_more = serverless;
  start({{.id = "w", .writer = true}});
  world.on("ModifyDBCluster").reply(200, "<r><RequestId>r-1</RequestId></r>");
  world.on("CreateDBInstance").reply_with([](const net::HttpRequest&) {
    return refusal("InvalidDBClusterStateFault");
  });
  auto applied = world.apply(*component, {{min_value(), 4}, {"desired", 1}});
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_EQ(applied->reached, (Values{{min_value(), 4}}));
  EXPECT_THAT(applied->rest, HasSubstr("InvalidDBClusterStateFault"));
  world.on("CreateDBInstance").reply_with([this](const net::HttpRequest& request) {
    return create(request);
  });
  applied = world.apply(*world.make(*GetParam().kind), {{min_value(), 4}, {"desired", 5}});
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_EQ(applied->reached, (Values{{min_value(), 4}, {"desired", 3}}));
  EXPECT_THAT(applied->rest, HasSubstr("no more than 3 readers"));
  applied = world.apply(*world.make(*GetParam().kind), {{min_value(), 4}, {"desired", 5}});
  EXPECT_EQ(applied->reached, std::nullopt) << "all of it";
}

TEST_P(ClusterOrders, AReaderWhoseAnswerWasLostIsMadeOnce) {
  start({{.id = "w", .writer = true}});
  world.on("CreateDBInstance")
      .reply_with([this](const net::HttpRequest& request) -> Result<net::HttpResponse> {
        (void)create(request);
        return fail(ErrorCode::unavailable, "connection reset", true);
      })
      .reply_with([this](const net::HttpRequest& request) { return create(request); });
  const auto applied = set(1, 0);
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_EQ(world.asked("CreateDBInstance"), 2);
  EXPECT_THAT(there, testing::SizeIs(2));
  EXPECT_FALSE(set(1, 1)->changed);
}

TEST_P(ClusterOrders, ARemovalWhoseAnswerWasLostRemovesNoSecondOne) {
  start({{.id = "w", .writer = true}, {.id = "au-wa-1", .ours = true}, {.id = "au-wa-2", .ours = true}});
  world.on("DeleteDBInstance")
      .reply_with([this](const net::HttpRequest& request) -> Result<net::HttpResponse> {
        (void)remove(request);
        return fail(ErrorCode::unavailable, "connection reset", true);
      })
      .reply_with([this](const net::HttpRequest& request) { return remove(request); });
  const auto applied = set(1, 2);
  ASSERT_FALSE(applied) << "AWS says that it is being deleted";
  EXPECT_EQ(applied.error().code, ErrorCode::busy);
  EXPECT_FALSE(set(1, 1)->changed);
  EXPECT_THAT(deleted, ElementsAre("au-wa-2", "au-wa-2"));
  // Gone already.
  there.pop_back();
  world.on("DeleteDBInstance").reply_with([](const net::HttpRequest&) {
    return refusal("DBInstanceNotFound");
  });
  EXPECT_TRUE(set(0, 1));
}

TEST_P(ClusterOrders, TheWriterIsNeverRemovedNorWhatBecomesIt) {
  start({{.id = "au-wa-1", .writer = true, .ours = true}, {.id = "theirs"}});
  EXPECT_EQ(world.observe(*component)->system_min.at("desired"), 1);
  ASSERT_FALSE(set(0, 1));
  there = {{.id = "w", .writer = true}, {.id = "au-wa-1", .ours = true}};
  ASSERT_TRUE(world.observe(*component));
  there[0].writer = false;
  there[1].writer = true;  // a failover
  ASSERT_FALSE(set(0, 1));
  EXPECT_THAT(deleted, IsEmpty());
}

TEST_P(ClusterOrders, ReadersOfOthersThatComeMeanwhileAreNoReasonToRemoveOurs) {
  start({{.id = "w", .writer = true}});
  world.on("CreateDBInstance").reply_with([this](const net::HttpRequest& request) {
    for (const char* id : {"theirs-1", "theirs-2", "theirs-3"}) there.push_back({.id = id});
    return create(request);
  });
  ASSERT_TRUE(set(2, 0));
  EXPECT_EQ(world.asked("CreateDBInstance"), 1);
  EXPECT_EQ(world.asked("DeleteDBInstance"), 0);
}

TEST_P(ClusterOrders, WhoTakesOurTagAwayKeepsTheInstance) {
  start({{.id = "w", .writer = true},
         {.id = "au-wa-1", .ours = true, .created = "2015-08-01T00:00:00Z"},
         {.id = "au-wa-2", .ours = true, .created = "2015-08-02T00:00:00Z"}});
  EXPECT_EQ(world.observe(*component)->system_min.at("desired"), 0);
  there[2].ours = false;
  ASSERT_TRUE(set(1, 2));
  EXPECT_THAT(deleted, ElementsAre("au-wa-1"));
  there = {{.id = "w", .writer = true}, {.id = "au-wa-2"}};
  ASSERT_FALSE(set(0, 1));
  EXPECT_THAT(deleted, testing::SizeIs(1));
}

TEST_P(ClusterOrders, TheClusterIsKnownInUpperCaseAndAsAnArn) {
  world.on("DescribeScalableTargets").reply_with([](const net::HttpRequest& request) {
    const auto asked = nlohmann::json::parse(request.body);
    const std::string space = asked["ServiceNamespace"];
    return net::HttpResponse{.status = 200,
                             .headers = {},
                             .body = R"({"ScalableTargets":[{"ServiceNamespace":")" + space +
                                     R"(","ResourceId":"cluster:au",)" + R"("ScalableDimension":")" + space +
                                     R"(:cluster:ReadReplicaCount","MinCapacity":1,)" +
                                     R"("MaxCapacity":9}]})"};
  });
  for (const char* given : {"AU", "arn:aws:rds:us-east-1:123456789012:cluster:au"}) {
    world.settings.set("db_cluster_identifier", std::string(given));
    start({{.id = "w", .writer = true}, {.id = "au-wa-1", .ours = true}});
    const auto seen = world.observe(*component);
    ASSERT_TRUE(seen) << seen.error().text();
    EXPECT_EQ(seen->system_min.at("desired"), 0) << given << ": au-wa-1 is ours";
    EXPECT_EQ(seen->steering.size(), GetParam().name == "docdb" ? 0u : 1u) << given;
  }
  world.settings.set("replica_prefix", std::string("AU-WA"));
  start({{.id = "w", .writer = true}, {.id = "au-wa-1", .ours = true}});
  EXPECT_EQ(world.observe(*component)->system_min.at("desired"), 0);
}

TEST_P(ClusterOrders, WhatTheClusterDoesIsAChangeToo) {
  cluster_more = serverless;
  start({{.id = "w", .writer = true}});
  cluster_status = "modifying";
  EXPECT_TRUE(world.observe(*component)->changing);
  for (const char* stuck : {"stopped", "inaccessible-encryption-credentials-recoverable"}) {
    cluster_status = stuck;
    EXPECT_FALSE(world.observe(*component)->changing) << stuck;
  }
}

TEST_P(ClusterOrders, AnInstanceThatIsCheckedBeforeItsDeletionIsGoing) {
  start({{.id = "w", .writer = true},
         {.id = "au-wa-1", .status = "delete-precheck", .ours = true},
         {.id = "au-wa-2", .ours = true}});
  const auto seen = world.observe(*component);
  EXPECT_EQ(seen->current.at("desired"), 1);
  EXPECT_TRUE(seen->changing);
  EXPECT_EQ(set(0, 1).error().code, ErrorCode::busy);
  there[1].status = "insufficient-capacity";
  EXPECT_FALSE(world.observe(*component)->changing) << "it stays so until somebody does something";
}

INSTANTIATE_TEST_SUITE_P(Kinds, ClusterOrders,
                         testing::Values(Engine{&amazon_rds(), "aurora-mysql", "min_acu"},
                                         Engine{&amazon_neptune(), "neptune", "min_ncu"},
                                         Engine{&amazon_documentdb(), "docdb", "min_dcu"}),
                         [](const auto& one) { return one.param.min_value; });

TEST_F(DatabaseContract, ANewReaderHasTheWritersParameterGroupWhereTheEngineKnowsThem) {
  for (const auto& [kind, service, cluster, engine, group] :
       {std::tuple(&amazon_rds(), "rds", "au", "aurora-mysql", "reports"),
        std::tuple(&amazon_neptune(), "neptune", "np", "neptune", "graph"),
        std::tuple(&amazon_documentdb(), "docdb", "dd", "docdb", "of-rds")}) {
    world.settings.set("db_cluster_identifier", std::string(cluster));
    serve({{.id = "theirs", .parameter_group = "another"},
           {.id = "w", .writer = true, .parameter_group = group}},
          engine);
    ASSERT_TRUE(world.apply(*world.make(*kind), {{"desired", 2}}, {{"desired", 1}}));
    world.expect_golden(service, "CreateDBInstance");
  }
}

TEST(Waiting, WhatNeedsSomebodyIsNotUnderWay) {
  for (const char* status :
       {"failed", "stopped", "storage-full", "insufficient-capacity", "inaccessible-encryption-credentials",
        "inaccessible-encryption-credentials-recoverable", "incompatible-network"})
    EXPECT_TRUE(is_stuck(status)) << status;
  for (const char* status : {"available", "modifying", "creating", "backing-up"})
    EXPECT_FALSE(is_stuck(status)) << status;
}

}  // namespace
}  // namespace wave::components
