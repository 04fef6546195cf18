#include "base/scaled_runtime.h"

#include <cmath>

namespace wave {

ScaledRuntime::ScaledRuntime(Runtime& real, UtcTime begin, double factor)
    : real_(real), begin_(begin), begun_(real.mono()), factor_(factor) {}

MonoTime ScaledRuntime::mono() const {
  return begun_ + from_seconds(seconds(real_.mono() - begun_) * factor_);
}

Runtime::TimerId ScaledRuntime::at(MonoTime when, Callback callback) {
  // Rounded up: a timer must not find that its time has not come.
  const double wait = std::ceil(seconds(when - begun_) / factor_ * 1e6) / 1e6;
  return real_.at(begun_ + from_seconds(wait), std::move(callback));
}

}  // namespace wave
