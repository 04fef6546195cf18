#include <nlohmann/json.hpp>

#include "api/api.h"
#include "engine/record.h"

namespace wave::api {
namespace {

using nlohmann::json;

json error_of(const std::optional<Error>& error) {
  if (!error) return nullptr;
  return {{"code", name(error->code)}, {"message", error->text()}, {"retryable", error->retryable}};
}

json metric_of(const engine::Metric& metric) {
  json out = {{"metric_id", metric.definition().id},
              {"kind", metric.definition().kind->name},
              {"value", nullptr},
              {"at", nullptr},
              {"age_seconds", nullptr},
              {"fresh", metric.fresh()},
              {"problem", metric.problem()},
              {"error", error_of(metric.error())},
              {"forecasts", json::parse(engine::forecasts_json(metric))},
              {"events", json::parse(engine::events_json(metric))}};
  if (metric.sample()) {
    out["value"] = metric.sample()->value;
    out["at"] = iso8601(metric.sample()->at);
    if (const auto age = metric.age()) out["age_seconds"] = seconds(*age);
  }
  return out;
}

json component_of(const engine::Component& component, const engine::Engine& engine, const Runtime& runtime) {
  json out = {{"component_id", component.definition().id},
              {"kind", component.definition().kind->name},
              {"current", json::object()},
              {"ready", nullptr},
              {"changing", false},
              {"known", component.known()},
              {"error", error_of(component.error())},
              {"ready_after_seconds", seconds(component.ready_after())},
              {"ready_after_learned", component.ready_after_learned()},
              {"paused_until", nullptr},
              {"paused_reason", nullptr},
              {"paused", component.paused().has_value()},
              {"warnings", json::array()},
              {"last_attempt", nullptr},
              {"next_try_in_seconds", nullptr},
              {"decisions", json::array()}};
  if (const auto& seen = component.observation()) {
    out["current"] = seen->current;
    if (seen->ready) out["ready"] = *seen->ready;
    out["changing"] = seen->changing;
    out["warnings"] = seen->warnings;
    if (!seen->steering.empty()) out["steered_by"] = seen->steered_by();
  }
  if (const auto& pause = component.paused()) {
    if (pause->until) out["paused_until"] = iso8601(*pause->until);
    out["paused_reason"] = pause->reason;
  }
  if (const auto& attempt = component.last_attempt()) {
    out["last_attempt"] = {
        {"at", iso8601(attempt->at)}, {"values", attempt->values}, {"error", error_of(attempt->error)}};
    if (const auto retry_at = component.retry_at(attempt->values))
      out["next_try_in_seconds"] = std::max(0.0, seconds(*retry_at - runtime.mono()));
  }
  for (const auto& [key, decision] : engine.latest()) {
    if (key.first != component.definition().id) continue;
    auto one = json::parse(engine::decision_json(decision));
    one["at"] = iso8601(decision.at);
    one["text"] = engine::decision_text(decision);
    out["decisions"].push_back(std::move(one));
  }
  return out;
}

/// The first of them, and how many there are.
json problem_of(const std::vector<definitions::Problem>& problems) {
  if (problems.empty()) return nullptr;
  const auto& first = problems.front();
  return {{"file", first.file},
          {"line", first.line},
          {"column", first.column},
          {"message", first.message},
          {"count", problems.size()}};
}

json plan_of(const engine::Plan& plan) {
  json items = json::array();
  for (std::size_t i = 0; i < plan.outcome.items.size(); ++i) {
    const auto& item = plan.outcome.items[i];
    items.push_back({{"item_id", plan.definition->items[i].id},
                     {"won", item.won},
                     {"error", item.error.empty() ? json() : json(item.error)}});
  }
  return {{"plan_id", plan.definition->id}, {"evaluated", plan.outcome.evaluated}, {"items", items}};
}

/// One list of what is told of each metric.
std::string of_all_metrics(const engine::Engine& engine, std::string (*list_of)(const engine::Metric&)) {
  json out = json::array();
  for (const auto& [id, metric] : engine.generation().metrics) {
    for (auto& one : json::parse(list_of(*metric))) {
      one["metric_id"] = id;
      out.push_back(std::move(one));
    }
  }
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::string forecasts_json(const engine::Engine& engine) {
  return of_all_metrics(engine, engine::forecasts_json);
}

std::string events_json(const engine::Engine& engine) {
  return of_all_metrics(engine, engine::events_json);
}

std::string status_json(const Seen& seen) {
  const auto& [engine, health, runtime, problems] = seen;
  json out = {{"at", iso8601(runtime.utc())}, {"version", WAVE_VERSION},
              {"ready", engine.ready()},      {"definitions_loaded_at", iso8601(engine.loaded_at())},
              {"metrics", json::array()},     {"components", json::array()},
              {"plans", json::array()},       {"definitions_problem", problem_of(problems)}};
  for (const auto& [id, metric] : engine.generation().metrics) out["metrics"].push_back(metric_of(*metric));
  for (const auto& [id, component] : engine.generation().components)
    out["components"].push_back(component_of(*component, engine, runtime));
  for (const auto& plan : engine.generation().plans) out["plans"].push_back(plan_of(*plan));
  out["history"] = {{"writable", health.writable},
                    {"problem", health.problem},
                    {"waiting", health.waiting},
                    {"dropped", health.dropped},
                    {"bytes", health.bytes}};
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace wave::api
