#include "components/kinds.h"

namespace wave::components {

const std::vector<const Kind*>& registry() {
  static const std::vector<const Kind*> kinds = {&local_process(), &logger(), &webhook()};
  return kinds;
}

}  // namespace wave::components
