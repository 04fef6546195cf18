#include "contract/aws/faults.h"

namespace wave::test {
namespace {

FaultCase node_group() {
  return {.kind = "amazon-eks",
          .keys = {{"cluster_name", "k"}, {"nodegroup_name", "n"}},
          .read = "GET /clusters/k/node-groups/n",
          .healthy = {.body = R"({"nodegroup":{"status":"ACTIVE",
              "scalingConfig":{"minSize":1,"maxSize":6,"desiredSize":2}}})"},
          .others = {{"GET /clusters/k/updates/", {.body = R"({"update":{"status":"Successful"}})"}}},
          .now = {{"desired", 2}, {"min", 1}, {"max", 6}},
          .wanted = {{"desired", 4}},
          .write = "POST /clusters/k/node-groups/n/update-config",
          .written = {.body = R"({"update":{"id":"u-1"}})"},
          .missing = {rest_error(404, "ResourceNotFoundException")},
          .refusals = {{rest_error(409, "ResourceInUseException"), ErrorCode::busy},
                       {rest_error(400, "InvalidRequestException"), ErrorCode::invalid_argument},
                       {rest_error(400, "ResourceLimitExceededException"), ErrorCode::limit_exceeded},
                       {rest_error(400, "InvalidParameterException"), ErrorCode::invalid_argument}},
          .error = &rest_error,
          .under_way = Reply{.body = R"({"nodegroup":{"status":"UPDATING",
              "scalingConfig":{"minSize":1,"maxSize":6,"desiredSize":4}}})"},
          .least = {{"desired", 1}, {"max", 1}},
          .most = {{"desired", 6}, {"min", 6}}};
}

FaultCase endpoint() {
  return {.kind = "amazon-sagemaker",
          .keys = {{"endpoint_name", "ep"}, {"variant_name", "v"}},
          .read = "DescribeEndpoint",
          .healthy = {.body = R"({"EndpointStatus":"InService","ProductionVariants":[{"VariantName":"v",
              "CurrentInstanceCount":1,"DesiredInstanceCount":1}]})"},
          .now = {{"desired", 1}},
          .wanted = {{"desired", 3}},
          .write = "UpdateEndpointWeightsAndCapacities",
          .written = {.body = "{}"},
          .missing = {json_error(400, "ValidationException", "Could not find endpoint \"ep\"."),
                      {.body = R"({"EndpointStatus":"InService","ProductionVariants":[]})"}},
          .refusals = {{json_error(400, "ValidationException", "Cannot update in-progress endpoint"),
                        ErrorCode::busy},
                       {json_error(400, "ResourceLimitExceeded"), ErrorCode::limit_exceeded},
                       {json_error(400, "ValidationException"), ErrorCode::invalid_argument}},
          .under_way = Reply{.body = R"({"EndpointStatus":"Updating","ProductionVariants":[
              {"VariantName":"v","CurrentInstanceCount":1,"DesiredInstanceCount":3}]})"},
          .least = {{"desired", 1}}};
}

FaultCase serverless_endpoint() {
  auto one = endpoint();
  one.form = "Serverless";
  one.healthy = {.body = R"({"EndpointStatus":"InService","ProductionVariants":[{"VariantName":"v",
      "CurrentServerlessConfig":{"MaxConcurrency":10,"ProvisionedConcurrency":5}}]})"};
  one.now = {{"max_concurrency", 10}, {"provisioned_concurrency", 5}};
  one.wanted = {{"max_concurrency", 20}};
  one.under_way = Reply{.body = R"({"EndpointStatus":"Updating","ProductionVariants":[{"VariantName":"v",
      "CurrentServerlessConfig":{"MaxConcurrency":10,"ProvisionedConcurrency":5},
      "DesiredServerlessConfig":{"MaxConcurrency":20,"ProvisionedConcurrency":5}}]})"};
  one.least = {{"max_concurrency", 5}};
  one.most = {{"provisioned_concurrency", 10}};
  return one;
}

FaultCase scalable_target() {
  return {.kind = "aws-application-autoscaling",
          .keys = {{"service_namespace", "ecs"},
                   {"resource_id", "service/c1/s1"},
                   {"scalable_dimension", "ecs:service:DesiredCount"}},
          .read = "DescribeScalableTargets",
          .healthy = {.body = R"({"ScalableTargets":[{"ResourceId":"service/c1/s1",
              "ScalableDimension":"ecs:service:DesiredCount","MinCapacity":2,"MaxCapacity":10}]})"},
          .now = {{"min", 2}, {"max", 10}},
          .wanted = {{"min", 4}},
          .write = "RegisterScalableTarget",
          .written = {.body = "{}"},
          .missing = {{.body = R"({"ScalableTargets":[]})"}, json_error(400, "ObjectNotFoundException")},
          .refusals = {{json_error(400, "ConcurrentUpdateException"), ErrorCode::busy},
                       {json_error(400, "LimitExceededException"), ErrorCode::limit_exceeded},
                       {json_error(400, "ValidationException"), ErrorCode::invalid_argument}},
          .under_way = Reply{.body = R"({"ScalableTargets":[{"ResourceId":"service/c1/s1",
              "ScalableDimension":"ecs:service:DesiredCount","MinCapacity":4,"MaxCapacity":10}]})"},
          .least = {{"max", 2}},
          .most = {{"min", 10}}};
}

const Reply running = {.body = R"({"Cluster":{"Status":{"State":"RUNNING"}}})"};

FaultCase managed_scaling() {
  return {
      .kind = "amazon-emr-managed-scaling",
      .keys = {{"cluster_id", "j-1"}},
      .read = "GetManagedScalingPolicy",
      .healthy = {.body = R"({"ManagedScalingPolicy":{"ComputeLimits":{"UnitType":"Instances",
              "MinimumCapacityUnits":2,"MaximumCapacityUnits":10}}})"},
      .others = {{"DescribeCluster", running}},
      .now = {{"min", 2}, {"max", 10}},
      .wanted = {{"min", 4}},
      .write = "PutManagedScalingPolicy",
      .written = {.body = "{}"},
      .missing = {{.body = "{}"},
                  json_error(400, "InvalidRequestException", "Cluster id 'j-1' is not valid.")},
      .refusals = {{json_error(400, "InvalidRequestException", "a resize is in progress"), ErrorCode::busy},
                   {json_error(400, "ValidationException"), ErrorCode::invalid_argument}},
      .under_way = Reply{.body = R"({"ManagedScalingPolicy":{"ComputeLimits":{"UnitType":"Instances",
              "MinimumCapacityUnits":4,"MaximumCapacityUnits":10}}})"},
      .least = {{"max", 2}},
      .most = {{"min", 10}}};
}

FaultCase emr_instances() {
  return {.kind = "amazon-emr-ec2",
          .keys = {{"cluster_id", "j-1"}, {"instance_group_id", "ig-1"}},
          .read = "ListInstanceGroups",
          .healthy = {.body = R"({"InstanceGroups":[{"Id":"ig-1","InstanceGroupType":"TASK",
              "RequestedInstanceCount":2,"RunningInstanceCount":2,"Status":{"State":"RUNNING"}}]})"},
          .others = {{"DescribeCluster", running}, {"GetManagedScalingPolicy", {.body = "{}"}}},
          .now = {{"desired", 2}},
          .wanted = {{"desired", 5}},
          .write = "ModifyInstanceGroups",
          .written = {.body = "{}"},
          .missing = {{.body = R"({"InstanceGroups":[]})"},
                      json_error(400, "InvalidRequestException", "Cluster id 'j-1' is not valid.")},
          .refusals = {{json_error(400, "InvalidRequestException", "The group is RESIZING"), ErrorCode::busy},
                       {json_error(400, "ValidationException"), ErrorCode::invalid_argument}},
          .under_way = Reply{.body = R"({"InstanceGroups":[{"Id":"ig-1","InstanceGroupType":"TASK",
              "RequestedInstanceCount":5,"RunningInstanceCount":2,"Status":{"State":"RESIZING"}}]})"}};
}

FaultCase emr_fleet() {
  auto one = emr_instances();
  const auto fleet = [](const std::string& spot, const std::string& state) {
    return Reply{.body = R"({"InstanceFleets":[{"Id":"if-1","InstanceFleetType":"TASK",
        "TargetOnDemandCapacity":1,"ProvisionedOnDemandCapacity":1,"ProvisionedSpotCapacity":2,
        "TargetSpotCapacity":)" +
                         spot + R"(,"Status":{"State":")" + state + R"("}}]})"};
  };
  one.form = "Fleet";
  one.keys["instance_group_id"] = "if-1";
  one.read = "ListInstanceFleets";
  one.healthy = fleet("2", "RUNNING");
  one.now = {{"on_demand_capacity", 1}, {"spot_capacity", 2}};
  one.wanted = {{"spot_capacity", 4}};
  one.write = "ModifyInstanceFleet";
  one.missing.front() = {.body = R"({"InstanceFleets":[]})"};
  one.under_way = fleet("4", "RESIZING");
  return one;
}

FaultCase msk_cluster() {
  return {.kind = "amazon-msk",
          .keys = {{"cluster_arn", "arn:aws:kafka:us-east-1:1:cluster/demo/x"}},
          .read = "GET /api/v2/clusters/",
          .healthy = {.body = R"({"clusterInfo":{"state":"ACTIVE","currentVersion":"V","provisioned":
              {"numberOfBrokerNodes":3,"brokerNodeGroupInfo":{"clientSubnets":["a","b","c"],
              "storageInfo":{"ebsStorageInfo":{"volumeSize":100}}}}}})"},
          .others = {{"GET /v1/clusters/", {.body = R"({"clusterOperationInfoList":[]})"}}},
          .now = {{"desired", 3}, {"volume_size", 100}},
          .wanted = {{"volume_size", 200}},
          .write = "PUT /v1/clusters/",
          .written = {.body = R"({"clusterOperationArn":"arn:op"})"},
          .missing = {rest_error(404, "NotFoundException")},
          .refusals = {{rest_error(409, "ConflictException"), ErrorCode::busy},
                       {rest_error(400, "BadRequestException"), ErrorCode::invalid_argument},
                       {rest_error(403, "ForbiddenException"), ErrorCode::forbidden}},
          .error = &rest_error,
          .under_way = Reply{.body = R"({"clusterInfo":{"state":"UPDATING","currentVersion":"V","provisioned":
              {"numberOfBrokerNodes":3,"brokerNodeGroupInfo":{"clientSubnets":["a","b","c"],
              "storageInfo":{"ebsStorageInfo":{"volumeSize":100}}}}}})"},
          .least = {{"desired", 3}, {"volume_size", 100}}};
}

FaultCase queue_consumer() {
  return {.kind = "amazon-sqs",
          .keys = {{"event_source_mapping_id", "u-1"}},
          .read = "GET /2015-03-31/event-source-mappings/u-1",
          .healthy = {.body = R"({"State":"Enabled","EventSourceArn":"arn:aws:sqs:us-east-1:1:q",
              "ScalingConfig":{"MaximumConcurrency":10}})"},
          .now = {{"max_concurrency", 10}},
          .wanted = {{"max_concurrency", 50}},
          .write = "PUT /2015-03-31/event-source-mappings/u-1",
          .written = {.status = 202, .body = "{}"},
          .missing = {rest_error(404, "ResourceNotFoundException")},
          .refusals = {{rest_error(400, "ResourceInUseException"), ErrorCode::busy},
                       {rest_error(409, "ResourceConflictException"), ErrorCode::busy},
                       {rest_error(400, "InvalidParameterValueException"), ErrorCode::invalid_argument}},
          .error = &rest_error,
          .under_way = Reply{.body = R"({"State":"Updating","EventSourceArn":"arn:aws:sqs:us-east-1:1:q",
              "ScalingConfig":{"MaximumConcurrency":10}})"}};
}

}  // namespace

std::vector<FaultCase> fault_cases_of_clusters() {
  return {node_group(),    endpoint(),  serverless_endpoint(), scalable_target(), managed_scaling(),
          emr_instances(), emr_fleet(), msk_cluster(),         queue_consumer()};
}

}  // namespace wave::test
