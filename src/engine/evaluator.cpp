#include "engine/evaluator.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace wave::engine {
namespace {

using What = plans::Read::What;

std::string series_json(const Metric& metric) {
  auto json = nlohmann::json::array();
  for (const auto& one : metric.sample()->series)
    json.push_back({{"labels", one.labels}, {"value", one.value}});
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

plans::Cell problem(std::string text) {
  return {.problem = std::move(text)};
}

/// `forecast`: of the load that long ahead; `forecastMax`: of the largest load from now on until then.
plans::Cell forecast_cell(const Column& column) {
  Foresight* foresight = column.metric->foresight();
  const auto& id = column.read.id;
  if (foresight == nullptr) return problem("metric " + id + " has no forecast");
  const Duration step = column.metric->definition().learning.step;
  const bool largest = column.read.what == What::forecast_max;
  const auto view = foresight->view({.lead = largest ? step : column.read.window,
                                     .span = largest ? std::max(column.read.window, step) : step});
  if (!view.problem.empty()) return problem("metric " + id + " has no forecast: " + view.problem);
  return {.value = view.forecast->quantile(column.read.percentile), .fresh = true};
}

plans::Cell metric_cell(const Column& column) {
  const Metric& metric = *column.metric;
  const auto& id = column.read.id;
  if (!metric.fresh()) return problem("metric " + id + ": " + metric.problem());
  switch (column.read.what) {
    case What::metric:
      return {.value = metric.sample()->value, .fresh = true};
    case What::series:
      return {.value = metric.sample()->value, .fresh = true, .series_json = series_json(metric)};
    case What::window: {
      auto value = metric.windows().value(column.read.function, column.read.window, column.read.percentile,
                                          metric.now());
      if (!value) return problem("metric " + id + ": " + value.error().message);
      return {.value = *value, .fresh = true};
    }
    default:
      return forecast_cell(column);
  }
}

plans::Cell component_cell(const Column& column) {
  const Component& component = *column.component;
  const auto& id = column.read.id;
  if (!component.known()) return problem("component " + id + " has not been observed lately");
  const auto& seen = *component.observation();
  const auto current = seen.current.find(column.read.value);
  if (column.read.what == What::ready && seen.ready) return {.value = *seen.ready, .fresh = true};
  if (current == seen.current.end()) return problem("component " + id + " does not say " + column.read.value);
  return {.value = current->second, .fresh = true};
}

/// Whether what was told is still true without looking closer.
bool unchanged(const Column& column) {
  if (!column.told) return false;
  if (column.metric == nullptr && column.component == nullptr) return true;
  if (column.component != nullptr) return false;  // ages; cheap to look at
  return column.read.what != What::window && column.metric->version() == column.told_version &&
         column.metric->fresh() == column.told_fresh;
}

}  // namespace

Task<Status> evaluate(Generation& generation, std::vector<std::uint32_t> plans, UtcTime now,
                      bool is_patient) {
  plans::Expressions::Batch batch{.now = now, .changed = {}, .run = {}, .is_patient = is_patient};
  std::vector<std::uint32_t> columns;
  for (const auto index : plans) {
    const Plan& plan = *generation.plans[index];
    batch.run.insert(batch.run.end(), plan.compiled->expressions.begin(), plan.compiled->expressions.end());
    for (const auto& item : plan.compiled->items)
      columns.insert(columns.end(), item.reads.begin(), item.reads.end());
  }
  if (batch.run.empty()) co_return Status{};
  std::ranges::sort(columns);
  columns.erase(std::ranges::unique(columns).begin(), columns.end());
  struct Told {
    std::uint32_t index;
    std::uint64_t version;
    double value;
    bool fresh;
  };
  std::vector<Told> told;
  for (const auto index : columns) {
    Column& column = generation.columns[index];
    if (unchanged(column)) continue;
    auto cell = column.metric != nullptr      ? metric_cell(column)
                : column.component != nullptr ? component_cell(column)
                                              : problem(column.read.id + " is not enabled");
    const bool same = column.told && cell.fresh && column.told_fresh && cell.value == column.told_value &&
                      column.read.what != What::series;
    told.push_back({index, column.metric != nullptr ? column.metric->version() : 0, cell.value, cell.fresh});
    if (!same) batch.changed.emplace_back(index, std::move(cell));
  }
  const auto run = batch.run;
  auto results = co_await generation.expressions->evaluate(std::move(batch));
  if (!results) {
    for (const auto id : run)
      generation.evaluations[id] = {.error = results.error().text(), .is_unknown = true};
    co_return std::unexpected(std::move(results.error()));
  }
  for (const auto& one : told) {
    Column& column = generation.columns[one.index];
    column.told = true;
    column.told_version = one.version;
    column.told_value = one.value;
    column.told_fresh = one.fresh;
  }
  for (std::size_t i = 0; i < run.size() && i < results->size(); ++i)
    generation.evaluations[run[i]] = std::move((*results)[i]);
  co_return Status{};
}

}  // namespace wave::engine
