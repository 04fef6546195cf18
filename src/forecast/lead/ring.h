#pragma once

#include <cstdint>
#include <vector>

namespace wave::forecast {

/// The newest values of a series by their place in the whole of it. Places older than `capacity` are gone;
/// asking for them, or for ones to come, gives `otherwise`.
class Ring {
 public:
  explicit Ring(std::size_t capacity, float otherwise = 0)
      : values_(capacity, otherwise), otherwise_(otherwise) {}

  void push(double value) {
    values_[static_cast<std::size_t>(end_) % values_.size()] = static_cast<float>(value);
    ++end_;
  }
  /// Places from 0; the next `push` is at `end`.
  std::int64_t end() const { return end_; }
  std::int64_t begin() const {
    const auto kept = static_cast<std::int64_t>(values_.size());
    return end_ > kept ? end_ - kept : 0;
  }
  bool has(std::int64_t place) const { return place >= begin() && place < end_; }
  double operator[](std::int64_t place) const {
    return has(place) ? values_[static_cast<std::size_t>(place) % values_.size()] : otherwise_;
  }

 private:
  std::vector<float> values_;
  float otherwise_;
  std::int64_t end_ = 0;
};

}  // namespace wave::forecast
