#include "forecast/forecast.h"

#include <cmath>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "base/loop.h"
#include "cli/commands.h"
#include "cli/read_file.h"
#include "cli/world.h"
#include "engine/foresight.h"
#include "forecast/csv.h"

namespace wave::cli {
namespace {

struct Forecasted {
  const forecast::NamedSeries* of = nullptr;
  forecast::Answer answer;
  double milliseconds = 0;
};

UtcTime time_of(const Forecasted& one, std::size_t point) {
  const auto& series = one.of->series;
  return series.start + series.step * static_cast<std::int64_t>(series.values.size() + point);
}

std::string json_of(const std::vector<Forecasted>& all, const std::vector<std::string>& quantiles) {
  auto out = nlohmann::json::array();
  for (const auto& one : all) {
    auto points = nlohmann::json::array();
    for (std::size_t i = 0; i < one.answer.points.size(); ++i) {
      const auto& point = one.answer.points[i];
      auto values = nlohmann::json::object();
      for (std::size_t q = 0; q < quantiles.size(); ++q) values[quantiles[q]] = point.quantiles[q];
      points.push_back({{"at", iso8601(time_of(one, i))}, {"mean", point.mean}, {"quantiles", values}});
    }
    out.push_back({{"id", one.of->id},
                   {"model", one.answer.model},
                   {"seasons", one.answer.seasons},
                   {"points", points},
                   {"ms", std::round(one.milliseconds * 1000) / 1000}});
  }
  return nlohmann::json{{"series", out}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// The forecast of the series without its known events, and then what they do to each step.
Result<forecast::Answer> with_events(const forecast::Series& series, const forecast::Question& question,
                                     std::vector<forecast::KnownEvent> known) {
  if (known.empty()) return forecast::forecast(series, question);
  forecast::Events events(std::move(known));
  const forecast::Past past{.begin = series.start,
                            .step = series.step,
                            .size = series.values.size(),
                            .value = [&series](std::size_t place) { return series.values[place]; }};
  events.follow(past, past.end() + series.step * static_cast<std::int64_t>(question.horizon));
  forecast::Series usual = series;
  for (std::size_t i = 0; i < usual.values.size(); ++i) usual.values[i] = events.without(past, i);
  auto answer = forecast::forecast(usual, question);
  if (!answer) return answer;
  UtcTime at = past.end();
  for (auto& point : answer->points) {
    const auto effect = events.effect(past, at, at + series.step);
    point.mean = effect.of(point.mean);
    for (double& value : point.quantiles) value = effect.of(value);
    at += series.step;
  }
  return answer;
}

void print_table(const Forecasted& one, const std::vector<std::string>& quantiles) {
  std::vector<std::string> head = {"AT", "MEAN"};
  for (const auto& typed : quantiles) head.push_back("Q" + typed);
  Table table(std::move(head));
  for (std::size_t i = 0; i < one.answer.points.size(); ++i) {
    std::vector<std::string> row = {show_time(time_of(one, i)), show(one.answer.points[i].mean)};
    for (const double value : one.answer.points[i].quantiles) row.push_back(show(value));
    table.add(std::move(row));
  }
  std::string seasons;
  for (const std::size_t season : one.answer.seasons)
    seasons += (seasons.empty() ? "" : ", ") +
               format_duration(one.of->series.step * static_cast<std::int64_t>(season));
  print_line(coloured(one.of->id, Colour::bold) + ": " + one.answer.model + "; " +
             (seasons.empty() ? "no season" : "seasons of " + seasons));
  std::fputs(table.text().c_str(), stdout);
}

}  // namespace

int forecast_file(const Arguments& arguments, const Configuration& configuration) {
  definitions::Loaded loaded;
  if (!arguments.definitions.empty()) {
    const auto paths = definition_paths(arguments, configuration);
    if (!paths) return fail_with(paths.error(), arguments.json);
    loaded = load_and_check(*paths);
    if (!loaded.ok()) return fail_invalid(loaded.errors, loaded.warnings, arguments.json);
  }
  auto text = read_file(arguments.input);
  if (!text) return fail_with(text.error(), arguments.json);
  const auto read = forecast::read_csv(
      *text,
      {.file = arguments.input.string(), .id = arguments.input.stem().string(), .step = arguments.step});
  if (!read) return fail_with(read.error(), arguments.json);
  const Loop clock;
  std::vector<Forecasted> all;
  for (const auto& one : *read) {
    forecast::Question question{.horizon = arguments.horizon, .quantiles = {}, .seasons = {}};
    for (const auto& [typed, value] : arguments.quantiles) question.quantiles.push_back(value);
    for (const Duration season : arguments.seasons) {
      if (season % one.series.step != Duration::zero())
        return fail_with({.code = ErrorCode::invalid_argument,
                          .message = "the season " + format_duration(season) +
                                     " is not a multiple of the step " + format_duration(one.series.step)},
                         arguments.json);
      question.seasons.push_back(static_cast<std::size_t>(season / one.series.step));
    }
    const MonoTime start = clock.mono();
    auto answer = with_events(one.series, question, engine::events_of(loaded.definitions, one.id));
    const double took = 1000 * seconds(clock.mono() - start);
    if (!answer) return fail_with(within("series " + one.id, answer.error()).error(), arguments.json);
    all.push_back({.of = &one, .answer = std::move(*answer), .milliseconds = took});
  }
  std::vector<std::string> typed;
  for (const auto& [word, value] : arguments.quantiles) typed.push_back(word);
  if (arguments.json)
    print_line(json_of(all, typed));
  else
    for (const auto& one : all) print_table(one, typed);
  return exit_done;
}

}  // namespace wave::cli
