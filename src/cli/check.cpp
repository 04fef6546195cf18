#include <algorithm>
#include <cstdio>

#include "cli/commands.h"
#include "cli/world.h"

namespace wave::cli {
namespace {

/// References are not needed to check; that one is unset is worth a word.
template <class Definition>
void warn_unset(const std::vector<Definition>& all, definitions::Loaded& loaded) {
  const auto environment = definitions::Settings::Environment::process();
  for (const auto& one : all) {
    if (!one.enabled) continue;
    const auto resolved = one.metadata.resolve(environment);
    if (resolved) continue;
    loaded.warnings.push_back({.file = one.position.file,
                               .line = one.position.line,
                               .column = one.position.column,
                               .message = one.id + ": " + resolved.error().text()});
  }
}

}  // namespace

int check(const Arguments& arguments, const Configuration& configuration) {
  const auto paths = definition_paths(arguments, configuration);
  if (!paths) return fail_with(paths.error(), arguments.json);
  auto loaded = load_and_check(*paths);
  warn_unset(loaded.definitions.metrics, loaded);
  warn_unset(loaded.definitions.components, loaded);
  if (arguments.json) {
    print_line(std::string("{\"ok\":") + (loaded.ok() ? "true" : "false") + ",\"errors\":" +
               problems_json(loaded.errors) + ",\"warnings\":" + problems_json(loaded.warnings) + "}");
    return loaded.ok() ? exit_done : exit_invalid;
  }
  print_problems(loaded.errors, loaded.warnings);
  if (!loaded.ok()) {
    std::fprintf(stderr, "%zu error%s; nothing may start\n", loaded.errors.size(),
                 loaded.errors.size() == 1 ? "" : "s");
    return exit_invalid;
  }
  const auto& all = loaded.definitions;
  print_line("ok: " + std::to_string(all.metrics.size()) + " metrics, " +
             std::to_string(all.components.size()) + " components, " + std::to_string(all.plans.size()) +
             " plans");
  return exit_done;
}

}  // namespace wave::cli
