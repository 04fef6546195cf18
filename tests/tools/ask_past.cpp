// Prints what a metric's source tells of its past, as a forecast would ask for it.
// Usage: ask_past DEFINITIONS METRIC FROM TO STEP (seconds since 1970, and seconds)
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <nlohmann/json.hpp>

#include "cli/world.h"
#include "metrics/metric.h"

namespace {

using nlohmann::json;

std::unique_ptr<wave::metrics::Source> source_of(const wave::definitions::MetricDefinition& metric,
                                                 wave::net::Services& services) {
  for (const auto* kind : wave::metrics::registry()) {
    if (kind->table.name != metric.kind->name) continue;
    auto resolved = metric.metadata.resolve(wave::definitions::Settings::Environment::process());
    auto source = resolved ? kind->create(metric, *resolved, services) : std::unexpected(resolved.error());
    if (source) return std::move(*source);
    std::fprintf(stderr, "%s\n", source.error().text().c_str());
  }
  return nullptr;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 6) return 2;
  const auto loaded = wave::definitions::load({arguments[1]}, wave::cli::catalog());
  const auto& all = loaded.definitions.metrics;
  const auto metric = std::ranges::find(all, arguments[2], &wave::definitions::MetricDefinition::id);
  if (!loaded.ok() || metric == all.end()) return 2;
  wave::cli::World world(wave::LogLevel::error);
  const auto source = source_of(*metric, world.services);
  if (!source) return 1;
  const wave::metrics::PastRange range{.from = wave::from_epoch_seconds(std::atof(arguments[3])),
                                       .to = wave::from_epoch_seconds(std::atof(arguments[4])),
                                       .step = wave::from_seconds(std::atof(arguments[5]))};
  const auto past = world.loop.run_until(source->past(range));
  if (!past) {
    std::fprintf(stderr, "%s\n", past.error().text().c_str());
    return 1;
  }
  json out = json::array();
  for (const auto& series : *past) {
    json points = json::array();
    for (const auto& [at, value] : series.points) points.push_back({wave::epoch_seconds(at), value});
    out.push_back({{"labels", series.labels}, {"points", std::move(points)}});
  }
  std::puts(out.dump().c_str());
  return 0;
}
