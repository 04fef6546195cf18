#include "contract/aws/faults.h"

namespace wave::test {
namespace {

FaultCase auto_scaling_group() {
  return {.kind = "aws-ec2-autoscaling",
          .keys = {{"asg_name", "g1"}},
          .read = "DescribeAutoScalingGroups",
          .healthy = {.body = "<r><AutoScalingGroups><member><AutoScalingGroupName>g1</AutoScalingGroupName>"
                              "<MinSize>1</MinSize><MaxSize>9</MaxSize><DesiredCapacity>2</DesiredCapacity>"
                              "</member></AutoScalingGroups></r>"},
          .now = {{"desired", 2}},
          .wanted = {{"desired", 4}},
          .write = "SetDesiredCapacity",
          .written = {.body = "<r/>"},
          .missing = {{.body = "<r><AutoScalingGroups/></r>"}},
          .refusals = {{query_error(400, "ScalingActivityInProgress"), ErrorCode::busy},
                       {query_error(500, "ResourceContention"), ErrorCode::busy},
                       {query_error(500, "ServiceLinkedRoleFailure"), ErrorCode::forbidden},
                       {query_error(400, "ValidationError"), ErrorCode::invalid_argument}},
          .error = &query_error,
          .under_way =
              Reply{.body = "<r><AutoScalingGroups><member><AutoScalingGroupName>g1</AutoScalingGroupName>"
                            "<MinSize>1</MinSize><MaxSize>9</MaxSize><DesiredCapacity>4</DesiredCapacity>"
                            "</member></AutoScalingGroups></r>"},
          .least = {{"desired", 1}, {"max", 1}},
          .most = {{"desired", 9}, {"min", 9}}};
}

FaultCase ecs_service() {
  return {.kind = "amazon-ecs",
          .keys = {{"cluster_name", "c1"}, {"service_name", "s1"}},
          .read = "DescribeServices",
          .healthy = {.body = R"({"services":[{"serviceName":"s1","status":"ACTIVE","desiredCount":2,
              "runningCount":2,"deployments":[{}]}],"failures":[]})"},
          .now = {{"desired", 2}},
          .wanted = {{"desired", 5}},
          .write = "UpdateService",
          .written = {.body = R"({"service":{}})"},
          .missing = {{.body = R"({"services":[],"failures":[{"arn":"x","reason":"MISSING"}]})"},
                      {.body = R"({"services":[{"serviceName":"s1","status":"INACTIVE"}]})"},
                      json_error(400, "ClusterNotFoundException"),
                      json_error(400, "ServiceNotFoundException")},
          .refusals = {{json_error(400, "UpdateInProgressException"), ErrorCode::busy},
                       {json_error(400, "ServiceNotActiveException"), ErrorCode::invalid_argument},
                       {json_error(400, "ClientException"), ErrorCode::invalid_argument},
                       {json_error(400, "InvalidParameterException"), ErrorCode::invalid_argument}},
          .under_way = Reply{.body = R"({"services":[{"serviceName":"s1","status":"ACTIVE",
              "desiredCount":5,"runningCount":2,"deployments":[{}]}]})"}};
}

FaultCase lambda_function() {
  return {.kind = "aws-lambda",
          .keys = {{"function_name", "fn"}, {"qualifier", "live"}},
          .read = "GET /2019-09-30/functions/fn/provisioned-concurrency",
          .healthy = {.body = R"({"RequestedProvisionedConcurrentExecutions":2,
              "AvailableProvisionedConcurrentExecutions":2,"Status":"READY"})"},
          .others = {{"GET /2019-09-30/functions/fn/concurrency", {.body = "{}"}}},
          .now = {{"provisioned_concurrency", 2}},
          .wanted = {{"provisioned_concurrency", 3}},
          .write = "PUT /2019-09-30/functions/fn/provisioned-concurrency",
          .written = {.status = 202, .body = "{}"},
          .missing = {rest_error(404, "ResourceNotFoundException")},
          .refusals = {{rest_error(409, "ResourceConflictException"), ErrorCode::busy},
                       {rest_error(400, "InvalidParameterValueException"), ErrorCode::invalid_argument},
                       // The quota of the account, in Lambda's words.
                       {rest_error(400, "InvalidParameterValueException",
                                   "Specified ConcurrentExecutions for function decreases account's "
                                   "UnreservedConcurrentExecution below its minimum value of [100]."),
                        ErrorCode::invalid_argument}},
          .error = &rest_error,
          .under_way = Reply{.body = R"({"RequestedProvisionedConcurrentExecutions":3,
              "AvailableProvisionedConcurrentExecutions":2,"Status":"IN_PROGRESS"})"}};
}

FaultCase dynamodb_table() {
  return {.kind = "amazon-dynamodb",
          .keys = {{"table_name", "t"}},
          .read = "DescribeTable",
          .healthy = {.body = R"({"Table":{"TableStatus":"ACTIVE","ProvisionedThroughput":
              {"ReadCapacityUnits":5,"WriteCapacityUnits":7,"NumberOfDecreasesToday":0}}})"},
          .now = {{"read_capacity", 5}, {"write_capacity", 7}},
          .wanted = {{"read_capacity", 10}},
          .write = "UpdateTable",
          .written = {.body = "{}"},
          .missing = {json_error(400, "ResourceNotFoundException")},
          .refusals = {{json_error(400, "ResourceInUseException"), ErrorCode::busy},
                       {json_error(400, "LimitExceededException"), ErrorCode::limit_exceeded},
                       {json_error(400, "ValidationException"), ErrorCode::invalid_argument}}};
}

}  // namespace

std::vector<FaultCase> fault_cases() {
  std::vector<FaultCase> all = {auto_scaling_group(), dynamodb_table(), ecs_service(), lambda_function()};
  for (auto& one : fault_cases_of_clusters()) all.push_back(std::move(one));
  for (auto& one : fault_cases_of_databases()) all.push_back(std::move(one));
  return all;
}

Reply query_error(int status, const std::string& code, const std::string& message) {
  return {.status = status,
          .body = "<ErrorResponse><Error><Type>Sender</Type><Code>" + code + "</Code><Message>" + message +
                  "</Message></Error><RequestId>r</RequestId></ErrorResponse>"};
}

Reply json_error(int status, const std::string& code, const std::string& message) {
  return {.status = status,
          .body = nlohmann::json{{"__type", "com.amazonaws.x#" + code}, {"message", message}}.dump()};
}

Reply rest_error(int status, const std::string& code, const std::string& message) {
  return {.status = status,
          .body = nlohmann::json{{"message", message}}.dump(),
          .headers = {{"x-amzn-errortype", code + ":http://internal.amazon.com/"}}};
}

}  // namespace wave::test
