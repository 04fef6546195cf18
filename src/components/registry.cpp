#include "components/kinds.h"

namespace wave::components {

const std::vector<const Kind*>& registry() {
  static const std::vector<const Kind*> kinds = {&amazon_dynamodb(),
                                                 &amazon_ecs(),
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
