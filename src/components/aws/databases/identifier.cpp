#include "components/aws/databases/identifier.h"

#include "base/text.h"

namespace wave::components {

std::string stored_name(std::string_view given) {
  return to_lower(given.substr(given.rfind(':') + 1));
}

}  // namespace wave::components
