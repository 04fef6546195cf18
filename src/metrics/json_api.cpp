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
  return net::shown({.method = method, .url = base_ + target});
}

Task<Result<net::HttpResponse>> JsonApi::send(ApiRequest asked) {
  const Duration left = deadline_ - services_.runtime.mono();
  if (left <= Duration{0})
    co_return within(place(asked.method, asked.target),
                     Error{.code = ErrorCode::timeout,
                           .message = "the requests before it took the whole " + format_duration(allowed_),
                           .retryable = true});
  net::HttpRequest request{.method = std::move(asked.method),
                           .url = base_ + asked.target,
                           .headers = {{"Accept", "application/json"}},
                           .body = std::move(asked.body),
                           .timeout = left};
  request.single_flight = asked.only_reads;
  if (!request.body.empty()) request.headers.emplace_back("Content-Type", std::move(asked.type));
  auto answer = co_await sign_in_->send(std::move(request));
  co_return answer;
}

Task<Result<net::HttpResponse>> JsonApi::send(std::string method, std::string target, std::string body) {
  ApiRequest request{.method = std::move(method), .target = std::move(target), .body = std::move(body)};
  request.only_reads = request.method == "GET";
  auto answer = co_await send(std::move(request));
  co_return answer;
}

Task<Result<std::string>> JsonApi::text(ApiRequest request) {
  const std::string where = place(request.method, request.target);
  auto answer = co_await send(std::move(request));
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  auto ok = net::check_status(*answer, services_.runtime.utc());
  if (!ok) co_return within(where, std::move(ok.error()));
  co_return std::move(answer->body);
}

Task<Result<JsonAnswer>> JsonApi::ask(ApiRequest request) {
  const std::string where = place(request.method, request.target);
  auto body = co_await text(std::move(request));
  if (!body) co_return std::unexpected(std::move(body.error()));
  auto parsed = JsonAnswer::parse(*body);
  if (!parsed) co_return within(where, std::move(parsed.error()));
  co_return parsed;
}

Task<Result<JsonAnswer>> JsonApi::get(std::string target) {
  ApiRequest request{.target = std::move(target)};
  auto answer = co_await ask(std::move(request));
  co_return answer;
}

Task<Result<JsonAnswer>> JsonApi::post(std::string target, std::string body) {
  ApiRequest request{
      .method = "POST", .target = std::move(target), .body = std::move(body), .only_reads = false};
  auto answer = co_await ask(std::move(request));
  co_return answer;
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
