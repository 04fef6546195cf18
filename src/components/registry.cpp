#include "components/kinds.h"

namespace wave::components {

const std::vector<const Kind*>& registry() {
  static const std::vector<const Kind*> kinds = {&aws_ec2_autoscaling(),
                                                 &kubernetes_deployment(),
                                                 &kubernetes_scale(),
                                                 &local_process(),
                                                 &logger(),
                                                 &webhook()};
  return kinds;
}

}  // namespace wave::components
