#pragma once

#include <cstddef>
#include <vector>

namespace wave::forecast {

/// Ridge regression by normal equations. The penalty is relative to each column's own size, so that units do
/// not matter and columns that say the same share their weight.
class LeastSquares {
 public:
  explicit LeastSquares(std::size_t columns);
  void add(const std::vector<double>& row, double target);
  /// The coefficients; all zero where nothing can be told (no rows, or rows of nothing but zeros).
  std::vector<double> solve(double penalty) const;

 private:
  std::size_t columns_;
  std::vector<double> products_;  ///< lower triangle used, row by row
  std::vector<double> targets_;
};

}  // namespace wave::forecast
