#include "components/kinds.h"

namespace wave::components {

const std::vector<const Kind*>& registry() {
  static const std::vector<const Kind*> kinds = {&amazon_documentdb(),
                                                 &amazon_documentdb_elastic(),
                                                 &amazon_dynamodb(),
                                                 &amazon_ecs(),
                                                 &amazon_eks(),
                                                 &amazon_elasticache(),
                                                 &amazon_elasticache_memcached(),
                                                 &amazon_elasticache_redis(),
                                                 &amazon_emr_ec2(),
                                                 &amazon_emr_managed_scaling(),
                                                 &amazon_msk(),
                                                 &amazon_neptune(),
                                                 &amazon_rds(),
                                                 &amazon_sagemaker(),
                                                 &amazon_sqs(),
                                                 &aws_application_autoscaling(),
                                                 &aws_ec2_autoscaling(),
                                                 &aws_lambda(),
                                                 &kubernetes_deployment(),
                                                 &kubernetes_karpenter(),
                                                 &kubernetes_scale(),
                                                 &local_process(),
                                                 &logger(),
                                                 &webhook()};
  return kinds;
}

}  // namespace wave::components
