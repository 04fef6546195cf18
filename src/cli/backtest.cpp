#include "backtest/backtest.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <optional>

#include <nlohmann/json.hpp>

#include "backtest/figures.h"
#include "backtest/page.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/recordings.h"
#include "cli/world.h"

namespace wave::cli {
namespace {

using nlohmann::json;

/// Load a unit can carry when nobody says so: the target is 60 % of it.
constexpr double usual_utilisation = 0.6;

Error wrong(std::string message, std::string hint = "") {
  return {.code = ErrorCode::invalid_argument, .message = std::move(message), .hint = std::move(hint)};
}

/// The first target whose metric is recorded says what is judged.
const definitions::PlanItem* judged_item(const definitions::Definitions& definitions,
                                         const std::vector<backtest::Recording>& recordings,
                                         const std::string& component) {
  for (const auto& plan : definitions.plans)
    for (const auto& item : plan.items) {
      const bool recorded =
          item.target && backtest::find_recording(recordings, item.target->metric) != nullptr;
      const bool named = component.empty() || std::ranges::any_of(item.components, [&](const auto& one) {
                           return one.component_id == component;
                         });
      if (recorded && named && !item.components.empty()) return &item;
    }
  return nullptr;
}

Result<backtest::Question> question_of(const Arguments& arguments,
                                       const definitions::Definitions& definitions, double& capacity) {
  backtest::Question question;
  auto recordings = recordings_of(arguments, definitions);
  if (!recordings) return std::unexpected(recordings.error());
  question.recordings = std::move(*recordings);
  const auto* item = judged_item(definitions, question.recordings, arguments.component);
  question.component_id = arguments.component;
  if (question.component_id.empty() && item != nullptr)
    question.component_id = item->components.front().component_id;
  question.load_metric = arguments.metric;
  if (question.load_metric.empty() && item != nullptr) question.load_metric = item->target->metric;
  if (question.component_id.empty() || question.load_metric.empty())
    return std::unexpected(wrong("it is not clear whose load is judged",
                                 "name --component and --load, and --capacity: what one unit can carry"));
  capacity = arguments.capacity.value_or(item != nullptr ? item->target->value / usual_utilisation : 0);
  if (capacity <= 0) return std::unexpected(wrong("--capacity is needed: the load that one unit can carry"));
  question.per_unit = usual_utilisation * capacity;
  const auto* load = backtest::find_recording(question.recordings, question.load_metric);
  if (load == nullptr)
    return std::unexpected(wrong("there is no recording of the load '" + question.load_metric + "'"));
  question.to = arguments.to.value_or(load->end());
  // Without --from the last week is the test, or half of a shorter recording.
  const Duration half = (load->end() - load->begin()) / 2 / load->series.step * load->series.step;
  question.from = arguments.from.value_or(question.to - std::min<Duration>(7 * 24h, half));
  return question;
}

backtest::Setting test_of(const backtest::Question& question, const backtest::Answer& answer,
                          double capacity) {
  backtest::Setting test{.past = {},
                         .load = {},
                         .tick = answer.tick,
                         .ready_after = answer.ready_after,
                         .per_unit = question.per_unit,
                         .capacity = capacity};
  for (const auto& tick : answer.ticks) test.load.push_back(tick.load);
  const auto* load = backtest::find_recording(question.recordings, question.load_metric);
  for (UtcTime at = question.from - 15 * 24h; at < question.from; at += answer.tick)
    if (at >= load->begin()) test.past.push_back(load->value(at));
  return test;
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

using Judged = std::vector<std::pair<std::string, backtest::Figures>>;

/// The plan and every baseline.
Judged judge(const backtest::Question& question, const backtest::Answer& answer, double capacity) {
  const auto test = test_of(question, answer, capacity);
  backtest::Course course;
  for (const auto& tick : answer.ticks) {
    course.desired.push_back(tick.desired);
    course.ready.push_back(tick.ready);
  }
  Judged all = {{"plan", figures_of(test, course)}};
  for (const auto& [name, other] : backtest::baselines(test)) all.emplace_back(name, figures_of(test, other));
  return all;
}

void print_table(const backtest::Question& question, const backtest::Answer& answer, const Judged& all) {
  print_line(question.component_id + " under " + question.load_metric + ", " + show_time(question.from) +
             " to " + show_time(question.to) + ", ready after " + format_duration(answer.ready_after));
  Table table({"POLICY", "SLO %", "UNSERVED %", "COST", "CHANGES/DAY"});
  for (const auto& [name, figures] : all)
    table.add({name, fixed(figures.slo_pct, 2), fixed(figures.unserved_pct, 3), fixed(figures.cost, 2),
               fixed(figures.actions_day, 0)});
  std::fputs(table.text().c_str(), stdout);
}

}  // namespace

int backtest_files(const Arguments& arguments, const Configuration& configuration) {
  const auto paths = definition_paths(arguments, configuration);
  if (!paths) return fail_with(paths.error(), arguments.json);
  auto loaded = load_and_check(*paths);
  if (!loaded.ok()) return fail_invalid(loaded.errors, loaded.warnings, arguments.json);
  double capacity = 0;
  auto question = question_of(arguments, loaded.definitions, capacity);
  if (!question) return fail_with(question.error(), arguments.json);
  ProgressBar bar("backtest");
  question->progress = [&](double share) { bar.show(share); };
  const auto answer = backtest::run(std::move(loaded.definitions), *question);
  bar.clear();
  if (!answer) return fail_with(answer.error(), arguments.json);
  const auto all = judge(*question, *answer, capacity);
  json out = {{"figures", json::object()}};
  for (const auto& [name, figures] : all) out["figures"][name] = json_of(figures);
  if (!arguments.html.empty()) {
    backtest::Page page{.question = *question, .answer = *answer, .capacity = capacity, .result = out.dump()};
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
  if (!arguments.html.empty()) print_line("The page is in " + arguments.html.string() + ".");
  return exit_done;
}

}  // namespace wave::cli
