#include "backtest/backtest.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <optional>

#include <nlohmann/json.hpp>

#include "backtest/judge.h"
#include "backtest/page.h"
#include "backtest/suggest.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/recordings.h"
#include "cli/world.h"

namespace wave::cli {
namespace {

using nlohmann::json;

/// The first target whose metric is recorded says what is judged.
const definitions::PlanItem* judged_item(const definitions::Definitions& definitions,
                                         const std::vector<backtest::Recording>& recordings,
                                         const Arguments& arguments) {
  for (const auto& plan : definitions.plans)
    for (const auto& item : plan.items)
      if (plan.enabled && backtest::follows(item, "", arguments.component) &&
          backtest::find_recording(recordings, item.target->metric) != nullptr)
        return &item;
  return nullptr;
}

Result<backtest::Question> question_of(const Arguments& arguments,
                                       const definitions::Definitions& definitions) {
  backtest::Question question;
  auto recordings = recordings_of(arguments, definitions);
  if (!recordings) return std::unexpected(recordings.error());
  question.recordings = std::move(*recordings);
  const auto* item = judged_item(definitions, question.recordings, arguments);
  question.component_id = arguments.component;
  if (question.component_id.empty() && item != nullptr)
    question.component_id = item->components.front().component_id;
  question.load_metric = arguments.metric;
  if (question.load_metric.empty() && item != nullptr) question.load_metric = item->target->metric;
  if (question.component_id.empty() || question.load_metric.empty())
    return std::unexpected(
        Error{.code = ErrorCode::invalid_argument,
              .message = "it is not clear whose load is judged",
              .hint = "name --component and --load, and --capacity: what one unit can carry"});
  question.capacity =
      arguments.capacity.value_or(item != nullptr ? item->target->value / backtest::utilisation : 0);
  if (question.capacity <= 0)
    return fail(ErrorCode::invalid_argument, "--capacity is needed: the load that one unit can carry");
  const auto* load = backtest::find_recording(question.recordings, question.load_metric);
  if (load == nullptr)
    return fail(ErrorCode::invalid_argument,
                "there is no recording of the load '" + question.load_metric + "'");
  question.to = arguments.to.value_or(load->end());
  // Without --from the last week is the test, or half of a shorter recording.
  const Duration half = (load->end() - load->begin()) / 2 / load->series.step * load->series.step;
  question.from = arguments.from.value_or(question.to - std::min<Duration>(7 * 24h, half));
  return question;
}

json json_of(const backtest::Figures& figures) {
  return {{"slo_pct", figures.slo_pct}, {"unserved_pct", figures.unserved_pct},
          {"cost", figures.cost},       {"actions_day", figures.actions_day},
          {"theta_u", figures.theta_u}, {"theta_o", figures.theta_o},
          {"tau_u", figures.tau_u},     {"tau_o", figures.tau_o}};
}

json series_of(const backtest::Question& question, const backtest::Answer& answer) {
  json out = json::array();
  for (const auto& tick : answer.ticks) {
    if (tick.at.time_since_epoch() % 1min != Duration{0}) continue;
    out.push_back({{"at", iso8601(tick.at)},
                   {"component_id", question.component_id},
                   {"load", tick.load},
                   {"desired", tick.desired},
                   {"ready", tick.ready}});
  }
  return out;
}

std::string fixed(double number, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", digits, number);
  return text;
}

Status write_page(const std::filesystem::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) return fail(ErrorCode::io, file.string() + " cannot be written");
  return {};
}

json set_of(const backtest::Knobs& knobs) {
  json out = {{"target", {{"per_unit", knobs.per_unit}, {"limit_per_unit", knobs.limit_per_unit}}},
              {"behavior", {{"scale_down", {{"stabilization_window", format_duration(knobs.window)}}}}},
              {"proactive", nullptr}};
  if (!knobs.proactive) return out;
  auto& ahead = out["proactive"] = json::object();
  if (knobs.proactive->quantile)
    ahead["quantile"] = *knobs.proactive->quantile;
  else
    ahead["violation_cost"] = knobs.proactive->violation_cost;
  if (knobs.proactive->max_margin) ahead["max_margin"] = *knobs.proactive->max_margin;
  if (knobs.proactive->floor == definitions::Proactive::Floor::none) ahead["floor"] = "none";
  if (knobs.proactive->mode == definitions::Proactive::Mode::forecast_only) ahead["mode"] = "forecast_only";
  return out;
}

json json_of(const backtest::Suggestions& suggestions, const backtest::Question& question) {
  json out = {{"plan_id", suggestions.plan_id},
              {"item_id", suggestions.item_id},
              {"component_id", question.component_id},
              {"chosen_on", {{"from", iso8601(suggestions.from)}, {"to", iso8601(suggestions.to)}}},
              {"confirmed_on", {{"from", iso8601(question.from)}, {"to", iso8601(question.to)}}},
              {"less_than_two_weeks", suggestions.is_short},
              {"tried", suggestions.tried},
              {"frontier", json::array()}};
  for (const auto& one : suggestions.frontier)
    out["frontier"].push_back({{"set", set_of(one.set)},
                               {"yours", one.is_yours},
                               {"beaten", one.is_beaten},
                               {"suggested", one.is_suggested},
                               {"chosen_on", json_of(one.chosen_on)},
                               {"confirmed_on", json_of(one.confirmed)}});
  return out;
}

/// `{ per_unit: 150, limit_per_unit: 210 }`
std::string flow_yaml_of(const json& map) {
  std::string out;
  for (const auto& [key, value] : map.items()) {
    out += (out.empty() ? "{ " : ", ") + key + ": ";
    out += value.is_object()   ? flow_yaml_of(value)
           : value.is_number() ? show(value)
                               : value.get<std::string>();
  }
  return out.empty() ? "{}" : out + " }";
}

std::string about(const backtest::Candidate& one) {
  std::string out = "per_unit: " + show(one.set.per_unit);
  const json set = set_of(one.set);
  if (set["proactive"].is_null())
    out += ", not proactive";
  else
    for (const auto& [key, value] : set["proactive"].items())
      out += ", " + key + ": " + (value.is_number() ? show(value) : value.get<std::string>());
  return out + ", stabilization_window: " + format_duration(one.set.window);
}

/// Whether what was suggested also held where it was not chosen.
std::string verdict(const backtest::Candidate& suggested, const backtest::Candidate& yours) {
  const auto both = [](const backtest::Figures& figures) {
    return fixed(figures.slo_pct, 2) + " % at cost " + fixed(figures.cost, 2);
  };
  if (suggested.is_yours)
    return "Your own settings are suggested: none of the others violated less at no more cost.";
  const bool held = suggested.confirmed.slo_pct <= yours.confirmed.slo_pct &&
                    suggested.confirmed.cost <= yours.confirmed.cost;
  return "Suggested are the fewest violations at no more than your cost. On the days of the test, which the "
         "choice has not seen, this " +
         std::string(held ? "held: " : "did NOT hold in full: ") + both(suggested.confirmed) +
         " instead of your " + both(yours.confirmed) + ".";
}

void print_suggestions(const backtest::Suggestions& suggestions, const backtest::Question& question) {
  print_line("\n" + std::to_string(suggestions.tried) + " settings of plan " + suggestions.plan_id +
             ", item " + suggestions.item_id + " tried on " + show_time(suggestions.from) + " to " +
             show_time(suggestions.to) +
             "; those that no other beats in both, and what they did in the test:");
  Table table({"", "MINUTES VIOLATED %", "COST", "TEST MINUTES VIOLATED %", "TEST COST", "SET"});
  const backtest::Candidate* yours = nullptr;
  const backtest::Candidate* suggested = nullptr;
  for (const auto& one : suggestions.frontier) {
    if (one.is_yours) yours = &one;
    if (one.is_suggested) suggested = &one;
    const std::string mark = one.is_suggested ? (one.is_yours ? "yours, suggested" : "suggested")
                             : one.is_beaten  ? "yours, beaten"
                             : one.is_yours   ? "yours"
                                              : "";
    table.add({mark, fixed(one.chosen_on.slo_pct, 2), fixed(one.chosen_on.cost, 2),
               fixed(one.confirmed.slo_pct, 2), fixed(one.confirmed.cost, 2), about(one)});
  }
  std::fputs(table.text().c_str(), stdout);
  print_line(verdict(*suggested, *yours));
  print_line("With it capacity that is no longer needed is released after " +
             format_duration(suggested->set.window) +
             (suggested->is_yours ? "" : " (with yours after " + format_duration(yours->set.window) + ")") +
             ", the `stabilization_window` of `scale_down`; later after a load that surprised the forecast.");
  if (suggestions.is_short)
    print_line("The recording has less than two weeks: figures of so few days say little.");
  if (suggested->is_yours) return;
  const json set = set_of(suggested->set);
  print_line("In item " + suggestions.item_id +
             ", beside `metric` in `target`:\n  target: " + flow_yaml_of(set["target"]) +
             "\n  proactive: " + flow_yaml_of(set["proactive"]) + "\nIn scaling component " +
             question.component_id + ":\n  behavior: " + flow_yaml_of(set["behavior"]));
}

void print_table(const backtest::Question& question, const backtest::Answer& answer,
                 const backtest::Judged& all) {
  print_line(question.component_id + " under " + question.load_metric + ", " + show_time(question.from) +
             " to " + show_time(question.to) + ", ready after " + format_duration(answer.ready_after));
  Table table({"POLICY", "MINUTES VIOLATED %", "UNSERVED %", "COST", "CHANGES/DAY"});
  for (const auto& [name, figures] : all)
    table.add({name, fixed(figures.slo_pct, 2), fixed(figures.unserved_pct, 3), fixed(figures.cost, 2),
               fixed(figures.actions_day, 0)});
  std::fputs(table.text().c_str(), stdout);
}

Result<backtest::Suggestions> try_settings(const definitions::Definitions& definitions,
                                           backtest::Question question) {
  ProgressBar bar("trying settings");
  question.progress = [&](double share) { bar.show(share); };
  auto made = backtest::suggest(definitions, question);
  bar.clear();
  return made;
}

}  // namespace

int backtest_files(const Arguments& arguments, const Configuration& configuration) {
  const auto paths = definition_paths(arguments, configuration);
  if (!paths) return fail_with(paths.error(), arguments.json);
  auto loaded = load_and_check(*paths);
  if (!loaded.ok()) return fail_invalid(loaded.errors, loaded.warnings, arguments.json);
  auto question = question_of(arguments, loaded.definitions);
  if (!question) return fail_with(question.error(), arguments.json);
  ProgressBar bar("backtest");
  question->progress = [&](double share) { bar.show(share); };
  const auto answer = backtest::run(loaded.definitions, *question);
  bar.clear();
  if (!answer) return fail_with(answer.error(), arguments.json);
  std::optional<backtest::Suggestions> suggestions;
  if (arguments.suggest) {
    auto made = try_settings(loaded.definitions, *question);
    if (!made) return fail_with(made.error(), arguments.json);
    suggestions = std::move(*made);
  }
  const auto all = judge(*question, *answer);
  json out = {{"figures", json::object()}};
  for (const auto& [name, figures] : all) out["figures"][name] = json_of(figures);
  if (suggestions) out["suggestions"] = json_of(*suggestions, *question);
  if (!arguments.html.empty()) {
    backtest::Page page{.question = *question,
                        .answer = *answer,
                        .result = out.dump(),
                        .order = {},
                        .events = known_events(loaded.definitions, *question)};
    for (const auto& [name, figures] : all) page.order.push_back(name);
    if (auto written = write_page(arguments.html, html_of(page)); !written)
      return fail_with(written.error(), arguments.json);
  }
  if (arguments.json) {
    if (arguments.series) out["series"] = series_of(*question, *answer);
    print_line(out.dump(-1, ' ', false, json::error_handler_t::replace));
    return exit_done;
  }
  print_table(*question, *answer, all);
  if (suggestions) print_suggestions(*suggestions, *question);
  if (!arguments.html.empty()) print_line("The page is in " + arguments.html.string() + ".");
  return exit_done;
}

}  // namespace wave::cli
