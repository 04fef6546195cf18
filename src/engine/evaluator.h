#pragma once

#include <vector>

#include "engine/generation.h"

namespace wave::engine {

/// Evaluates the expressions of the plans in one crossing to the engine of expressions, telling it only what
/// changed since the last one. `is_patient`: nothing is left unknown, however long one takes. The results are
/// in `generation.evaluations`; an error means that none is new.
Task<Status> evaluate(Generation& generation, std::vector<std::uint32_t> plans, UtcTime now, bool is_patient);

}  // namespace wave::engine
