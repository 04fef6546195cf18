#include <cmath>

#include "metrics/json_answer.h"
#include "metrics/kinds.h"
#include "metrics/received/otlp_points.h"
#include "metrics/received/protobuf.h"

namespace wave::metrics {
namespace {

Error broken_otlp() {
  return bad_answer("the request is not an ExportMetricsServiceRequest of OTLP");
}

/// The fields of AnyValue that are one text.
std::string text_of(std::string_view bytes) {
  std::string out;
  ProtobufReader value(bytes);
  while (value.next()) {
    if (value.field() == 1) out = value.bytes();
    if (value.field() == 2) out = value.number() != 0 ? "true" : "false";
    if (value.field() == 3) out = std::to_string(value.signed_number());
    if (value.field() == 4) out = shortest(value.real());
  }
  return out;
}

Status add_attribute(std::string_view bytes, Labels& labels) {
  std::string_view name;
  std::string value;
  ProtobufReader attribute(bytes);
  while (attribute.next()) {
    if (attribute.field() == 1) name = attribute.bytes();
    if (attribute.field() == 2) value = text_of(attribute.bytes());
  }
  if (!attribute.is_whole()) return std::unexpected(broken_otlp());
  return add_label(labels, name, value);
}

/// NumberDataPoint, or HistogramDataPoint, whose count and sum are taken.
Status add_point(std::string_view bytes, bool is_histogram, const std::string& name, const Labels& resource,
                 OtlpPoints& out) {
  OtlpPoint point{.name = name, .labels = resource};
  ProtobufReader fields(bytes);
  while (fields.next()) {
    const auto field = fields.field();
    if (field == 3) point.nanoseconds = fields.number();
    if (field == (is_histogram ? 9u : 7u)) {
      if (auto ok = add_attribute(fields.bytes(), point.labels); !ok) return ok;
    }
    if (field == (is_histogram ? 10u : 8u)) point.is_missing = (fields.number() & 1) != 0;
    if (!is_histogram && field == 4) point.value = fields.real();
    if (!is_histogram && field == 6) point.value = static_cast<double>(fields.signed_number());
    if (is_histogram && field == 4) point.count = static_cast<double>(fields.number());
    if (is_histogram && field == 5) point.sum = fields.real();
  }
  if (!fields.is_whole()) return std::unexpected(broken_otlp());
  return out.add(std::move(point));
}

Status add_metric(std::string_view bytes, const Labels& resource, OtlpPoints& out) {
  std::string name;
  std::vector<std::pair<std::string_view, bool>> data;
  ProtobufReader metric(bytes);
  while (metric.next()) {
    if (metric.field() == 1) name = metric.bytes();
    if (metric.field() == 5 || metric.field() == 7) data.emplace_back(metric.bytes(), false);
    if (metric.field() == 9) data.emplace_back(metric.bytes(), true);
  }
  if (!metric.is_whole() || name.empty()) return std::unexpected(broken_otlp());
  for (const auto& [points, is_histogram] : data) {
    ProtobufReader each(points);
    while (each.next()) {
      if (each.field() != 1) continue;
      if (auto ok = add_point(each.bytes(), is_histogram, name, resource, out); !ok) return ok;
    }
    if (!each.is_whole()) return std::unexpected(broken_otlp());
  }
  return {};
}

Status add_resource(std::string_view bytes, OtlpPoints& out) {
  Labels labels;
  std::vector<std::string_view> scopes;
  ProtobufReader resource(bytes);
  while (resource.next()) {
    if (resource.field() == 2) scopes.push_back(resource.bytes());
    if (resource.field() != 1) continue;
    ProtobufReader attributes(resource.bytes());
    while (attributes.next()) {
      if (attributes.field() != 1) continue;
      if (auto ok = add_attribute(attributes.bytes(), labels); !ok) return ok;
    }
    if (!attributes.is_whole()) return std::unexpected(broken_otlp());
  }
  if (!resource.is_whole()) return std::unexpected(broken_otlp());
  for (const std::string_view scope : scopes) {
    ProtobufReader fields(scope);
    while (fields.next()) {
      if (fields.field() != 2) continue;
      if (auto ok = add_metric(fields.bytes(), labels, out); !ok) return ok;
    }
    if (!fields.is_whole()) return std::unexpected(broken_otlp());
  }
  return {};
}

}  // namespace

Result<std::vector<Received>> otlp_protobuf(std::string_view body) {
  OtlpPoints out;
  ProtobufReader request(body);
  while (request.next()) {
    if (request.field() != 1) continue;
    if (auto ok = add_resource(request.bytes(), out); !ok) return std::unexpected(ok.error());
  }
  if (!request.is_whole()) return std::unexpected(broken_otlp());
  return out.take();
}

const Kind& otlp() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::metric,
           .name = "otlp",
           .vendor = "received",
           .summary = "Samples that an OpenTelemetry SDK or Collector sends to `POST /v1/metrics`.",
           .keys = received_keys(),
           .stale_after = 5min,
           .polled = false,
           .notes =
               "OTLP over HTTP, as protobuf or JSON, plain or compressed with gzip (the default of the "
               "Collector's `otlphttp` exporter; at most 1 MiB, 32 MiB when decompressed), with the "
               "daemon's token in a header `Authorization: Bearer ...`.\n\n"
               "Gauges and sums are found by their name, histograms as `NAME_count` and `NAME_sum`; the "
               "labels are the attributes of the resource and of the point. A sum arrives as it is: "
               "`rate('jobs', '1m')` makes a rate of a cumulative one. What no metric asks for is passed "
               "over."},
      .create = nullptr};
  return kind;
}

}  // namespace wave::metrics
