#include "metrics/splunk/xml.h"

#include <pugixml.hpp>

#include "net/http.h"

namespace wave::metrics::splunk_api {
namespace {

constexpr std::size_t longest_value = 200;

std::string complaint_in(const pugi::xml_node& messages) {
  for (const pugi::xml_node& one : messages.children("msg")) {
    const std::string_view type = one.attribute("type").value();
    if (type == "FATAL" || type == "ERROR") return net::excerpt(one.text().get());
  }
  return {};
}

std::string complaint_in_document(const pugi::xml_document& document) {
  const auto top = document.document_element();
  auto complaint = complaint_in(top.child("messages"));
  return complaint.empty() ? complaint_in(top) : complaint;
}

Result<pugi::xml_document> parsed(std::string_view body) {
  pugi::xml_document document;
  if (!document.load_buffer(body.data(), body.size()))
    return std::unexpected(bad_answer("the answer is not XML: " + net::excerpt(body, 80)));
  return document;
}

/// A value of several parts is joined with commas.
Row row_of(const pugi::xml_node& result) {
  Row row;
  for (const pugi::xml_node& field : result.children("field")) {
    Cell cell{.name = field.attribute("k").value(), .text = {}};
    for (const pugi::xml_node& value : field.children("value")) {
      if (cell.text.size() > longest_value) break;
      cell.text += (cell.text.empty() ? "" : ",") + net::excerpt(value.child("text").text().get());
    }
    cell.empty = cell.text.empty();
    row.cells.push_back(std::move(cell));
  }
  return row;
}

Status add_rows(const pugi::xml_node& results, std::vector<Row>& out) {
  if (const auto complaint = complaint_in(results.child("messages")); !complaint.empty())
    return std::unexpected(bad_answer("Splunk says: " + complaint));
  const std::string_view preview = results.attribute("preview").value();
  if (preview == "1") return {};
  if (preview != "0") return std::unexpected(bad_answer("the results do not say whether they are a preview"));
  for (const pugi::xml_node& result : results.children("result")) out.push_back(row_of(result));
  return {};
}

}  // namespace

/// An export is one document after another, each with its own declaration, and one `<results>` after another
/// in each: read as fragments of one.
Result<std::vector<Row>> xml_rows_of(std::string_view body) {
  pugi::xml_document document;
  if (!document.load_buffer(body.data(), body.size(), pugi::parse_default | pugi::parse_fragment))
    return std::unexpected(bad_answer("the answer is not XML: " + net::excerpt(body, 80)));
  std::vector<Row> out;
  bool has_results = false;
  for (const pugi::xml_node& node : document.children()) {
    if (node.type() != pugi::node_element) continue;
    if (std::string_view(node.name()) == "results") {
      has_results = true;
      if (auto ok = add_rows(node, out); !ok) return std::unexpected(ok.error());
      continue;
    }
    auto complaint = complaint_in(node.child("messages"));
    if (complaint.empty()) complaint = "<" + net::excerpt(node.name(), 40) + "> where results belong";
    return std::unexpected(bad_answer("Splunk says: " + complaint));
  }
  if (!has_results) return std::unexpected(bad_answer("the answer holds no results"));
  return out;
}

Result<std::string> xml_sid_of(std::string_view body) {
  const auto document = parsed(body);
  if (!document) return std::unexpected(document.error());
  if (const auto complaint = complaint_in_document(*document); !complaint.empty())
    return std::unexpected(bad_answer("Splunk says: " + complaint));
  std::string sid = document->document_element().child("sid").text().get();
  if (sid.empty()) return std::unexpected(bad_answer("the job has no id"));
  return sid;
}

Result<Job> xml_job_of(std::string_view body) {
  const auto document = parsed(body);
  if (!document) return std::unexpected(document.error());
  const auto content = document->child("entry").child("content").child("s:dict");
  if (!content) return std::unexpected(bad_answer("the answer says nothing of a job"));
  Job job;
  for (const pugi::xml_node& key : content.children("s:key")) {
    const std::string_view name = key.attribute("name").value();
    const std::string_view value = key.text().get();
    if (name == "dispatchState") job.state = value;
    if (name == "isDone") job.is_done = value == "1";
    if (name == "isFailed") job.is_failed = job.is_failed || value == "1";
  }
  job.is_failed = job.is_failed || job.state == "FAILED";
  return job;
}

std::string xml_session_key_of(std::string_view body) {
  const auto document = parsed(body);
  return document ? document->document_element().child("sessionKey").text().get() : "";
}

std::string xml_complaint_of(std::string_view body) {
  const auto document = parsed(body);
  return document ? complaint_in_document(*document) : std::string();
}

}  // namespace wave::metrics::splunk_api
