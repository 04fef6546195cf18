#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "components/kinds.h"
#include "definitions/load.h"

namespace wave::components {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// What `check` says of a component with that metadata, and those limits.
std::vector<std::string> problems(const Kind& kind, const std::string& metadata,
                                  const std::string& limits = "", const std::string& wish = "") {
  definitions::Catalog catalog;
  catalog.components = {&kind.table};
  std::string text = "kind: ScalingComponent\nid: c\ncomponent_kind: " + std::string(kind.table.name) +
                     "\nmetadata: { region: eu-west-1, " + metadata + " }\n";
  if (!limits.empty()) text += "limits: { " + limits + " }\n";
  if (!wish.empty())
    text += "---\nkind: ScalingPlan\nid: p\nplans: [{ id: i, scaling_components: [{ component_id: c, " +
            wish + " }] }]\n";
  std::vector<std::string> out;
  for (const auto& one : definitions::load_text("w.yaml", text, catalog).errors) out.push_back(one.message);
  return out;
}

TEST(DatabaseMetadata, OneThingIsNamedAndNoMore) {
  const auto one_of = [](const std::string& names) { return ElementsAre(HasSubstr("give one of " + names)); };
  EXPECT_THAT(problems(amazon_rds(), "replica_prefix: x"),
              one_of("db_cluster_identifier and db_instance_identifier"));
  EXPECT_THAT(problems(amazon_rds(), "db_cluster_identifier: a, db_instance_identifier: b"),
              one_of("db_cluster_identifier and db_instance_identifier"));
  EXPECT_THAT(problems(amazon_elasticache(), "node_types: [a]"), one_of("serverless_cache_name"));
  EXPECT_THAT(problems(amazon_elasticache(), "serverless_cache_name: a, cache_cluster_id: b"),
              one_of("serverless_cache_name"));
  EXPECT_THAT(problems(amazon_rds(), "db_cluster_identifier: a"), IsEmpty());
  EXPECT_THAT(problems(amazon_rds(), "db_instance_identifier: a"), IsEmpty());
  EXPECT_THAT(problems(amazon_elasticache(), "serverless_cache_name: a"), IsEmpty());
}

TEST(DatabaseMetadata, WhatTheNamedThingHasNotIsRefusedInLimitsAndInPlans) {
  const std::string list = ", instance_classes: [db.a, db.b]";
  const std::string types = ", node_types: [cache.a, cache.b]";
  struct Case {
    const Kind* kind;
    std::string metadata;
    std::string value;
    bool has;
  };
  const std::vector<Case> cases = {
      {&amazon_rds(), "db_instance_identifier: a", "min_acu", false},
      {&amazon_rds(), "db_instance_identifier: a", "max_acu", false},
      {&amazon_rds(), "db_instance_identifier: a", "allocated_storage", true},
      {&amazon_rds(), "db_instance_identifier: a" + list, "size", true},
      {&amazon_rds(), "db_cluster_identifier: a", "size", false},
      {&amazon_rds(), "db_cluster_identifier: a", "allocated_storage", false},
      {&amazon_rds(), "db_cluster_identifier: a", "min_acu", true},
      {&amazon_rds(), "db_cluster_identifier: a", "desired", true},
      {&amazon_rds(), "db_cluster_identifier: a" + list, "size", true},
      {&amazon_rds(), "db_cluster_identifier: a" + list, "desired", false},
      {&amazon_rds(), "db_cluster_identifier: a" + list, "max_acu", false},
      {&amazon_elasticache(), "serverless_cache_name: a", "size", false},
      {&amazon_elasticache(), "serverless_cache_name: a" + types, "size", false},
      {&amazon_elasticache(), "serverless_cache_name: a", "min_data_gb", true},
      {&amazon_elasticache(), "replication_group_id: a" + types, "size", true},
      {&amazon_elasticache(), "replication_group_id: a" + types, "min_ecpu", false},
      {&amazon_elasticache(), "cache_cluster_id: a" + types, "max_data_gb", false},
      {&amazon_dynamodb(), "table_name: a", "index_read_capacity", false},
      {&amazon_dynamodb(), "table_name: a, index_names: [x]", "index_write_capacity", true}};
  for (const auto& one : cases) {
    // DynamoDB's other values have no bound of their own.
    const std::string main = one.kind == &amazon_dynamodb() ? "read_capacity: { max: 100 }, " : "";
    const int number = one.value == "allocated_storage" ? 100 : one.value.starts_with("max_") ? 2000 : 2;
    const std::string value = std::to_string(one.value.ends_with("_acu") ? 2 : number);
    const std::string limits = main + one.value + ": { min: " + value + ", max: " + value + " }";
    const auto of_limits = problems(*one.kind, one.metadata, limits);
    const auto of_plan = problems(*one.kind, one.metadata, limits, one.value + ": " + value);
    if (one.has) {
      EXPECT_THAT(of_limits, IsEmpty()) << one.metadata << " " << one.value;
      EXPECT_THAT(of_plan, IsEmpty()) << one.metadata << " " << one.value;
    } else {
      ASSERT_FALSE(of_limits.empty()) << one.metadata << " " << one.value;
      EXPECT_THAT(of_limits, testing::Contains(HasSubstr("'c' has no '" + one.value + "': ")).Times(1));
      EXPECT_THAT(of_plan, testing::Contains(HasSubstr("'c' has no '" + one.value + "': ")).Times(2));
    }
  }
}

TEST(DatabaseMetadata, NumbersThatAwsRefusesAreRefusedHere) {
  const std::string elastic = "cluster_arn: 'arn:aws:docdb-elastic:us-east-1:123456789012:cluster/x'";
  EXPECT_THAT(problems(amazon_documentdb_elastic(), elastic, "shard_capacity: { min: 2, max: 5 }"),
              ElementsAre("'shard_capacity' is 2, 4, 8, 16, 32 or 64, not 5"));
  EXPECT_THAT(problems(amazon_documentdb_elastic(), elastic, "", "shard_capacity: 5"),
              ElementsAre("'shard_capacity' is 2, 4, 8, 16, 32 or 64, not 5"));
  EXPECT_THAT(problems(amazon_documentdb_elastic(), elastic, "shard_capacity: { min: 4, max: 64 }",
                       "shard_capacity: 16"),
              IsEmpty());
  const std::string of_cluster = "db_cluster_identifier: a";
  const auto refused = [&](const Kind& kind, const std::string& limits) {
    return problems(kind, of_cluster, limits).size();
  };
  EXPECT_EQ(refused(amazon_documentdb(), "min_dcu: { min: 0, max: 4 }"), 1u);
  EXPECT_EQ(refused(amazon_documentdb(), "min_dcu: { min: 1, max: 4 }"), 0u);
  EXPECT_EQ(refused(amazon_neptune(), "max_ncu: { min: 2, max: 8 }"), 1u);
  EXPECT_EQ(refused(amazon_neptune(), "max_ncu: { min: 3, max: 8 }"), 0u);
  EXPECT_EQ(refused(amazon_neptune(), "min_ncu: { min: 0, max: 8 }"), 1u);
}

}  // namespace
}  // namespace wave::components
