#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace wave::forecast {

/// Ridge regression that forgets: normal equations whose past counts half after `half_life` observations.
/// An observation costs p^2 / 2, solving p^3 / 6; p is a few dozen at most.
class ForgettingRidge {
 public:
  /// `penalty` is relative: it is added to each diagonal element as penalty * (element + mean element).
  ForgettingRidge(std::size_t features, double half_life, double penalty);

  void add(std::span<const double> x, double y);
  /// Makes the weights anew. They stay as they were where the equations cannot be solved.
  void solve();
  double predict(std::span<const double> x) const;
  bool solved() const { return solved_; }

 private:
  std::size_t size_;
  double keep_;
  double penalty_;
  std::vector<double> gram_;  ///< lower triangle, row by row
  std::vector<double> moment_;
  std::vector<double> weights_;
  std::vector<double> work_;
  bool solved_ = false;
};

}  // namespace wave::forecast
