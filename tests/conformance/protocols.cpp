#include "conformance/protocols.h"

#include <fstream>

#include <nlohmann/json.hpp>

#include "net/aws/errors.h"
#include "net/url.h"
#include "support/services.h"

namespace wave::conformance {
namespace {

using json = nlohmann::ordered_json;

json load(const std::filesystem::path& file) {
  std::ifstream text(file);
  return json::parse(text);
}

std::string scalar(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// What a case needs that our layer leaves to who calls it (or does not have); empty when it can run.
struct Reader {
  const json& shapes;
  std::string why{};

  void leave(const std::string& reason) {
    if (why.empty()) why = reason;
  }
  bool is_plain(const json& member) const {
    const std::string type = shapes[member["shape"].get<std::string>()].value("type", "structure");
    return type == "string" || type == "integer" || type == "long" || type == "boolean" || type == "float" ||
           type == "double";
  }
  /// The JSON of a value, with the names that it has on the wire.
  json body(const std::string& shape_name, const json& value) {
    const json& shape = shapes[shape_name];
    const std::string type = shape.value("type", "structure");
    if (type == "timestamp" || type == "blob") leave("timestamps and blobs in JSON");
    if (shape.value("document", false)) return value;
    if (value.is_null()) leave("null parameters");
    json out = value;
    if (type == "structure" && value.is_object()) {
      out = json::object();
      for (const auto& [name, inner] : value.items()) {
        if (!shape["members"].contains(name)) continue;
        const json& member = shape["members"][name];
        out[member.value("locationName", name)] = body(member["shape"], inner);
      }
    } else if (type == "list" && value.is_array()) {
      for (auto& one : out) one = body(shape["member"]["shape"], one);
    } else if (type == "map" && value.is_object()) {
      for (auto& [name, one] : out.items()) one = body(shape["value"]["shape"], one);
    }
    return out;
  }
};

struct Prepared {
  net::RestCall call;
  net::Headers form;
  json body = json::object();
  bool has_body = false;
};

/// `/a/{x}/b?foo=bar` -> `/a/{}/b` and the names of its labels.
std::vector<std::string> take_labels(std::string& path) {
  std::vector<std::string> names;
  for (auto begin = path.find('{'); begin != std::string::npos; begin = path.find('{', begin + 1)) {
    const auto end = path.find('}', begin);
    names.push_back(path.substr(begin + 1, end - begin - 1));
    path.replace(begin + 1, end - begin - 1, "");
  }
  return names;
}

Prepared prepare(const json& one, Reader& reader) {
  Prepared out;
  const json& given = one["given"];
  const json params = one.value("params", json::object());
  out.call.method = given["http"]["method"];
  out.call.path = given["http"]["requestUri"];
  if (out.call.path.find('?') != std::string::npos) reader.leave("a query that is part of the path");
  if (out.call.path.find("+}") != std::string::npos) reader.leave("labels over several segments");
  if (given.contains("requestcompression")) reader.leave("compressed requests");
  if (given.contains("httpChecksum") || given.value("httpChecksumRequired", false)) reader.leave("checksums");
  if (given.contains("endpoint")) reader.leave("host prefixes");
  const auto labels = take_labels(out.call.path);
  out.call.labels.resize(labels.size());
  if (!given.contains("input")) return out;
  const json& shape = reader.shapes[given["input"]["shape"].get<std::string>()];
  if (shape.contains("payload")) reader.leave("payloads that are not a JSON object");
  const json members = shape.value("members", json::object());
  for (const auto& [name, member] : members.items()) {
    if (member.value("idempotencyToken", false) && !params.contains(name))
      reader.leave("tokens made up on the way");
    out.has_body |= member.value("location", "").empty();
    if (!params.contains(name)) continue;
    const json& value = params[name];
    const std::string location = member.value("location", "");
    const std::string wire = member.value("locationName", name);
    if (location.empty()) {
      out.body[wire] = reader.body(member["shape"], value);
      if (!reader.is_plain(member)) out.form.clear();
      out.form.emplace_back(wire, scalar(value));
    } else if (location == "uri") {
      if (!reader.is_plain(member)) reader.leave("timestamps in the path");
      for (std::size_t i = 0; i < labels.size(); ++i)
        if (labels[i] == wire) out.call.labels[i] = scalar(value);
    } else if (location == "querystring" && reader.is_plain(member) && !value.is_null()) {
      out.call.query.emplace_back(wire, scalar(value));
    } else {
      reader.leave(location == "querystring" ? "lists and maps in the query" : "parameters in headers");
    }
  }
  return out;
}

bool all_scalars(const json& body) {
  return std::ranges::all_of(body, [](const json& one) { return one.is_primitive() && !one.is_null(); });
}

bool same_body(const std::string& sent, const std::string& wanted) {
  if (sent == wanted) return true;
  const auto parsed = nlohmann::json::parse(wanted, nullptr, false);
  return !parsed.is_discarded() && nlohmann::json::parse(sent, nullptr, false) == parsed;
}

/// Sends a case and says what differs; empty: nothing.
std::string difference(const json& metadata, const json& one, Prepared prepared) {
  test::TestServices world;
  world.http.on("", "").reply(200, "{}");
  definitions::Settings settings;
  settings.set("region", std::string("us-east-1"));
  settings.set("access_key", std::string("AKIDEXAMPLE"));
  settings.set("secret_key", std::string("secret"));
  const std::string protocol = metadata["protocol"];
  const std::string version = metadata.value("apiVersion", "");
  const std::string target = metadata.value("targetPrefix", "");
  const std::string json_version = metadata.contains("jsonVersion") ? scalar(metadata["jsonVersion"]) : "1.1";
  const net::aws::Service service{.id = "TEST",
                                  .prefix = "test",
                                  .signing_name = "test",
                                  .version = version,
                                  .target = target,
                                  .json = json_version,
                                  .query_mode = metadata.contains("awsQueryCompatible")};
  const auto client = world.aws.client(service, settings);
  const std::string name = one["given"]["name"];
  if (protocol == "rest-json") {
    if (prepared.has_body) prepared.call.body = prepared.body.dump();
    world.run((*client)->rest(std::move(prepared.call)));
  } else if (protocol == "query") {
    world.run((*client)->query(name, std::move(prepared.form)));
  } else {
    world.run((*client)->json(name, prepared.body.dump()));
  }
  const auto& sent = world.http.last();
  const json& wanted = one["serialized"];
  const std::string path = sent.request.url.substr((*client)->base().size());
  if (wanted["uri"] != path) return "path " + path + ", not " + wanted["uri"].get<std::string>();
  if (sent.request.method != wanted.value("method", "POST")) return "method " + sent.request.method;
  if (wanted.contains("body") && !same_body(sent.request.body, wanted["body"]))
    return "body " + sent.request.body + ", not " + wanted["body"].get<std::string>();
  const json headers = wanted.value("headers", json::object());
  for (const auto& [header, value] : headers.items())
    if (!sent.header(header).starts_with(value.get<std::string>()))
      return header + ": " + sent.header(header);
  for (const auto& header : wanted.value("forbidHeaders", json::array()))
    if (!sent.header(header.get<std::string>()).empty()) return "has " + header.get<std::string>();
  return {};
}

}  // namespace

Count requests(const std::filesystem::path& file) {
  Count count;
  for (const json& suite : load(file)) {
    for (const json& one : suite["cases"]) {
      Reader reader{.shapes = suite["shapes"]};
      auto prepared = prepare(one, reader);
      if (suite.value("clientEndpoint", "").find("/", 8) != std::string::npos)
        reader.leave("endpoints with a path");
      if (suite["metadata"]["protocol"] == "query" && !all_scalars(prepared.body))
        reader.leave("structures, lists and maps (the caller writes their names)");
      if (!reader.why.empty()) {
        ++count.left_out[reader.why];
        continue;
      }
      const std::string wrong = difference(suite["metadata"], one, std::move(prepared));
      count.add(wrong.empty(), one["id"].get<std::string>() + ": " + wrong);
    }
  }
  return count;
}

Count answers(const std::filesystem::path& file) {
  Count count;
  for (const json& suite : load(file)) {
    for (const json& one : suite["cases"]) {
      if (!one.contains("errorCode")) {
        ++count.left_out["successes (each kind reads its own)"];
        continue;
      }
      const json& response = one["response"];
      net::HttpResponse answer{
          .status = response["status_code"], .headers = {}, .body = response.value("body", "")};
      const json headers = response.value("headers", json::object());
      for (const auto& [name, value] : headers.items())
        answer.headers.emplace_back(name, value.get<std::string>());
      const std::string code = net::aws::code_of(answer);
      const auto error = net::aws::error_of(answer, UtcTime{});
      const bool said = !one.contains("errorMessage") ||
                        error.message == code + ": " + one["errorMessage"].get<std::string>();
      count.add(one["errorCode"] == code && said, one["id"].get<std::string>() + ": " + error.message);
    }
  }
  return count;
}

}  // namespace wave::conformance
