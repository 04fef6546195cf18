#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/world.h"

namespace wave::cli {
namespace {

/// A firing at `start` and never again: seconds first, the year last.
std::string cron_of(UtcTime start) {
  const auto at = local_time(start, "UTC");
  std::string out;
  for (const int field : {at.second, at.minute, at.hour, at.day, at.month})
    out += std::to_string(field) + " ";
  return out + "* " + std::to_string(at.year);
}

/// Capacity for what the event makes of the mean load of a day.
std::string at_least(const definitions::EventDefinition& event, const definitions::Target& target) {
  std::string load = "avg(" + nlohmann::json(target.metric).dump() + ", '1d')";
  if (event.factor) load += " * " + shortest(*event.factor);
  if (event.amount > 0) load += " + " + shortest(event.amount);
  return "Math.ceil((" + load + ") / " + shortest(target.value) + ")";
}

/// One item for each event and item that has a target on a metric of it.
nlohmann::json items_of(const definitions::EventDefinition& event, const definitions::Definitions& all) {
  auto items = nlohmann::json::array();
  for (const auto& plan : all.plans) {
    for (const auto& item : plan.items) {
      if (!plan.enabled || !item.enabled || !item.target ||
          item.target->kind != definitions::Target::Kind::per_unit ||
          std::ranges::find(event.metrics, item.target->metric) == event.metrics.end())
        continue;
      auto wishes = nlohmann::json::array();
      for (const auto& wish : item.components)
        wishes.push_back({{"component_id", wish.component_id}, {"at_least", at_least(event, *item.target)}});
      nlohmann::json schedule = {{"cron", event.start ? cron_of(*event.start) : event.schedule->cron},
                                 {"timezone", event.start ? "UTC" : event.schedule->timezone},
                                 {"duration", format_duration(event.duration)}};
      items.push_back({{"id", event.id + "-" + plan.id + "-" + item.id},
                       {"schedule", std::move(schedule)},
                       {"scaling_components", std::move(wishes)}});
    }
  }
  return items;
}

/// JSON is YAML, too: an item a line.
std::string yaml_of(const nlohmann::json& plan) {
  std::string out =
      "# Made by `wave-autoscale schedules` from the events. `at_least` is what an event makes of the mean "
      "load of a day.\nkind: ScalingPlan\nid: " +
      plan["id"].get<std::string>() + "\nplans:\n";
  for (const auto& item : plan["plans"]) out += "  - " + item.dump() + "\n";
  out.pop_back();
  return out;
}

}  // namespace

int schedules(const Arguments& arguments, const Configuration& configuration) {
  const auto paths = definition_paths(arguments, configuration);
  if (!paths) return fail_with(paths.error(), arguments.json);
  const auto loaded = load_and_check(*paths);
  if (!loaded.ok()) return fail_invalid(loaded.errors, loaded.warnings, arguments.json);
  const auto& all = loaded.definitions;
  std::vector<std::string> ids;
  for (const auto& event : all.events) ids.push_back(event.id);
  for (const auto& name : arguments.names)
    if (std::ranges::find(ids, name) == ids.end())
      return fail_with({.code = ErrorCode::not_found,
                        .message = "there is no event '" + name + "'" + definitions::did_you_mean(name, ids)},
                       arguments.json);
  nlohmann::json plan = {{"kind", "ScalingPlan"}, {"id", "events"}, {"plans", nlohmann::json::array()}};
  for (const auto& event : all.events) {
    const bool asked =
        arguments.names.empty() || std::ranges::find(arguments.names, event.id) != arguments.names.end();
    if (!asked || !event.enabled) continue;
    for (auto& item : items_of(event, all)) plan["plans"].push_back(std::move(item));
  }
  if (plan["plans"].empty())
    return fail_with(
        {.code = ErrorCode::not_found,
         .message = "no enabled event moves a metric that an item has a 'target' with 'per_unit' on"},
        arguments.json);
  print_line(arguments.json ? plan.dump() : yaml_of(plan));
  return exit_done;
}

}  // namespace wave::cli
