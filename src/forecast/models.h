#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace wave::forecast {

using Values = std::vector<double>;

/// The lengths of the cycles that models may use, in steps; 0 is none. `day` is the short one.
struct Seasons {
  std::size_t day = 0;
  std::size_t week = 0;
};

/// One of the pool: what comes after `past`, whose values are finite and on a scale where effects add up.
struct Model {
  std::string_view name;
  bool (*fits)(std::size_t length, Seasons seasons);
  Values (*ahead)(std::span<const double> past, Seasons seasons, std::size_t horizon);
};

/// The plain repetition's name.
constexpr std::string_view same_time_of_season = "the same time of the last season";

const std::vector<Model>& models();

}  // namespace wave::forecast
