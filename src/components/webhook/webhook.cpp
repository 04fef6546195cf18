#include <array>
#include <cmath>

#include <nlohmann/json.hpp>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/text.h"
#include "components/kinds.h"
#include "definitions/common_keys.h"
#include "net/sign_in.h"

namespace wave::components {
namespace {

using definitions::KeyType;
using nlohmann::json;

std::string hmac_sha256(const std::string& key, const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  return hex({reinterpret_cast<const char*>(digest.data()), size});
}

/// The number that a JSON pointer (RFC 6901) names.
std::optional<double> number_at(const json& body, const std::string& pointer) {
  json::json_pointer place;
  try {
    place = json::json_pointer(pointer);
  } catch (const json::exception&) {
    return std::nullopt;
  }
  if (!body.contains(place) || !body.at(place).is_number()) return std::nullopt;
  const double number = body.at(place).get<double>();
  return std::isfinite(number) && number >= 0 ? std::optional(number) : std::nullopt;
}

class Webhook final : public Component {
 public:
  Webhook(std::string id, const definitions::Settings& settings, net::Services& services,
          std::unique_ptr<net::SignIn> sign_in)
      : id_(std::move(id)),
        services_(services),
        sign_in_(std::move(sign_in)),
        url_(settings.text("url")),
        method_(settings.text("method")),
        secret_(settings.text("hmac_secret")),
        observe_url_(settings.text("observe_url")),
        desired_at_(settings.text("desired_at")),
        ready_at_(settings.text("ready_at")),
        timeout_(settings.duration("timeout")),
        asks_(net::shown({.url = observe_url_, .secret_path = true})),
        sends_(net::shown({.method = method_, .url = url_, .secret_path = true})) {}

  Task<Result<Observation>> observe() override {
    Observation seen;
    if (observe_url_.empty()) {
      if (accepted_) seen.current["desired"] = *accepted_;
      co_return seen;
    }
    net::HttpRequest request{.url = observe_url_,
                             .headers = {{"Accept", "application/json"}},
                             .timeout = timeout_,
                             .secret_path = true};
    auto answer = co_await sign_in_->send(std::move(request));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    auto ok = net::check_status(*answer, services_.runtime.utc());
    if (!ok) co_return within(asks_, std::move(ok.error()));
    const json body = json::parse(answer->body, nullptr, false);
    const auto desired = number_at(body, desired_at_);
    if (!desired) {
      co_return within(asks_, Error{.code = ErrorCode::bad_response,
                                    .message = "no number from 0 up at '" + desired_at_ + "' in the answer",
                                    .retryable = true});
    }
    seen.current["desired"] = *desired;
    if (!ready_at_.empty()) seen.ready = number_at(body, ready_at_);
    seen.changing = seen.ready && *seen.ready != *desired;
    co_return seen;
  }

  void recall(const Values& values) override {
    if (const auto desired = values.find("desired"); desired != values.end()) accepted_ = desired->second;
  }

  Task<Result<Applied>> apply(Change change) override {
    const double target = change.values["desired"];
    const double current = change.basis.contains("desired") ? change.basis["desired"] : 0;
    const auto now = services_.runtime.utc();
    const json body = {{"component_id", id_},
                       {"target", target},
                       {"current", current},
                       {"reason", change.reason},
                       {"at", iso8601(now)}};
    net::HttpRequest request{.method = method_,
                             .url = url_,
                             .headers = {{"Content-Type", "application/json"}},
                             .body = body.dump(-1, ' ', false, json::error_handler_t::replace),
                             .timeout = timeout_,
                             .max_response_bytes = 1u << 20,
                             .secret_path = true};
    request.headers.emplace_back("Idempotency-Key", hmac_sha256(id_, request.body).substr(0, 32));
    if (!secret_.empty())
      request.headers.emplace_back("X-Wave-Signature", "sha256=" + hmac_sha256(secret_, request.body));
    auto answer = co_await sign_in_->send(std::move(request));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    auto ok = net::check_status(*answer, now);
    if (!ok) {
      if (answer->status == 409) ok.error().code = ErrorCode::busy;
      if (answer->status == 409) ok.error().retryable = true;
      co_return within(sends_, std::move(ok.error()));
    }
    accepted_ = target;
    co_return Applied{.request_id = std::string(answer->header("x-request-id")).substr(0, 128)};
  }

 private:
  std::string id_;
  net::Services& services_;
  std::unique_ptr<net::SignIn> sign_in_;
  std::string url_;
  std::string method_;
  std::string secret_;
  std::string observe_url_;
  std::string desired_at_;
  std::string ready_at_;
  Duration timeout_;
  std::string asks_;   ///< where, as messages may say it
  std::string sends_;  ///< likewise
  std::optional<double> accepted_;
};

Result<std::unique_ptr<Component>> create_webhook(const definitions::ComponentDefinition& component,
                                                  const definitions::Settings& settings,
                                                  net::Services& services) {
  auto sign_in = net::SignIn::create(settings, services);
  if (!sign_in) return std::unexpected(sign_in.error());
  return std::make_unique<Webhook>(component.id, settings, services, std::move(*sign_in));
}

}  // namespace

const Kind& webhook() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::component,
           .name = "webhook",
           .vendor = "webhook",
           .summary = "Sends the wanted number to a URL of yours.",
           .keys = definitions::join(
               {{{.name = "url",
                  .type = KeyType::url,
                  .help =
                      "Gets `{component_id, target, current, reason, at}` as JSON; any 2xx means accepted.",
                  .required = true,
                  .example = "https://scaler.example/scale"},
                 {.name = "method",
                  .type = KeyType::choice,
                  .help = "How it is sent.",
                  .default_value = "POST",
                  .choices = "POST|PUT|PATCH"},
                 {.name = "hmac_secret",
                  .help = "Signs the body: `X-Wave-Signature: sha256=<hex of HMAC-SHA256>`.",
                  .secret = true},
                 {.name = "observe_url",
                  .type = KeyType::url,
                  .help = "Answers JSON that says what is there. Without it what was accepted last counts."},
                 {.name = "desired_at",
                  .help = "Where in that JSON the ordered number stands (a JSON pointer).",
                  .default_value = "/desired"},
                 {.name = "ready_at",
                  .help = "Where in that JSON the serving number stands (a JSON pointer)."},
                 {.name = "timeout",
                  .type = KeyType::duration,
                  .help = "How long an answer may take.",
                  .default_value = "10s"}},
                definitions::http_keys()}),
           .values = {{.name = "desired", .help = "The number to reach.", .highest = 1e308}},
           .notes =
               "409, 429 and 503 mean: not now, try again (`Retry-After` is honoured). Equal requests carry "
               "equal `Idempotency-Key`s."},
      .create = &create_webhook};
  return kind;
}

}  // namespace wave::components
