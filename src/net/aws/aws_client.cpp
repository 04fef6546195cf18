#include "net/aws/aws_client.h"

#include <nlohmann/json.hpp>
#include <pugixml.hpp>

namespace wave::net {
namespace {

/// The offset that is worth correcting; below it a wrong signature is a wrong secret.
constexpr Duration least_skew = 4min;

bool is_one_of(std::string_view code, std::initializer_list<std::string_view> codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

bool is_expired(std::string_view text) {
  const auto code = text.substr(0, text.find(':'));
  return is_one_of(
      code, {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"});
}

bool is_skew(std::string_view text) {
  const auto code = text.substr(0, text.find(':'));
  return is_one_of(code, {"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture",
                          "InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure"});
}

}  // namespace

namespace aws {
namespace {

struct Parsed {
  std::string code;
  std::string message;
};

Parsed parse_error(const HttpResponse& answer) {
  Parsed out;
  out.code = std::string(answer.header("x-amzn-errortype"));
  const auto json = nlohmann::json::parse(answer.body, nullptr, false);
  if (json.is_object()) {
    const auto field = [&](const char* name) {
      return json.contains(name) && json[name].is_string() ? json[name].get<std::string>() : std::string();
    };
    if (out.code.empty()) out.code = field("__type");
    if (out.code.empty()) out.code = field("code");
    out.message = field("message").empty() ? field("Message") : field("message");
  } else {
    pugi::xml_document xml;
    xml.load_buffer(answer.body.data(), answer.body.size());
    const auto error =
        xml.find_node([](const pugi::xml_node& node) { return std::string_view(node.name()) == "Error"; });
    out.code = error.child_value("Code");
    out.message = error.child_value("Message");
  }
  if (const auto hash = out.code.find('#'); hash != std::string::npos) out.code = out.code.substr(hash + 1);
  out.code = out.code.substr(0, out.code.find(':'));
  return out;
}

struct Meaning {
  ErrorCode code;
  bool retryable;
};

std::optional<Meaning> meaning_of(std::string_view code) {
  if (is_one_of(code,
                {"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException",
                 "RequestThrottled", "TooManyRequestsException", "ProvisionedThroughputExceededException",
                 "RequestLimitExceeded", "BandwidthLimitExceeded", "SlowDown", "EC2ThrottledException"}))
    return Meaning{ErrorCode::throttled, true};
  if (is_one_of(code, {"ScalingActivityInProgress", "ResourceContention", "TransactionInProgressException",
                       "PriorRequestNotComplete", "ResourceInUseException", "ConcurrentUpdateException"}))
    return Meaning{ErrorCode::busy, true};
  if (is_one_of(code,
                {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}))
    return Meaning{ErrorCode::forbidden, false};
  if (is_expired(code) || is_skew(code) ||
      is_one_of(code,
                {"MissingAuthenticationToken", "IncompleteSignature", "InvalidAccessKeyId", "OptInRequired"}))
    return Meaning{ErrorCode::unauthorized, true};
  if (is_one_of(code, {"ValidationError", "ValidationException", "InvalidParameterValue",
                       "InvalidParameterCombination", "MissingParameter", "InvalidParameterException"}))
    return Meaning{ErrorCode::invalid_argument, false};
  if (is_one_of(code, {"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"}))
    return Meaning{ErrorCode::not_found, false};
  if (is_one_of(code, {"ServiceLinkedRoleFailure"})) return Meaning{ErrorCode::forbidden, false};
  return std::nullopt;
}

}  // namespace

Error error_of(const HttpResponse& answer, UtcTime now) {
  Error error{.code = ErrorCode::bad_response, .message = "HTTP " + std::to_string(answer.status)};
  if (const auto status = check_status(answer, now); !status) error = status.error();
  const Parsed parsed = parse_error(answer);
  if (parsed.code.empty()) return error;
  error.message = parsed.code.substr(0, 80);
  if (!parsed.message.empty()) error.message += ": " + parsed.message.substr(0, 300);
  if (const auto meaning = meaning_of(parsed.code)) {
    error.code = meaning->code;
    error.retryable = meaning->retryable;
  }
  return error;
}

}  // namespace aws

Task<Result<HttpResponse>> AwsClient::send(HttpRequest request) {
  request.url = base_ + request.url;
  request.timeout = timeout_;
  request.transport = transport_;
  auto answer = co_await exchange(std::move(request));
  if (answer && (answer->status < 200 || answer->status >= 300))
    answer = std::unexpected(aws::error_of(*answer, around_.runtime.utc()));
  if (!answer)
    co_return within(std::string(service_.signing_name) + " " + region_, std::move(answer.error()));
  co_return answer;
}

Task<Result<HttpResponse>> AwsClient::exchange(HttpRequest request) {
  for (int attempt = 0;; ++attempt) {
    auto credentials = co_await chain_->get();
    if (!credentials) co_return std::unexpected(std::move(credentials.error()));
    HttpRequest signed_request = request;
    const aws::SigningScope scope{.region = region_,
                                  .service = std::string(service_.signing_name),
                                  .time = around_.runtime.utc() + skew_};
    auto ok = aws::add_signature(signed_request, *credentials, scope);
    if (!ok) co_return std::unexpected(std::move(ok.error()));
    auto answer = co_await around_.http.send(std::move(signed_request));
    if (!answer || (answer->status >= 200 && answer->status < 300) || attempt > 0) co_return answer;
    const UtcTime now = around_.runtime.utc();
    const auto error = aws::error_of(*answer, now);
    bool again = false;
    if (is_expired(error.message)) {
      chain_->forget();
      again = true;
    } else if (is_skew(error.message)) {
      const auto date = parse_http_date(answer->header("date"));
      const Duration skew = date ? std::chrono::duration_cast<Duration>(*date - now) : Duration{0};
      again = std::chrono::abs(skew) > least_skew && skew_ == Duration{0};
      if (again) skew_ = skew;
    }
    if (!again) co_return answer;
  }
}

Task<Result<std::string>> AwsClient::presigned(std::string path_and_query, Duration lifetime) {
  auto credentials = co_await chain_->get();
  if (!credentials) co_return std::unexpected(std::move(credentials.error()));
  const aws::SigningScope scope{.region = region_,
                                .service = std::string(service_.signing_name),
                                .time = around_.runtime.utc() + skew_};
  co_return aws::presigned(base_ + path_and_query, *credentials, scope, lifetime);
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
                      .body = std::move(body)};
  auto answer = co_await send(std::move(request));
  if (!answer) co_return within(operation, std::move(answer.error()));
  co_return answer;
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
