#pragma once

#include <memory>

#include "base/runtime.h"

namespace asio {
class io_context;
}

namespace wave {

/// The real clock and the one thread that everything of the daemon runs on.
class Loop final : public Runtime {
 public:
  Loop();
  ~Loop() override;

  UtcTime utc() const override;
  MonoTime mono() const override;
  TimerId at(MonoTime when, Callback callback) override;
  void cancel(TimerId timer) override;
  void post(Callback callback) override;
  void post_from_any_thread(Callback callback) override;
  double random() override;

  /// Runs until `stop`. Returns after the callback in progress.
  void run();
  void stop();

  /// For the few files that wait on sockets, signals and children; they include asio themselves.
  asio::io_context& io();

  /// Runs the loop until a task has its value: for commands that do one thing.
  template <class T>
  T run_until(Task<T> task) {
    std::optional<T> value;
    spawn(std::move(task), [&](T result) {
      value.emplace(std::move(result));
      stop();
    });
    while (!value) run();
    return std::move(*value);
  }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wave
