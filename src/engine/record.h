#pragma once

#include <string>

#include "engine/generation.h"

namespace wave::engine {

/// What `decisions --json` prints of one decision: time, inputs with age, wishes, every limit, final number,
/// request id or error.
std::string record_json(const decisions::Decision& decision, const std::vector<const Metric*>& inputs,
                        const std::vector<std::string>& errors, const Component::Attempt* attempt);

/// Equal for decisions that differ in nothing an operator would call news: outcome, rules, errors, and
/// whether a forecast was counted in.
std::string signature(const decisions::Decision& decision, const std::vector<std::string>& errors);

/// The decision as `plan --json` and `scale --json` print it.
std::string decision_json(const decisions::Decision& decision);
/// Text for people: `api desired 4 -> 12: wish 15 (...); rate 15 -> 12: ...`.
std::string decision_text(const decisions::Decision& decision);

/// `[{"lead_seconds", ..., "acts", "problem", "forecast", "record": {...}}]`: what is forecast of the metric
/// for each lead that something asks for, and how good that has been; `[]` where nothing is.
std::string forecasts_json(const Metric& metric);
/// `[{"event_id", "name", "begin", "end", "in_force", "factor", ...}]`: the known events of the metric that
/// are in force or come next; `[]` where nothing is forecast.
std::string events_json(const Metric& metric);

}  // namespace wave::engine
