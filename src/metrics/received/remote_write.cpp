#include <cmath>

#include <snappy.h>

#include "metrics/json_answer.h"
#include "metrics/kinds.h"
#include "metrics/received/protobuf.h"
#include "metrics/received/received.h"

namespace wave::metrics {
namespace {

constexpr std::size_t most_bytes = 32u << 20;
constexpr std::size_t most_samples = 100'000;

Error broken() {
  return bad_answer("the request is not a WriteRequest of Prometheus remote write 1.0");
}

Status add_label(std::string_view bytes, Received& series) {
  std::string_view name;
  std::string_view value;
  ProtobufReader label(bytes);
  while (label.next()) {
    if (label.field() == 1) name = label.bytes();
    if (label.field() == 2) value = label.bytes();
  }
  if (!label.is_whole() || name.empty()) return std::unexpected(broken());
  if (name != "__name__") return metrics::add_label(series.labels, name, value);
  series.name = value;
  return {};
}

Status add_series(std::string_view bytes, std::vector<Received>& out) {
  Received series;
  std::vector<std::string_view> samples;
  ProtobufReader fields(bytes);
  while (fields.next()) {
    if (fields.field() == 2) samples.push_back(fields.bytes());
    if (fields.field() != 1) continue;
    if (auto ok = add_label(fields.bytes(), series); !ok) return ok;
  }
  if (!fields.is_whole()) return std::unexpected(broken());
  for (const std::string_view one : samples) {
    double value = 0;
    std::int64_t milliseconds = 0;
    ProtobufReader sample(one);
    while (sample.next()) {
      if (sample.field() == 1) value = sample.real();
      if (sample.field() == 2) milliseconds = sample.signed_number();
    }
    if (!sample.is_whole()) return std::unexpected(broken());
    if (!std::isfinite(value)) continue;
    if (out.size() >= most_samples)
      return fail(ErrorCode::limit_exceeded, "a request has more than 100000 samples");
    out.push_back(series);
    out.back().value = value;
    out.back().at = from_epoch_seconds(static_cast<double>(milliseconds) / 1000);
  }
  return {};
}

}  // namespace

Result<std::vector<Received>> remote_write(std::string_view body) {
  std::size_t length = 0;
  if (!snappy::GetUncompressedLength(body.data(), body.size(), &length))
    return std::unexpected(bad_answer("the request is not compressed with snappy"));
  if (length > most_bytes) return fail(ErrorCode::limit_exceeded, "the request is longer than 32 MiB");
  std::string bytes(length, '\0');
  if (!snappy::RawUncompress(body.data(), body.size(), bytes.data()))
    return std::unexpected(bad_answer("the request is not compressed with snappy"));
  std::vector<Received> out;
  ProtobufReader request(bytes);
  while (request.next()) {
    if (request.field() != 1) continue;
    if (auto ok = add_series(request.bytes(), out); !ok) return std::unexpected(ok.error());
  }
  if (!request.is_whole()) return std::unexpected(broken());
  return by_name(std::move(out));
}

const Kind& prometheus_remote_write() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::metric,
           .name = "prometheus-remote-write",
           .vendor = "received",
           .summary = "Samples that a Prometheus sends by remote write to `POST /api/v1/write`.",
           .keys = received_keys(),
           .stale_after = 5min,
           .polled = false,
           .notes =
               "In Prometheus' configuration, with the daemon's token:\n\n```yaml\nremote_write:\n  - url: "
               "http://wave-autoscale:3024/api/v1/write\n    authorization: { credentials_file: "
               "/etc/prometheus/wave-token }\n    write_relabel_configs:\n      - { source_labels: "
               "[__name__], regex: queue_depth, action: keep }\n```\n\nWhat no metric asks for is passed "
               "over. A counter arrives as it is: `rate('jobs', '1m')` makes a rate of it. Version 1 of "
               "the protocol is understood (`protobuf_message: prometheus.WriteRequest`, the default); "
               "version 2 is refused with 415. Stale markers, NaN and infinities are no value."},
      .create = nullptr};
  return kind;
}

}  // namespace wave::metrics
