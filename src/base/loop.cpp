#include "base/loop.h"

#include <map>
#include <random>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

namespace wave {

struct Loop::Impl {
  asio::io_context io{1};
  asio::steady_timer timer{io};
  std::map<std::pair<MonoTime, TimerId>, Callback> timers;
  std::map<TimerId, MonoTime> due;
  TimerId next_id = 1;
  MonoTime armed = MonoTime::max();  ///< when the system timer fires; max: not set
  bool arming = false;
  std::mt19937_64 random{std::random_device{}()};

  // One system timer for all of ours, set at most once a turn of the loop and to whole milliseconds: 10,000
  // polls a second would otherwise be several times as many timerfd_settime calls.
  void arm() {
    if (arming || timers.empty() || timers.begin()->first.first >= armed) return;
    arming = true;
    asio::post(io, [this] {
      arming = false;
      if (timers.empty() || timers.begin()->first.first >= armed) return;
      armed = std::chrono::ceil<std::chrono::milliseconds>(timers.begin()->first.first);
      timer.expires_at(std::chrono::steady_clock::time_point(armed.time_since_epoch()));
      timer.async_wait([this](const std::error_code& error) {
        if (!error) fire();
      });
    });
  }

  void fire() {
    const MonoTime now = std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
    armed = MonoTime::max();
    // Timers added by these callbacks wait for the next turn, so that sockets are not starved.
    const TimerId before = next_id;
    while (!timers.empty() && timers.begin()->first.first <= now && timers.begin()->first.second < before) {
      auto first = timers.extract(timers.begin());
      due.erase(first.key().second);
      first.mapped()();
    }
    arm();
  }
};

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

UtcTime Loop::utc() const {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}
MonoTime Loop::mono() const {
  return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
}

Runtime::TimerId Loop::at(MonoTime when, Callback callback) {
  const TimerId id = impl_->next_id++;
  impl_->timers.emplace(std::pair{when, id}, std::move(callback));
  impl_->due.emplace(id, when);
  impl_->arm();
  return id;
}

void Loop::cancel(TimerId timer) {
  const auto found = impl_->due.find(timer);
  if (found == impl_->due.end()) return;
  impl_->timers.erase({found->second, timer});
  impl_->due.erase(found);
}

void Loop::post(Callback callback) {
  asio::post(impl_->io, std::move(callback));
}
void Loop::post_from_any_thread(Callback callback) {
  asio::post(impl_->io, std::move(callback));
}
double Loop::random() {
  return std::uniform_real_distribution<double>(0.0, 1.0)(impl_->random);
}

void Loop::run() {
  const auto guard = asio::make_work_guard(impl_->io);
  impl_->io.restart();
  impl_->io.run();
}
void Loop::stop() {
  impl_->io.stop();
}
asio::io_context& Loop::io() {
  return impl_->io;
}

}  // namespace wave
