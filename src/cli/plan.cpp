#include <algorithm>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/world.h"
#include "engine/record.h"

namespace wave::cli {
namespace {

using nlohmann::json;
using Decided = Result<std::vector<decisions::Decision>>;

Status known_names(const std::map<std::string, double>& given, const std::vector<std::string>& ids,
                   const std::string& what) {
  for (const auto& [name, value] : given) {
    if (std::ranges::find(ids, name) == ids.end())
      return fail(ErrorCode::invalid_argument,
                  "there is no " + what + " '" + name + "'" + definitions::did_you_mean(name, ids));
  }
  return {};
}

/// Reads what the plans need, all at once, then decides.
Task<Decided> decide(engine::Engine& engine, std::optional<UtcTime> at) {
  std::vector<Task<bool>> reads;
  const auto observe = [](engine::Component* component) -> Task<bool> {
    co_await component->observe();
    co_return component->known();
  };
  auto& all_of_it = engine.generation();
  for (const auto& [metric, plans] : all_of_it.readers) {
    auto* mutable_metric = all_of_it.metric(metric->definition().id);
    if (!mutable_metric->sample()) reads.push_back(mutable_metric->poll());
  }
  for (const auto& [component, plans] : all_of_it.users) {
    auto* mutable_component = all_of_it.component(component->definition().id);
    if (!mutable_component->known()) reads.push_back(observe(mutable_component));
  }
  co_await all(std::move(reads));
  auto decided = co_await engine.decide_once(at);
  co_return decided;
}

json plans_of(const engine::Engine& engine) {
  json out = json::array();
  for (const auto& plan : engine.generation().plans) {
    json items = json::array();
    for (std::size_t i = 0; i < plan->outcome.items.size(); ++i) {
      const auto& item = plan->outcome.items[i];
      items.push_back({{"item_id", plan->definition->items[i].id},
                       {"won", item.won},
                       {"error", item.error.empty() ? json() : json(item.error)}});
    }
    out.push_back({{"plan_id", plan->definition->id}, {"items", items}});
  }
  return out;
}

void print_for_people(const engine::Engine& engine, const std::vector<decisions::Decision>& decided) {
  for (const auto& plan : engine.generation().plans) {
    print_line(coloured("plan " + plan->definition->id, Colour::bold));
    for (std::size_t i = 0; i < plan->outcome.items.size(); ++i) {
      const auto& item = plan->outcome.items[i];
      print_line("  " + plan->definition->items[i].id + ": " +
                 (item.won ? coloured("won", Colour::green) : "did not win") +
                 (item.error.empty() ? "" : " (" + coloured(item.error, Colour::red) + ")"));
    }
  }
  for (const auto& decision : decided) {
    const bool scales = decision.action == decisions::Action::scale;
    const bool holds = decision.action == decisions::Action::hold;
    print_line(coloured(decision.component_id + " " + decision.value, Colour::bold) + ": " +
               show(decision.current) + " -> " +
               coloured(show(decision.final), scales  ? Colour::green
                                              : holds ? Colour::yellow
                                                      : Colour::none) +
               (holds ? " (held)" : ""));
    for (const auto& reason : decision.reasons)
      print_line("  " + reason.rule + " " + show(reason.from) + " -> " + show(reason.to) + ": " +
                 reason.text);
  }
}

}  // namespace

int plan(const Arguments& arguments, const Configuration& configuration) {
  const auto paths = definition_paths(arguments, configuration);
  if (!paths) return fail_with(paths.error(), arguments.json);
  auto loaded = definitions::load(*paths, catalog());
  std::vector<std::string> metrics;
  std::vector<std::string> components;
  for (const auto& one : loaded.definitions.metrics) metrics.push_back(one.id);
  for (const auto& one : loaded.definitions.components) components.push_back(one.id);
  World world(LogLevel::error);
  engine::Engine engine(world.parts(nullptr), {.self_driven = false});
  if (loaded.ok()) {
    auto problems = engine.load(std::move(loaded.definitions));
    if (!problems) return fail_with(problems.error(), arguments.json);
    loaded.errors = std::move(*problems);
  }
  if (!loaded.ok()) return fail_invalid(loaded.errors, {}, arguments.json);
  if (auto known = known_names(arguments.set, metrics, "metric"); !known)
    return fail_with(known.error(), arguments.json, exit_usage);
  if (auto known = known_names(arguments.current, components, "component"); !known)
    return fail_with(known.error(), arguments.json, exit_usage);
  for (const auto& [id, value] : arguments.set)
    if (auto* metric = engine.generation().metric(id)) metric->pretend(value);
  for (const auto& [id, value] : arguments.current)
    if (auto* component = engine.generation().component(id)) component->pretend(value);
  const auto at = arguments.at.empty() ? std::nullopt : parse_time(arguments.at);
  auto decided = world.loop.run_until(decide(engine, at));
  if (!decided) return fail_with(decided.error(), arguments.json);
  if (!arguments.json) {
    print_for_people(engine, *decided);
    return exit_done;
  }
  json out = {{"at", iso8601(at.value_or(world.loop.utc()))},
              {"plans", plans_of(engine)},
              {"decisions", json::array()}};
  for (const auto& decision : *decided)
    out["decisions"].push_back(json::parse(engine::decision_json(decision)));
  print_line(out.dump(-1, ' ', false, json::error_handler_t::replace));
  return exit_done;
}

}  // namespace wave::cli
