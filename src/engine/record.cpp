#include "engine/record.h"

#include <cmath>

#include <nlohmann/json.hpp>

namespace wave::engine {
namespace {

using nlohmann::json;

std::string_view action_name(decisions::Action action) {
  switch (action) {
    case decisions::Action::scale:
      return "scale";
    case decisions::Action::hold:
      return "hold";
    case decisions::Action::none:
      break;
  }
  return "none";
}

json to_json(const decisions::Decision& decision) {
  json out = {{"component_id", decision.component_id},
              {"value", decision.value},
              {"current", decision.current},
              {"wish", nullptr},
              {"final", decision.final},
              {"action", action_name(decision.action)},
              {"reasons", json::array()}};
  if (decision.wish) out["wish"] = *decision.wish;
  for (const auto& reason : decision.reasons) {
    out["reasons"].push_back(
        {{"rule", reason.rule}, {"from", reason.from}, {"to", reason.to}, {"text", reason.text}});
  }
  return out;
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string number(double value) {
  if (!std::isfinite(value)) return "unknown";
  return dump(value == std::floor(value) && std::abs(value) < 1e15 ? json(static_cast<std::int64_t>(value))
                                                                   : json(value));
}

}  // namespace

std::string decision_json(const decisions::Decision& decision) {
  return dump(to_json(decision));
}

std::string forecasts_json(const Metric& metric) {
  json out = json::array();
  if (metric.foresight() == nullptr) return dump(out);
  for (const auto& one : metric.foresight()->standings()) {
    const auto& record = *one.record;
    json now = nullptr;
    if (one.forecast)
      now = {{"median", one.forecast->median()},
             {"p90", one.forecast->quantile(0.9)},
             {"p95", one.forecast->quantile(0.95)}};
    out.push_back({{"lead_seconds", seconds(one.ask.lead)},
                   {"window_seconds", seconds(one.ask.span)},
                   {"step_seconds", seconds(one.step)},
                   {"unit", one.ask.unit > 0 ? json(one.ask.unit) : json()},
                   {"acts", one.problem.empty()},
                   {"problem", one.problem},
                   {"forecast", std::move(now)},
                   {"record",
                    {{"forecasts", record.count()},
                     {"mase", record.mase()},
                     {"pinball_p90", record.pinball()},
                     {"pinball_p90_of_last_value", record.pinball_of_persistence()},
                     {"coverage_p50", record.coverage50()},
                     {"coverage_p90", record.coverage90()},
                     {"coverage_p95", record.coverage95()}}}});
  }
  return dump(out);
}

std::string events_json(const Metric& metric) {
  json out = json::array();
  if (metric.foresight() == nullptr) return dump(out);
  for (const auto& one : metric.foresight()->events()) {
    const bool is_amount = one.event->only_amount();
    out.push_back({{"event_id", one.event->id},
                   {"name", one.event->name},
                   {"begin", iso8601(one.begin)},
                   {"end", iso8601(one.end)},
                   {"in_force", one.in_force},
                   {"factor", is_amount ? 1 : one.learned.value},
                   {"amount", is_amount ? one.learned.value : one.event->amount},
                   {"learned_from", one.learned.times},
                   {"expected", one.expected},
                   {"stands_aside", !one.why_aside.empty()},
                   {"problem", one.why_aside}});
  }
  return dump(out);
}

std::string record_json(const decisions::Decision& decision, const std::vector<const Metric*>& inputs,
                        const std::vector<std::string>& errors, const Component::Attempt* attempt) {
  json out = to_json(decision);
  out["at"] = iso8601(decision.at);
  out["inputs"] = json::array();
  for (const auto* metric : inputs) {
    json input = {{"metric_id", metric->definition().id}, {"value", nullptr}, {"fresh", metric->fresh()}};
    if (metric->sample()) {
      input["value"] = metric->sample()->value;
      input["at"] = iso8601(metric->sample()->at);
      input["age_seconds"] = seconds(*metric->age());
    }
    if (!metric->fresh()) input["problem"] = metric->problem();
    if (metric->foresight() != nullptr) input["forecasts"] = json::parse(forecasts_json(*metric));
    out["inputs"].push_back(std::move(input));
  }
  out["wishes"] = json::array();
  for (const auto& wish : decision.wishes) {
    out["wishes"].push_back({{"plan_id", wish.plan_id},
                             {"item_id", wish.item_id},
                             {"priority", wish.priority},
                             {"at_least", wish.at_least},
                             {"desired", wish.desired},
                             {"why", wish.why}});
  }
  out["errors"] = errors;
  if (attempt != nullptr) {
    const auto reached = attempt->reached_of(decision.value);
    out["applied"] = reached.has_value();
    if (attempt->reached) {
      if (reached) out["reached"] = *reached;
      out["rest"] = attempt->rest;
    }
    out["request_id"] = attempt->request_id;
    out["took_seconds"] = seconds(attempt->took);
    if (attempt->error) {
      out["error"] = {{"code", name(attempt->error->code)},
                      {"message", attempt->error->text()},
                      {"retryable", attempt->error->retryable}};
    }
  }
  return dump(out);
}

std::string signature(const decisions::Decision& decision, const std::vector<std::string>& errors) {
  std::string out(action_name(decision.action));
  out += ' ' + number(decision.final);
  for (const auto& reason : decision.reasons) out += ' ' + reason.rule + '>' + number(reason.to);
  for (const auto& wish : decision.wishes)
    if (wish.ahead) out += ' ' + wish.plan_id + '/' + wish.item_id + " ahead";
  for (const auto& error : errors) out += '\n' + error;
  return out;
}

std::string decision_text(const decisions::Decision& decision) {
  std::string out = decision.component_id + " " + decision.value + " " + number(decision.current);
  out += decision.action == decisions::Action::scale ? " -> " + number(decision.final) : " stays";
  for (std::size_t i = 0; i < decision.reasons.size(); ++i) {
    out += (i == 0 ? ": " : "; ") + decision.reasons[i].text;
  }
  return out;
}

}  // namespace wave::engine
