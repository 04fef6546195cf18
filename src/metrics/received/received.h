#pragma once

#include "metrics/metric.h"

namespace wave::metrics {

/// A sample that somebody sent, without having been asked.
struct Received {
  std::string name;
  Labels labels;
  double value = 0;  ///< finite
  UtcTime at;
};

/// The body of a Prometheus remote write request, version 1: snappy around protobuf (Prometheus Remote-Write
/// 1.0). Stale markers, NaN and infinities are left out, exemplars and native histograms passed over.
Result<std::vector<Received>> remote_write(std::string_view body);

/// The body of an OTLP/HTTP metrics request (OpenTelemetry protocol 1.x), as protobuf or as JSON. Gauges and
/// sums by their name, histograms as `<name>_count` and `<name>_sum`; the labels are the attributes of the
/// resource and of the point. Points without a recorded value are left out.
Result<std::vector<Received>> otlp_protobuf(std::string_view body);
Result<std::vector<Received>> otlp_json(std::string_view body);

/// The series of those samples that the metric asks for by `name` and `labels`; of one series the newest.
std::vector<Series> wanted_of(const definitions::MetricDefinition& metric,
                              const std::vector<Received>& samples);

/// The keys of kinds whose samples are sent.
std::vector<definitions::Key> received_keys();

}  // namespace wave::metrics
