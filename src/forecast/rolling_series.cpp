#include "forecast/rolling_series.h"

#include <cmath>
#include <limits>

namespace wave::forecast {
namespace {

constexpr float unknown = std::numeric_limits<float>::quiet_NaN();
/// Samples of times that are to come are of clocks that go wrong.
constexpr std::size_t most_open = 100;

}  // namespace

RollingSeries::RollingSeries(Options options, UtcTime now) : options_(options) {
  begin_ = step_of(now - options_.delay);
}

UtcTime RollingSeries::step_of(UtcTime at) const {
  const auto since = at.time_since_epoch();
  auto steps = since / options_.step;
  if (since.count() < 0 && since % options_.step != Duration{0}) --steps;
  return UtcTime(options_.step * steps);
}

void RollingSeries::add(UtcTime at, double value) {
  if (!std::isfinite(value)) return;
  if (!any_ || at >= newest_at_) {
    newest_at_ = at;
    newest_ = value;
    any_ = true;
  }
  if (at < end()) return;
  const auto index = static_cast<std::size_t>((at - end()) / options_.step);
  if (index >= most_open + static_cast<std::size_t>(options_.delay / options_.step)) return;
  if (open_.size() <= index) open_.resize(index + 1);
  open_[index].sum += value;
  ++open_[index].count;
}

std::size_t RollingSeries::close(UtcTime now) {
  const UtcTime until = step_of(now - options_.delay);
  std::size_t ended = 0;
  if (until - end() > options_.history) {
    // A gap longer than what is kept: nothing of it remains.
    values_.clear();
    open_.clear();
    known_ = 0;
    begin_ = until - options_.step * static_cast<std::int64_t>(capacity());
  }
  while (end() < until) {
    const UtcTime over = end() + options_.step;
    const Open step = open_.empty() ? Open{} : open_.front();
    if (!open_.empty()) open_.pop_front();
    float value = unknown;
    if (step.count > 0) {
      value = static_cast<float>(step.sum / step.count);
    } else if (any_ && newest_at_ < over && over - newest_at_ <= options_.fresh_for) {
      value = static_cast<float>(newest_);
    }
    push(value);
    ++ended;
  }
  return ended;
}

void RollingSeries::push(float value) {
  values_.push_back(value);
  if (!std::isnan(value)) ++known_;
  while (values_.size() > capacity()) {
    if (!std::isnan(values_.front())) --known_;
    values_.pop_front();
    begin_ += options_.step;
  }
}

void RollingSeries::fill(UtcTime start, std::span<const float> values) {
  const UtcTime oldest = end() - options_.step * static_cast<std::int64_t>(capacity());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const UtcTime at = start + options_.step * static_cast<std::int64_t>(i);
    if (at < oldest || at >= end() || !std::isfinite(values[i])) continue;
    while (at < begin_) {
      values_.push_front(unknown);
      begin_ -= options_.step;
    }
    float& place = values_[static_cast<std::size_t>((at - begin_) / options_.step)];
    if (!std::isnan(place)) continue;
    place = values[i];
    ++known_;
  }
}

std::vector<float> RollingSeries::slice(UtcTime from, UtcTime to) const {
  std::vector<float> out;
  for (UtcTime at = from; at < to; at += options_.step) {
    const bool inside = at >= begin_ && at < end();
    out.push_back(inside ? values_[static_cast<std::size_t>((at - begin_) / options_.step)] : unknown);
  }
  return out;
}

}  // namespace wave::forecast
