// ThreadSanitizer does not know C11 threads, which librdkafka makes, and crashes in the first one. Under it
// they become POSIX threads; what librdkafka does with its own locks is not looked at.
#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define WAVE_THREADS_ARE_WATCHED
#endif
#endif

#ifdef WAVE_THREADS_ARE_WATCHED

#include <memory>

#include <pthread.h>
#include <threads.h>

namespace {

struct Start {
  thrd_start_t run;
  void* argument;
};

void* begin(void* start) {
  const std::unique_ptr<Start> owned(static_cast<Start*>(start));
  owned->run(owned->argument);
  return nullptr;
}

}  // namespace

extern "C" int thrd_create(thrd_t* thread, thrd_start_t run, void* argument) {
  auto start = std::make_unique<Start>(Start{.run = run, .argument = argument});
  if (pthread_create(thread, nullptr, &begin, start.get()) != 0) return thrd_error;
  (void)start.release();
  return thrd_success;
}

extern "C" int thrd_join(thrd_t thread, int* result) {
  if (result != nullptr) *result = 0;
  return pthread_join(thread, nullptr) == 0 ? thrd_success : thrd_error;
}

// NOLINTNEXTLINE(readability-identifier-naming,bugprone-reserved-identifier): ThreadSanitizer's name
extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:librdkafka.so\n";
}

#endif
