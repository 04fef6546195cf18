#pragma once

#include <memory>
#include <string>

#include "metrics/json_answer.h"
#include "metrics/metric.h"
#include "net/sign_in.h"

namespace wave::metrics {

/// A JSON API below one address, as a source asks it: signed in, one time-out for all requests of a poll,
/// equal requests in flight shared, redirects refused.
class JsonApi {
 public:
  static Result<std::unique_ptr<JsonApi>> create(const definitions::MetricDefinition& metric,
                                                 const definitions::Settings& settings,
                                                 net::Services& services, net::SignInOptions options = {});

  /// The time-out counts from here.
  void begin() { deadline_ = services_.runtime.mono() + timeout_; }
  /// `target`: path and query, below `endpoint`. The errors name what was asked.
  Task<Result<JsonAnswer>> get(std::string target);
  Task<Result<JsonAnswer>> post(std::string target, std::string body);
  /// Any status is an answer.
  Task<Result<net::HttpResponse>> send(std::string method, std::string target, std::string body = {});

  const std::string& base() const { return base_; }

 private:
  JsonApi(net::Services& services, std::unique_ptr<net::SignIn> sign_in)
      : services_(services), sign_in_(std::move(sign_in)) {}
  Result<JsonAnswer> read(const Result<net::HttpResponse>& answer, const std::string& place) const;
  std::string place(const std::string& method, const std::string& target) const;

  net::Services& services_;
  std::unique_ptr<net::SignIn> sign_in_;
  std::string base_;
  Duration timeout_{0};
  MonoTime deadline_{};
};

/// One series without labels.
std::vector<Series> one_series(double value, std::optional<UtcTime> at = {});

/// A count: a whole number that is not negative.
Result<double> count_of(const JsonValue& value);

}  // namespace wave::metrics
