#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "base/log.h"
#include "base/virtual_runtime.h"
#include "definitions/load.h"
#include "engine/engine.h"
#include "history/store.h"
#include "net/aws/aws_client.h"
#include "support/fake_http.h"
#include "support/memory_store.h"

namespace wave::test {

/// What a scenario's components really are: a number that a test can look at, change and break.
struct Simulated {
  double desired = 0;
  Duration ready_after{0};
  bool fails = false;
  int applied = 0;
  double at_once = 1e9;      ///< how far one change goes
  bool is_set_back = false;  ///< accepted, and never shown
  Duration shown_after{0};   ///< accepted, and shown only then
  bool has_a_number = true;  ///< such as a limit that nobody has set
  std::vector<decisions::Block> blocks{};
  std::vector<components::Steering> steering{};
  std::optional<double> ready{};  ///< instead of what `ready_after` gives
  int observed = 0;
};

/// The production engine on a clock that moves only when told to.
class SimulatedWorld {
 public:
  SimulatedWorld(UtcTime start, std::string definitions);
  ~SimulatedWorld();

  /// Starts the engine, or starts it again as after kill -9.
  void start();
  /// kill -9.
  void kill() { engine_.reset(); }
  bool runs() const { return engine_ != nullptr; }
  engine::Engine& engine() { return *engine_; }
  std::map<std::string, Simulated>& components() { return components_; }

  /// Other systems than pushed metrics: kinds, and what they are made of, set before `start`.
  std::vector<const metrics::Kind*> metric_kinds;
  std::function<void(definitions::Definitions&)> prepare;
  FakeHttp& http() { return http_; }

  /// From now on the process for expressions answers nothing but errors.
  bool no_expressions = false;

  VirtualRuntime runtime;
  MemoryStore store;

 private:
  class NoProcesses;
  std::string definitions_;
  Log log_;
  FakeHttp http_;
  std::unique_ptr<NoProcesses> processes_;
  net::AwsClients aws_;
  net::Services services_;
  std::map<std::string, Simulated> components_;
  components::Kind kind_;
  definitions::Catalog catalog_;
  std::unique_ptr<engine::Engine> engine_;
};

}  // namespace wave::test
