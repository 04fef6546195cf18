#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "base/runtime.h"
#include "net/http.h"

namespace wave::test {

/// An HttpClient whose answers a test writes down. Runs on any Runtime; with a VirtualRuntime latency and
/// time-outs pass when the test advances the clock.
///
///   FakeHttp http(runtime);
///   http.on("GET", "http://prometheus:9090/api/v1/query").reply(200, R"({"status":"success"})");
///   http.on("POST", "https://sts.").reply(500, "").reply(200, body);       // first 500, from then on 200
///   http.on("GET", "http://slow").reply(200, "{}").after(3s);
///   http.on("GET", "http://dead").never();                                  // times out
///
/// As the real client: an answer later than `timeout` is an Error timeout at that moment, a body longer than
/// `max_response_bytes` limit_exceeded, and errors say `METHOD url-without-query`.
class FakeHttp final : public net::HttpClient {
 public:
  using Predicate = std::function<bool(const net::HttpRequest&)>;
  using Answer = std::function<Result<net::HttpResponse>(const net::HttpRequest&)>;

  /// What a matching request gets: the answers in the order given, the last one again and again.
  class Rule {
   public:
    Rule& reply(int status, std::string body, net::Headers headers = {});
    Rule& reply_with(Answer answer);
    Rule& fail(ErrorCode code, std::string message = "scripted", bool retryable = true);
    /// No answer until the request's own time-out.
    Rule& never();
    /// How long the answer given last takes.
    Rule& after(Duration latency);
    /// How many requests this rule has answered.
    int count() const { return count_; }

   private:
    friend class FakeHttp;
    struct Step {
      Answer answer;  ///< empty: never
      Duration latency{0};
    };
    explicit Rule(Predicate matches) : matches_(std::move(matches)) {}
    Predicate matches_;
    std::vector<Step> steps_;
    int count_ = 0;
  };

  struct Recorded {
    net::HttpRequest request;
    MonoTime at;
    /// The value of a header, empty when absent.
    std::string header(std::string_view name) const {
      return std::string(net::find_header(request.headers, name));
    }
  };

  explicit FakeHttp(Runtime& runtime) : runtime_(runtime) {}

  /// Empty method: any. When several rules match, the one added last answers.
  Rule& on(std::string method, std::string url_prefix);
  Rule& on(Predicate matches);

  const std::vector<Recorded>& requests() const { return requests_; }
  const Recorded& last() const { return requests_.back(); }
  void forget_requests() { requests_.clear(); }
  int in_flight() const { return in_flight_; }

  Task<Result<net::HttpResponse>> send(net::HttpRequest request) override;

 private:
  Runtime& runtime_;
  std::deque<Rule> rules_;  // references to elements stay valid
  std::vector<Recorded> requests_;
  int in_flight_ = 0;
};

}  // namespace wave::test
