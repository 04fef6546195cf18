#pragma once

#include <memory>

#include "components/component.h"
#include "metrics/metric.h"

namespace wave::engine {

/// Resolves the references of `metadata` and makes the source. No error, of this or of the source's later
/// answers, holds what references put into URLs (`Settings::secrets`).
Result<std::unique_ptr<metrics::Source>> open(const metrics::Kind& kind,
                                              const definitions::MetricDefinition& definition,
                                              const definitions::Settings::Environment& environment,
                                              net::Services& services);
/// The same of a component.
Result<std::unique_ptr<components::Component>> open(const components::Kind& kind,
                                                    const definitions::ComponentDefinition& definition,
                                                    const definitions::Settings::Environment& environment,
                                                    net::Services& services);

}  // namespace wave::engine
