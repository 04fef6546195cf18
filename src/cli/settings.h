#pragma once

#include <filesystem>
#include <string>

#include "base/log.h"
#include "definitions/settings.h"
#include "history/store.h"

namespace wave::cli {

/// What `wave-config.yaml` and WAVE_... variables set (docs/reference/configuration.md).
struct Configuration {
  std::string address = "127.0.0.1";
  int port = 3024;
  std::filesystem::path database = "wave.db";
  std::filesystem::path token_file = "wave.token";
  std::string token;  ///< secret; WAVE_TOKEN, else the file's
  LogLevel log_level = LogLevel::info;
  bool log_json = false;
  std::vector<std::filesystem::path> definitions;
  history::Retention retention;

  bool loopback() const;
  std::string url() const;
};

/// Reads `file` (or ./wave-config.yaml when it is there and `file` is empty), then the environment, which
/// wins. Errors name file and line, or the variable.
Result<Configuration> configure(const std::filesystem::path& file,
                                const definitions::Settings::Environment& environment);

/// docs/reference/configuration.md
std::string configuration_markdown();

/// The token of this configuration. `make`: a daemon makes the file (mode 0600) when there is none.
Result<std::string> read_token(const Configuration& configuration, bool make);

}  // namespace wave::cli
