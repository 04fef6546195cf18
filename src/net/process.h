#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/task.h"

namespace wave::net {

/// Other programs: exec plugins, credential_process, the workers of `local-process`. No shell is ever
/// involved.
class ProcessRunner {
 public:
  struct Command {
    std::string program;  ///< looked up in PATH when it holds no slash
    std::vector<std::string> arguments{};
    std::map<std::string, std::string> environment{};  ///< added to ours
    std::string input{};
    std::string directory{};                  ///< empty: ours
    Duration timeout = 10s;                   ///< `run` only; then SIGKILL
    std::size_t max_output_bytes = 1u << 20;  ///< `run` only
  };
  struct Output {
    int exit_code = 0;  ///< 128 + signal when killed by one
    std::string out;
    std::string err;  ///< at most 4 KiB
  };
  using ProcessId = int;

  virtual ~ProcessRunner() = default;
  /// Runs to the end. A program that cannot be started is not_found; one that is too slow timeout.
  virtual Task<Result<Output>> run(Command command) = 0;
  /// Starts and keeps it; `exited` is called on the loop with the exit code. It dies with the daemon
  /// (PR_SET_PDEATHSIG), its standard output and error are ours.
  virtual Result<ProcessId> start(Command command, std::function<void(int exit_code)> exited) = 0;
  /// Sends a signal to a process made by `start` (to its process group); nothing when it is gone.
  virtual void signal(ProcessId process, int signal_number) = 0;
};

}  // namespace wave::net
