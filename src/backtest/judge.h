#pragma once

#include <string>
#include <utility>
#include <vector>

#include "backtest/backtest.h"
#include "backtest/figures.h"

namespace wave::backtest {

/// Figures by the policy's name; the first is `plan`, what the definitions did.
using Judged = std::vector<std::pair<std::string, Figures>>;

/// Whether an item follows this metric with a target, for this component; an empty name is any.
bool follows(const definitions::PlanItem& item, const std::string& metric, const std::string& component);

/// What the definitions did, in figures.
Figures judge_plan(const Question& question, const Answer& answer);
/// The plan and every baseline.
Judged judge(const Question& question, const Answer& answer);

}  // namespace wave::backtest
