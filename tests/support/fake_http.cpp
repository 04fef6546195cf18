#include "support/fake_http.h"

namespace wave::test {

FakeHttp::Rule& FakeHttp::Rule::reply(int status, std::string body, net::Headers headers) {
  return reply_with([status, body = std::move(body), headers = std::move(headers)](const net::HttpRequest&) {
    return net::HttpResponse{.status = status, .headers = headers, .body = body};
  });
}

FakeHttp::Rule& FakeHttp::Rule::reply_with(Answer answer) {
  steps_.push_back({.answer = std::move(answer)});
  return *this;
}

FakeHttp::Rule& FakeHttp::Rule::fail(ErrorCode code, std::string message, bool retryable) {
  return reply_with([error = Error{.code = code, .message = std::move(message), .retryable = retryable}](
                        const net::HttpRequest&) { return std::unexpected(error); });
}

FakeHttp::Rule& FakeHttp::Rule::never() {
  steps_.push_back({});
  return *this;
}

FakeHttp::Rule& FakeHttp::Rule::after(Duration latency) {
  if (!steps_.empty()) steps_.back().latency = latency;
  return *this;
}

FakeHttp::Rule& FakeHttp::on(std::string method, std::string url_prefix) {
  return on([method = std::move(method), prefix = std::move(url_prefix)](const net::HttpRequest& request) {
    return (method.empty() || request.method == method) && request.url.starts_with(prefix);
  });
}

FakeHttp::Rule& FakeHttp::on(Predicate matches) {
  rules_.push_back(Rule(std::move(matches)));
  return rules_.back();
}

Task<Result<net::HttpResponse>> FakeHttp::send(net::HttpRequest request) {
  const MonoTime start = runtime_.mono();
  requests_.push_back({request, start});
  const std::string place = request.method + " " + net::redacted_url(request.url);
  Rule* rule = nullptr;
  for (auto& candidate : rules_) {
    if (candidate.matches_(request)) rule = &candidate;
  }
  if (rule == nullptr || rule->steps_.empty()) {
    co_return within(place, Error{.message = "FakeHttp has no answer for this request"});
  }
  const auto index = std::min(static_cast<std::size_t>(rule->count_++), rule->steps_.size() - 1);
  const Rule::Step step = rule->steps_[index];
  const bool late = !step.answer || step.latency > request.timeout;
  const Duration wait = late ? request.timeout : step.latency;
  ++in_flight_;
  if (wait > Duration{0}) co_await runtime_.sleep(wait);
  --in_flight_;
  if (late) {
    const std::string text = "no answer within " + format_duration(request.timeout);
    co_return within(place, Error{.code = ErrorCode::timeout, .message = text, .retryable = true});
  }
  auto answer = step.answer(request);
  if (!answer) co_return within(place, answer.error());
  if (answer->body.size() > request.max_response_bytes) {
    const std::string text =
        "the answer is larger than " + std::to_string(request.max_response_bytes) + " bytes";
    co_return within(place, Error{.code = ErrorCode::limit_exceeded, .message = text});
  }
  if (answer->status < 200 || answer->status > 299) net::redact_secrets(*answer, request);
  answer->elapsed = runtime_.mono() - start;
  co_return std::move(*answer);
}

}  // namespace wave::test
