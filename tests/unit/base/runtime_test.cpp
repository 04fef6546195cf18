#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "base/loop.h"
#include "base/virtual_runtime.h"

namespace wave {
namespace {

TEST(VirtualRuntime, RunsTimersInOrderOfTimeThenOfAsking) {
  VirtualRuntime runtime;
  std::string order;
  runtime.after(2s, [&] { order += 'c'; });
  runtime.after(1s, [&] { order += 'a'; });
  runtime.after(1s, [&] { order += 'b'; });
  runtime.advance(1500ms);
  EXPECT_EQ(order, "ab");
  runtime.advance(1s);
  EXPECT_EQ(order, "abc");
}

TEST(VirtualRuntime, CancelledTimersDoNotRun) {
  VirtualRuntime runtime;
  bool ran = false;
  runtime.cancel(runtime.after(1s, [&] { ran = true; }));
  runtime.advance(2s);
  EXPECT_FALSE(ran);
}

TEST(VirtualRuntime, CivilTimeMayJumpWhileTheMonotonicClockDoesNot) {
  VirtualRuntime runtime;
  const auto mono = runtime.mono();
  const auto utc = runtime.utc();
  runtime.jump_utc(-1h);
  runtime.advance(1min);
  EXPECT_EQ(runtime.mono() - mono, Duration(1min));
  EXPECT_EQ(runtime.utc() - utc, Duration(1min) - Duration(1h));
}

Task<int> sum_after(Runtime& runtime, int a, int b) {
  co_await runtime.sleep(10ms);
  co_return a + b;
}

TEST(Task, AllRunsSideBySideAndKeepsTheOrder) {
  VirtualRuntime runtime;
  std::vector<int> values;
  std::vector<Task<int>> tasks;
  for (int i = 0; i < 3; ++i) tasks.push_back(sum_after(runtime, i, 10));
  spawn(all(std::move(tasks)), [&](std::vector<int> result) { values = std::move(result); });
  runtime.advance(10ms);
  EXPECT_EQ(values, (std::vector<int>{10, 11, 12}));
}

TEST(Loop, RunsATaskToItsValue) {
  Loop loop;
  EXPECT_EQ(loop.run_until(sum_after(loop, 2, 3)), 5);
}

TEST(Loop, TakesCallbacksFromOtherThreads) {
  Loop loop;
  bool ran = false;
  std::thread other([&] {
    loop.post_from_any_thread([&] {
      ran = true;
      loop.stop();
    });
  });
  loop.run();
  other.join();
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace wave
