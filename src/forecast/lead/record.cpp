#include "forecast/lead/record.h"

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

Record::Record(Duration step) : step_(step), keep_(std::exp2(-seconds(step) / (half_life_days * 86400))) {}

void Record::add(const LeadForecaster::Outcome& outcome) {
  ++count_;
  model_.add(pinball_90(outcome.load, outcome.q90), keep_);
  persistence_.add(pinball_90(outcome.load, outcome.level + usual_rise_), keep_);
  covered50_.add(outcome.load <= outcome.q50 ? 1 : 0, keep_);
  covered90_.add(outcome.load <= outcome.q90 ? 1 : 0, keep_);
  covered95_.add(outcome.load <= outcome.q95 ? 1 : 0, keep_);
  // A quantile that follows: up by 0.9 and down by 0.1 of a small part of the usual change.
  const double rise = outcome.load - outcome.level;
  size_ += (std::abs(rise) - size_) / std::min(static_cast<double>(count_), 200.0);
  usual_rise_ += 0.05 * size_ * (rise > usual_rise_ ? 0.9 : -0.1);
}

std::string Record::objection() const {
  if (static_cast<double>(count_) * seconds(step_) < least_days * 86400)
    return "the forecast has no record yet (" + std::to_string(count_) + " known outcomes)";
  if (pinball() > worse_than_persistence * pinball_of_persistence())
    return "the forecast has been worse than the last value: pinball loss " + text_of(pinball()) + ", " +
           text_of(pinball_of_persistence()) + " without it";
  if (coverage90() < least_coverage)
    return "the forecast has been too sure: " + text_of(100 * coverage90()) + " % of loads below its P90";
  return {};
}

}  // namespace wave::forecast
