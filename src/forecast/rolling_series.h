#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <vector>

#include "base/time.h"

namespace wave::forecast {

/// The regular series of a metric as it grows. A sample counts in the step that holds its own time; a step's
/// value is the mean of its samples. A step without one repeats the newest sample while that is fresh, and is
/// NaN after: outages are marked, not invented. What is over never changes.
class RollingSeries {
 public:
  struct Options {
    Duration step = 1min;
    Duration history = 35 * 24h;
    Duration delay{0};         ///< how late the source is: a step ends so long after its time
    Duration fresh_for = 50s;  ///< how long a sample speaks for the steps after it
  };
  RollingSeries(Options options, UtcTime now);

  /// Late samples, of steps that are over, are left out.
  void add(UtcTime at, double value);
  /// Ends the steps whose time has come; gives how many ended.
  std::size_t close(UtcTime now);
  /// Takes over values of the past where nothing is known. `start` is that of a step.
  void fill(UtcTime start, std::span<const float> values);

  const Options& options() const { return options_; }
  /// Steps that are over, oldest first.
  std::size_t size() const { return values_.size(); }
  float value(std::size_t index) const { return values_[index]; }
  UtcTime time(std::size_t index) const { return begin_ + options_.step * static_cast<std::int64_t>(index); }
  UtcTime begin() const { return begin_; }
  UtcTime end() const { return time(values_.size()); }
  /// How many of them are known.
  std::size_t known() const { return known_; }
  /// The steps of [from, to) that are over, NaN where nothing is known.
  std::vector<float> slice(UtcTime from, UtcTime to) const;
  /// The start of the step that holds `at`.
  UtcTime step_of(UtcTime at) const;

 private:
  struct Open {
    double sum = 0;
    int count = 0;
  };
  std::size_t capacity() const { return static_cast<std::size_t>(options_.history / options_.step); }
  void push(float value);

  Options options_;
  UtcTime begin_;
  std::deque<float> values_;
  std::deque<Open> open_;  ///< from `end` on
  std::size_t known_ = 0;
  UtcTime newest_at_{};
  double newest_ = 0;
  bool any_ = false;
};

}  // namespace wave::forecast
