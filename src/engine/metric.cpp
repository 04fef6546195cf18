#include "engine/metric.h"

#include <algorithm>
#include <cmath>

#include "base/backoff.h"
#include "engine/open.h"

namespace wave::engine {
namespace {

constexpr Duration longest_retry_after = 5min;
constexpr Duration least_backoff_cap = 15s;
/// Between stored samples of a metric whose past no window reads.
constexpr Duration store_every = 15s;
constexpr std::size_t max_pushed_series = 1000;

const metrics::Kind* kind_of(const Parts& parts, const definitions::MetricDefinition& definition) {
  for (const auto* kind : parts.metric_kinds) {
    if (definition.kind != nullptr && kind->table.name == definition.kind->name) return kind;
  }
  return nullptr;
}

bool same_values(const metrics::Sample& left, const metrics::Sample& right) {
  return left.value == right.value &&
         std::ranges::equal(left.series, right.series, [](const auto& one, const auto& other) {
           return one.value == other.value && one.labels == other.labels;
         });
}

}  // namespace

Metric::Metric(Parts& parts, std::shared_ptr<const definitions::MetricDefinition> definition,
               OnSample on_sample)
    : parts_(parts), definition_(std::move(definition)), on_sample_(std::move(on_sample)) {}

void Metric::open() {
  if (source_ || pretended_) return;
  open_error_.reset();
  const auto* kind = kind_of(parts_, *definition_);
  if (kind != nullptr && !kind->create && !kind->table.polled) return;
  if (kind == nullptr || !kind->create) {
    open_error_ =
        Error{.message = "metric kind " + std::string(definition_->kind->name) + " cannot be polled"};
    return;
  }
  auto source = engine::open(*kind, *definition_, parts_.environment, parts_.services);
  if (source) {
    source_ = std::move(*source);
  } else {
    open_error_ = std::move(source.error());
  }
}

void Metric::adopt(Metric& earlier) {
  const bool same_source = definition_->kind == earlier.definition_->kind &&
                           definition_->metadata.same_values(earlier.definition_->metadata) &&
                           definition_->timeout == earlier.definition_->timeout;
  if (!same_source) return;
  source_ = earlier.source_;
  sample_ = std::move(earlier.sample_);
  sample_mono_ = earlier.sample_mono_;
  error_ = std::move(earlier.error_);
  windows_ = std::move(earlier.windows_);
  window_ = earlier.window_;
  pushed_ = std::move(earlier.pushed_);
  last_stored_ = earlier.last_stored_;
  started_ = earlier.started_;
  failures_in_row_ = earlier.failures_in_row_;
  counters_ = earlier.counters_;
  version_ = earlier.version_ + 1;
  if (earlier.foresight_ && earlier.foresight_->fits(*definition_)) foresight_ = earlier.foresight_;
}

void Metric::learn(std::vector<forecast::KnownEvent> events) {
  if (!definition_->enabled || pretended_) return;
  if (!foresight_) foresight_ = std::make_shared<Foresight>(parts_, definition_);
  foresight_->know(std::move(events));
  foresight_->listen([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->stopped_) return;
    ++self->version_;
    if (self->on_sample_) self->on_sample_(*self);
  });
}

void Metric::keep(Duration longest) {
  if (longest <= window_) return;
  const bool first = window_ == Duration{0};
  window_ = longest;
  windows_.keep(longest);
  if (!first || parts_.store == nullptr) return;
  const UtcTime now = parts_.runtime.utc();
  auto past = parts_.store->samples(definition_->id, now - longest, plans::Windows::max_samples);
  if (!past) return;
  for (const auto& stored : *past) {
    const Duration age = std::max(Duration{0}, std::chrono::duration_cast<Duration>(now - stored.at));
    windows_.add(parts_.runtime.mono() - age, stored.value);
  }
}

void Metric::start() {
  if (!started_) started_ = parts_.runtime.mono();
  stopped_ = false;
  if (!definition_->enabled) return;
  if (foresight_) {
    open();
    foresight_->start(source_);
  }
  if (!definition_->kind->polled || pretended_) return;
  const MonoTime now = parts_.runtime.mono();
  // The first poll is now; the later ones of different metrics are spread over the interval.
  const auto interval = static_cast<std::size_t>(definition_->polling_interval.count());
  due_ = now - Duration(std::hash<std::string>{}(definition_->id) % std::max<std::size_t>(interval, 1));
  schedule(now);
}

void Metric::stop() {
  stopped_ = true;
  parts_.runtime.cancel(timer_);
  if (foresight_) foresight_->stop();
}

void Metric::schedule(MonoTime when) {
  timer_ = parts_.runtime.at(when, [weak = weak_from_this()] {
    if (auto self = weak.lock(); self && !self->stopped_) spawn(self->run_poll());
  });
}

Task<void> Metric::run_poll() {
  const auto self = shared_from_this();
  if (polling_) co_return;
  co_await poll();
  if (!stopped_) schedule(next_poll(parts_.runtime.mono()));
}

/// On time: the next multiple of the interval, without drift. After failures: exponential with jitter, at
/// most the interval or 15 s, whichever is longer, and never before what the other side asked for.
MonoTime Metric::next_poll(MonoTime now) {
  if (failures_in_row_ == 0) {
    due_ += definition_->polling_interval;
    if (due_ < now) {
      const auto passed = static_cast<std::uint64_t>((now - due_) / definition_->polling_interval);
      counters_.missed += passed + 1;
      due_ += definition_->polling_interval * static_cast<std::int64_t>(passed + 1);
    }
    return due_;
  }
  const Duration cap = std::max(definition_->polling_interval, least_backoff_cap);
  const Duration first = std::min<Duration>(definition_->polling_interval, 1s);
  Duration wait = doubled(first, failures_in_row_ - 1, cap);
  if (error_ && !error_->retryable)
    wait = std::max(wait, std::min<Duration>(definition_->polling_interval, cap));
  wait = spread(wait, parts_.runtime);
  if (error_ && error_->retry_after)
    wait = std::max(wait, std::min(*error_->retry_after, longest_retry_after));
  due_ = now + wait;
  return due_;
}

Task<bool> Metric::poll() {
  const auto self = shared_from_this();
  open();
  polling_ = true;
  ++counters_.polls;
  const MonoTime begun = parts_.runtime.mono();
  Result<std::vector<metrics::Series>> answer = fail(ErrorCode::invalid_argument, "");
  if (source_) {
    const auto source = source_;
    answer = co_await source->poll();
  } else {
    answer = std::unexpected(open_error_.value_or(
        Error{.code = ErrorCode::no_data, .message = "values of this kind are pushed, not polled"}));
  }
  polling_ = false;
  counters_.last_poll = parts_.runtime.mono() - begun;
  Result<metrics::Sample> sample = fail(ErrorCode::internal, "");
  if (answer) {
    const auto last = sample_ ? std::optional(sample_->value) : std::nullopt;
    sample = metrics::to_sample(*definition_, std::move(*answer), last, parts_.runtime.utc());
  } else {
    sample = std::unexpected(std::move(answer.error()));
  }
  if (!sample) {
    ++counters_.failures;
    if (++failures_in_row_ == 1) {
      parts_.log.warning("metric failed", {{"metric", definition_->id}, {"error", sample.error().text()}});
    }
    error_ = std::move(sample.error());
    ++version_;
    co_return false;
  }
  if (failures_in_row_ > 0) parts_.log.info("metric recovered", {{"metric", definition_->id}});
  failures_in_row_ = 0;
  take(std::move(*sample));
  co_return true;
}

void Metric::take(metrics::Sample sample) {
  const MonoTime now = parts_.runtime.mono();
  const UtcTime utc = parts_.runtime.utc();
  sample.at = std::min(sample.at, utc);
  const MonoTime at = now - std::chrono::duration_cast<Duration>(utc - sample.at);
  // What says the same as before decides the same; plans look again at their own intervals.
  const bool news = window_ > Duration{0} || error_ || !fresh() || !same_values(*sample_, sample);
  error_.reset();
  ++version_;
  if (foresight_) foresight_->add(sample.at, sample.value);
  if (window_ > Duration{0}) windows_.add(at, sample.value);
  if (sample_ && at < sample_mono_) return;  // late; it has its place in the windows
  sample_ = std::move(sample);
  sample_mono_ = at;
  if (parts_.store != nullptr &&
      (window_ > Duration{0} || now - last_stored_ >= store_every || last_stored_ == MonoTime{})) {
    last_stored_ = now;
    parts_.store->add_samples({{.metric_id = definition_->id, .at = sample_->at, .value = sample_->value}});
  }
  if (news && on_sample_) on_sample_(*this);
}

Status Metric::push(metrics::Labels labels, double value, std::optional<UtcTime> at) {
  if (definition_->kind->polled) {
    return fail(ErrorCode::invalid_argument, "metric " + definition_->id + " is polled (" +
                                                 std::string(definition_->kind->name) + "), not pushed");
  }
  if (!definition_->enabled)
    return fail(ErrorCode::invalid_argument, "metric " + definition_->id + " is not enabled");
  if (!std::isfinite(value)) return fail(ErrorCode::invalid_argument, "value must be a finite number");
  const UtcTime now = parts_.runtime.utc();
  const UtcTime time = std::min(at.value_or(now), now);
  // Without a time of its own a value is newer than what came before it, whatever the clock did in between.
  if (auto ok = put(std::move(labels), value, time, at.has_value()); !ok) return ok;
  return take_pushed(time);
}

void Metric::receive(std::vector<metrics::Series> series) {
  const UtcTime now = parts_.runtime.utc();
  std::optional<UtcTime> newest;
  for (metrics::Series& one : series) {
    const UtcTime time = std::min(one.at.value_or(now), now);
    if (now - time > definition_->stale_after) continue;
    if (auto ok = put(std::move(one.labels), one.value, time, true); !ok) {
      if (ok.error().code != ErrorCode::conflict) error_ = ok.error();
      continue;
    }
    newest = std::max(newest.value_or(time), time);
  }
  // What is wrong with the sample is the metric's error, which its plans see.
  if (newest) (void)take_pushed(*newest);
}

Status Metric::put(metrics::Labels labels, double value, UtcTime time, bool has_time) {
  const UtcTime now = parts_.runtime.utc();
  auto same = std::ranges::find_if(pushed_, [&](const Pushed& other) { return other.labels == labels; });
  if (has_time && same != pushed_.end() && time < same->at && same->at <= now) {
    return fail(ErrorCode::conflict, "a newer value is here already, of " + iso8601(same->at));
  }
  if (same != pushed_.end()) {
    *same = {std::move(labels), value, time, parts_.runtime.mono()};
    return {};
  }
  const MonoTime oldest = parts_.runtime.mono() - definition_->stale_after;
  std::erase_if(pushed_, [&](const Pushed& other) { return other.arrived < oldest; });
  if (pushed_.size() >= max_pushed_series) {
    return fail(ErrorCode::limit_exceeded, "more than 1000 series for metric " + definition_->id);
  }
  pushed_.push_back({std::move(labels), value, time, parts_.runtime.mono()});
  return {};
}

Status Metric::take_pushed(UtcTime time) {
  const UtcTime now = parts_.runtime.utc();
  std::vector<metrics::Series> series;
  for (const auto& one : pushed_) {
    if (now - one.at <= definition_->stale_after || &one == &pushed_.back()) {
      series.push_back({one.labels, one.value, one.at});
    }
  }
  auto sample = metrics::to_sample(*definition_, std::move(series), {}, now);
  if (!sample) {
    error_ = sample.error();
    ++version_;
    return std::unexpected(sample.error());
  }
  // Several series: what is new is new, though others are older.
  sample->at = std::max(sample->at, time);
  take(std::move(*sample));
  return {};
}

void Metric::pretend(double value) {
  pretended_ = true;
  metrics::Sample sample{.value = value, .at = parts_.runtime.utc(), .series = {}};
  sample.series.push_back({{}, value, sample.at});
  take(std::move(sample));
}

bool Metric::fresh() const {
  return sample_ && definition_->enabled &&
         (pretended_ || parts_.runtime.mono() - sample_mono_ <= definition_->stale_after);
}

MonoTime Metric::stale_since() const {
  if (fresh()) return parts_.runtime.mono();
  if (sample_) return sample_mono_ + definition_->stale_after;
  return started_.value_or(parts_.runtime.mono());
}

std::optional<Duration> Metric::age() const {
  if (!sample_) return std::nullopt;
  return parts_.runtime.mono() - sample_mono_;
}

std::string Metric::problem() const {
  if (fresh()) return {};
  if (!definition_->enabled) return "it is not enabled";
  std::string text;
  if (sample_) {
    text = "stale: no sample since " + iso8601(std::chrono::floor<std::chrono::seconds>(sample_->at)) +
           " (stale after " + format_duration(definition_->stale_after) + ")";
  } else {
    text = "no sample yet";
  }
  if (error_) text += ": " + error_->text();
  return text;
}

}  // namespace wave::engine
