#pragma once

#include "base/runtime.h"

namespace wave {

/// Another runtime's time, begun at any moment and passing `factor` times as fast: a day in three minutes.
/// Timers, posts and chance are the other's.
class ScaledRuntime final : public Runtime {
 public:
  /// `factor` > 0. `real` outlives it.
  ScaledRuntime(Runtime& real, UtcTime begin, double factor);

  UtcTime utc() const override { return begin_ + (mono() - begun_); }
  MonoTime mono() const override;
  TimerId at(MonoTime when, Callback callback) override;
  void cancel(TimerId timer) override { real_.cancel(timer); }
  void post(Callback callback) override { real_.post(std::move(callback)); }
  void post_from_any_thread(Callback callback) override { real_.post_from_any_thread(std::move(callback)); }
  double random() override { return real_.random(); }

 private:
  Runtime& real_;
  UtcTime begin_;
  MonoTime begun_;  ///< at `begin_`, by both clocks
  double factor_;
};

}  // namespace wave
