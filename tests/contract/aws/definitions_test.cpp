#include <gtest/gtest.h>

#include "components/kinds.h"
#include "definitions/load.h"

namespace wave::components {
namespace {

/// What `check` says of a component of a kind, and of a plan that sets a value of it; empty: nothing.
std::string said(const std::string& kind, const std::string& metadata, const std::string& values,
                 const std::string& limits = "") {
  definitions::Catalog catalog;
  for (const auto* one : registry()) catalog.components.push_back(&one->table);
  const auto loaded = definitions::load_text("w.yaml",
                                             "kind: ScalingComponent\nid: it\ncomponent_kind: " + kind +
                                                 "\nmetadata: { region: eu-west-1, " + metadata + " }\n" +
                                                 (limits.empty() ? "" : "limits: { " + limits + " }\n") +
                                                 "---\nkind: ScalingPlan\nid: p\nplans:\n  - id: i\n"
                                                 "    scaling_components: [{ component_id: it, " +
                                                 values + " }]\n",
                                             catalog);
  std::string out;
  for (const auto& one : loaded.errors) out += (out.empty() ? "" : "\n") + one.message;
  return out;
}

TEST(AwsDefinitions, ProvisionedConcurrencyIsOfAnAliasOrAVersion) {
  EXPECT_EQ(said("aws-lambda", "function_name: f, qualifier: live", "provisioned_concurrency: 5",
                 "provisioned_concurrency: { min: 0, max: 9 }"),
            "");
  EXPECT_EQ(
      said("aws-lambda", "function_name: f", "provisioned_concurrency: 5"),
      "'it' has no 'provisioned_concurrency': that is an alias' or a version's; name it with 'qualifier'");
  EXPECT_EQ(said("aws-lambda", "function_name: f", "reserved_concurrency: 5"), "");
  EXPECT_EQ(said("aws-lambda", "function_name: f, qualifier: $LATEST", "reserved_concurrency: 5",
                 "provisioned_concurrency: { max: 9 }"),
            "'qualifier' is an alias or a version: $LATEST has no provisioned concurrency");
}

TEST(AwsDefinitions, AnInstanceFleetAndAnInstanceGroupHaveValuesOfTheirOwn) {
  const std::string fleet = "cluster_id: j-1, instance_group_id: if-1";
  const std::string group = "cluster_id: j-1, instance_group_id: ig-1";
  EXPECT_EQ(said("amazon-emr-ec2", fleet, "on_demand_capacity: 5", "on_demand_capacity: { max: 9 }"), "");
  EXPECT_EQ(said("amazon-emr-ec2", group, "desired: 5"), "");
  EXPECT_EQ(said("amazon-emr-ec2", fleet, "desired: 5"),
            "'it' has no 'desired': an instance fleet has on_demand_capacity and spot_capacity");
  EXPECT_EQ(said("amazon-emr-ec2", group, "spot_capacity: 5", "spot_capacity: { max: 9 }"),
            "'it' has no 'spot_capacity': an instance group has desired\n"
            "'it' has no 'spot_capacity': an instance group has desired");
  for (const char* unknown : {"tasks", "'${env:GROUP}'"})
    EXPECT_EQ(
        said("amazon-emr-ec2", "cluster_id: j-1, instance_group_id: " + std::string(unknown), "desired: 5"),
        "")
        << "what it is stands elsewhere";
}

TEST(AwsDefinitions, AnInferenceComponentHasCopiesOnly) {
  const std::string both = "give either 'endpoint_name' and 'variant_name', or 'inference_component_name'";
  EXPECT_EQ(said("amazon-sagemaker", "inference_component_name: c", "desired: 2", "max: 9"), "");
  EXPECT_EQ(said("amazon-sagemaker", "inference_component_name: c", "max_concurrency: 2", "max: 9"),
            "'it' has no 'max_concurrency': an inference component has copies, which are its 'desired'");
  EXPECT_EQ(said("amazon-sagemaker", "endpoint_name: e, variant_name: v", "max_concurrency: 2", "max: 9"),
            "");
  for (const char* metadata : {"endpoint_name: e", "variant_name: v",
                               "endpoint_name: e, variant_name: v, inference_component_name: c"})
    EXPECT_EQ(said("amazon-sagemaker", metadata, "desired: 2", "max: 9"), both) << metadata;
}

TEST(AwsDefinitions, ADimensionIsOneOfTheNamespace) {
  const std::string table = "resource_id: table/t, scalable_dimension: 'dynamodb:table:ReadCapacityUnits'";
  EXPECT_EQ(said("aws-application-autoscaling", "service_namespace: dynamodb, " + table, "min: 2", "max: 9"),
            "");
  EXPECT_EQ(said("aws-application-autoscaling", "service_namespace: ecs, " + table, "min: 2", "max: 9"),
            "'scalable_dimension' is one of the namespace and begins with 'ecs:'");
}

TEST(AwsDefinitions, ALimitOfAnotherFormIsRefusedToo) {
  EXPECT_EQ(said("amazon-emr-ec2", "cluster_id: j-1, instance_group_id: if-1", "on_demand_capacity: 5",
                 "desired: { max: 4 }, on_demand_capacity: { max: 9 }"),
            "'it' has no 'desired': an instance fleet has on_demand_capacity and spot_capacity");
}

}  // namespace
}  // namespace wave::components
