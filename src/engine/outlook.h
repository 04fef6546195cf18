#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "engine/parts.h"
#include "forecast/rolling_series.h"

namespace wave::engine {

/// The past of one metric that forecasts learn from: the regular series, kept on disk, and filled on the
/// first start from what the source itself remembers.
///
///   open:  disk -> samples of the last hours -> (the source's own past, where something is missing) -> ready
///   then:  each sample counts in its step; each step that ends is told to `on_step`
class Outlook : public std::enable_shared_from_this<Outlook> {
 public:
  /// `on_step(true)`: earlier steps have changed, too.
  using OnStep = std::function<void(bool past_changed)>;

  Outlook(Parts& parts, std::shared_ptr<const definitions::MetricDefinition> definition, OnStep on_step);

  /// Reads what is on disk, then asks the source (null: it has no past to ask for).
  void start(std::shared_ptr<metrics::Source> source);
  void stop();
  void add(UtcTime at, double value);

  const forecast::RollingSeries& series() const { return series_; }
  /// `reading the source's past`, or why that failed; empty otherwise.
  const std::string& problem() const { return problem_; }

 private:
  void read_store();
  Task<void> read_source();
  void fill(std::vector<metrics::PastSeries> past, Duration step);
  void close();
  void arm();
  void write_until(UtcTime end);

  Parts& parts_;
  std::shared_ptr<const definitions::MetricDefinition> definition_;
  OnStep on_step_;
  forecast::RollingSeries series_;
  std::shared_ptr<metrics::Source> source_;
  UtcTime written_{};  ///< what ends before it is on disk
  std::string problem_;
  Runtime::TimerId timer_ = 0;
  Runtime::TimerId retry_timer_ = 0;
  int failures_ = 0;
  bool started_ = false;
  bool stopped_ = false;
};

}  // namespace wave::engine
