#include "forecast/least_squares.h"

#include <cmath>

namespace wave::forecast {

LeastSquares::LeastSquares(std::size_t columns)
    : columns_(columns), products_(columns * columns), targets_(columns) {}

void LeastSquares::add(const std::vector<double>& row, double target) {
  for (std::size_t i = 0; i < columns_; ++i) {
    for (std::size_t j = 0; j <= i; ++j) products_[i * columns_ + j] += row[i] * row[j];
    targets_[i] += row[i] * target;
  }
}

std::vector<double> LeastSquares::solve(double penalty) const {
  const std::size_t n = columns_;
  std::vector<double> lower = products_;
  std::vector<double> x = targets_;
  for (std::size_t i = 0; i < n; ++i) lower[i * n + i] += penalty * products_[i * n + i];
  std::vector<bool> used(n, true);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = lower[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= lower[i * n + k] * lower[j * n + k];
      if (i != j) {
        lower[i * n + j] = used[j] ? sum / lower[j * n + j] : 0;
      } else {
        used[i] = sum > 1e-10 * products_[i * n + i] && sum > 0;
        lower[i * n + i] = used[i] ? std::sqrt(sum) : 0;
      }
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) x[i] -= lower[i * n + k] * x[k];
    x[i] = used[i] ? x[i] / lower[i * n + i] : 0;
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) x[i] -= lower[k * n + i] * x[k];
    x[i] = used[i] ? x[i] / lower[i * n + i] : 0;
  }
  return x;
}

}  // namespace wave::forecast
