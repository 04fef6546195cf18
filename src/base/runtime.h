#pragma once

#include <cstdint>
#include <functional>

#include "base/task.h"
#include "base/time.h"

namespace wave {

/// Where work runs and time passes. `Loop` is the real one, `VirtualRuntime` the one of tests, simulation and
/// backtest.
///
/// All callbacks run on one thread, one after the other, in the order in which they became due; at equal
/// times in the order in which they were asked for. `utc`, `mono`, `at`, `cancel` and `post` are for that
/// thread; `post_from_any_thread` for others.
class Runtime : public Clock {
 public:
  using TimerId = std::uint64_t;  ///< never 0
  using Callback = std::move_only_function<void()>;

  /// Runs `callback` once at `when` (at once when that has passed).
  virtual TimerId at(MonoTime when, Callback callback) = 0;
  /// Does nothing when it already ran.
  virtual void cancel(TimerId timer) = 0;
  /// Runs `callback` after the current one has returned.
  virtual void post(Callback callback) = 0;
  virtual void post_from_any_thread(Callback callback) = 0;
  /// A number in [0, 1): jitter, ids. From a seed where runs must repeat.
  virtual double random() = 0;

  TimerId after(Duration delay, Callback callback) { return at(mono() + delay, std::move(callback)); }

  /// Suspends the calling coroutine.
  Task<void> sleep(Duration delay) {
    OneShot<bool> done;
    after(delay, [done] { done.set(true); });
    co_await done;
  }
};

}  // namespace wave
