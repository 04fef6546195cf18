#pragma once

#include "engine/generation.h"

namespace wave::engine {

struct Moment {
  UtcTime utc;
  MonoTime mono;
};

/// Which items of a plan win, and what they wish: `plan.outcome`, from the evaluations at hand, schedules and
/// strategies. Updates what the items remember.
void select(const Generation& generation, Plan& plan, Moment now);

/// The next moment at which a schedule of the plan begins, ends or fires.
std::optional<UtcTime> next_edge(const Plan& plan, UtcTime after);

/// Starts firings of `cron_expression`s that have come, gives up those older than their grace. True when any
/// firing began or ended.
bool update_firings(Plan& plan, UtcTime now);

}  // namespace wave::engine
