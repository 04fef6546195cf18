#pragma once

#include "components/component.h"

/// One function for each component kind, in its own file under components/<vendor>/.
namespace wave::components {

const Kind& amazon_documentdb();
const Kind& amazon_documentdb_elastic();
const Kind& amazon_dynamodb();
const Kind& amazon_ecs();
const Kind& amazon_eks();
const Kind& amazon_elasticache();
const Kind& amazon_elasticache_memcached();
const Kind& amazon_elasticache_redis();
const Kind& amazon_emr_ec2();
const Kind& amazon_emr_managed_scaling();
const Kind& amazon_msk();
const Kind& amazon_neptune();
const Kind& amazon_rds();
const Kind& amazon_sagemaker();
const Kind& amazon_sqs();
const Kind& aws_application_autoscaling();
const Kind& aws_ec2_autoscaling();
const Kind& aws_lambda();
const Kind& kubernetes_deployment();
const Kind& kubernetes_karpenter();
const Kind& kubernetes_scale();
const Kind& local_process();
const Kind& logger();
const Kind& webhook();

}  // namespace wave::components
