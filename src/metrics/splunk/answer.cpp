#include "metrics/splunk/answer.h"

#include "metrics/splunk/xml.h"
#include "net/http.h"

namespace wave::metrics::splunk_api {
namespace {

bool is_bad(std::string_view type) {
  return type == "FATAL" || type == "ERROR";
}

std::string complaint_in(const JsonValue& object) {
  const auto messages = object["messages"].list();
  if (!messages) return {};
  for (const JsonValue& one : *messages)
    if (is_bad(one["type"].text_or(""))) return net::excerpt(one["text"].text_or("a message without text"));
  return {};
}

/// A row; nullopt for a preview and for a line that only says how far the search is.
Result<std::optional<Row>> exported(const JsonValue& line) {
  if (const auto complaint = complaint_in(line); !complaint.empty())
    return std::unexpected(bad_answer("Splunk says: " + complaint));
  if (!line.is_object()) return std::unexpected(line.wrong("an object"));
  if (line["preview"].is_true() || !line["result"].exists()) return std::nullopt;
  auto row = row_of(line["result"]);
  if (!row) return std::unexpected(row.error());
  return *row;
}

Result<std::vector<Row>> exported_rows(std::string_view body) {
  std::vector<Row> out;
  bool is_ended = false;
  while (!body.empty()) {
    const std::string_view line = body.substr(0, body.find('\n'));
    body.remove_prefix(std::min(line.size() + 1, body.size()));
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    auto parsed = JsonAnswer::parse(line);
    if (!parsed) return std::unexpected(parsed.error());
    auto row = exported(parsed->root());
    if (!row) return std::unexpected(row.error());
    const bool is_final = (*parsed)["preview"].is_false();
    if (!is_final && !(*parsed)["preview"].is_true() && !(*parsed)["messages"].exists())
      return std::unexpected((*parsed)["preview"].wrong("true or false"));
    if (is_final) is_ended = (*parsed)["lastrow"].is_true();
    if (*row) out.push_back(std::move(**row));
  }
  if (!is_ended) return std::unexpected(bad_answer("the answer ends before the search's last row"));
  return out;
}

Result<std::vector<Row>> results_of(const JsonValue& answer) {
  if (const auto complaint = complaint_in(answer); !complaint.empty())
    return std::unexpected(bad_answer("Splunk says: " + complaint));
  auto results = answer["results"].list();
  if (!results) return std::unexpected(results.error());
  if (answer["preview"].is_true()) return std::unexpected(bad_answer("the results are a preview"));
  std::vector<Row> out;
  for (const JsonValue& one : *results) {
    auto row = row_of(one);
    if (!row) return std::unexpected(row.error());
    out.push_back(std::move(*row));
  }
  return out;
}

/// `_time` is ISO-8601 with an offset, or seconds since 1970.
void take_times(std::vector<Row>& rows) {
  for (Row& row : rows)
    for (const Cell& cell : row.cells)
      if (cell.name == "_time") row.at = parse_time(cell.text);
}

bool is_xml(std::string_view body) {
  const auto first = body.find_first_not_of(" \t\r\n");
  return first != body.npos && body[first] == '<';
}

/// A number or a flag that may be written as a text: `1`, `"1"`, `true`.
bool is_set(const JsonValue& value) {
  return value.is_true() || value.text_or("") == "1" || (value.is_number() && *value.number() == 1);
}

}  // namespace

Result<std::vector<Row>> rows_of(std::string_view body) {
  Result<std::vector<Row>> rows;
  if (is_xml(body)) {
    rows = xml_rows_of(body);
  } else if (auto whole = JsonAnswer::parse(body);
             whole && !(*whole)["result"].exists() && !(*whole)["lastrow"].exists()) {
    rows = results_of(whole->root());
  } else {
    rows = exported_rows(body);
  }
  if (rows) take_times(*rows);
  return rows;
}

Result<std::string> sid_of(std::string_view body) {
  if (is_xml(body)) return xml_sid_of(body);
  auto answer = JsonAnswer::parse(body);
  if (!answer) return std::unexpected(answer.error());
  if (const auto complaint = complaint_in(answer->root()); !complaint.empty())
    return std::unexpected(bad_answer("Splunk says: " + complaint));
  const auto sid = (*answer)["sid"].text();
  if (!sid) return std::unexpected(sid.error());
  if (sid->empty()) return std::unexpected(bad_answer("the job has no id"));
  return std::string(*sid);
}

Result<Job> job_of(std::string_view body) {
  if (is_xml(body)) return xml_job_of(body);
  auto answer = JsonAnswer::parse(body);
  if (!answer) return std::unexpected(answer.error());
  const JsonValue content = (*answer)["entry"][0]["content"];
  if (!content.is_object()) return std::unexpected(content.wrong("an object"));
  Job job{.state = std::string(content["dispatchState"].text_or("")),
          .is_done = is_set(content["isDone"]),
          .is_failed = is_set(content["isFailed"]) || content["dispatchState"].text_or("") == "FAILED",
          .message = complaint_in(content)};
  return job;
}

std::string session_key_of(std::string_view body) {
  if (is_xml(body)) return xml_session_key_of(body);
  const auto answer = JsonAnswer::parse(body);
  return answer ? std::string((*answer)["sessionKey"].text_or("")) : std::string();
}

std::string complaint_of(std::string_view body) {
  if (is_xml(body)) return xml_complaint_of(body);
  const auto answer = JsonAnswer::parse(body);
  return answer ? complaint_in(answer->root()) : std::string();
}

}  // namespace wave::metrics::splunk_api
