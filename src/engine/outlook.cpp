#include "engine/outlook.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/backoff.h"

namespace wave::engine {
namespace {

/// What is written at once: kill -9 costs no more than the raw samples on disk give back.
constexpr Duration stretch = 1h;
/// A sample of the step that just ended may still be under way.
constexpr Duration grace = 250ms;
/// Raw samples that are kept at least.
constexpr Duration raw_samples = 2h;
constexpr std::size_t most_raw_samples = 100'000;
/// Fewer holes are not worth a question to the source.
constexpr std::size_t few_holes = 5;
constexpr Duration first_retry = 1min;
constexpr Duration longest_retry = 1h;

/// Series of one moment as one number, as `aggregate` says; NaN where the rule cannot tell.
double merge(const std::vector<double>& values, definitions::Aggregate rule) {
  using definitions::Aggregate;
  if (values.size() == 1 || rule == Aggregate::first) return values.front();
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  switch (rule) {
    case Aggregate::sum:
      return sum;
    case Aggregate::avg:
      return sum / static_cast<double>(values.size());
    case Aggregate::max:
      return *std::ranges::max_element(values);
    case Aggregate::min:
      return *std::ranges::min_element(values);
    default:
      return std::numeric_limits<double>::quiet_NaN();
  }
}

/// The step of the source's own answer: the usual distance of its points.
Duration spacing_of(const metrics::PastSeries& series, Duration otherwise) {
  std::vector<Duration> gaps;
  for (std::size_t i = 1; i < series.points.size(); ++i)
    gaps.push_back(series.points[i].first - series.points[i - 1].first);
  if (gaps.empty()) return otherwise;
  std::ranges::nth_element(gaps, gaps.begin() + static_cast<std::ptrdiff_t>(gaps.size() / 2));
  return std::max(otherwise, gaps[gaps.size() / 2]);
}

forecast::RollingSeries::Options options_of(const definitions::MetricDefinition& metric) {
  return {.step = metric.learning.step,
          .history = metric.learning.history,
          .delay = metric.kind->delay,
          .fresh_for = metric.stale_after};
}

}  // namespace

Outlook::Outlook(Parts& parts, std::shared_ptr<const definitions::MetricDefinition> definition,
                 OnStep on_step)
    : parts_(parts),
      definition_(std::move(definition)),
      on_step_(std::move(on_step)),
      series_(options_of(*definition_), parts.runtime.utc()) {}

void Outlook::start(std::shared_ptr<metrics::Source> source) {
  stopped_ = false;
  source_ = std::move(source);
  if (!started_) {
    started_ = true;
    read_store();
    written_ = series_.end();
  }
  arm();
  spawn(read_source());
}

void Outlook::stop() {
  stopped_ = true;
  parts_.runtime.cancel(timer_);
  parts_.runtime.cancel(retry_timer_);
  write_until(series_.end());
}

void Outlook::read_store() {
  if (parts_.store == nullptr) return;
  const UtcTime now = parts_.runtime.utc();
  const Duration step = series_.options().step;
  auto kept = parts_.store->rollups(definition_->id, step, now - series_.options().history - stretch);
  if (!kept) {
    parts_.log.error("the past of a metric cannot be read",
                     {{"metric", definition_->id}, {"error", kept.error().text()}});
    return;
  }
  for (const auto& one : *kept) series_.fill(one.start, one.values);
  auto raw = parts_.store->samples(definition_->id, now - raw_samples, most_raw_samples);
  if (!raw) return;
  forecast::RollingSeries recent(series_.options(), now - raw_samples);
  for (const auto& sample : *raw) recent.add(sample.at, sample.value);
  recent.close(now);
  series_.fill(recent.begin(), recent.slice(recent.begin(), recent.end()));
}

/// Asks for the stretch from the first to the last hole.
Task<void> Outlook::read_source() {
  const auto self = shared_from_this();
  if (!source_ || !source_->has_past()) co_return;
  const Duration step = series_.options().step;
  const UtcTime end = series_.end();
  const auto values = series_.slice(end - series_.options().history, end);
  const auto is_hole = [](float value) { return std::isnan(value); };
  if (static_cast<std::size_t>(std::ranges::count_if(values, is_hole)) < few_holes) co_return;
  const auto first = std::ranges::find_if(values, is_hole) - values.begin();
  const auto last = std::find_if(values.rbegin(), values.rend(), is_hole) - values.rbegin();
  const UtcTime oldest = end - step * static_cast<std::int64_t>(values.size());
  metrics::PastRange range{.from = oldest + step * first, .to = end - step * last, .step = step};
  problem_ = "reading the source's past";
  const auto source = source_;
  auto past = co_await source->past(range);
  if (stopped_) co_return;
  if (past) {
    problem_.clear();
    failures_ = 0;
    fill(std::move(*past), step);
    co_return;
  }
  problem_ = "the source's past cannot be read: " + past.error().text();
  if (++failures_ == 1)
    parts_.log.warning("the past of a metric cannot be read",
                       {{"metric", definition_->id}, {"error", past.error().text()}});
  retry_timer_ =
      parts_.runtime.after(doubled(first_retry, failures_ - 1, longest_retry), [weak = weak_from_this()] {
        if (auto alive = weak.lock(); alive && !alive->stopped_) spawn(alive->read_source());
      });
}

void Outlook::fill(std::vector<metrics::PastSeries> past, Duration step) {
  const UtcTime end = series_.end();
  const UtcTime begin = end - series_.options().history;
  const auto size = static_cast<std::size_t>((end - begin) / step);
  // By step: the mean of each series, then the rule of `aggregate` over the series.
  std::vector<std::vector<double>> steps(size);
  for (const auto& series : past) {
    const auto repeats = spacing_of(series, step) / step;
    std::vector<double> sums(size);
    std::vector<int> counts(size);
    for (const auto& [at, value] : series.points) {
      if (!std::isfinite(value) || at < begin || at >= end) continue;
      const auto index = static_cast<std::size_t>((at - begin) / step);
      for (std::size_t i = index; i < std::min(size, index + static_cast<std::size_t>(repeats)); ++i) {
        sums[i] += value;
        ++counts[i];
      }
    }
    for (std::size_t i = 0; i < size; ++i)
      if (counts[i] > 0) steps[i].push_back(sums[i] / counts[i]);
  }
  std::vector<float> values(size, std::numeric_limits<float>::quiet_NaN());
  for (std::size_t i = 0; i < size; ++i)
    if (!steps[i].empty()) values[i] = static_cast<float>(merge(steps[i], definition_->aggregate));
  if (past.size() > 1 && definition_->aggregate == definitions::Aggregate::error)
    problem_ =
        "the source's past has " + std::to_string(past.size()) + " series and the metric no 'aggregate'";
  const std::size_t before = series_.known();
  series_.fill(begin, values);
  if (series_.known() == before) return;
  parts_.log.info("the past of a metric was read", {{"metric", definition_->id},
                                                    {"steps", std::to_string(series_.known() - before)},
                                                    {"step", format_duration(step)}});
  written_ = series_.begin();
  write_until(series_.end());
  if (on_step_) on_step_(true);
}

void Outlook::add(UtcTime at, double value) {
  series_.add(at, value);
  close();
}

void Outlook::close() {
  if (series_.close(parts_.runtime.utc()) == 0) return;
  const UtcTime whole = UtcTime(stretch * (series_.end().time_since_epoch() / stretch));
  if (whole > written_) write_until(whole);
  if (on_step_) on_step_(false);
}

void Outlook::arm() {
  parts_.runtime.cancel(timer_);
  const UtcTime next = series_.end() + series_.options().step + series_.options().delay;
  const Duration wait = std::max<Duration>(next - parts_.runtime.utc(), Duration{0}) + grace;
  // Civil time may jump: look at least once a step.
  timer_ = parts_.runtime.after(std::min(wait, series_.options().step + grace), [weak = weak_from_this()] {
    auto alive = weak.lock();
    if (!alive || alive->stopped_) return;
    alive->close();
    alive->arm();
  });
}

/// Whole stretches and, at the end, the one that is not over yet.
void Outlook::write_until(UtcTime end) {
  if (parts_.store == nullptr || end <= written_) return;
  std::vector<history::StoredRollup> out;
  const Duration step = series_.options().step;
  UtcTime start = UtcTime(stretch * (std::max(written_, series_.begin()).time_since_epoch() / stretch));
  start = series_.step_of(start);
  while (start < end) {
    const UtcTime next = std::min(end, start + std::max(stretch / step, std::int64_t{1}) * step);
    auto values = series_.slice(start, next);
    if (std::ranges::any_of(values, [](float value) { return !std::isnan(value); }))
      out.push_back(
          {.metric_id = definition_->id, .start = start, .step = step, .values = std::move(values)});
    start = next;
  }
  written_ = end;
  if (!out.empty()) parts_.store->add_rollups(std::move(out));
}

}  // namespace wave::engine
