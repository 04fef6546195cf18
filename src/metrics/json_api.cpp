#include "metrics/json_api.h"

#include <cmath>

namespace wave::metrics {

Result<std::unique_ptr<JsonApi>> JsonApi::create(const definitions::MetricDefinition& metric,
                                                 const definitions::Settings& settings,
                                                 net::Services& services, net::SignInOptions options) {
  auto sign_in = net::SignIn::create(settings, services, std::move(options));
  if (!sign_in) return std::unexpected(sign_in.error());
  std::unique_ptr<JsonApi> made(new JsonApi(services, std::move(*sign_in)));
  made->base_ = settings.text("endpoint");
  while (made->base_.ends_with('/')) made->base_.pop_back();
  made->timeout_ = metric.timeout;
  made->begin();
  return made;
}

std::string JsonApi::place(const std::string& method, const std::string& target) const {
  return method + " " + net::redacted_url(base_ + target);
}

Task<Result<net::HttpResponse>> JsonApi::send(std::string method, std::string target, std::string body) {
  const Duration left = deadline_ - services_.runtime.mono();
  if (left <= Duration{0})
    co_return within(place(method, target),
                     Error{.code = ErrorCode::timeout,
                           .message = "the requests before it took the whole " + format_duration(timeout_),
                           .retryable = true});
  net::HttpRequest request{.method = std::move(method),
                           .url = base_ + target,
                           .headers = {{"Accept", "application/json"}},
                           .body = std::move(body),
                           .timeout = left};
  request.single_flight = request.method == "GET";
  if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  auto answer = co_await sign_in_->send(std::move(request));
  co_return answer;
}

Result<JsonAnswer> JsonApi::read(const Result<net::HttpResponse>& answer, const std::string& place) const {
  if (!answer) return std::unexpected(answer.error());
  if (auto ok = net::check_status(*answer, services_.runtime.utc()); !ok) return within(place, ok.error());
  auto parsed = JsonAnswer::parse(answer->body);
  if (!parsed) return within(place, parsed.error());
  return parsed;
}

Task<Result<JsonAnswer>> JsonApi::get(std::string target) {
  auto answer = co_await send("GET", target);
  co_return read(answer, place("GET", target));
}

Task<Result<JsonAnswer>> JsonApi::post(std::string target, std::string body) {
  auto answer = co_await send("POST", target, std::move(body));
  co_return read(answer, place("POST", target));
}

std::vector<Series> one_series(double value, std::optional<UtcTime> at) {
  std::vector<Series> out;
  out.push_back({.labels = {}, .value = value, .at = at});
  return out;
}

Result<double> count_of(const JsonValue& value) {
  auto number = value.number();
  if (!number) return number;
  if (*number < 0 || std::floor(*number) != *number) return std::unexpected(value.wrong("a count"));
  return number;
}

}  // namespace wave::metrics
