#pragma once

#include <memory>
#include <string>
#include <vector>

#include "components/component.h"
#include "metrics/metric.h"

namespace wave::engine {

/// Replaces each of `secrets` by `***` in every text of the error.
Error without(const std::vector<std::string>& secrets, Error error);

/// The same source, or component, whose errors hold none of `secrets` (`Settings::secrets`).
std::unique_ptr<metrics::Source> discreet(std::unique_ptr<metrics::Source> source,
                                          std::vector<std::string> secrets);
std::unique_ptr<components::Component> discreet(std::unique_ptr<components::Component> component,
                                                std::vector<std::string> secrets);

}  // namespace wave::engine
