#include "net/aws/aws_client.h"

#include "net/aws/errors.h"

namespace wave::net {
namespace {

/// The offset that is worth correcting; below it a wrong signature is a wrong secret.
constexpr Duration least_skew = 4min;

/// JSON with a space after each comma and colon, as botocore writes it: a request can then be compared with
/// one of botocore byte for byte.
std::string spaced(std::string_view json) {
  std::string out;
  bool quoted = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    out += json[i];
    if (quoted && json[i] == '\\' && i + 1 < json.size()) {
      out += json[++i];
    } else if (json[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && (json[i] == ',' || json[i] == ':') && i + 1 < json.size() && json[i + 1] != ' ') {
      out += ' ';
    }
  }
  return out;
}

}  // namespace

Task<Result<HttpResponse>> AwsClient::send(HttpRequest request) {
  request.url = base_ + request.url;
  request.transport = transport_;
  Runtime& runtime = around_.runtime;
  const MonoTime end = runtime.mono() + timeout_;
  const std::string place = std::string(service_.signing_name) + " " + region_;
  for (int attempt = 1;; ++attempt) {
    request.timeout = end - runtime.mono();
    auto answer = co_await exchange(request);
    if (answer && answer->status >= 200 && answer->status < 300) {
      lane_->retries.succeeded(attempt > 1);
      co_return answer;
    }
    Error error = answer ? aws::error_of(*answer, runtime.utc()) : std::move(answer.error());
    const auto wait = lane_->retries.wait(error, attempt, runtime.random());
    if (!wait || runtime.mono() + *wait >= end) co_return within(place, std::move(error));
    co_await runtime.sleep(*wait);
  }
}

Task<Result<HttpResponse>> AwsClient::exchange(HttpRequest request) {
  bool renewed = false;
  bool corrected = false;
  for (;;) {
    auto credentials = co_await chain_->get();
    if (!credentials) co_return std::unexpected(std::move(credentials.error()));
    HttpRequest signed_request = request;
    auto ok = aws::add_signature(signed_request, *credentials, scope());
    if (!ok) co_return std::unexpected(std::move(ok.error()));
    auto answer = co_await around_.http.send(std::move(signed_request));
    if (!answer || (answer->status >= 200 && answer->status < 300)) co_return answer;
    const auto error = aws::error_of(*answer, around_.runtime.utc());
    if (!renewed && aws::is_expired(error)) {
      renewed = true;
      chain_->forget();
    } else if (!corrected && aws::is_skew(error) && correct_clock(*answer)) {
      corrected = true;
    } else {
      co_return answer;
    }
  }
}

aws::SigningScope AwsClient::scope() const {
  return {.region = region_,
          .service = std::string(service_.signing_name),
          .time = around_.runtime.utc() + lane_->skew};
}

/// Takes the other side's clock where ours is too far from it.
bool AwsClient::correct_clock(const HttpResponse& answer) {
  const auto date = parse_http_date(answer.header("date"));
  if (!date) return false;
  const auto skew = std::chrono::duration_cast<Duration>(*date - around_.runtime.utc());
  if (std::chrono::abs(skew - lane_->skew) <= least_skew) return false;
  lane_->skew = skew;
  return true;
}

Task<Result<std::string>> AwsClient::presigned(std::string path_and_query, Duration lifetime) {
  auto credentials = co_await chain_->get();
  if (!credentials) co_return std::unexpected(std::move(credentials.error()));
  co_return aws::presigned(base_ + path_and_query, *credentials, scope(), lifetime);
}

Task<Result<HttpResponse>> AwsClient::query(std::string action, Headers parameters) {
  Headers form = {{"Action", action}, {"Version", std::string(service_.version)}};
  form.insert(form.end(), parameters.begin(), parameters.end());
  HttpRequest request{.method = "POST",
                      .url = "/",
                      .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
                      .body = form_encode(form)};
  auto answer = co_await send(std::move(request));
  if (!answer) co_return within(action, std::move(answer.error()));
  co_return answer;
}

Task<Result<HttpResponse>> AwsClient::json(std::string operation, std::string body) {
  HttpRequest request{.method = "POST",
                      .url = "/",
                      .headers = {{"Content-Type", "application/x-amz-json-" + std::string(service_.json)},
                                  {"X-Amz-Target", std::string(service_.target) + "." + operation}},
                      .body = spaced(body)};
  if (service_.query_mode) request.headers.emplace_back("x-amzn-query-mode", "true");
  auto answer = co_await send(std::move(request));
  if (!answer) co_return within(operation, std::move(answer.error()));
  co_return answer;
}

Task<Result<HttpResponse>> AwsClient::rest(RestCall call) {
  std::string path;
  std::size_t label = 0;
  for (std::size_t i = 0; i < call.path.size(); ++i) {
    if (call.path.compare(i, 2, "{}") == 0 && label < call.labels.size()) {
      path += percent_encode(call.labels[label++]);
      ++i;
    } else {
      path += call.path[i];
    }
  }
  char separator = '?';
  for (const auto& [name, value] : call.query) {
    path += separator + percent_encode(name) + "=" + percent_encode(value);
    separator = '&';
  }
  HttpRequest request{.method = call.method, .url = std::move(path), .body = spaced(call.body)};
  if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  auto answer = co_await send(std::move(request));
  if (!answer) co_return within(call.method + " " + call.path, std::move(answer.error()));
  co_return answer;
}

std::string idempotency_token(Runtime& runtime) {
  std::string out = "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx";
  for (char& c : out)
    if (c == 'x') c = "0123456789abcdef"[static_cast<int>(runtime.random() * 16) & 15];
  return out;
}

Result<std::unique_ptr<AwsClient>> AwsClients::client(const aws::Service& service,
                                                      const definitions::Settings& settings) {
  const auto variable = [&](const char* name) { return around_.environment.variable(name).value_or(""); };
  const auto profiles = aws::Profiles::load(around_.environment);
  std::string profile = settings.text("profile");
  if (profile.empty()) profile = variable("AWS_PROFILE");
  if (profile.empty()) profile = "default";
  std::unique_ptr<AwsClient> made(new AwsClient(around_, service));
  made->region_ = settings.text("region");
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"})
    if (made->region_.empty()) made->region_ = variable(name);
  if (made->region_.empty()) made->region_ = profiles.get(profile, "region");
  if (made->region_.empty())
    return fail(ErrorCode::invalid_argument, "no AWS region: set 'region' or AWS_REGION");
  std::string base = settings.text("endpoint");
  if (base.empty()) base = aws::configured_endpoint(service, around_.environment, profiles, profile);
  if (base.empty()) {
    const auto is_on = [&](const char* name, const char* key) {
      const auto text = variable(name);
      return (text.empty() ? profiles.get(profile, key) : text) == "true";
    };
    auto regional =
        aws::endpoint(service, made->region_,
                      {.fips = is_on("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
                       .dual_stack = is_on("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")});
    if (!regional) return std::unexpected(regional.error());
    base = *regional;
  }
  while (base.ends_with('/')) base.pop_back();
  made->base_ = std::move(base);
  if (settings.has("timeout")) made->timeout_ = settings.duration("timeout");
  aws::Identity identity{.access_key = settings.text("access_key"),
                         .secret_key = settings.text("secret_key"),
                         .session_token = settings.text("session_token"),
                         .profile = settings.text("profile"),
                         .role_arn = settings.text("role_arn"),
                         .external_id = settings.text("external_id"),
                         .region = made->region_};
  if (settings.has("role_session_name")) identity.role_session_name = settings.text("role_session_name");
  auto& shared = chains_[identity];
  made->chain_ = shared.lock();
  if (!made->chain_) {
    made->chain_ = std::make_shared<aws::CredentialChain>(around_, identity);
    shared = made->chain_;
  }
  auto& lane = lanes_[{identity, made->base_ + " " + std::string(service.signing_name)}];
  made->lane_ = lane.lock();
  if (!made->lane_) {
    made->lane_ = std::make_shared<AwsClient::Lane>();
    made->lane_->number = ++lanes_made_;
    lane = made->lane_;
  }
  return made;
}

void AwsClientsDeleter::operator()(AwsClients* clients) const {
  delete clients;
}

std::unique_ptr<AwsClients, AwsClientsDeleter> make_aws_clients(Runtime& runtime, HttpClient& http,
                                                                ProcessRunner& processes) {
  return std::unique_ptr<AwsClients, AwsClientsDeleter>(
      new AwsClients(runtime, http, processes, definitions::Settings::Environment::process()));
}

}  // namespace wave::net
