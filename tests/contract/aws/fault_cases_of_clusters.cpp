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
          .error = &rest_error};
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
          .refusals = {
              {json_error(400, "ValidationException", "Cannot update in-progress endpoint"), ErrorCode::busy},
              {json_error(400, "ResourceLimitExceeded"), ErrorCode::limit_exceeded},
              {json_error(400, "ValidationException"), ErrorCode::invalid_argument}}};
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
                       {json_error(400, "ValidationException"), ErrorCode::invalid_argument}}};
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
                   {json_error(400, "ValidationException"), ErrorCode::invalid_argument}}};
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
                       {json_error(400, "ValidationException"), ErrorCode::invalid_argument}}};
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
          .error = &rest_error};
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
          .error = &rest_error};
}

}  // namespace

std::vector<FaultCase> fault_cases_of_clusters() {
  return {node_group(),    endpoint(),    scalable_target(), managed_scaling(),
          emr_instances(), msk_cluster(), queue_consumer()};
}

}  // namespace wave::test
