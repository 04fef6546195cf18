#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <random>

#include "base/runtime.h"

namespace wave {

/// Time that moves only when told to: hours pass in milliseconds and every run from one seed is the same.
class VirtualRuntime final : public Runtime {
 public:
  explicit VirtualRuntime(UtcTime start = from_epoch_seconds(1'767'225'600), std::uint64_t seed = 1);

  UtcTime utc() const override { return utc_; }
  MonoTime mono() const override { return mono_; }
  TimerId at(MonoTime when, Callback callback) override;
  void cancel(TimerId timer) override;
  void post(Callback callback) override { posted_.push_back(std::move(callback)); }
  void post_from_any_thread(Callback callback) override;
  double random() override { return uniform_(random_); }

  /// Runs everything that is due now and what that posts, without moving the clock.
  void settle();
  /// Moves the clock forward through every timer on the way.
  void advance(Duration duration);
  /// Moves to the next timer at most `limit` ahead; false when there is none.
  bool advance_to_next(Duration limit);
  /// Civil time jumps (NTP, a suspended laptop, an operator); the monotonic clock does not.
  void jump_utc(Duration by) { utc_ += by; }

 private:
  void take_foreign();

  UtcTime utc_;
  MonoTime mono_{};
  TimerId next_id_ = 1;
  std::map<std::pair<MonoTime, TimerId>, Callback> timers_;
  std::map<TimerId, MonoTime> due_;
  std::deque<Callback> posted_;
  std::mutex foreign_mutex_;
  std::deque<Callback> foreign_;
  std::mt19937_64 random_;
  std::uniform_real_distribution<double> uniform_{0.0, 1.0};
};

}  // namespace wave
