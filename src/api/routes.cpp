#include <charconv>
#include <cmath>

#include <arpa/inet.h>
#include <nlohmann/json.hpp>

#include "api/api.h"
#include "base/text.h"
#include "engine/record.h"
#include "metrics/received/received.h"

namespace wave::api {
namespace {

using net::ServerResponse;
using nlohmann::json;

constexpr std::size_t most_labels = 64;

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
      return 400;
    case ErrorCode::unauthorized:
      return 401;
    case ErrorCode::forbidden:
      return 403;
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::conflict:
    case ErrorCode::busy:
      return 409;
    case ErrorCode::limit_exceeded:
      return 413;
    case ErrorCode::internal:
      return 500;
    default:
      return 502;
  }
}

ServerResponse failed(const Error& error) {
  return {.status = status_of(error.code), .body = error_json(error)};
}
ServerResponse failed(ErrorCode code, std::string message) {
  return failed(Error{.code = code, .message = std::move(message)});
}
/// What was sent cannot be read: sending it again would not help.
ServerResponse refused(Error error) {
  if (error.code == ErrorCode::bad_response) error.code = ErrorCode::invalid_argument;
  return failed(error);
}
ServerResponse done() {
  return {.body = R"({"ok":true})"};
}

/// The body as a JSON object with no other than these fields; an empty body is an empty object.
Result<json> object_of(const std::string& body, std::initializer_list<std::string_view> fields) {
  if (body.empty()) return json::object();
  json value = json::parse(body, nullptr, false);
  if (!value.is_object()) return fail(ErrorCode::invalid_argument, "the body must be a JSON object");
  for (const auto& [name, ignored] : value.items()) {
    if (std::find(fields.begin(), fields.end(), name) == fields.end())
      return fail(ErrorCode::invalid_argument, "unknown field '" + name.substr(0, 64) + "'");
  }
  return value;
}

/// The parts of a path between slashes.
std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  std::size_t at = 1;
  while (at <= path.size() && parts.size() < 8) {
    const auto slash = std::min(path.find('/', at), path.size());
    parts.push_back(path.substr(at, slash - at));
    at = slash + 1;
  }
  return parts;
}

Result<metrics::Labels> labels_of(const json& body) {
  metrics::Labels labels;
  if (!body.contains("labels")) return labels;
  if (!body["labels"].is_object() || body["labels"].size() > most_labels)
    return fail(ErrorCode::invalid_argument, "'labels' must be a map of at most 64 texts");
  for (const auto& [name, value] : body["labels"].items()) {
    if (!value.is_string()) return fail(ErrorCode::invalid_argument, "label '" + name + "' must be text");
    labels.emplace(name, value.get_ref<const std::string&>());
  }
  return labels;
}

ServerResponse unsupported(std::string message) {
  return {.status = 415,
          .body = error_json({.code = ErrorCode::invalid_argument, .message = std::move(message)})};
}

}  // namespace

std::string error_json(const Error& error) {
  const json out = {{"error", {{"code", name(error.code)}, {"message", error.text()}, {"hint", error.hint}}}};
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

bool Api::host_allowed(const net::ServerRequest& request) const {
  if (!options_.loopback_only) return true;
  std::string host = request.header("host");
  if (const auto colon = host.rfind(':');
      colon != std::string::npos && host.find(']', colon) == std::string::npos)
    host.resize(colon);
  in_addr address{};
  const bool is_loopback =
      inet_pton(AF_INET, host.c_str(), &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
  return host == "localhost" || host == "[::1]" || is_loopback;
}

/// Takes the same time wherever the first difference is.
bool Api::authorized(const net::ServerRequest& request) const {
  const std::string given = request.header("authorization");
  const std::string wanted = "Bearer " + options_.token;
  if (options_.token.empty() || given.size() != wanted.size()) return false;
  unsigned different = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    different |= static_cast<unsigned char>(given[i] ^ wanted[i]);
  return different == 0;
}

Task<ServerResponse> Api::handle(net::ServerRequest request) {
  if (!host_allowed(request)) co_return failed(ErrorCode::forbidden, "this host name is not served");
  if (request.method == "POST") {
    if (!authorized(request)) {
      const bool was_sent = !request.header("authorization").empty();
      auto response =
          failed({.code = ErrorCode::unauthorized,
                  .message = was_sent ? "the bearer token that was sent is not this daemon's"
                                      : "a bearer token is needed",
                  .hint = "it is what the daemon was given as WAVE_TOKEN, else in its `token_file:`"});
      response.headers.emplace_back("WWW-Authenticate", "Bearer");
      co_return response;
    }
    auto response = co_await post(std::move(request));
    co_return response;
  }
  if (request.method != "GET" && request.method != "HEAD")
    co_return ServerResponse{
        .status = 405,
        .body = error_json({.code = ErrorCode::invalid_argument, .message = "GET or POST"}),
        .headers = {{"Allow", "GET, HEAD, POST"}}};
  if (request.path == "/healthz") co_return ServerResponse{.content_type = "text/plain", .body = "ok\n"};
  if (request.path == "/readyz") {
    const bool ready = engine_.ready();
    co_return ServerResponse{.status = ready ? 200 : 503,
                             .content_type = "text/plain",
                             .body = ready ? "ready\n" : "not every plan has been evaluated yet\n"};
  }
  if (request.path == "/metrics")
    co_return ServerResponse{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                             .body = metrics_text({engine_, store_.health(), runtime_, problems_})};
  if (request.path == "/api/v1/status")
    co_return ServerResponse{.body = status_json({engine_, store_.health(), runtime_, problems_})};
  if (request.path == "/api/v1/forecasts") co_return ServerResponse{.body = forecasts_json(engine_)};
  if (request.path == "/api/v1/events") co_return ServerResponse{.body = events_json(engine_)};
  if (request.path == "/api/v1/decisions") co_return decisions(request);
  co_return failed(ErrorCode::not_found, "there is nothing at this path");
}

Task<ServerResponse> Api::post(net::ServerRequest request) {
  const auto parts = parts_of(request.path);
  const bool known = parts.size() >= 3 && parts[0] == "api" && parts[1] == "v1";
  if (known && parts.size() == 3 && parts[2] == "reload") co_return reload();
  if (known && parts.size() == 3 && parts[2] == "write") co_return receive_write(request);
  if (request.path == "/v1/metrics") co_return receive_otlp(request);
  if (known && parts.size() == 4 && parts[2] == "metrics") co_return push(parts[3], request.body);
  if (known && parts.size() == 5 && parts[2] == "components") {
    if (parts[4] == "pause") co_return pause(parts[3], request.body);
    if (parts[4] == "resume") co_return resume(parts[3]);
    if (parts[4] == "scale") {
      auto response = co_await scale(parts[3], std::move(request.body));
      co_return response;
    }
  }
  co_return failed(ErrorCode::not_found, "there is nothing to post to at this path");
}

ServerResponse Api::push(const std::string& metric_id, const std::string& body) {
  auto fields = object_of(body, {"value", "labels", "at"});
  if (!fields) return failed(fields.error());
  if (!fields->contains("value") || !(*fields)["value"].is_number())
    return failed(ErrorCode::invalid_argument, "'value' must be a number");
  const double value = (*fields)["value"].get<double>();
  if (!std::isfinite(value)) return failed(ErrorCode::invalid_argument, "'value' must be finite");
  std::optional<UtcTime> at;
  if (fields->contains("at")) {
    if ((*fields)["at"].is_string()) at = parse_time((*fields)["at"].get<std::string>());
    if (!at) return failed(ErrorCode::invalid_argument, "'at' must be a time such as 2026-01-31T12:00:00Z");
  }
  auto labels = labels_of(*fields);
  if (!labels) return failed(labels.error());
  auto taken = engine_.push(metric_id, std::move(*labels), value, at);
  return taken ? done() : refused(taken.error());
}

ServerResponse Api::receive_write(const net::ServerRequest& request) {
  // Version 2.0 names its message in the type, and reads a success without its headers as one that wrote
  // nothing (Remote-Write 2.0, "Unsupported Request Content").
  const std::string type = request.header("content-type");
  const auto message = type.find("proto=");
  if (message != type.npos && type.find("prometheus.WriteRequest", message) == type.npos)
    return unsupported("only remote write 1.0 is understood: set protobuf_message: prometheus.WriteRequest");
  const std::string coding = request.header("content-encoding");
  if (!coding.empty() && coding != "snappy")
    return unsupported("only snappy is understood here, as remote write says");
  const auto samples = metrics::remote_write(request.body);
  if (!samples) return refused(samples.error());
  engine_.receive("prometheus-remote-write", *samples);
  return {.status = 204, .content_type = "text/plain"};
}

ServerResponse Api::receive_otlp(const net::ServerRequest& request) {
  const std::string type = request.header("content-type");
  const bool is_json = type.starts_with("application/json");
  const std::string coding = request.header("content-encoding");
  if (!is_json && !type.starts_with("application/x-protobuf")) return unsupported("send protobuf or JSON");
  const bool is_plain = coding.empty() || coding == "identity";
  if (!is_plain && coding != "gzip") return unsupported("compress with gzip or not at all");
  const auto unpacked = is_plain ? Result<std::string>() : metrics::gunzip(request.body);
  if (!unpacked) return refused(unpacked.error());
  const std::string& body = is_plain ? request.body : *unpacked;
  const auto samples = is_json ? metrics::otlp_json(body) : metrics::otlp_protobuf(body);
  if (!samples) return refused(samples.error());
  engine_.receive("otlp", *samples);
  // An empty ExportMetricsServiceResponse.
  return {.content_type = is_json ? "application/json" : "application/x-protobuf",
          .body = is_json ? "{}" : ""};
}

ServerResponse Api::pause(const std::string& component_id, const std::string& body) {
  if (const auto known = engine_.named(component_id); !known) return failed(known.error());
  auto fields = object_of(body, {"until", "reason"});
  if (!fields) return failed(fields.error());
  std::optional<UtcTime> until;
  if (fields->contains("until") && !(*fields)["until"].is_null()) {
    if ((*fields)["until"].is_string()) until = parse_time((*fields)["until"].get<std::string>());
    if (!until)
      return failed(ErrorCode::invalid_argument, "'until' must be a time such as 2026-01-31T12:00:00Z");
  }
  const bool has_reason = fields->contains("reason") && (*fields)["reason"].is_string();
  std::string reason =
      has_reason ? std::string(cut((*fields)["reason"].get_ref<const std::string&>(), 200)) : "";
  auto paused = engine_.pause(component_id, until, reason);
  if (!paused) return failed(paused.error());
  const json out = {{"ok", true},
                    {"component_id", component_id},
                    {"until", until ? json(iso8601(*until)) : json()},
                    {"reason", reason}};
  return {.body = out.dump(-1, ' ', false, json::error_handler_t::replace)};
}

ServerResponse Api::resume(const std::string& component_id) {
  const auto component = engine_.named(component_id);
  if (!component) return failed(component.error());
  (*component)->expire_pause();
  const bool was_paused = (*component)->paused().has_value();
  (*component)->resume();
  const json out = {{"ok", true}, {"component_id", component_id}, {"was_paused", was_paused}};
  return {.body = out.dump()};
}

Task<ServerResponse> Api::scale(std::string component_id, std::string body) {
  auto fields = object_of(body, {"values", "for", "dry_run"});
  if (!fields) co_return failed(fields.error());
  engine::Engine::ByHand wanted;
  if (!fields->contains("values") || !(*fields)["values"].is_object() || (*fields)["values"].empty())
    co_return failed(ErrorCode::invalid_argument, "'values' must be a map such as {\"desired\": 5}");
  for (const auto& [name, value] : (*fields)["values"].items()) {
    if (!value.is_number() || !std::isfinite(value.get<double>()) || value.get<double>() < 0)
      co_return failed(ErrorCode::invalid_argument, "'" + name + "' must be a number from 0 up");
    wanted.values[name] = std::ceil(value.get<double>());
  }
  if (fields->contains("for")) {
    if ((*fields)["for"].is_string()) {
      if (auto wait = parse_duration((*fields)["for"].get<std::string>())) wanted.pause_for = *wait;
    }
    if (!wanted.pause_for)
      co_return failed(ErrorCode::invalid_argument, "'for' must be a duration such as 15m");
  }
  wanted.dry_run = fields->contains("dry_run") && (*fields)["dry_run"] == json(true);
  auto outcome = co_await engine_.scale(std::move(component_id), std::move(wanted));
  if (!outcome) co_return failed(outcome.error());
  if (outcome->attempt && outcome->attempt->error) co_return failed(*outcome->attempt->error);
  co_return ServerResponse{.body = scaled_json(*outcome)};
}

ServerResponse Api::reload() {
  const auto result = reload_();
  if (result.problems.empty()) return done();
  json problems = json::array();
  for (const auto& one : result.problems)
    problems.push_back(
        {{"file", one.file}, {"line", one.line}, {"column", one.column}, {"message", one.message}});
  const json out = {{"error",
                     {{"code", "invalid_argument"},
                      {"message", "the definitions are invalid; nothing has changed"},
                      {"hint", ""}}},
                    {"errors", problems}};
  return {.status = 400, .body = out.dump(-1, ' ', false, json::error_handler_t::replace)};
}

ServerResponse Api::decisions(const net::ServerRequest& request) {
  history::DecisionFilter filter;
  if (const auto found = request.query.find("component"); found != request.query.end())
    filter.component_id = found->second;
  if (const auto found = request.query.find("since"); found != request.query.end()) {
    const auto since = parse_time(found->second);
    if (!since)
      return failed(ErrorCode::invalid_argument, "'since' must be a time such as 2026-01-31T12:00:00Z");
    filter.since = *since;
  }
  if (const auto found = request.query.find("limit"); found != request.query.end()) {
    const auto& text = found->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), filter.limit);
    if (error != std::errc{} || end != text.data() + text.size() || filter.limit > 10'000)
      return failed(ErrorCode::invalid_argument, "'limit' must be 0 to 10000");
  }
  auto found = store_.decisions(filter);
  if (!found) return failed(found.error());
  return {.body = decisions_json(*found)};
}

std::string scaled_json(const engine::Engine::Outcome& outcome) {
  json out = json::array();
  const auto& pause = outcome.pause;
  for (const auto& decision : outcome.decisions) {
    auto one = json::parse(engine::decision_json(decision));
    one["rest"] = nullptr;
    one["applied"] = false;
    if (outcome.attempt && decision.action == decisions::Action::scale) {
      const auto& attempt = *outcome.attempt;
      const double reached = attempt.reached_of(decision.value).value_or(decision.current);
      one["applied"] = reached != decision.current;
      if (attempt.reached) one["rest"] = attempt.rest;
      if (attempt.reached && reached != decision.final) one["reached"] = reached;
    }
    one["paused"] = pause.has_value();
    one["paused_until"] = pause && pause->until ? json(iso8601(*pause->until)) : json();
    one["paused_reason"] = pause ? json(pause->reason) : json();
    out.push_back(std::move(one));
  }
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string decisions_json(const std::vector<history::StoredDecision>& decisions) {
  json out = json::array();
  for (const auto& one : decisions) {
    json record = json::parse(one.json, nullptr, false);
    if (!record.is_object()) continue;
    record["id"] = one.id;
    record["count"] = one.count;
    record["last_at"] = iso8601(one.last_at);
    out.push_back(std::move(record));
  }
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace wave::api
