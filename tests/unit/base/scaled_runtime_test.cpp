#include "base/scaled_runtime.h"

#include <gtest/gtest.h>

#include "base/virtual_runtime.h"

namespace wave {
namespace {

TEST(ScaledRuntime, ADayPassesInThreeMinutes) {
  VirtualRuntime real;
  real.advance(5s);
  const UtcTime begin = *parse_time("1998-06-17T00:00:00Z");
  ScaledRuntime fast(real, begin, 480);
  EXPECT_EQ(fast.utc(), begin);
  EXPECT_EQ(fast.mono(), real.mono());
  real.advance(180s);
  EXPECT_EQ(fast.utc(), begin + 24h);
}

TEST(ScaledRuntime, ATimerFiresWhenItsTimeHasComeByTheFastClock) {
  VirtualRuntime real;
  ScaledRuntime fast(real, {}, 7);
  std::vector<Duration> fired;
  const MonoTime begun = fast.mono();
  for (const Duration wait : {Duration(1min), Duration(10min)})
    fast.after(wait, [&, wait] {
      EXPECT_GE(fast.mono() - begun, wait);
      fired.push_back(wait);
    });
  const auto cancelled = fast.after(2min, [&] { fired.emplace_back(0); });
  fast.cancel(cancelled);
  real.advance(8s);
  EXPECT_EQ(fired, (std::vector<Duration>{}));
  real.advance(1s);
  EXPECT_EQ(fired, (std::vector<Duration>{1min}));
  real.advance(80s);
  EXPECT_EQ(fired, (std::vector<Duration>{1min, 10min}));
}

}  // namespace
}  // namespace wave
