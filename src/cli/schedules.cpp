#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/world.h"
#include "history/sqlite.h"

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

/// How long new capacity of each component takes to serve: as written, as an earlier daemon learned, or as is
/// usual for the kind. In whole seconds.
std::map<std::string, Duration> leads_of(const std::shared_ptr<const definitions::Definitions>& all,
                                         const Configuration& configuration) {
  World world(LogLevel::error);
  auto parts = world.parts(nullptr);
  std::map<std::string, std::string> stored;
  // Without a history nothing was learned yet.
  if (const auto store = history::open_sqlite(world.loop, configuration.database, configuration.retention,
                                              {.kind = history::OpenMode::Kind::read_only}))
    stored = (*store)->states().value_or(stored);
  std::map<std::string, Duration> out;
  for (const auto& definition : all->components) {
    engine::Component component(parts, {all, &definition}, 15s, 60s, {});
    if (const auto state = stored.find(engine::Component::state_key(definition.id)); state != stored.end())
      component.restore(state->second);
    out[definition.id] = std::chrono::ceil<std::chrono::seconds>(component.ready_after());
  }
  return out;
}

/// One item for each event and item that has a target on a metric of it. It begins as much earlier as the
/// slowest of its components needs.
nlohmann::json items_of(const definitions::EventDefinition& event, const definitions::Definitions& all,
                        const std::map<std::string, Duration>& leads) {
  auto items = nlohmann::json::array();
  for (const auto& plan : all.plans) {
    for (const auto& item : plan.items) {
      if (!plan.enabled || !item.enabled || !item.target ||
          item.target->kind != definitions::Target::Kind::per_unit ||
          std::ranges::find(event.metrics, item.target->metric) == event.metrics.end())
        continue;
      auto wishes = nlohmann::json::array();
      Duration lead{0};
      for (const auto& wish : item.components) {
        wishes.push_back({{"component_id", wish.component_id}, {"at_least", at_least(event, *item.target)}});
        lead = std::max(lead, leads.at(wish.component_id));
      }
      nlohmann::json schedule = {{"cron", event.start ? cron_of(*event.start) : event.schedule->cron},
                                 {"timezone", event.start ? "UTC" : event.schedule->timezone},
                                 {"duration", format_duration(event.duration)}};
      if (lead > Duration{0}) schedule["lead"] = format_duration(lead);
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
      "load of a day,\n# `lead` what new capacity takes to serve.\nkind: ScalingPlan\nid: " +
      plan["id"].get<std::string>() + "\nplans:\n";
  for (const auto& item : plan["plans"]) out += "  - " + item.dump() + "\n";
  out.pop_back();
  return out;
}

}  // namespace

int schedules(const Arguments& arguments, const Configuration& configuration) {
  const auto paths = definition_paths(arguments, configuration);
  if (!paths) return fail_with(paths.error(), arguments.json);
  auto loaded = load_and_check(*paths);
  if (!loaded.ok()) return fail_invalid(loaded.errors, loaded.warnings, arguments.json);
  const auto shared = std::make_shared<const definitions::Definitions>(std::move(loaded.definitions));
  const auto& all = *shared;
  std::vector<std::string> ids;
  for (const auto& event : all.events) ids.push_back(event.id);
  for (const auto& name : arguments.names)
    if (std::ranges::find(ids, name) == ids.end())
      return fail_with({.code = ErrorCode::not_found,
                        .message = "there is no event '" + name + "'" + definitions::did_you_mean(name, ids)},
                       arguments.json);
  auto leads = leads_of(shared, configuration);
  if (arguments.lead)
    for (auto& [id, lead] : leads) lead = *arguments.lead;
  nlohmann::json plan = {{"kind", "ScalingPlan"}, {"id", "events"}, {"plans", nlohmann::json::array()}};
  for (const auto& event : all.events) {
    const bool asked =
        arguments.names.empty() || std::ranges::find(arguments.names, event.id) != arguments.names.end();
    if (!asked || !event.enabled) continue;
    for (auto& item : items_of(event, all, leads)) plan["plans"].push_back(std::move(item));
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
