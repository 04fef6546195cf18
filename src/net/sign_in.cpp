#include "net/sign_in.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "net/aws/aws_client.h"

namespace wave::net {
namespace {

constexpr std::size_t most_token_bytes = 64u << 10;
/// Renewed this long before the end (connectors: 30 to 60 s).
constexpr Duration renew_before = 45s;

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  return text;
}

Result<void> need(const definitions::Settings& settings, std::string_view auth,
                  std::initializer_list<std::string_view> keys) {
  for (const auto key : keys) {
    if (settings.text(key).empty()) {
      return fail(ErrorCode::invalid_argument,
                  "auth " + std::string(auth) + " needs '" + std::string(key) + "'");
    }
  }
  return {};
}

std::string guess(const definitions::Settings& settings) {
  if (settings.has("auth")) return settings.text("auth");
  if (settings.has("token_url")) return "oauth2";
  if (settings.has("token") || settings.has("token_file")) return "bearer";
  if (settings.has("username")) return "basic";
  return "none";
}

}  // namespace

std::shared_ptr<const Transport> transport_of(const definitions::Settings& settings) {
  Transport transport{.ca_file = settings.text("tls_ca"),
                      .cert_file = settings.text("tls_cert"),
                      .key_file = settings.text("tls_key"),
                      .key_password = settings.text("tls_key_password"),
                      .server_name = settings.text("tls_server_name"),
                      .proxy_url = settings.text("proxy_url"),
                      .skip_verify = settings.flag("tls_skip_verify")};
  if (transport == Transport{}) return nullptr;
  return std::make_shared<const Transport>(std::move(transport));
}

SignIn::SignIn(Services& services, Kind kind) : services_(services), kind_(kind) {}
SignIn::~SignIn() = default;

Result<std::unique_ptr<SignIn>> SignIn::create(const definitions::Settings& settings, Services& services) {
  const std::string auth = guess(settings);
  Kind kind = Kind::none;
  std::string fixed;
  if (auth == "basic") {
    if (auto ok = need(settings, auth, {"username"}); !ok) return std::unexpected(ok.error());
    kind = Kind::basic;
    fixed = "Basic " + base64_encode(settings.text("username") + ":" + settings.text("password"));
  } else if (auth == "bearer") {
    kind = settings.text("token").empty() ? Kind::bearer_file : Kind::bearer;
    if (kind == Kind::bearer_file) {
      if (auto ok = need(settings, auth, {"token_file"}); !ok) return std::unexpected(ok.error());
    }
    fixed = "Bearer " + trimmed(settings.text("token"));
  } else if (auth == "oauth2") {
    if (auto ok = need(settings, auth, {"token_url", "client_id", "client_secret"}); !ok)
      return std::unexpected(ok.error());
    kind = Kind::oauth2;
  } else if (auth == "header" && settings.map("headers").empty()) {
    return fail(ErrorCode::invalid_argument, "auth header needs 'headers'");
  }
  std::unique_ptr<SignIn> made(new SignIn(services, auth == "sigv4" ? Kind::sigv4 : kind));
  if (auth == "sigv4") {
    auto client = services.aws.client(aws::managed_prometheus, settings);
    if (!client) return std::unexpected(client.error());
    made->aws_ = std::move(*client);
  }
  made->fixed_ = std::move(fixed);
  made->token_file_ = settings.text("token_file");
  for (const auto& [name, value] : settings.map("headers")) made->headers_.emplace_back(name, trimmed(value));
  made->transport_ = transport_of(settings);
  if (kind == Kind::oauth2) {
    made->token_url_ = settings.text("token_url");
    Headers form = {{"grant_type", "client_credentials"}};
    if (settings.text("client_auth") == "basic") {
      made->form_basic_ =
          "Basic " + base64_encode(settings.text("client_id") + ":" + settings.text("client_secret"));
    } else {
      form.emplace_back("client_id", settings.text("client_id"));
      form.emplace_back("client_secret", settings.text("client_secret"));
    }
    std::string scopes;
    for (const auto& scope : settings.list("scopes")) scopes += (scopes.empty() ? "" : " ") + scope;
    if (!scopes.empty()) form.emplace_back("scope", scopes);
    made->form_ = form_encode(form);
  }
  return made;
}

Task<Result<std::string>> SignIn::fetch_token() {
  HttpRequest request{
      .method = "POST",
      .url = token_url_,
      .headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}},
      .body = form_,
      .max_response_bytes = most_token_bytes,
      .transport = transport_};
  if (!form_basic_.empty()) request.headers.emplace_back("Authorization", form_basic_);
  auto answer = co_await services_.http.send(std::move(request));
  if (!answer) co_return within("OAuth 2 token", std::move(answer.error()));
  const std::string place = "OAuth 2 token > POST " + redacted_url(token_url_);
  if (auto ok = check_status(*answer, services_.runtime.utc()); !ok) {
    // The answer may repeat what was sent.
    ok.error().message = "HTTP " + std::to_string(answer->status);
    co_return within(place, std::move(ok.error()));
  }
  const auto json = nlohmann::json::parse(answer->body, nullptr, false);
  if (!json.is_object() || !json.contains("access_token") || !json["access_token"].is_string())
    co_return within(place,
                     Error{.code = ErrorCode::bad_response, .message = "no access_token in the answer"});
  Duration lifetime = 300s;
  if (json.contains("expires_in") && json["expires_in"].is_number())
    lifetime = from_seconds(json["expires_in"].get<double>());
  token_ = json["access_token"].get<std::string>();
  if (token_.find_first_of("\r\n") != std::string::npos) {
    token_.clear();
    co_return within(place, Error{.code = ErrorCode::bad_response, .message = "the token has line breaks"});
  }
  token_until_ = services_.runtime.mono() + std::max<Duration>(lifetime - renew_before, 1s);
  co_return token_;
}

Task<Result<std::string>> SignIn::authorization() {
  if (kind_ == Kind::bearer_file) {
    auto text = definitions::Settings::Environment::process().file(token_file_);
    if (!text) co_return within("token_file", std::move(text.error()));
    co_return "Bearer " + trimmed(std::move(*text));
  }
  if (kind_ != Kind::oauth2) co_return fixed_;
  if (token_until_ && services_.runtime.mono() < *token_until_) co_return "Bearer " + token_;
  auto token = co_await fetch_token();
  if (!token) co_return std::unexpected(std::move(token.error()));
  co_return "Bearer " + *token;
}

Task<Result<HttpResponse>> SignIn::send(HttpRequest request) {
  request.headers.insert(request.headers.end(), headers_.begin(), headers_.end());
  if (!request.transport) request.transport = transport_;
  if (kind_ == Kind::none) {
    auto answer = co_await services_.http.send(std::move(request));
    co_return answer;
  }
  if (kind_ == Kind::sigv4) {
    auto answer = co_await aws_->exchange(std::move(request));
    co_return answer;
  }
  for (int attempt = 0;; ++attempt) {
    auto value = co_await authorization();
    if (!value) co_return std::unexpected(std::move(value.error()));
    HttpRequest signed_request = request;
    signed_request.headers.emplace_back("Authorization", std::move(*value));
    auto answer = co_await services_.http.send(std::move(signed_request));
    if (!answer || answer->status != 401 || kind_ != Kind::oauth2 || attempt > 0) co_return answer;
    token_until_.reset();
  }
}

}  // namespace wave::net
