#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/foresight.h"
#include "engine/parts.h"
#include "plans/windows.h"

namespace wave::engine {

/// One metric at work: polls its source or takes what is pushed, and knows how old its value is.
///
/// Every sample and every failure has a version, so that readers see at no cost whether something is new.
class Metric : public std::enable_shared_from_this<Metric> {
 public:
  using OnSample = std::function<void(const Metric&)>;

  Metric(Parts& parts, std::shared_ptr<const definitions::MetricDefinition> definition, OnSample on_sample);

  /// Resolves references and makes the source. An error stays with the metric (`problem`) and is tried again
  /// with the polls.
  void open();
  /// Takes over value, windows and, where the metadata is the same, the source of an earlier definition.
  void adopt(Metric& earlier);
  /// The window that plans ask for; fills it from the store.
  void keep(Duration longest);

  /// Begins to learn from the past, for forecasts. Null afterwards only where the metric is switched off.
  /// `events` are those that move it.
  void learn(std::vector<forecast::KnownEvent> events);
  Foresight* foresight() const { return foresight_.get(); }

  void start();
  void stop();
  bool busy() const { return polling_; }

  /// One poll now; true when it gave a value.
  Task<bool> poll();
  /// A pushed value. `at` in the future counts as now; one older than the newest of its labels is refused.
  Status push(metrics::Labels labels, double value, std::optional<UtcTime> at);
  /// Series that were sent together: they become one sample, with those that were sent before and are not
  /// stale. Older ones than are here already are passed over.
  void receive(std::vector<metrics::Series> series);
  /// A value by hand, for `plan --set`: fresh for good.
  void pretend(double value);

  const definitions::MetricDefinition& definition() const { return *definition_; }
  const std::optional<metrics::Sample>& sample() const { return sample_; }
  const std::optional<Error>& error() const { return error_; }  ///< of the last poll
  const plans::Windows& windows() const { return windows_; }
  std::uint64_t version() const { return version_; }
  MonoTime now() const { return parts_.runtime.mono(); }
  bool fresh() const;
  /// From when on it was not fresh; now while it is.
  MonoTime stale_since() const;
  /// `no sample since 2026-11-24T09:31:02Z (stale after 50s): connection refused`; empty while fresh. The
  /// text stays the same while the state does.
  std::string problem() const;
  /// Age of the newest sample.
  std::optional<Duration> age() const;

  struct Counters {
    std::uint64_t polls = 0;
    std::uint64_t failures = 0;
    std::uint64_t missed = 0;  ///< poll times that passed while a poll was under way
    Duration last_poll{0};
  };
  const Counters& counters() const { return counters_; }

 private:
  Task<void> run_poll();
  void schedule(MonoTime when);
  MonoTime next_poll(MonoTime now);
  void take(metrics::Sample sample);

  struct Pushed {
    metrics::Labels labels;
    double value = 0;
    UtcTime at;
    MonoTime arrived;
  };

  Status put(metrics::Labels labels, double value, UtcTime time, bool has_time);
  Status take_pushed(UtcTime time);

  Parts& parts_;
  std::shared_ptr<const definitions::MetricDefinition> definition_;
  OnSample on_sample_;
  std::shared_ptr<metrics::Source> source_;
  std::optional<Error> open_error_;
  std::optional<metrics::Sample> sample_;
  MonoTime sample_mono_{};
  std::optional<Error> error_;
  plans::Windows windows_;
  std::shared_ptr<Foresight> foresight_;
  Duration window_{0};
  std::vector<Pushed> pushed_;
  std::optional<MonoTime> started_;
  MonoTime last_stored_{};
  MonoTime due_{};
  Runtime::TimerId timer_ = 0;
  std::uint64_t version_ = 0;
  int failures_in_row_ = 0;
  bool polling_ = false;
  bool stopped_ = false;
  bool pretended_ = false;
  Counters counters_;
};

}  // namespace wave::engine
