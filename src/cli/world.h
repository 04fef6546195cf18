#pragma once

#include <memory>

#include "base/loop.h"
#include "cli/arguments.h"
#include "cli/settings.h"
#include "definitions/load.h"
#include "engine/engine.h"
#include "net/make.h"
#include "net/services.h"

namespace wave::cli {

/// The concrete parts, wired. The one place that names them.
class World {
 public:
  explicit World(LogLevel level = LogLevel::info, bool log_json = false);

  Loop loop;
  Log log;
  std::unique_ptr<net::HttpClient> http;
  std::unique_ptr<net::ProcessRunner> processes;
  std::unique_ptr<net::AwsClients, net::AwsClientsDeleter> aws;
  net::Services services;

  engine::Parts parts(history::Store* store);
};

/// The kinds of the registries.
const definitions::Catalog& catalog();

/// -f, else the configuration's, else wave-definitions.yaml or definitions/ here.
Result<std::vector<std::filesystem::path>> definition_paths(const Arguments& arguments,
                                                            const Configuration& configuration);

/// Loads and checks, JavaScript included; the errors of both are in the result, sorted.
definitions::Loaded load_and_check(const std::vector<std::filesystem::path>& paths);

}  // namespace wave::cli
