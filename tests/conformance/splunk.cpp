#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <zlib.h>

#include "conformance/recordings.h"
#include "metrics/splunk/answer.h"
#include "net/http.h"

namespace wave::conformance {
namespace {

using nlohmann::json;

std::string unzipped(const std::filesystem::path& file) {
  std::string out;
  gzFile in = gzopen(file.c_str(), "rb");
  if (in == nullptr) return out;
  char part[65536];
  for (int got = gzread(in, part, sizeof part); got > 0; got = gzread(in, part, sizeof part))
    out.append(part, got);
  gzclose(in);
  return out;
}

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// What an answer holds is told by a plain search of its text.
void check(const std::string& name, int status, const std::string& body, Count& count) {
  namespace api = metrics::splunk_api;
  if (holds(body, "<sessionKey>")) {
    const auto begin = body.find("<sessionKey>") + 12;
    count.add(api::session_key_of(body) == body.substr(begin, body.find('<', begin) - begin),
              name + " session");
  } else if (holds(body, "<sid>")) {
    const auto begin = body.find("<sid>") + 5;
    const auto sid = api::sid_of(body);
    count.add(sid && *sid == body.substr(begin, body.find('<', begin) - begin), name + " sid");
  } else if (holds(body, "type=\"FATAL\"") || holds(body, "type=\"ERROR\"")) {
    count.add(!api::rows_of(body) && !api::complaint_of(body).empty(), name + " complaint");
  } else if (holds(body, "<results")) {
    const auto rows = api::rows_of(body);
    std::size_t wanted = 0;
    const bool is_preview = holds(body, "<results preview='1'>") && !holds(body, "<results preview='0'>");
    for (auto at = body.find("<result "); at != std::string::npos; at = body.find("<result ", at + 1))
      ++wanted;
    count.add(rows && (is_preview ? rows->empty() : rows->size() == wanted || holds(body, "preview='1'")),
              name + " rows");
  } else if (holds(body, "name=\"dispatchState\"")) {
    const auto job = api::job_of(body);
    count.add(job && job->is_done == holds(body, "name=\"isDone\">1<") && !job->state.empty(), name + " job");
  } else if (holds(body, "<entry") && !holds(body, "/search/jobs/")) {
    // The server, a user, a saved search: of no use to a metric.
  } else if (holds(body, "<entry")) {
    // A job that has just begun says nothing of its state.
    const auto job = api::job_of(body);
    count.add(job && !job->is_done && !job->is_failed, name + " new job");
  } else {
    count.add(!api::rows_of(body), name + " " + std::to_string(status) + " is no result");
  }
}

}  // namespace

Count splunk(const std::filesystem::path& folder) {
  Count count;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (entry.path().extension() == ".xml") {
      std::ifstream file(entry.path());
      std::stringstream text;
      text << file.rdbuf();
      check(name, 200, text.str(), count);
      continue;
    }
    const json recording = json::parse(unzipped(entry.path()), nullptr, false);
    if (!recording.is_object() || !recording["Recordings"].is_object()) continue;
    for (const json& one : recording["Recordings"]["_array"]) {
      // The list is as long as the recorder's buffer.
      if (!one.is_object()) continue;
      const auto body = net::base64_decode(one["Response.Content"].get<std::string>());
      const int status = one["Response.StatusCode"];
      if (body) check(name, status, *body, count);
    }
  }
  return count;
}

}  // namespace wave::conformance
