#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/task.h"
#include "plans/expressions.h"
#include "plans/javascript/messages.h"

namespace wave {
class Loop;
}

namespace wave::plans {

/// How asking the child ended: with a reply, or with its death at some place of the request.
struct Exchange {
  std::optional<javascript::Reply> reply;
  bool silent = false;   ///< it was killed since it gave no sign of life
  bool crashed = false;  ///< it ended by itself or by a fault; false for a kill from outside
  javascript::Progress::Phase phase = javascript::Progress::idle;
  std::uint32_t index = 0;
};

/// The process that evaluates expressions: this program once more, with a hidden argument, no environment and
/// one socket.
class ChildProcess {
 public:
  /// `loop` null: asking blocks. io when the system has no process to give.
  static Result<std::unique_ptr<ChildProcess>> start(Loop* loop, Duration kill_after);
  /// Kills and buries it.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Without a reply the process is dead. One question at a time.
  Exchange ask_blocking(const javascript::Request& request);
  /// `request` outlives the task.
  Task<Exchange> ask(const javascript::Request& request);

 private:
  struct Impl;
  explicit ChildProcess(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace wave::plans
