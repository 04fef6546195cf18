#include "plans/windows.h"

#include <algorithm>
#include <cmath>
#include <deque>

namespace wave::plans {
namespace {

struct Point {
  MonoTime at;
  double value = 0;
};
using Iterator = std::deque<Point>::const_iterator;

double rate(Iterator begin, Iterator end) {
  double increase = 0;
  for (auto next = begin + 1; next != end; ++next) {
    const double before = (next - 1)->value;
    // A counter that fell began again at zero.
    increase += next->value >= before ? next->value - before : next->value;
  }
  return increase / seconds((end - 1)->at - begin->at);
}

/// Least squares.
double slope(Iterator begin, Iterator end) {
  const auto count = static_cast<double>(end - begin);
  double mean_time = 0;
  double mean_value = 0;
  for (auto one = begin; one != end; ++one) {
    mean_time += seconds(one->at - begin->at) / count;
    mean_value += one->value / count;
  }
  double products = 0;
  double squares = 0;
  for (auto one = begin; one != end; ++one) {
    const double time = seconds(one->at - begin->at) - mean_time;
    products += time * (one->value - mean_value);
    squares += time * time;
  }
  return products / squares;
}

double percentile_of(Iterator begin, Iterator end, double percentile) {
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(end - begin));
  for (auto one = begin; one != end; ++one) values.push_back(one->value);
  const double rank = std::clamp(percentile, 0.0, 100.0) / 100 * static_cast<double>(values.size() - 1);
  const auto low = static_cast<std::ptrdiff_t>(std::floor(rank));
  std::nth_element(values.begin(), values.begin() + low, values.end());
  const double below = values[static_cast<std::size_t>(low)];
  if (rank == std::floor(rank)) return below;
  const double above = *std::min_element(values.begin() + low + 1, values.end());
  return below + (above - below) * (rank - std::floor(rank));
}

double reduce(WindowFunction function, Iterator begin, Iterator end, double percentile) {
  const auto by_value = [](const Point& a, const Point& b) { return a.value < b.value; };
  double sum = 0;
  switch (function) {
    case WindowFunction::min:
      return std::min_element(begin, end, by_value)->value;
    case WindowFunction::max:
      return std::max_element(begin, end, by_value)->value;
    case WindowFunction::count:
      return static_cast<double>(end - begin);
    case WindowFunction::last:
      return (end - 1)->value;
    case WindowFunction::rate:
      return rate(begin, end);
    case WindowFunction::slope:
      return slope(begin, end);
    case WindowFunction::percentile:
      return percentile_of(begin, end, percentile);
    case WindowFunction::avg:
    case WindowFunction::sum:
      for (auto one = begin; one != end; ++one) sum += one->value;
      break;
  }
  return function == WindowFunction::sum ? sum : sum / static_cast<double>(end - begin);
}

}  // namespace

struct Windows::Impl {
  std::deque<Point> points;
  Duration longest{0};
  std::optional<MonoTime> dropped;  ///< the newest sample that there was no room for
};

void Windows::Delete::operator()(Impl* impl) const {
  delete impl;
}

Windows::Windows() = default;

void Windows::keep(Duration longest) {
  if (!impl_) impl_.reset(new Impl);
  impl_->longest = std::max(impl_->longest, longest);
}

void Windows::add(MonoTime at, double value) {
  if (!impl_) impl_.reset(new Impl);
  auto& points = impl_->points;
  if (points.empty() || at > points.back().at) {
    points.push_back({at, value});
  } else {
    const auto place = std::ranges::lower_bound(points, at, {}, &Point::at);
    if (place != points.end() && place->at == at)
      place->value = value;
    else
      points.insert(place, {at, value});
  }
  while (points.size() > 1 && points.back().at - points.front().at > impl_->longest) points.pop_front();
  if (points.size() > max_samples) {
    impl_->dropped = points.front().at;
    points.pop_front();
  }
}

Result<double> Windows::value(WindowFunction function, Duration window, double percentile,
                              MonoTime now) const {
  static const Impl none;
  const Impl& impl = impl_ ? *impl_ : none;
  const auto& points = impl.points;
  const MonoTime since = now - window;
  if (impl.dropped && *impl.dropped > since)
    return fail(ErrorCode::limit_exceeded, "more than 200,000 samples within " + format_duration(window));
  const auto begin = std::ranges::upper_bound(points, since, {}, &Point::at);
  const auto end = std::ranges::upper_bound(points, now, {}, &Point::at);
  const auto count = end - begin;
  if (count <= 0 && function == WindowFunction::count) return 0.0;
  if (count <= 0) return fail(ErrorCode::no_data, "no sample within " + format_duration(window));
  const bool needs_two = function == WindowFunction::rate || function == WindowFunction::slope;
  if (needs_two && count < 2)
    return fail(ErrorCode::no_data, "one sample only within " + format_duration(window));
  const double result = reduce(function, begin, end, percentile);
  if (!std::isfinite(result)) return fail(ErrorCode::no_data, "the result is not a finite number");
  return result;
}

std::size_t Windows::size() const {
  return impl_ ? impl_->points.size() : 0;
}

}  // namespace wave::plans
