#include "base/virtual_runtime.h"

namespace wave {

VirtualRuntime::VirtualRuntime(UtcTime start, std::uint64_t seed) : utc_(start), random_(seed) {}

Runtime::TimerId VirtualRuntime::at(MonoTime when, Callback callback) {
  const TimerId id = next_id_++;
  timers_.emplace(std::pair{when, id}, std::move(callback));
  due_.emplace(id, when);
  return id;
}

void VirtualRuntime::cancel(TimerId timer) {
  const auto found = due_.find(timer);
  if (found == due_.end()) return;
  timers_.erase({found->second, timer});
  due_.erase(found);
}

void VirtualRuntime::post_from_any_thread(Callback callback) {
  const std::lock_guard lock(foreign_mutex_);
  foreign_.push_back(std::move(callback));
}

void VirtualRuntime::take_foreign() {
  const std::lock_guard lock(foreign_mutex_);
  for (auto& callback : foreign_) posted_.push_back(std::move(callback));
  foreign_.clear();
}

void VirtualRuntime::settle() {
  for (;;) {
    take_foreign();
    if (!posted_.empty()) {
      auto callback = std::move(posted_.front());
      posted_.pop_front();
      callback();
      continue;
    }
    if (timers_.empty() || timers_.begin()->first.first > mono_) return;
    auto first = timers_.extract(timers_.begin());
    due_.erase(first.key().second);
    first.mapped()();
  }
}

void VirtualRuntime::advance(Duration duration) {
  const MonoTime end = mono_ + duration;
  settle();
  while (advance_to_next(end - mono_)) {
  }
  utc_ += end - mono_;
  mono_ = end;
  settle();
}

bool VirtualRuntime::advance_to_next(Duration limit) {
  if (timers_.empty()) return false;
  const MonoTime next = timers_.begin()->first.first;
  if (next > mono_ + limit) return false;
  if (next > mono_) {
    utc_ += next - mono_;
    mono_ = next;
  }
  settle();
  return true;
}

}  // namespace wave
