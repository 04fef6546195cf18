#include "metrics/datadog/answer.h"

#include <cmath>

#include "net/http.h"

namespace wave::metrics::datadog_api {
namespace {

/// `host:a` is the label host; a tag without a colon is a label without a value.
Status add_tag(std::string_view tag, Labels& labels) {
  if (tag.empty() || tag == "*") return {};
  const auto colon = tag.find(':');
  const auto value = colon == tag.npos ? std::string_view() : tag.substr(colon + 1);
  return add_label(labels, tag.substr(0, colon), value);
}

Result<Labels> labels_of(const JsonValue& tags) {
  Labels labels;
  if (!tags.exists() || tags.is_null()) return labels;
  auto list = tags.elements();
  if (!list) return std::unexpected(list.error());
  while (list->next())
    if (auto ok = add_tag(list->value().text_or(""), labels); !ok) return std::unexpected(ok.error());
  return labels;
}

/// The tag values of one row: `["web-1"]`. Several are joined in `scratch`.
std::string_view joined(const JsonValue& tags, std::string& scratch) {
  auto list = tags.each_element();
  if (!list.next()) return tags.text_or("");
  const std::string_view first = list.value().text_or("");
  if (!list.next()) return first;
  scratch = first;
  do {
    if (!scratch.empty()) scratch += ',';
    scratch += list.value().text_or("");
  } while (list.next());
  return scratch;
}

Result<UtcTime> time_of(const JsonValue& milliseconds) {
  auto time = milliseconds.number();
  if (!time) return std::unexpected(time.error());
  return from_epoch_seconds(*time / 1000);
}

Result<std::vector<UtcTime>> times_of(const JsonValue& list) {
  auto elements = list.elements();
  if (!elements) return std::unexpected(elements.error());
  std::vector<UtcTime> out;
  out.reserve(elements->size());
  while (elements->next()) {
    auto time = time_of(elements->value());
    if (!time) return std::unexpected(time.error());
    out.push_back(*time);
  }
  return out;
}

/// The values of one series at those times.
Result<std::vector<std::pair<UtcTime, double>>> points_of(const JsonValue& list,
                                                          const std::vector<UtcTime>& times) {
  auto values = list.elements();
  if (!values) return std::unexpected(values.error());
  if (values->size() != times.size())
    return std::unexpected(bad_answer("a series has another number of values than there are times"));
  std::vector<std::pair<UtcTime, double>> out;
  out.reserve(values->size());
  for (auto time = times.begin(); values->next(); ++time) {
    if (values->value().is_null()) continue;
    auto value = values->value().number();
    if (!value) return std::unexpected(value.error());
    out.emplace_back(*time, *value);
  }
  return out;
}

Status check_order(const Points& series) {
  for (std::size_t i = 1; i < series.points.size(); ++i)
    if (series.points[i].first <= series.points[i - 1].first)
      return std::unexpected(bad_answer("the points of a series are not in order"));
  return {};
}

}  // namespace

Result<std::vector<Series>> scalar_of(const JsonValue& answer) {
  auto columns = answer["data"]["attributes"]["columns"].elements();
  if (!columns) return std::unexpected(columns.error());
  std::vector<Series> out;
  std::optional<JsonElements> values;
  std::vector<std::pair<std::string, JsonElements>> groups;
  while (columns->next()) {
    const JsonValue column = columns->value();
    auto cells = column["values"].elements();
    if (!cells) return std::unexpected(cells.error());
    const auto type = column["type"].text_or("");
    if (type == "group") groups.emplace_back(column["name"].text_or(""), *cells);
    if (type == "number" && values) return std::unexpected(bad_answer("several columns are numbers"));
    if (type == "number") values = *cells;
  }
  if (columns->size() == 0) return out;
  if (!values) return std::unexpected(bad_answer("no column is a number"));
  for (const auto& [name, cells] : groups)
    if (cells.size() != values->size())
      return std::unexpected(bad_answer("the columns are not of one length"));
  out.reserve(values->size());
  std::string scratch;
  while (values->next()) {
    for (auto& [name, cells] : groups) cells.next();
    if (values->value().is_null()) continue;
    const auto value = values->value().number();
    if (!value) return std::unexpected(value.error());
    Series& series = out.emplace_back();
    series.value = *value;
    for (const auto& [name, cells] : groups) {
      auto ok = add_label(series.labels, name, joined(cells.value(), scratch));
      if (!ok) return std::unexpected(ok.error());
    }
  }
  return out;
}

Result<std::vector<Points>> timeseries_of(const JsonValue& answer) {
  const JsonValue attributes = answer["data"]["attributes"];
  auto series = attributes["series"].elements();
  if (!series) return std::unexpected(series.error());
  auto values = attributes["values"].elements();
  if (!values) return std::unexpected(values.error());
  const auto times = times_of(attributes["times"]);
  if (!times) return std::unexpected(times.error());
  if (values->size() != series->size())
    return std::unexpected(bad_answer("there are not as many lists of values as series"));
  std::vector<Points> out;
  out.reserve(series->size());
  while (series->next() && values->next()) {
    auto labels = labels_of(series->value()["group_tags"]);
    if (!labels) return std::unexpected(labels.error());
    auto points = points_of(values->value(), *times);
    if (!points) return std::unexpected(points.error());
    out.push_back({.labels = std::move(*labels), .points = std::move(*points)});
    if (auto ok = check_order(out.back()); !ok) return std::unexpected(ok.error());
  }
  return out;
}

Result<std::vector<Points>> v1_of(const JsonValue& answer) {
  const auto status = answer["status"].text();
  if (!status) return std::unexpected(status.error());
  if (*status != "ok")
    return std::unexpected(bad_answer("Datadog says: " + net::excerpt(answer["error"].text_or(*status))));
  auto series = answer["series"].elements();
  if (!series) return std::unexpected(series.error());
  std::vector<Points> out;
  out.reserve(series->size());
  while (series->next()) {
    auto labels = labels_of(series->value()["tag_set"]);
    if (!labels) return std::unexpected(labels.error());
    auto pairs = series->value()["pointlist"].elements();
    if (!pairs) return std::unexpected(pairs.error());
    Points found{.labels = std::move(*labels), .points = {}};
    found.points.reserve(pairs->size());
    while (pairs->next()) {
      auto time = time_of(pairs->value()[0]);
      if (!time) return std::unexpected(time.error());
      auto value = pairs->value()[1].number_or_null();
      if (!value) return std::unexpected(value.error());
      if (*value) found.points.emplace_back(*time, **value);
    }
    if (auto ok = check_order(found); !ok) return std::unexpected(ok.error());
    out.push_back(std::move(found));
  }
  return out;
}

}  // namespace wave::metrics::datadog_api
