#pragma once

#include <memory>

#include "plans/javascript/messages.h"

namespace wave::plans::javascript {

/// SpiderMonkey with the limits of one expression: CPU time by a timer's signal, memory by counting, depth by
/// the engine. Not every script obeys them (docs/decisions/003): hence the child process, and one engine in
/// it.
class Engine {
 public:
  /// Null when SpiderMonkey cannot start.
  static std::unique_ptr<Engine> create(Progress& progress);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  Reply serve(const Request& request);
  /// Collects garbage when enough has gathered; for the time after an answer was sent.
  void tidy();

 private:
  struct Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace wave::plans::javascript
