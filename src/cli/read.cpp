#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/world.h"
#include "definitions/load.h"

namespace wave::cli {
namespace {

using nlohmann::json;

json error_of(const std::optional<Error>& error) {
  if (!error) return nullptr;
  return {{"code", name(error->code)}, {"message", error->text()}, {"retryable", error->retryable}};
}

/// The definitions that were named, or all that are enabled.
template <class Definition>
Result<std::vector<const Definition*>> chosen(const std::vector<Definition>& all,
                                              const std::vector<std::string>& names,
                                              const std::string& what) {
  std::vector<const Definition*> out;
  std::vector<std::string> ids;
  for (const auto& one : all) {
    ids.push_back(one.id);
    if (names.empty() && one.enabled) out.push_back(&one);
  }
  for (const auto& name : names) {
    const auto found = std::ranges::find(all, name, &Definition::id);
    if (found == all.end())
      return fail(ErrorCode::not_found,
                  "there is no " + what + " '" + name + "'" + definitions::did_you_mean(name, ids));
    out.push_back(&*found);
  }
  return out;
}

json poll_json(const engine::Metric& metric) {
  json out = {{"metric_id", metric.definition().id},
              {"value", nullptr},
              {"at", nullptr},
              {"fresh", metric.fresh()},
              {"series", json::array()},
              {"error", nullptr}};
  if (!metric.sample()) {
    out["error"] = error_of(metric.error().value_or(
        Error{.code = ErrorCode::no_data, .message = "its values arrive by the API of the running daemon"}));
    return out;
  }
  out["value"] = metric.sample()->value;
  out["at"] = iso8601(metric.sample()->at);
  for (const auto& one : metric.sample()->series) {
    out["series"].push_back({{"labels", one.labels},
                             {"value", one.value},
                             {"at", iso8601(one.at.value_or(metric.sample()->at))}});
  }
  return out;
}

json observe_json(const engine::Component& component) {
  json out = {{"component_id", component.definition().id},
              {"current", json::object()},
              {"ready", nullptr},
              {"changing", false},
              {"blocked_until", nullptr},
              {"blocks", json::array()},
              {"warnings", json::array()},
              {"steered_by", nullptr},
              {"error", error_of(component.error())}};
  if (component.error() || !component.observation()) return out;
  const auto& seen = *component.observation();
  out["current"] = seen.current;
  if (seen.ready) out["ready"] = *seen.ready;
  out["changing"] = seen.changing;
  std::optional<UtcTime> until;
  for (const auto& block : seen.blocks) {
    out["blocks"].push_back({{"value", block.value},
                             {"only_down", block.only_down},
                             {"until", block.until ? json(iso8601(*block.until)) : json()},
                             {"reason", block.reason}});
    if (block.until && (!until || *block.until > *until)) until = block.until;
  }
  if (until) out["blocked_until"] = iso8601(*until);
  out["warnings"] = seen.warnings;
  if (!seen.steering.empty()) out["steered_by"] = seen.steered_by();
  return out;
}

/// Loads the definitions for a command that reads the world; a status to leave with when that failed.
std::optional<int> load_for(const Arguments& arguments, const Configuration& configuration,
                            definitions::Loaded& loaded) {
  const auto paths = definition_paths(arguments, configuration);
  if (!paths) return fail_with(paths.error(), arguments.json);
  loaded = definitions::load(*paths, catalog());
  if (loaded.ok()) return std::nullopt;
  return fail_invalid(loaded.errors, {}, arguments.json);
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

int poll(const Arguments& arguments, const Configuration& configuration) {
  definitions::Loaded loaded;
  if (const auto status = load_for(arguments, configuration, loaded)) return *status;
  auto wanted = chosen(loaded.definitions.metrics, arguments.names, "metric");
  if (!wanted) return fail_with(wanted.error(), arguments.json);
  if (arguments.names.empty())
    std::erase_if(*wanted, [](const auto* metric) { return !metric->kind->polled; });
  World world(LogLevel::error);
  auto parts = world.parts(nullptr);
  std::vector<std::shared_ptr<engine::Metric>> metrics;
  std::vector<Task<bool>> polls;
  for (const auto* definition : *wanted) {
    metrics.push_back(std::make_shared<engine::Metric>(
        parts, std::make_shared<const definitions::MetricDefinition>(*definition), nullptr));
    polls.push_back(metrics.back()->poll());
  }
  world.loop.run_until(all(std::move(polls)));
  json out = json::array();
  bool failed = false;
  Table table({"METRIC", "VALUE", "AT", "FRESH", "SERIES", "ERROR"});
  for (const auto& metric : metrics) {
    failed |= !metric->sample();
    out.push_back(poll_json(*metric));
    const auto& sample = metric->sample();
    table.add({metric->definition().id, sample ? show(sample->value) : "-",
               sample ? show_time(sample->at) : "-", metric->fresh() ? "yes" : "no",
               sample ? std::to_string(sample->series.size()) : "-",
               sample || !metric->error() ? "" : metric->error()->text()});
  }
  if (arguments.json) {
    print_line(dump(out));
  } else {
    std::fputs(table.text().c_str(), stdout);
  }
  return failed ? exit_failed : exit_done;
}

int observe(const Arguments& arguments, const Configuration& configuration) {
  definitions::Loaded loaded;
  if (const auto status = load_for(arguments, configuration, loaded)) return *status;
  auto wanted = chosen(loaded.definitions.components, arguments.names, "component");
  if (!wanted) return fail_with(wanted.error(), arguments.json);
  World world(LogLevel::error);
  auto parts = world.parts(nullptr);
  std::vector<std::shared_ptr<engine::Component>> components;
  std::vector<Task<bool>> tasks;
  const auto look = [](std::shared_ptr<engine::Component> component) -> Task<bool> {
    co_await component->observe();
    co_return true;
  };
  for (const auto* definition : *wanted) {
    components.push_back(std::make_shared<engine::Component>(
        parts, std::make_shared<const definitions::ComponentDefinition>(*definition), 15s, 60s, nullptr));
    tasks.push_back(look(components.back()));
  }
  world.loop.run_until(all(std::move(tasks)));
  json out = json::array();
  bool failed = false;
  Table table({"COMPONENT", "CURRENT", "READY", "CHANGING", "NOTES"});
  for (const auto& component : components) {
    failed |= component->error().has_value();
    out.push_back(observe_json(*component));
    std::string current;
    std::string notes = component->error() ? component->error()->text() : "";
    const auto& seen = component->observation();
    if (seen) {
      for (const auto& [value, number] : seen->current) current += value + "=" + show(number) + " ";
      for (const auto& warning : seen->warnings) notes += (notes.empty() ? "" : "; ") + warning;
      if (!seen->steering.empty())
        notes += (notes.empty() ? "" : "; ") + ("steered by " + seen->steered_by());
    }
    table.add({component->definition().id, current, seen && seen->ready ? show(*seen->ready) : "-",
               seen && seen->changing ? "yes" : "no", notes});
  }
  if (arguments.json) {
    print_line(dump(out));
  } else {
    std::fputs(table.text().c_str(), stdout);
  }
  return failed ? exit_failed : exit_done;
}

}  // namespace wave::cli
