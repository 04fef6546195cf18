#pragma once

#include <optional>
#include <string_view>

namespace wave::components {

/// The number of a Kubernetes quantity (`250m`, `400Gi`, `1.5`, `12e3`), in its base unit; nullopt for
/// anything else, and for numbers below 0. Source: apimachinery, pkg/api/resource, "Quantity".
std::optional<double> quantity_of(std::string_view text);

}  // namespace wave::components
