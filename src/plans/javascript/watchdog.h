#pragma once

#include <cstdint>

struct JSContext;

namespace wave::plans::javascript {

/// Interrupts what runs too long or takes too much memory. One per process: signals and malloc have no
/// address to call.
namespace watchdog {

enum class Reason { none, time, memory };

/// Sets signal handler, interrupt callback and memory count. Call after the context's helper threads are
/// there, on the thread that runs scripts.
bool install(JSContext* context);
/// The signal must not reach helper threads: blocks it for threads that start from now on.
void block_signal();
/// The timer ticks only while there is work.
void start_ticking();
void stop_ticking();

/// A new script begins: it may use so much CPU time and so many bytes more than are in use.
void begin(std::uint64_t time_us, std::uint64_t memory_bytes);
/// It is over. Why it was stopped, if it was.
Reason end();

}  // namespace watchdog

}  // namespace wave::plans::javascript
