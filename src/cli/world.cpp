#include "cli/world.h"

#include <algorithm>
#include <tuple>

#include "components/component.h"
#include "metrics/metric.h"
#include "plans/compiled.h"

namespace wave::cli {

World::World(LogLevel level, bool log_json)
    : log(loop, level, log_json),
      http(net::make_http_client(loop)),
      processes(net::make_process_runner(loop)),
      aws(net::make_aws_clients(loop, *http, *processes)),
      services{.runtime = loop, .http = *http, .aws = *aws, .processes = *processes} {}

engine::Parts World::parts(history::Store* store) {
  return {.runtime = loop,
          .log = log,
          .services = services,
          .store = store,
          .metric_kinds = metrics::registry(),
          .component_kinds = components::registry(),
          .make_expressions = [this] { return plans::make_expressions(&loop); },
          .environment = definitions::Settings::Environment::process()};
}

const definitions::Catalog& catalog() {
  static const definitions::Catalog all = [] {
    definitions::Catalog made;
    for (const auto* kind : metrics::registry()) made.metrics.push_back(&kind->table);
    for (const auto* kind : components::registry()) made.components.push_back(&kind->table);
    return made;
  }();
  return all;
}

Result<std::vector<std::filesystem::path>> definition_paths(const Arguments& arguments,
                                                            const Configuration& configuration) {
  if (!arguments.definitions.empty()) return arguments.definitions;
  if (!configuration.definitions.empty()) return configuration.definitions;
  std::error_code ignored;
  for (const char* place : {"wave-definitions.yaml", "definitions"})
    if (std::filesystem::exists(place, ignored)) return std::vector<std::filesystem::path>{place};
  return std::unexpected(
      Error{.code = ErrorCode::not_found,
            .message = "no definitions: there is no wave-definitions.yaml or definitions/ here",
            .hint = "name them with -f, or make a starting set with `wave-autoscale init`"});
}

definitions::Loaded load_and_check(const std::vector<std::filesystem::path>& paths) {
  auto loaded = definitions::load(paths, catalog());
  auto expressions = plans::make_expressions(nullptr);
  if (!expressions) {
    loaded.errors.push_back({.message = expressions.error().text()});
    return loaded;
  }
  auto compiled = plans::compile(loaded.definitions, **expressions);
  loaded.errors.insert(loaded.errors.end(), compiled.problems.begin(), compiled.problems.end());
  std::ranges::stable_sort(loaded.errors, {}, [](const definitions::Problem& problem) {
    return std::tie(problem.file, problem.line, problem.column);
  });
  return loaded;
}

}  // namespace wave::cli
