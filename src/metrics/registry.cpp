#include "metrics/kinds.h"

namespace wave::metrics {

const std::vector<const Kind*>& registry() {
  static const std::vector<const Kind*> kinds = {&prometheus(), &push()};
  return kinds;
}

}  // namespace wave::metrics
