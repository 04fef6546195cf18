#include <charconv>
#include <cmath>

#include "metrics/json_answer.h"
#include "metrics/received/otlp_points.h"

namespace wave::metrics {
namespace {

constexpr std::size_t most_data_points = 100'000;

/// A list that may be left out.
Result<std::vector<JsonValue>> list_or_none(const JsonValue& value) {
  if (!value.exists() || value.is_null()) return std::vector<JsonValue>{};
  return value.list();
}

std::string text_of(const JsonValue& value) {
  const JsonValue flag = value["boolValue"];
  if (flag.is_true() || flag.is_false()) return flag.is_true() ? "true" : "false";
  for (const char* kind : {"stringValue", "intValue", "doubleValue"})
    if (value[kind].exists()) return value[kind].excerpt(1000);
  return {};
}

Status add_attributes(const JsonValue& attributes, Labels& labels) {
  auto list = list_or_none(attributes);
  if (!list) return std::unexpected(list.error());
  for (const JsonValue& one : *list) {
    auto name = one["key"].text();
    if (!name) return std::unexpected(name.error());
    if (auto ok = add_label(labels, *name, text_of(one["value"])); !ok) return ok;
  }
  return {};
}

/// A number, or a text that is one (protobuf's JSON writes 64-bit integers so); a null or nothing is none.
Result<std::optional<double>> number_or_none(const JsonValue& value) {
  if (!value.exists()) return std::nullopt;
  return value.number_or_text();
}

Result<std::uint64_t> nanoseconds_of(const JsonValue& value) {
  if (value.is_number()) return static_cast<std::uint64_t>(std::clamp(*value.number(), 0.0, 9e18));
  auto text = value.text();
  if (!text) return std::unexpected(text.error());
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), out);
  if (error != std::errc{} || end != text->data() + text->size())
    return std::unexpected(value.wrong("a time"));
  return out;
}

Status add_point(const JsonValue& data_point, const std::string& name, const Labels& resource,
                 OtlpPoints& out) {
  OtlpPoint point{.name = name, .labels = resource};
  if (auto ok = add_attributes(data_point["attributes"], point.labels); !ok) return ok;
  auto time = nanoseconds_of(data_point["timeUnixNano"]);
  if (!time) return std::unexpected(time.error());
  point.nanoseconds = *time;
  const auto flags = data_point["flags"].number();
  point.is_missing = flags && (static_cast<std::int64_t>(*flags) & 1) != 0;
  struct Place {
    const char* key;
    std::optional<double>* number;
  };
  for (const Place& place : {Place{"asDouble", &point.value}, Place{"asInt", &point.value},
                             Place{"count", &point.count}, Place{"sum", &point.sum}}) {
    auto number = number_or_none(data_point[place.key]);
    if (!number) return std::unexpected(number.error());
    if (*number) *place.number = *number;
  }
  return out.add(std::move(point));
}

Status add_metric(const JsonValue& metric, const Labels& resource, OtlpPoints& out) {
  auto name = metric["name"].text();
  if (!name) return std::unexpected(name.error());
  for (const char* kind : {"gauge", "sum", "histogram"}) {
    auto points = list_or_none(metric[kind]["dataPoints"]);
    if (!points) return std::unexpected(points.error());
    for (const JsonValue& one : *points)
      if (auto ok = add_point(one, std::string(*name), resource, out); !ok) return ok;
  }
  return {};
}

}  // namespace

Status OtlpPoints::add(const OtlpPoint& point, std::optional<double> value, const char* suffix) {
  if (!value || !std::isfinite(*value)) return {};
  if (samples_.size() >= most_data_points)
    return fail(ErrorCode::limit_exceeded, "a request has more than 100000 points");
  samples_.push_back({.name = point.name + suffix,
                      .labels = point.labels,
                      .value = *value,
                      .at = from_epoch_seconds(static_cast<double>(point.nanoseconds) / 1e9)});
  return {};
}

Status OtlpPoints::add(OtlpPoint point) {
  if (point.is_missing) return {};
  if (auto ok = add(point, point.value, ""); !ok) return ok;
  if (auto ok = add(point, point.count, "_count"); !ok) return ok;
  return add(point, point.sum, "_sum");
}

Result<std::vector<Received>> otlp_json(std::string_view body) {
  auto request = JsonAnswer::parse(body);
  if (!request) return std::unexpected(request.error());
  auto resources = list_or_none((*request)["resourceMetrics"]);
  if (!resources) return std::unexpected(resources.error());
  OtlpPoints out;
  for (const JsonValue& resource : *resources) {
    Labels labels;
    if (auto ok = add_attributes(resource["resource"]["attributes"], labels); !ok)
      return std::unexpected(ok.error());
    auto scopes = list_or_none(resource["scopeMetrics"]);
    if (!scopes) return std::unexpected(scopes.error());
    for (const JsonValue& scope : *scopes) {
      auto list = list_or_none(scope["metrics"]);
      if (!list) return std::unexpected(list.error());
      for (const JsonValue& metric : *list)
        if (auto ok = add_metric(metric, labels, out); !ok) return std::unexpected(ok.error());
    }
  }
  return out.take();
}

}  // namespace wave::metrics
