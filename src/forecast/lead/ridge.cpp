#include "forecast/lead/ridge.h"

#include <algorithm>
#include <cmath>

namespace wave::forecast {
namespace {

constexpr std::size_t at(std::size_t row, std::size_t column) {
  return row * (row + 1) / 2 + column;
}

}  // namespace

ForgettingRidge::ForgettingRidge(std::size_t features, double half_life, double penalty)
    : size_(features),
      keep_(std::exp2(-1 / half_life)),
      penalty_(penalty),
      gram_(at(features, 0)),
      moment_(features),
      weights_(features),
      work_(gram_.size()) {}

void ForgettingRidge::add(std::span<const double> x, double y) {
  std::size_t place = 0;
  for (std::size_t row = 0; row < size_; ++row) {
    for (std::size_t column = 0; column <= row; ++column, ++place)
      gram_[place] = gram_[place] * keep_ + x[row] * x[column];
    moment_[row] = moment_[row] * keep_ + x[row] * y;
  }
}

/// Cholesky's factor of the penalised equations, then forward and backward substitution.
void ForgettingRidge::solve() {
  double mean = 0;
  for (std::size_t i = 0; i < size_; ++i) mean += gram_[at(i, i)] / static_cast<double>(size_);
  if (mean <= 0) return;
  work_ = gram_;
  for (std::size_t i = 0; i < size_; ++i) work_[at(i, i)] += penalty_ * (gram_[at(i, i)] + mean);
  for (std::size_t row = 0; row < size_; ++row) {
    for (std::size_t column = 0; column <= row; ++column) {
      double sum = work_[at(row, column)];
      for (std::size_t k = 0; k < column; ++k) sum -= work_[at(row, k)] * work_[at(column, k)];
      if (row != column) {
        work_[at(row, column)] = sum / work_[at(column, column)];
      } else if (sum <= 0 || !std::isfinite(sum)) {
        return;
      } else {
        work_[at(row, row)] = std::sqrt(sum);
      }
    }
  }
  std::vector<double> solution(moment_);
  for (std::size_t row = 0; row < size_; ++row) {
    for (std::size_t k = 0; k < row; ++k) solution[row] -= work_[at(row, k)] * solution[k];
    solution[row] /= work_[at(row, row)];
  }
  for (std::size_t row = size_; row-- > 0;) {
    for (std::size_t k = row + 1; k < size_; ++k) solution[row] -= work_[at(k, row)] * solution[k];
    solution[row] /= work_[at(row, row)];
  }
  if (std::ranges::all_of(solution, [](double weight) { return std::isfinite(weight); })) {
    weights_ = std::move(solution);
    solved_ = true;
  }
}

double ForgettingRidge::predict(std::span<const double> x) const {
  double sum = 0;
  for (std::size_t i = 0; i < size_; ++i) sum += weights_[i] * x[i];
  return sum;
}

}  // namespace wave::forecast
