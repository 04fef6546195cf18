#include "net/kubernetes/cluster.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "net/process.h"

namespace wave::net::kubernetes {
namespace {

using nlohmann::json;

std::string text_of(const json& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_string()
             ? object[key].get<std::string>()
             : "";
}

/// A body of kind Status (meta/v1).
Error error_of(const HttpResponse& answer, UtcTime now) {
  Error error{.code = ErrorCode::bad_response, .message = "HTTP " + std::to_string(answer.status)};
  if (const auto status = check_status(answer, now); !status) error = status.error();
  const json body = json::parse(answer.body, nullptr, false);
  if (const std::string message = text_of(body, "message"); !message.empty())
    error.message = text_of(body, "reason") + ": " + message.substr(0, 300);
  if (answer.status == 409) {
    error.code = ErrorCode::conflict;
    error.retryable = true;
  }
  if (answer.status == 422) error.code = ErrorCode::invalid_argument;
  if (answer.status == 403) {
    // A ResourceQuota refuses with the same status as missing rights.
    const bool is_quota = error.message.contains("exceeded quota");
    if (is_quota) error.code = ErrorCode::limit_exceeded;
    error.hint = is_quota ? "a ResourceQuota of the namespace allows no more"
                          : "the kind's reference page lists the rules of the Role it needs";
  }
  if (body.is_object() && body.contains("details") && body["details"].is_object() &&
      body["details"].contains("retryAfterSeconds") && body["details"]["retryAfterSeconds"].is_number() &&
      !error.retry_after)
    error.retry_after = from_seconds(body["details"]["retryAfterSeconds"].get<double>());
  return error;
}

}  // namespace

Result<std::unique_ptr<Cluster>> Cluster::connect(const definitions::Settings& settings, Services& services) {
  auto access = find_access(settings, definitions::Settings::Environment::process());
  if (!access) return std::unexpected(access.error());
  return std::make_unique<Cluster>(std::move(*access), services);
}

Cluster::Cluster(Access access, Services& services)
    : access_(std::move(access)),
      services_(services),
      transport_(std::make_shared<const Transport>(access_.transport)) {
  while (access_.server.ends_with('/')) access_.server.pop_back();
}

Task<Status> Cluster::run_plugin() {
  const ExecPlugin& plugin = *access_.exec;
  json info = {
      {"kind", "ExecCredential"}, {"apiVersion", plugin.api_version}, {"spec", {{"interactive", false}}}};
  if (plugin.provide_cluster_info) info["spec"]["cluster"] = {{"server", access_.server}};
  ProcessRunner::Command command{.program = plugin.command,
                                 .arguments = plugin.arguments,
                                 .environment = plugin.environment,
                                 .timeout = 30s};
  command.environment["KUBERNETES_EXEC_INFO"] = info.dump();
  auto output = co_await services_.processes.run(std::move(command));
  if (!output) co_return within("exec plugin", std::move(output.error()));
  if (output->exit_code != 0) {
    co_return fail(ErrorCode::unauthorized,
                   "exec plugin '" + plugin.command + "' ended with " + std::to_string(output->exit_code),
                   true);
  }
  const json answer = json::parse(output->out, nullptr, false);
  if (text_of(answer, "kind") != "ExecCredential" || text_of(answer, "apiVersion") != plugin.api_version ||
      !answer.contains("status"))
    co_return fail(ErrorCode::bad_response,
                   "exec plugin '" + plugin.command + "' gave no ExecCredential of " + plugin.api_version,
                   true);
  const json& status = answer["status"];
  plugin_token_ = std::string(trimmed(text_of(status, "token")));
  plugin_until_ = parse_time(text_of(status, "expirationTimestamp"));
  plugin_ran_ = true;
  if (const std::string certificate = text_of(status, "clientCertificateData"); !certificate.empty()) {
    auto changed = std::make_shared<Transport>(access_.transport);
    changed->cert_pem = certificate;
    changed->key_pem = text_of(status, "clientKeyData");
    transport_ = std::move(changed);
  }
  co_return Status{};
}

Task<Result<std::string>> Cluster::authorization() {
  if (access_.exec) {
    const bool expired = plugin_until_ && services_.runtime.utc() >= *plugin_until_ - 10s;
    if (!plugin_ran_ || expired) {
      auto ran = co_await run_plugin();
      if (!ran) co_return std::unexpected(std::move(ran.error()));
    }
    co_return plugin_token_.empty() ? std::string() : "Bearer " + plugin_token_;
  }
  if (!access_.token_file.empty()) {
    auto text = definitions::Settings::Environment::process().file(access_.token_file);
    if (!text && access_.token.empty()) co_return within("token file", std::move(text.error()));
    if (text) co_return "Bearer " + std::string(trimmed(*text));
  }
  if (!access_.token.empty()) co_return "Bearer " + std::string(trimmed(access_.token));
  if (!access_.username.empty())
    co_return "Basic " + base64_encode(access_.username + ":" + access_.password);
  co_return std::string();
}

Task<Result<std::string>> Cluster::send(Request request) {
  const std::string place =
      request.method + " " + access_.server + request.path.substr(0, request.path.find('?'));
  for (int attempt = 0;; ++attempt) {
    auto credentials = co_await authorization();
    if (!credentials) co_return within(place, std::move(credentials.error()));
    HttpRequest out{.method = request.method,
                    .url = access_.server + request.path,
                    .headers = {{"Accept", "application/json"}},
                    .body = request.body,
                    .timeout = 10s,
                    .transport = transport_};
    if (!credentials->empty()) out.headers.emplace_back("Authorization", std::move(*credentials));
    if (!request.content_type.empty()) out.headers.emplace_back("Content-Type", request.content_type);
    auto answer = co_await services_.http.send(std::move(out));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    if (answer->status >= 200 && answer->status < 300) co_return std::move(answer->body);
    if (answer->status != 401 || attempt > 0)
      co_return within(place, error_of(*answer, services_.runtime.utc()));
    plugin_ran_ = false;
  }
}

}  // namespace wave::net::kubernetes
