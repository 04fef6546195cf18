#pragma once

#include <string>
#include <string_view>

namespace wave::components {

/// A name as RDS and ElastiCache keep it and answer with it: in lower case; of an ARN, the name at its end.
std::string stored_name(std::string_view given);

}  // namespace wave::components
