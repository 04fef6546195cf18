#include <nlohmann/json.hpp>

#include "api/api.h"
#include "cli/commands.h"
#include "cli/world.h"
#include "history/sqlite.h"

namespace wave::cli {
namespace {

using nlohmann::json;

std::string text_or_dash(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return show(value.get<double>());
  return "-";
}

std::string shown(const json& time) {
  const auto at = parse_time(text_or_dash(time));
  return at ? show_time(*at) : "?";
}

void show_record(const json& one) {
  const bool scaled = one["action"] == json("scale");
  const bool held = one["action"] == json("hold");
  std::string line = shown(one["at"]) + "  " + text_or_dash(one["component_id"]) + " " +
                     text_or_dash(one["value"]) + " " + text_or_dash(one["current"]) + " -> " +
                     text_or_dash(one["final"]) + "  ";
  line += coloured(text_or_dash(one["action"]), scaled ? Colour::green
                                                : held ? Colour::yellow
                                                       : Colour::none);
  const double count = one.value("count", 1.0);
  if (count > 1) line += "  x" + show(count) + " until " + shown(one["last_at"]);
  print_line(line);
  for (const auto& reason : one["reasons"])
    print_line("    " + text_or_dash(reason["rule"]) + " " + text_or_dash(reason["from"]) + " -> " +
               text_or_dash(reason["to"]) + ": " + text_or_dash(reason["text"]));
  for (const auto& error : one["errors"]) print_line("    " + coloured(text_or_dash(error), Colour::red));
  if (one.contains("rest"))
    print_line("    not all at once: " + text_or_dash(one["rest"]) +
               (one.contains("reached") ? ": set to " + text_or_dash(one["reached"]) : ": not set"));
  if (one.contains("error"))
    print_line("    " + coloured("not applied: " + text_or_dash(one["error"]["message"]), Colour::red));
}

}  // namespace

int decisions(const Arguments& arguments, const Configuration& configuration) {
  World world(LogLevel::error);
  auto store = history::open_sqlite(world.loop, configuration.database, configuration.retention,
                                    {.kind = history::OpenMode::Kind::read_only});
  if (!store) return fail_with(store.error(), arguments.json);
  history::DecisionFilter filter{.since = world.loop.utc() - arguments.since.value_or(24h), .limit = 10'000};
  if (!arguments.component.empty()) filter.component_id = arguments.component;
  auto found = (*store)->decisions(filter);
  if (!found) return fail_with(found.error(), arguments.json);
  if (found->empty() && filter.component_id) {
    filter.since = UtcTime{};
    filter.limit = 1;
    const auto ever = (*store)->decisions(filter);
    if (ever && ever->empty())
      return fail_with(
          {.code = ErrorCode::not_found,
           .message = "nothing was ever decided about a component '" + arguments.component + "'"},
          arguments.json);
  }
  const auto text = api::decisions_json(*found);
  if (arguments.json) {
    print_line(text);
    return exit_done;
  }
  for (const auto& record : json::parse(text)) show_record(record);
  if (found->empty()) print_line("no decisions in that time");
  return exit_done;
}

}  // namespace wave::cli
