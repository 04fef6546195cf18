#include "plans/javascript/watchdog.h"

#include <atomic>
#include <csignal>
#include <ctime>

#include <js/Interrupt.h>
#include <js/MemoryFunctions.h>
#include <jsapi.h>
#include <sys/time.h>

#include "plans/javascript/memory.h"

namespace wave::plans::javascript::watchdog {
namespace {

// A script that keeps the timer's pace: late by one tick at most.
constexpr long tick_us = 4'000;

JSContext* watched = nullptr;
std::atomic<std::uint64_t> serial{0};  // of the script at work; 0: none
std::atomic<std::uint64_t> limit_us{0};
std::atomic<Reason> reason{Reason::none};
std::uint64_t next_serial = 1;

std::uint64_t cpu_us() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec) / 1000;
}

// Only flags are set here: it runs in signal handlers and inside malloc.
void stop_for(Reason why) {
  if (serial.load(std::memory_order_relaxed) == 0) return;
  Reason none = Reason::none;
  reason.compare_exchange_strong(none, why, std::memory_order_relaxed);
  JS_RequestInterruptCallbackCanWait(watched);
}

// A script's time counts from the first tick that sees it, so that starting one costs no system call.
void tick(int) {
  static std::uint64_t seen = 0;
  static std::uint64_t since_us = 0;
  const std::uint64_t now = serial.load(std::memory_order_relaxed);
  if (now == 0) return;
  if (now != seen) {
    seen = now;
    since_us = cpu_us();
  } else if (cpu_us() - since_us >= limit_us.load(std::memory_order_relaxed)) {
    stop_for(Reason::time);
  }
}

bool on_interrupt(JSContext*) {
  return reason.load(std::memory_order_relaxed) == Reason::none;
}

}  // namespace

void block_signal() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGALRM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

bool install(JSContext* context) {
  watched = context;
  struct sigaction action{};
  action.sa_handler = tick;
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, nullptr);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGALRM);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  MemoryCount::start([] { stop_for(Reason::memory); });
  JS::SetOutOfMemoryCallback(context, [](JSContext*, void*) { stop_for(Reason::memory); }, nullptr);
  return JS_AddInterruptCallback(context, on_interrupt);
}

void start_ticking() {
  const itimerval every{.it_interval = {.tv_sec = 0, .tv_usec = tick_us},
                        .it_value = {.tv_sec = 0, .tv_usec = tick_us}};
  setitimer(ITIMER_REAL, &every, nullptr);
}

void stop_ticking() {
  const itimerval never{};
  setitimer(ITIMER_REAL, &never, nullptr);
}

void begin(std::uint64_t time_us, std::uint64_t memory_bytes) {
  MemoryCount::allow(memory_bytes);
  limit_us.store(time_us, std::memory_order_relaxed);
  reason.store(Reason::none, std::memory_order_relaxed);
  serial.store(next_serial++, std::memory_order_relaxed);
}

Reason end() {
  serial.store(0, std::memory_order_relaxed);
  return reason.exchange(Reason::none, std::memory_order_relaxed);
}

}  // namespace wave::plans::javascript::watchdog
