#pragma once

#include <map>
#include <memory>
#include <tuple>

#include "base/error.h"
#include "base/time.h"
#include "plans/expressions.h"

namespace wave::plans {

/// The recent samples of one metric and the window functions over them. Adding is O(1) for samples
/// that come in order, asking O(samples in the window). At most `max_samples` are kept; asking for more time
/// than they cover is limit_exceeded.
class Windows {
 public:
  static constexpr std::size_t max_samples = 200'000;

  /// The longest window that anything asks for; older samples are forgotten.
  void keep(Duration longest);
  /// `at` is the monotonic equivalent of the sample's own time. Samples older than the newest are put in
  /// their place; one at the same time replaces it.
  void add(MonoTime at, double value);
  /// Over (now - window, now]. no_data when no sample lies in it (two for rate and slope). `percentile`
  /// (0..100) interpolates linearly; rate and slope are per second; rate takes a drop as a counter reset.
  Result<double> value(WindowFunction function, Duration window, double percentile, MonoTime now) const;
  std::size_t size() const;

 private:
  struct Impl;
  struct Delete {
    void operator()(Impl* impl) const;
  };
  std::unique_ptr<Impl, Delete> impl_;

 public:
  Windows();
};

}  // namespace wave::plans
