#pragma once

#include <string>

#include "definitions/settings.h"
#include "net/aws/profiles.h"

namespace wave::net::aws {

/// What is known of an AWS API.
struct Service {
  std::string_view id;      ///< as in AWS_ENDPOINT_URL_<ID>: `AUTO_SCALING`
  std::string_view prefix;  ///< of its host name
  std::string_view signing_name;
  std::string_view version = "";        ///< of the query protocol
  std::string_view target = "";         ///< prefix of X-Amz-Target
  std::string_view json = "1.1";        ///< of the JSON protocol
  bool query_mode = false;              ///< spoke the query protocol once, and says its older error codes
  std::string_view fips = "";           ///< prefix of its FIPS hosts; empty: `<prefix>-fips`
  std::string_view dual_stack = "";     ///< prefix of its dual-stack hosts; empty: `<prefix>`
  bool gov_is_fips = false;             ///< its ordinary hosts in us-gov are the FIPS ones
  bool gov_dual_stack_is_fips = false;  ///< the same for its dual-stack hosts
};

inline constexpr Service application_autoscaling{.id = "APPLICATION_AUTO_SCALING",
                                                 .prefix = "application-autoscaling",
                                                 .signing_name = "application-autoscaling",
                                                 .target = "AnyScaleFrontendService",
                                                 .gov_is_fips = true};
inline constexpr Service autoscaling{.id = "AUTO_SCALING",
                                     .prefix = "autoscaling",
                                     .signing_name = "autoscaling",
                                     .version = "2011-01-01",
                                     .gov_is_fips = true};
inline constexpr Service cloudwatch{.id = "CLOUDWATCH",
                                    .prefix = "monitoring",
                                    .signing_name = "monitoring",
                                    .version = "2010-08-01",
                                    .target = "GraniteServiceVersion20100801",
                                    .json = "1.0",
                                    .gov_is_fips = true,
                                    .gov_dual_stack_is_fips = true};
/// The instance clusters of Amazon DocumentDB: the API of RDS (so is Neptune's).
inline constexpr Service docdb{
    .id = "DOCDB", .prefix = "rds", .signing_name = "rds", .version = "2014-10-31", .gov_is_fips = true};
inline constexpr Service docdb_elastic{
    .id = "DOCDB_ELASTIC", .prefix = "docdb-elastic", .signing_name = "docdb-elastic"};
inline constexpr Service dynamodb{.id = "DYNAMODB",
                                  .prefix = "dynamodb",
                                  .signing_name = "dynamodb",
                                  .target = "DynamoDB_20120810",
                                  .json = "1.0"};
inline constexpr Service ecs{
    .id = "ECS", .prefix = "ecs", .signing_name = "ecs", .target = "AmazonEC2ContainerServiceV20141113"};
inline constexpr Service eks{
    .id = "EKS", .prefix = "eks", .signing_name = "eks", .fips = "fips.eks", .gov_is_fips = true};
inline constexpr Service elasticache{.id = "ELASTICACHE",
                                     .prefix = "elasticache",
                                     .signing_name = "elasticache",
                                     .version = "2015-02-02",
                                     .gov_is_fips = true};
inline constexpr Service emr{.id = "EMR",
                             .prefix = "elasticmapreduce",
                             .signing_name = "elasticmapreduce",
                             .target = "ElasticMapReduce",
                             .gov_is_fips = true};
inline constexpr Service kafka{.id = "KAFKA",
                               .prefix = "kafka",
                               .signing_name = "kafka",
                               .dual_stack = "kafka-api",
                               .gov_is_fips = true,
                               .gov_dual_stack_is_fips = true};
inline constexpr Service lambda{.id = "LAMBDA", .prefix = "lambda", .signing_name = "lambda"};
inline constexpr Service neptune{
    .id = "NEPTUNE", .prefix = "rds", .signing_name = "rds", .version = "2014-10-31", .gov_is_fips = true};
inline constexpr Service rds{
    .id = "RDS", .prefix = "rds", .signing_name = "rds", .version = "2014-10-31", .gov_is_fips = true};
inline constexpr Service sagemaker{.id = "SAGEMAKER",
                                   .prefix = "api.sagemaker",
                                   .signing_name = "sagemaker",
                                   .target = "SageMaker",
                                   .fips = "api-fips.sagemaker"};
/// What signs in to brokers of Amazon MSK.
inline constexpr Service msk{.id = "KAFKA", .prefix = "kafka", .signing_name = "kafka-cluster"};
inline constexpr Service managed_prometheus{.id = "AMP", .prefix = "aps", .signing_name = "aps"};
inline constexpr Service sqs{.id = "SQS",
                             .prefix = "sqs",
                             .signing_name = "sqs",
                             .version = "2012-11-05",
                             .target = "AmazonSQS",
                             .json = "1.0",
                             .query_mode = true,
                             .gov_is_fips = true};
inline constexpr Service sts{
    .id = "STS", .prefix = "sts", .signing_name = "sts", .version = "2011-06-15", .gov_is_fips = true};

struct EndpointOptions {
  bool fips = false;
  bool dual_stack = false;
  bool legacy_sts = false;  ///< AWS_STS_REGIONAL_ENDPOINTS=legacy: the older regions share one host
};

/// The address of a service in a region (partition from the region's name; unknown regions are new ones).
/// invalid_argument where the partition has no such endpoints or the region cannot be part of a host name.
Result<std::string> endpoint(const Service& service, const std::string& region, EndpointOptions options);

/// Whether AWS gave a host its name, in any partition: a VPC endpoint has one, too, and serves one service.
bool is_aws_host(std::string_view host);

/// An address that somebody configured, in the order of the AWS tools: AWS_ENDPOINT_URL_<ID>,
/// AWS_ENDPOINT_URL, the profile's services section, the profile. Empty when none is.
std::string configured_endpoint(const Service& service, const definitions::Settings::Environment& environment,
                                const Profiles& profiles, const std::string& profile);

}  // namespace wave::net::aws
