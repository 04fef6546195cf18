#pragma once

#include <functional>
#include <vector>

#include "cli/world.h"
#include "net/process.h"

namespace wave::cli {

/// What the demo's Prometheus scrapes, and what it is given as if it had scraped it earlier.
struct DemoGauge {
  std::string name;
  int port = 0;  ///< of 127.0.0.1
  Duration scraped_every = 1s;
  std::vector<std::pair<UtcTime, double>> past;  ///< oldest first
};

/// A real Prometheus on a free port of 127.0.0.1, in a folder of its own.
class DemoPrometheus {
 public:
  /// `program`: empty for the one in PATH.
  DemoPrometheus(World& world, std::string program, std::filesystem::path folder)
      : world_(world),
        program_(program.empty() ? "prometheus" : std::move(program)),
        folder_(std::move(folder)) {}

  /// Writes the past into its storage, starts it, and waits until it has scraped. `ended` hears of an end
  /// that nobody asked for.
  Task<Status> start(DemoGauge gauge, std::function<void(Error)> ended);
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  void stop();

 private:
  Task<Status> write_past(const DemoGauge& gauge);
  Task<Status> wait_for(std::string name);

  World& world_;
  std::string program_;
  std::filesystem::path folder_;
  int port_ = 0;
  std::optional<net::ProcessRunner::ProcessId> process_;
  bool is_stopping_ = false;
};

}  // namespace wave::cli
