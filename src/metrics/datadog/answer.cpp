#include "metrics/datadog/answer.h"

#include <cmath>

#include "net/http.h"

namespace wave::metrics::datadog_api {
namespace {

/// `host:a` is the label host; a tag without a colon is a label without a value.
void add_tag(std::string_view tag, Labels& labels) {
  if (tag.empty() || tag == "*") return;
  const auto colon = tag.find(':');
  const auto value = colon == tag.npos ? std::string_view() : tag.substr(colon + 1);
  labels.emplace(tag.substr(0, colon), value);
}

Result<Labels> labels_of(const JsonValue& tags) {
  Labels labels;
  if (!tags.exists() || tags.is_null()) return labels;
  auto list = tags.list();
  if (!list) return std::unexpected(list.error());
  for (const JsonValue& tag : *list) add_tag(tag.text_or(""), labels);
  return labels;
}

/// The tag values of one row: `["web-1"]`.
std::string joined(const JsonValue& tags) {
  std::string out;
  if (tags.is_text()) return std::string(tags.text_or(""));
  const auto list = tags.list();
  if (!list) return out;
  for (const JsonValue& tag : *list) out += (out.empty() ? "" : ",") + std::string(tag.text_or(""));
  return out;
}

Result<UtcTime> time_of(const JsonValue& milliseconds) {
  auto time = milliseconds.number();
  if (!time) return std::unexpected(time.error());
  return from_epoch_seconds(*time / 1000);
}

Status check_order(const Points& series) {
  for (std::size_t i = 1; i < series.points.size(); ++i)
    if (series.points[i].first <= series.points[i - 1].first)
      return std::unexpected(bad_answer("the points of a series are not in order"));
  return {};
}

}  // namespace

Result<std::vector<Series>> scalar_of(const JsonValue& answer) {
  auto columns = answer["data"]["attributes"]["columns"].list();
  if (!columns) return std::unexpected(columns.error());
  std::vector<Series> out;
  std::optional<std::vector<JsonValue>> values;
  std::vector<std::pair<std::string, std::vector<JsonValue>>> groups;
  for (const JsonValue& column : *columns) {
    auto cells = column["values"].list();
    if (!cells) return std::unexpected(cells.error());
    const auto type = column["type"].text_or("");
    if (type == "group") groups.emplace_back(column["name"].text_or(""), std::move(*cells));
    if (type == "number" && values) return std::unexpected(bad_answer("several columns are numbers"));
    if (type == "number") values = std::move(*cells);
  }
  if (columns->empty()) return out;
  if (!values) return std::unexpected(bad_answer("no column is a number"));
  for (std::size_t row = 0; row < values->size(); ++row) {
    auto value = (*values)[row].number_or_null();
    if (!value) return std::unexpected(value.error());
    if (!*value) continue;
    Series series{.labels = {}, .value = **value, .at = {}};
    for (const auto& [name, cells] : groups) {
      if (cells.size() != values->size())
        return std::unexpected(bad_answer("the columns are not of one length"));
      series.labels.emplace(name, joined(cells[row]));
    }
    out.push_back(std::move(series));
  }
  return out;
}

Result<std::vector<Points>> timeseries_of(const JsonValue& answer) {
  const JsonValue attributes = answer["data"]["attributes"];
  auto series = attributes["series"].list();
  if (!series) return std::unexpected(series.error());
  auto times = attributes["times"].list();
  if (!times) return std::unexpected(times.error());
  auto values = attributes["values"].list();
  if (!values) return std::unexpected(values.error());
  if (values->size() != series->size())
    return std::unexpected(bad_answer("there are not as many lists of values as series"));
  std::vector<Points> out;
  for (std::size_t i = 0; i < series->size(); ++i) {
    auto labels = labels_of((*series)[i]["group_tags"]);
    if (!labels) return std::unexpected(labels.error());
    auto points = (*values)[i].list();
    if (!points) return std::unexpected(points.error());
    if (points->size() != times->size())
      return std::unexpected(bad_answer("a series has another number of values than there are times"));
    Points one{.labels = std::move(*labels), .points = {}};
    for (std::size_t at = 0; at < points->size(); ++at) {
      auto value = (*points)[at].number_or_null();
      if (!value) return std::unexpected(value.error());
      auto time = time_of((*times)[at]);
      if (!time) return std::unexpected(time.error());
      if (*value) one.points.emplace_back(*time, **value);
    }
    if (auto ok = check_order(one); !ok) return std::unexpected(ok.error());
    out.push_back(std::move(one));
  }
  return out;
}

Result<std::vector<Points>> v1_of(const JsonValue& answer) {
  const auto status = answer["status"].text();
  if (!status) return std::unexpected(status.error());
  if (*status != "ok")
    return std::unexpected(bad_answer("Datadog says: " + net::excerpt(answer["error"].text_or(*status))));
  auto series = answer["series"].list();
  if (!series) return std::unexpected(series.error());
  std::vector<Points> out;
  for (const JsonValue& one : *series) {
    auto labels = labels_of(one["tag_set"]);
    if (!labels) return std::unexpected(labels.error());
    auto pairs = one["pointlist"].list();
    if (!pairs) return std::unexpected(pairs.error());
    Points found{.labels = std::move(*labels), .points = {}};
    for (const JsonValue& pair : *pairs) {
      auto time = time_of(pair[0]);
      if (!time) return std::unexpected(time.error());
      auto value = pair[1].number_or_null();
      if (!value) return std::unexpected(value.error());
      if (*value) found.points.emplace_back(*time, **value);
    }
    if (auto ok = check_order(found); !ok) return std::unexpected(ok.error());
    out.push_back(std::move(found));
  }
  return out;
}

}  // namespace wave::metrics::datadog_api
