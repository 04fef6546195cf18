#pragma once

#include <vector>

#include "backtest/recorded.h"
#include "base/error.h"
#include "cli/arguments.h"
#include "definitions/definitions.h"

namespace wave::cli {

/// What `--input` names; with `--from-prometheus` also, of every other metric that is on, what its own source
/// tells of [--from, --to) and of the history that a forecast learns from. Sources that keep no past are left
/// out, with a word on standard error.
Result<std::vector<backtest::Recording>> recordings_of(const Arguments& arguments,
                                                       const definitions::Definitions& definitions);

}  // namespace wave::cli
