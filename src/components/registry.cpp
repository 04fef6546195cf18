#include "components/kinds.h"

namespace wave::components {

const std::vector<const Kind*>& registry() {
  static const std::vector<const Kind*> kinds = {&amazon_documentdb(),
                                                 &amazon_documentdb_elastic(),
                                                 &amazon_dynamodb(),
                                                 &amazon_ecs(),
                                                 &amazon_elasticache(),
                                                 &amazon_elasticache_memcached(),
                                                 &amazon_elasticache_redis(),
                                                 &amazon_neptune(),
                                                 &amazon_rds(),
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
