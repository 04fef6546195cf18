#pragma once

#include <algorithm>
#include <memory>
#include <string>

#include "metrics/json_answer.h"
#include "metrics/metric.h"
#include "net/sign_in.h"

namespace wave::metrics {

/// A request below `endpoint`.
struct ApiRequest {
  std::string method = "GET";
  std::string target;  ///< path and query
  std::string body{};
  std::string type = "application/json";  ///< of `body`
  bool only_reads = true;                 ///< equal ones in flight share one exchange
};

/// A JSON API below one address, as a source asks it: signed in, one time-out for all requests of a poll,
/// equal requests in flight shared, redirects refused.
class JsonApi {
 public:
  static Result<std::unique_ptr<JsonApi>> create(const definitions::MetricDefinition& metric,
                                                 const definitions::Settings& settings,
                                                 net::Services& services, net::SignInOptions options = {});

  /// The time-out counts from here; `at_least` for a past, which takes longer than a poll may.
  void begin(Duration at_least = Duration{0}) {
    allowed_ = std::max(timeout_, at_least);
    deadline_ = services_.runtime.mono() + allowed_;
  }
  /// What is left of it.
  Duration left() const { return deadline_ - services_.runtime.mono(); }
  /// The errors name what was asked.
  Task<Result<JsonAnswer>> get(std::string target);
  Task<Result<JsonAnswer>> post(std::string target, std::string body);
  Task<Result<JsonAnswer>> ask(ApiRequest request);
  /// The body of an answer that is a success.
  Task<Result<std::string>> text(ApiRequest request);
  /// Any status is an answer.
  Task<Result<net::HttpResponse>> send(ApiRequest request);
  Task<Result<net::HttpResponse>> send(std::string method, std::string target, std::string body = {});

  const std::string& base() const { return base_; }
  /// `POST https://host/path`: what stands before an error about its answer.
  std::string place(const std::string& method, const std::string& target) const;

 private:
  JsonApi(net::Services& services, std::unique_ptr<net::SignIn> sign_in)
      : services_(services), sign_in_(std::move(sign_in)) {}

  net::Services& services_;
  std::unique_ptr<net::SignIn> sign_in_;
  std::string base_;
  Duration timeout_{0};
  Duration allowed_{0};
  MonoTime deadline_{};
};

/// One series without labels.
std::vector<Series> one_series(double value, std::optional<UtcTime> at = {});

/// A count: a whole number that is not negative.
Result<double> count_of(const JsonValue& value);

}  // namespace wave::metrics
