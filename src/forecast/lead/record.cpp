#include "forecast/lead/record.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace wave::forecast {
namespace {

constexpr double half_life_days = 2;
constexpr double least_days = 0.25;
/// A little worse than persistence at P90 still pays: the price buys with the upper tail, which persistence
/// lacks.
constexpr double worse_than_persistence = 1.25;
constexpr double least_coverage = 0.7;
/// A forecast that loses less than this part of the reference's loss may be as sure as it likes.
constexpr double clearly_better = 0.5;
/// Less than this part of the reference's loss is more than luck with the season.
constexpr double proven_below = 0.65;
/// A loss of this part of the load is far below one unit: on a smooth load the reference is off by less
/// still, and neither would scale otherwise.
constexpr double negligible = 0.005;
/// Over how many horizons the size of changes is averaged: soon enough to know that a fallen load changes
/// less, or the reference would be so poor that no forecast could lose to it.
constexpr double size_horizons = 100;

double pinball_90(double load, double quantile) {
  return load > quantile ? 0.9 * (load - quantile) : 0.1 * (quantile - load);
}

std::string text_of(double number) {
  std::array<char, 32> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::general, 3).ptr;
  return {buffer.data(), end};
}

}  // namespace

Record::Record(Duration step, std::int64_t horizon)
    : step_(step),
      horizon_(std::max<std::int64_t>(horizon, 1)),
      keep_(std::exp2(-seconds(step) / (half_life_days * 86400))) {}

void Record::add(const LeadForecaster::Outcome& outcome) {
  ++count_;
  // What was usual when the forecast was made: the truths since then were not known.
  const bool any = static_cast<std::int64_t>(rises_.size()) == horizon_;
  const double usual = any ? rises_.front() : 0;
  model_.add(pinball_90(outcome.load, outcome.q90), keep_);
  persistence_.add(pinball_90(outcome.load, outcome.level + usual), keep_);
  covered50_.add(outcome.load <= outcome.q50 ? 1 : 0, keep_);
  covered90_.add(outcome.load <= outcome.q90 ? 1 : 0, keep_);
  covered95_.add(outcome.load <= outcome.q95 ? 1 : 0, keep_);
  const double rise = outcome.load - outcome.level;
  error_.add(std::abs(outcome.load - outcome.q50), keep_);
  error_of_last_.add(std::abs(rise), keep_);
  load_.add(std::abs(outcome.load), keep_);
  // A quantile that follows: up by 0.9 and down by 0.1 of a small part of the usual change. Truths of one
  // lead overlap: together they say as much as one. It counts in usual changes, so that it falls with them.
  const double pace = 0.05 / static_cast<double>(horizon_);
  size_ += (std::abs(rise) - size_) /
           std::min(static_cast<double>(count_), size_horizons * static_cast<double>(horizon_));
  usual_rise_ += pace * (rise > usual_rise_ * size_ ? 0.9 : -0.1);
  rises_.push_back(static_cast<float>(usual_rise_ * size_));
  if (static_cast<std::int64_t>(rises_.size()) > horizon_) rises_.pop_front();
}

double Record::mase() const {
  return error_of_last_.mean() > 0 ? error_.mean() / error_of_last_.mean() : 0;
}

bool Record::proven() const {
  return count_ > 0 && pinball() < proven_below * pinball_of_persistence();
}

std::string Record::text() const {
  return "of " + std::to_string(count_) + " forecasts, P90 covered " + text_of(100 * coverage90()) +
         " %; MASE " + text_of(mase());
}

std::string Record::objection() const {
  if (static_cast<double>(count_) * seconds(step_) < least_days * 86400)
    return "the forecast has no record yet (" + std::to_string(count_) + " known outcomes)";
  if (pinball() <= negligible * load_.mean()) return {};
  if (pinball() > worse_than_persistence * pinball_of_persistence())
    return "the forecast has been worse than the last value: pinball loss " + text_of(pinball()) + ", " +
           text_of(pinball_of_persistence()) + " without it";
  if (coverage90() < least_coverage && pinball() > clearly_better * pinball_of_persistence())
    return "the forecast has been too sure: " + text_of(100 * coverage90()) + " % of loads below its P90";
  return {};
}

}  // namespace wave::forecast
