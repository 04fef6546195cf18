#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/aws/world.h"

namespace wave::components {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Replica {
  std::string id;
  std::string status = "available";
  bool ours = true;
  std::string created = "2015-08-01T00:00:00Z";
  std::string source = "pg";
  std::string more{};
};

/// An instance `pg` with its read replicas; what is ordered is there.
class RdsInstanceContract : public testing::Test {
 protected:
  RdsInstanceContract() {
    world.settings.set("db_instance_identifier", std::string("pg"));
    world.on("DescribeDBInstances").reply_with([this](const net::HttpRequest& request) {
      return answer(instances(request.body));
    });
    world.on("CreateDBInstanceReadReplica").reply_with([this](const net::HttpRequest& request) {
      there.push_back({.id = parameter(request.body, "DBInstanceIdentifier"), .status = "creating"});
      return answer("");
    });
    world.on("DeleteDBInstance").reply_with([this](const net::HttpRequest& request) {
      deleted.push_back(parameter(request.body, "DBInstanceIdentifier"));
      for (auto& one : there)
        if (one.id == deleted.back()) one.status = "deleting";
      return answer("");
    });
    world.on("ModifyDBInstance").reply(200, "<r/>");
    world.on("DescribeEvents").reply(200, "<r><Events/></r>");
  }
  static net::HttpResponse answer(const std::string& body) {
    return {.status = 200, .headers = {}, .body = "<r>" + body + "</r>"};
  }
  static std::string parameter(const std::string& body, const std::string& name) {
    const auto begin = body.find("&" + name + "=") + name.size() + 2;
    return body.substr(begin, body.find('&', begin) - begin);
  }
  static std::string element(const std::string& name, const std::string& text) {
    return "<" + name + ">" + text + "</" + name + ">";
  }
  /// What is asked for by name or by filter.
  std::string instances(const std::string& body) const {
    const auto asked = [&](const std::string& id) {
      return (body + "&").find("=" + id + "&") != std::string::npos;
    };
    std::string replicas;
    std::string out;
    for (const auto& one : there) {
      if (one.source == "pg") replicas += element("ReadReplicaDBInstanceIdentifier", one.id);
      if (!asked(one.id)) continue;
      out +=
          "<DBInstance>" + element("DBInstanceIdentifier", one.id) + element("DBInstanceStatus", one.status) +
          element("InstanceCreateTime", one.created) +
          element("ReadReplicaSourceDBInstanceIdentifier", one.source) + element("AllocatedStorage", "100") +
          (one.ours ? "<TagList><Tag><Key>managed-by</Key><Value>wa</Value></Tag></TagList>" : "<TagList/>") +
          one.more + "</DBInstance>";
    }
    if (asked("pg"))
      out += "<DBInstance>" + element("DBInstanceIdentifier", "pg") + element("DBInstanceStatus", status) +
             element("AllocatedStorage", "100") + element("PubliclyAccessible", "false") +
             element("ReadReplicaDBInstanceIdentifiers", replicas) + more + "</DBInstance>";
    return element("DBInstances", out);
  }

  test::AwsWorld world;
  std::string status = "available";
  std::string more =
      "<VpcSecurityGroups><VpcSecurityGroupMembership><VpcSecurityGroupId>sg-1"
      "</VpcSecurityGroupId></VpcSecurityGroupMembership><VpcSecurityGroupMembership>"
      "<VpcSecurityGroupId>sg-2</VpcSecurityGroupId></VpcSecurityGroupMembership>"
      "</VpcSecurityGroups>";
  std::vector<Replica> there;
  std::vector<std::string> deleted;
};

TEST_F(RdsInstanceContract, ReadReplicasAreMadeAsOpenAsTheirSourceAndRemovedWithoutASnapshot) {
  auto component = world.make(amazon_rds());
  auto seen = world.observe(*component);
  ASSERT_TRUE(seen) << seen.error().text();
  EXPECT_EQ(seen->current.at("desired"), 0);
  ASSERT_TRUE(world.apply(*component, {{"desired", 1}}, {{"desired", 0}}));
  world.expect_golden("rds", "CreateDBInstanceReadReplica");
  seen = world.observe(*component);
  EXPECT_EQ(seen->current.at("desired"), 1);
  EXPECT_EQ(seen->ready, 0);
  EXPECT_TRUE(seen->changing);
  EXPECT_FALSE(world.apply(*component, {{"desired", 1}}, {{"desired", 1}})->changed);
  there.back().status = "available";
  EXPECT_EQ(world.observe(*component)->ready, 1);
  ASSERT_TRUE(world.apply(*component, {{"desired", 0}}, {{"desired", 1}}));
  world.expect_golden("rds", "DeleteDBInstance");
  EXPECT_EQ(world.asked("CreateDBInstanceReadReplica"), 1);
}

TEST_F(RdsInstanceContract, OneReplicaAtATimeIsMadeOrRemoved) {
  auto component = world.make(amazon_rds());
  const auto first = world.apply(*component, {{"desired", 2}}, {{"desired", 0}});
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_EQ(first->reached, (Values{{"desired", 1}}));
  EXPECT_EQ(first->rest, "one read replica is made at a time");
  EXPECT_EQ(world.asked("CreateDBInstanceReadReplica"), 1);
  EXPECT_EQ(world.apply(*component, {{"desired", 2}}, {{"desired", 1}})->reached, std::nullopt);
  EXPECT_EQ(there.back().id, "pg-wa-2");
  for (auto& one : there) one.status = "available";
  EXPECT_EQ(world.apply(*component, {{"desired", 0}}, {{"desired", 2}})->reached, (Values{{"desired", 1}}));
  EXPECT_EQ(world.apply(*component, {{"desired", 0}}, {{"desired", 1}}).error().code, ErrorCode::busy);
  EXPECT_THAT(deleted, ElementsAre("pg-wa-2"));
}

TEST_F(RdsInstanceContract, OnlyOurReplicasAreRemovedAndNothingThatBecameSomethingElse) {
  there = {{.id = "theirs", .ours = false},
           {.id = "pg-wa-1", .ours = false},
           {.id = "pg-wa-x"},
           {.id = "pg-wa-2", .more = "<DeletionProtection>true</DeletionProtection>"},
           {.id = "pg-wa-3",
            .more = "<ReadReplicaDBInstanceIdentifiers><ReadReplicaDBInstanceIdentifier>deep"
                    "</ReadReplicaDBInstanceIdentifier></ReadReplicaDBInstanceIdentifiers>"},
           {.id = "pg-wa-4"},
           {.id = "pg-wa-5", .source = "another"}};
  auto component = world.make(amazon_rds());
  const auto seen = world.observe(*component);
  EXPECT_EQ(seen->current.at("desired"), 6) << "pg-wa-5 replicates another one";
  EXPECT_EQ(seen->system_min.at("desired"), 5);
  ASSERT_TRUE(world.apply(*component, {{"desired", 5}}, {{"desired", 6}}));
  EXPECT_THAT(deleted, ElementsAre("pg-wa-4"));
  std::erase_if(there, [](const Replica& one) { return one.id == "pg-wa-4"; });
  const auto refused = world.apply(*component, {{"desired", 4}}, {{"desired", 5}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(deleted, testing::SizeIs(1));
}

TEST_F(RdsInstanceContract, AReplicaThatIsPromotedBeforeItsRemovalStays) {
  there = {{.id = "pg-wa-1"}, {.id = "pg-wa-2", .created = "2015-08-02T00:00:00Z"}};
  auto component = world.make(amazon_rds());
  ASSERT_TRUE(world.observe(*component));
  // Still listed by its source, but nobody's replica.
  world.on("DescribeDBInstances").reply_with([this](const net::HttpRequest& request) {
    std::string body = instances(request.body);
    const std::string source = element("ReadReplicaSourceDBInstanceIdentifier", "pg");
    const auto promoted = body.find("<DBInstanceIdentifier>pg-wa-2");
    if (promoted != std::string::npos) body.erase(body.find(source, promoted), source.size());
    return answer(body);
  });
  (void)world.apply(*component, {{"desired", 0}}, {{"desired", 2}});
  EXPECT_THAT(deleted, ElementsAre("pg-wa-1"));
  std::erase_if(there, [](const Replica& one) { return one.id == "pg-wa-1"; });
  (void)world.apply(*component, {{"desired", 0}}, {{"desired", 1}});
  EXPECT_THAT(deleted, ElementsAre("pg-wa-1"));
}

TEST_F(RdsInstanceContract, AReplicaWhoseReplicationEndedServesNothing) {
  there = {
      {.id = "pg-wa-1"},
      {.id = "pg-wa-2",
       .more = "<StatusInfos><DBInstanceStatusInfo><StatusType>read replication</StatusType><Normal>false"
               "</Normal><Status>error</Status><Message>WAL was removed</Message>"
               "</DBInstanceStatusInfo></StatusInfos>"},
      {.id = "pg-wa-3", .status = "stopped"}};
  const auto seen = world.observe(*world.make(amazon_rds()));
  EXPECT_EQ(seen->current.at("desired"), 3);
  EXPECT_EQ(seen->ready, 1);
  EXPECT_FALSE(seen->changing);
  EXPECT_THAT(seen->warnings, ElementsAre(HasSubstr("pg-wa-2: replication is 'error': WAL was removed"),
                                          HasSubstr("pg-wa-3: it is stopped")));
}

TEST_F(RdsInstanceContract, ReplicasOfAnotherRegionAreNotCounted) {
  more += "<ReadReplicaDBInstanceIdentifiers/>";
  there = {{.id = "arn:aws:rds:eu-west-1:1:db:far", .ours = false}, {.id = "near", .ours = false}};
  const auto seen = world.observe(*world.make(amazon_rds()));
  ASSERT_TRUE(seen) << seen.error().text();
  EXPECT_EQ(seen->current.at("desired"), 1);
}

TEST_F(RdsInstanceContract, WithoutBackupsOrWhileTheSourceIsBusyNoReplicaIsMade) {
  auto component = world.make(amazon_rds());
  more = "<BackupRetentionPeriod>0</BackupRetentionPeriod>";
  EXPECT_THAT(world.apply(*component, {{"desired", 1}}, {{"desired", 0}}).error().text(),
              HasSubstr("automated backups are off"));
  more = "<BackupRetentionPeriod>7</BackupRetentionPeriod>";
  for (const char* busy : {"modifying", "backing-up", "storage-optimization", "storage-full", "rebooting"}) {
    status = busy;
    EXPECT_EQ(world.apply(*component, {{"desired", 1}}, {{"desired", 0}}).error().code, ErrorCode::busy)
        << busy;
  }
  EXPECT_EQ(world.asked("CreateDBInstanceReadReplica"), 0);
}

TEST_F(RdsInstanceContract, APromotedReplicaKeepsItsNameAndTheNextNumberIsTaken) {
  there = {{.id = "pg-wa-1", .source = ""}, {.id = "pg-wa-2", .source = "another"}};
  world.on("CreateDBInstanceReadReplica").reply_with([this](const net::HttpRequest& request) {
    const std::string id = parameter(request.body, "DBInstanceIdentifier");
    if (std::ranges::find(there, id, &Replica::id) == there.end()) {
      there.push_back({.id = id, .status = "creating"});
      return answer("");
    }
    return net::HttpResponse{
        .status = 400,
        .headers = {},
        .body = "<ErrorResponse><Error><Code>DBInstanceAlreadyExists</Code></Error></ErrorResponse>"};
  });
  auto component = world.make(amazon_rds());
  const auto applied = world.apply(*component, {{"desired", 1}}, {{"desired", 0}});
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_EQ(there.back().id, "pg-wa-3");
  EXPECT_EQ(world.asked("CreateDBInstanceReadReplica"), 3);
  EXPECT_EQ(world.observe(*component)->current.at("desired"), 1);
  EXPECT_THAT(deleted, IsEmpty());
}

TEST_F(RdsInstanceContract, AnIdentifierIsKnownInUpperCaseAndAsAnArn) {
  there = {{.id = "pg-wa-1"}};
  for (const char* given : {"PG", "arn:aws:rds:us-east-1:123456789012:db:pg"}) {
    world.settings.set("db_instance_identifier", std::string(given));
    const auto seen = world.observe(*world.make(amazon_rds()));
    ASSERT_TRUE(seen) << seen.error().text();
    EXPECT_EQ(seen->system_min.at("desired"), 0) << given << ": pg-wa-1 is ours";
  }
  world.settings.set("replica_prefix", std::string("PG-WA"));
  EXPECT_EQ(world.observe(*world.make(amazon_rds()))->system_min.at("desired"), 0);
}

TEST_F(RdsInstanceContract, AZoneWithoutRoomIsFollowedByTheNext) {
  world.settings.set("availability_zones", definitions::Settings::List{"us-east-1a", "us-east-1b"});
  world.on("CreateDBInstanceReadReplica")
      .reply(400, "<ErrorResponse><Error><Code>InsufficientDBInstanceCapacity</Code></Error></ErrorResponse>")
      .reply(200, "<r/>");
  auto component = world.make(amazon_rds());
  EXPECT_EQ(world.apply(*component, {{"desired", 1}}, {{"desired", 0}}).error().code, ErrorCode::busy);
  EXPECT_THAT(world.sent("CreateDBInstanceReadReplica").request.body, HasSubstr("us-east-1a"));
  ASSERT_TRUE(world.apply(*component, {{"desired", 1}}, {{"desired", 0}}));
  EXPECT_THAT(world.sent("CreateDBInstanceReadReplica").request.body, HasSubstr("us-east-1b"));
}

TEST_F(RdsInstanceContract, AReplicaIsWaitedForAlsoByADaemonThatComesAfterOneThatWasKilled) {
  auto component = world.make(amazon_rds());
  ASSERT_TRUE(world.apply(*component, {{"desired", 1}}, {{"desired", 0}}));
  for (const char* state : {"creating", "backing-up", "modifying"}) {
    there.back().status = state;
    for (int daemon = 0; daemon < 2; ++daemon) {
      EXPECT_TRUE(world.observe(*component)->changing) << state;
      EXPECT_FALSE(world.apply(*component, {{"desired", 1}}, {{"desired", 1}})->changed);
      component = world.make(amazon_rds());
    }
  }
  there.back().status = "available";
  EXPECT_FALSE(world.observe(*component)->changing);
  EXPECT_FALSE(world.apply(*component, {{"desired", 1}}, {{"desired", 1}})->changed);
  EXPECT_EQ(world.asked("CreateDBInstanceReadReplica"), 1);
}

TEST_F(RdsInstanceContract, WhatIsStoppedIsNotChanging) {
  status = "stopped";
  const auto seen = world.observe(*world.make(amazon_rds()));
  EXPECT_FALSE(seen->changing);
  EXPECT_FALSE(seen->blocks.empty());
}

TEST_F(RdsInstanceContract, ClassAndStorageTravelTogetherAndReplicasFollow) {
  world.settings.set("instance_classes", definitions::Settings::List{"db.a", "db.b"});
  more = "<DBInstanceClass>db.a</DBInstanceClass>";
  auto component = world.make(amazon_rds());
  const auto applied =
      world.apply(*component, {{"size", 2}, {"allocated_storage", 200}, {"desired", 1}}, {{"size", 1}});
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_EQ(applied->reached, (Values{{"size", 2}, {"allocated_storage", 200}}));
  EXPECT_THAT(applied->rest, HasSubstr("its read replicas follow"));
  EXPECT_THAT(world.sent("ModifyDBInstance").request.body,
              HasSubstr("AllocatedStorage=200&DBInstanceClass=db.b&ApplyImmediately=true"));
  EXPECT_EQ(world.asked("CreateDBInstanceReadReplica"), 0);
}

TEST_F(RdsInstanceContract, StorageRestsForSixHoursAfterAChangeWhoeverMadeIt) {
  auto component = world.make(amazon_rds());
  world.on("DescribeEvents")
      .reply(200,
             "<r><Events><Event><Message>Applying modification to allocated storage</Message><Date>"
             "2015-08-30T12:00:00Z</Date></Event><Event><Message>Finished applying modification to "
             "allocated storage</Message><Date>2015-08-30T09:00:00.000Z</Date></Event></Events></r>");
  EXPECT_EQ(world.apply(*component, {{"allocated_storage", 200}}).error().code, ErrorCode::busy);
  world.expect_golden("rds", "DescribeEvents");
  const auto until = [&]() -> std::optional<UtcTime> {
    const auto seen = world.observe(*component);
    for (const auto& block : seen->blocks)
      if (block.until) return block.until;
    return std::nullopt;
  };
  EXPECT_EQ(until(), parse_time("2015-08-30T15:00:00Z"));
  EXPECT_EQ(world.asked("ModifyDBInstance"), 0);
  // One of our own is known without asking; what cannot be asked is left to AWS.
  world.on("DescribeEvents")
      .reply(403, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>");
  auto other = world.make(amazon_rds());
  ASSERT_TRUE(world.apply(*other, {{"allocated_storage", 200}}));
  EXPECT_EQ(world.apply(*other, {{"allocated_storage", 300}}).error().code, ErrorCode::busy);
  EXPECT_EQ(world.asked("ModifyDBInstance"), 1);
  world.on("ModifyDBInstance")
      .reply(400,
             "<ErrorResponse><Error><Code>InvalidParameterCombination</Code><Message>You can't currently "
             "modify the storage of this DB instance because the previous storage change is being "
             "optimized.</Message></Error></ErrorResponse>");
  EXPECT_EQ(world.apply(*world.make(amazon_rds()), {{"allocated_storage", 300}}).error().code,
            ErrorCode::busy);
}

TEST_F(RdsInstanceContract, FullStorageIsGivenMoreAndStorageThatIsOptimisedIsNot) {
  status = "storage-full";
  more = "<StorageVolumeStatus>rdsdbdata: full</StorageVolumeStatus>";
  auto component = world.make(amazon_rds());
  const auto seen = world.observe(*component);
  EXPECT_FALSE(seen->changing);
  EXPECT_THAT(seen->warnings, ElementsAre("its storage is full: rdsdbdata: full"));
  ASSERT_TRUE(world.apply(*component, {{"allocated_storage", 200}}));
  EXPECT_EQ(world.asked("ModifyDBInstance"), 1);
  status = "available";
  more =
      "<StorageOperationStatus>Optimizing</StorageOperationStatus><StorageOperationPercentProgress>40"
      "</StorageOperationPercentProgress>";
  EXPECT_THAT(world.apply(*world.make(amazon_rds()), {{"allocated_storage", 200}}).error().text(),
              HasSubstr("being optimised (40 %)"));
  EXPECT_EQ(world.asked("ModifyDBInstance"), 1);
}

}  // namespace
}  // namespace wave::components
