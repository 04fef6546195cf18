#pragma once

#include <map>
#include <memory>

#include "net/aws/credentials.h"
#include "net/aws/endpoints.h"
#include "net/aws/retries.h"
#include "net/make.h"

namespace wave::net {

/// A call of the REST-JSON protocol. `{}` in `path` stands for the next label, which is percent-encoded (an
/// ARN, too); the path up to `?` is otherwise sent as it is.
struct RestCall {
  std::string method = "GET";
  std::string path;
  std::vector<std::string> labels{};
  Headers query{};
  std::string body{};  ///< JSON; empty: none
};

/// Names one intent to an API, so that it does the same thing once: a version 4 UUID.
std::string idempotency_token(Runtime& runtime);

/// One connector's way to one AWS API: address, credentials, signing, errors, retries.
///
/// A call takes at most `timeout` (10 s) with all its attempts; what may be tried again, is (`aws::Retries`).
/// A request may so reach AWS twice: writes must be absolute. Clients of the same service, region and
/// identity share what they learn of its clock and of its being in trouble.
class AwsClient {
 public:
  /// Query protocol: `Action=...&Version=...`. The body of a 2xx answer.
  Task<Result<HttpResponse>> query(std::string action, Headers parameters);
  /// JSON protocol: `X-Amz-Target: <prefix>.<operation>`.
  Task<Result<HttpResponse>> json(std::string operation, std::string body);
  /// REST-JSON protocol.
  Task<Result<HttpResponse>> rest(RestCall call);
  /// Any request to the service (`path` percent-encoded as it is sent), signed.
  Task<Result<HttpResponse>> send(HttpRequest request);
  /// The same for a whole URL, with the caller's own time-out and transport, tried once; every
  /// status is an answer.
  Task<Result<HttpResponse>> exchange(HttpRequest request);

  /// The address of the service with `path_and_query`, signed for `lifetime`.
  Task<Result<std::string>> presigned(std::string path_and_query, Duration lifetime);

  const std::string& region() const { return region_; }
  const std::string& base() const { return base_; }
  /// Equal for clients that may ask for each other (same service, region, address and identity).
  std::string shared_key() const { return std::to_string(lane_->number); }

 private:
  friend class AwsClients;
  struct Lane {
    std::uint64_t number = 0;
    aws::Retries retries;
    Duration skew{0};
  };
  AwsClient(aws::Surroundings& around, const aws::Service& service) : around_(around), service_(service) {}
  aws::SigningScope scope() const;
  bool correct_clock(const HttpResponse& answer);

  aws::Surroundings& around_;
  const aws::Service& service_;
  std::shared_ptr<aws::CredentialChain> chain_;
  std::shared_ptr<Lane> lane_;
  std::shared_ptr<const Transport> transport_;
  std::string region_;
  std::string base_;  ///< without a trailing slash
  Duration timeout_ = 10s;
};

/// Makes clients that share credentials: equal identities are looked up once.
class AwsClients {
 public:
  AwsClients(Runtime& runtime, HttpClient& http, ProcessRunner& processes,
             definitions::Settings::Environment environment)
      : around_{runtime, http, processes, std::move(environment)} {}

  /// From the keys of `definitions::aws_keys`. invalid_argument without a region.
  Result<std::unique_ptr<AwsClient>> client(const aws::Service& service,
                                            const definitions::Settings& settings);

 private:
  aws::Surroundings around_;
  std::map<aws::Identity, std::weak_ptr<aws::CredentialChain>> chains_;
  std::map<std::pair<aws::Identity, std::string>, std::weak_ptr<AwsClient::Lane>> lanes_;
  std::uint64_t lanes_made_ = 0;
};

}  // namespace wave::net
