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

/// In order of name; samples of one name stay in the order they came in.
std::vector<Received> by_name(std::vector<Received> samples);

/// The body of a Prometheus remote write request, version 1: snappy around protobuf (Prometheus Remote-Write
/// 1.0), by name. Stale markers, NaN and infinities are left out, exemplars and native histograms passed
/// over.
Result<std::vector<Received>> remote_write(std::string_view body);

/// The body of an OTLP/HTTP metrics request (OpenTelemetry protocol 1.x), as protobuf or as JSON, by name.
/// Gauges and sums by their name, histograms as `<name>_count` and `<name>_sum`; the labels are the
/// attributes of the resource and of the point. Points without a recorded value are left out.
Result<std::vector<Received>> otlp_protobuf(std::string_view body);
Result<std::vector<Received>> otlp_json(std::string_view body);

/// What a body compressed with gzip (RFC 1952) holds. limit_exceeded above 32 MiB, however small it is when
/// compressed.
Result<std::string> gunzip(std::string_view body);

/// The series of those samples (by name) that the metric asks for by `name` and `labels`; of one series the
/// newest. Looks only at the samples of that name: many metrics share one request.
std::vector<Series> wanted_of(const definitions::MetricDefinition& metric,
                              const std::vector<Received>& samples);

/// The keys of kinds whose samples are sent.
std::vector<definitions::Key> received_keys();

}  // namespace wave::metrics
