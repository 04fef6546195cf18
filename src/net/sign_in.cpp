#include "net/sign_in.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "net/aws/aws_client.h"
#include "net/budget.h"
#include "net/url.h"

namespace wave::net {
namespace {

constexpr std::size_t most_token_bytes = 64u << 10;
/// Renewed this long before the end (connectors: 30 to 60 s).
constexpr Duration renew_before = 45s;
/// Shorter ones would blot out words.
constexpr std::size_t shortest_secret = 6;
/// Of a good answer: a longer one is data.
constexpr std::size_t longest_message = 64u << 10;

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

Result<std::unique_ptr<SignIn>> SignIn::create(const definitions::Settings& settings, Services& services,
                                               SignInOptions options) {
  const std::string auth = guess(settings);
  Kind kind = Kind::none;
  std::string fixed;
  if (!options.login_url.empty()) {
    kind = Kind::login;
  } else if (auth == "basic") {
    if (auto ok = need(settings, auth, {"username"}); !ok) return std::unexpected(ok.error());
    kind = Kind::basic;
    fixed = "Basic " + base64_encode(settings.text("username") + ":" + settings.text("password"));
  } else if (auth == "bearer") {
    kind = settings.text("token").empty() ? Kind::bearer_file : Kind::bearer;
    if (kind == Kind::bearer_file) {
      if (auto ok = need(settings, auth, {"token_file"}); !ok) return std::unexpected(ok.error());
    }
    fixed = options.scheme + " " + std::string(trimmed(settings.text("token")));
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
  made->options_ = std::move(options);
  made->token_file_ = settings.text("token_file");
  for (const auto& [name, value] : settings.map("headers"))
    made->headers_.emplace_back(name, std::string(trimmed(value)));
  made->transport_ = transport_of(settings);
  made->per_minute_ = settings.number("requests_per_minute");
  for (const char* key : {"username", "token", "client_id"}) made->user_ += '\n' + settings.text(key);
  for (const auto& [name, value] : made->headers_) made->user_ += '\n' + value;
  if (kind == Kind::oauth2) made->prepare_oauth2(settings);
  if (kind == Kind::login) {
    made->token_url_ = made->options_.login_url;
    made->form_ = made->options_.login_form;
  }
  made->remember_secrets(settings);
  return made;
}

void SignIn::prepare_oauth2(const definitions::Settings& settings) {
  token_url_ = settings.text("token_url");
  const std::string id = settings.text("client_id");
  const std::string secret(trimmed(settings.text("client_secret")));
  Headers form = {{"grant_type", "client_credentials"}};
  if (settings.text("token_auth") == "basic") {
    // RFC 6749 section 2.3.1: both are form-encoded first.
    const std::string pair = form_encode({{id, secret}});
    const auto middle = pair.find('=');
    token_sign_in_ = "Basic " + base64_encode(pair.substr(0, middle) + ":" + pair.substr(middle + 1));
  } else {
    form.insert(form.end(), {{"client_id", id}, {"client_secret", secret}});
  }
  std::string scopes;
  for (const auto& scope : settings.list("scopes")) scopes += (scopes.empty() ? "" : " ") + scope;
  if (!scopes.empty()) form.emplace_back("scope", scopes);
  for (const auto& [name, value] : settings.map("token_parameters")) form.emplace_back(name, value);
  form_ = form_encode(form);
}

void SignIn::remember_secrets(const definitions::Settings& settings) {
  for (const char* key : {"password", "token", "client_secret"})
    secrets_.emplace_back(trimmed(settings.text(key)));
  for (const auto& [name, value] : headers_) secrets_.push_back(value);
  if (kind_ == Kind::basic) secrets_.push_back(fixed_.substr(fixed_.find(' ') + 1));
  std::erase_if(secrets_, [](const std::string& secret) { return secret.size() < shortest_secret; });
}

void SignIn::blot(Result<HttpResponse>& answer) const {
  if (!answer) return;
  const bool good = answer->status >= 200 && answer->status <= 299;
  if (good && answer->body.size() > longest_message) return;
  for (const std::string& secret : secrets_) replace_all(answer->body, secret, "(secret)");
  if (token_.size() >= shortest_secret) replace_all(answer->body, token_, "(secret)");
}

Task<Result<std::string>> SignIn::fetch_token() {
  HttpRequest request{
      .method = "POST",
      .url = token_url_,
      .headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}},
      .body = form_,
      .max_response_bytes = most_token_bytes,
      .transport = transport_};
  if (!token_sign_in_.empty()) request.headers.emplace_back("Authorization", token_sign_in_);
  if (kind_ == Kind::login) request.headers = {{"Content-Type", options_.login_type}};
  const HttpRequest first = request;
  auto answer = co_await services_.http.send(first);
  if (answer && (answer->status == 406 || answer->status == 415) && !options_.other_form_type.empty()) {
    request.headers.front().second = options_.other_form_type;
    answer = co_await services_.http.send(std::move(request));
  }
  if (!answer) co_return within("sign-in", std::move(answer.error()));
  auto token = read_token(*answer);
  if (!token)
    co_return within("sign-in > " + shown({.method = "POST", .url = token_url_}), std::move(token.error()));
  co_return token;
}

Result<std::string> SignIn::read_token(const HttpResponse& answer) {
  if (auto ok = check_status(answer, services_.runtime.utc()); !ok) {
    // The answer may repeat what was sent.
    ok.error().message = "HTTP " + std::to_string(answer.status);
    // A sign-in that is refused is wrong credentials, whatever the status (RFC 6749 section 5.2 says 400).
    if (answer.status == 400) ok.error().code = ErrorCode::unauthorized;
    return std::unexpected(ok.error());
  }
  std::string token;
  Duration lifetime = 300s;
  if (kind_ == Kind::login) {
    token = options_.read_login(answer.body);
    lifetime = 30min;
  } else {
    const auto json = nlohmann::json::parse(answer.body, nullptr, false);
    if (json.is_object() && json.contains("access_token") && json["access_token"].is_string())
      token = json["access_token"].get<std::string>();
    if (json.is_object() && json.contains("expires_in") && json["expires_in"].is_number())
      lifetime = from_seconds(json["expires_in"].get<double>());
  }
  if (token.empty()) return fail(ErrorCode::bad_response, "no token in the answer");
  if (token.find_first_of("\r\n") != std::string::npos)
    return fail(ErrorCode::bad_response, "the token has line breaks");
  token_ = std::move(token);
  token_until_ = services_.runtime.mono() + std::max<Duration>(lifetime - renew_before, 1s);
  return token_;
}

Task<Result<std::string>> SignIn::authorization() {
  if (kind_ == Kind::bearer_file) {
    auto text = definitions::Settings::Environment::process().file(token_file_);
    if (!text) co_return within("token_file", std::move(text.error()));
    co_return "Bearer " + std::string(trimmed(*text));
  }
  if (kind_ != Kind::oauth2 && kind_ != Kind::login) co_return fixed_;
  const std::string scheme = kind_ == Kind::login ? options_.scheme : "Bearer";
  if (token_until_ && services_.runtime.mono() < *token_until_) co_return scheme + " " + token_;
  auto token = co_await fetch_token();
  if (!token) co_return std::unexpected(std::move(token.error()));
  co_return scheme + " " + *token;
}

/// Waits for the host's budget; where that is longer than the request may take, the error says when to come
/// again, and the turn is kept until then.
Task<Status> SignIn::take_turn(HttpRequest& request) {
  if (!budget_) {
    const auto url = Url::parse(request.url);
    if (!url) co_return std::unexpected(url.error());
    budget_ = services_.shared.get<Budget>(url->origin() + user_,
                                           [this] { return std::make_shared<Budget>(services_.runtime); });
    budget_->limit(per_minute_);
  }
  if (!turn_) turn_ = budget_->reserve();
  const Duration wait = *turn_ - services_.runtime.mono();
  if (wait > request.timeout / 2)
    co_return within(shown(request),
                     Error{.code = ErrorCode::throttled,
                           .message = "polling slows down: the host's budget of requests is used up, the "
                                      "next turn is in " +
                                      format_duration(std::chrono::ceil<std::chrono::seconds>(wait)),
                           .retryable = true,
                           .retry_after = wait,
                           .hint = "poll less often, or raise requests_per_minute where the host allows it"});
  turn_.reset();
  if (wait > Duration{0}) {
    co_await services_.runtime.sleep(wait);
    request.timeout -= wait;
  }
  co_return Status{};
}

Task<Result<HttpResponse>> SignIn::send(HttpRequest request) {
  auto ready = co_await take_turn(request);
  if (!ready) co_return std::unexpected(std::move(ready.error()));
  auto answer = co_await send_now(std::move(request));
  if (answer) budget_->learn(*answer);
  co_return answer;
}

Task<Result<HttpResponse>> SignIn::send_now(HttpRequest request) {
  request.headers.insert(request.headers.end(), headers_.begin(), headers_.end());
  if (!request.transport) request.transport = transport_;
  if (kind_ == Kind::none) {
    auto answer = co_await services_.http.send(std::move(request));
    blot(answer);
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
    blot(answer);
    const bool renewable = kind_ == Kind::oauth2 || kind_ == Kind::login;
    if (!answer || answer->status != 401 || !renewable || attempt > 0) co_return answer;
    token_until_.reset();
  }
}

}  // namespace wave::net
