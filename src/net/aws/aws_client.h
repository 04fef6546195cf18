#pragma once

#include <map>
#include <memory>

#include "net/aws/credentials.h"
#include "net/aws/endpoints.h"
#include "net/make.h"

namespace wave::net {

/// One connector's way to one AWS API: address, credentials, signing, errors.
class AwsClient {
 public:
  /// Query protocol: `Action=...&Version=...`. The body of a 2xx answer.
  Task<Result<HttpResponse>> query(std::string action, Headers parameters);
  /// JSON protocol: `X-Amz-Target: <prefix>.<operation>`.
  Task<Result<HttpResponse>> json(std::string operation, std::string body);
  /// Any request to the service (`path` percent-encoded as it is sent), signed.
  Task<Result<HttpResponse>> send(HttpRequest request);
  /// The same for a whole URL, with the caller's own time-out and transport; every status is an answer.
  Task<Result<HttpResponse>> exchange(HttpRequest request);

  /// The address of the service with `path_and_query`, signed for `lifetime`.
  Task<Result<std::string>> presigned(std::string path_and_query, Duration lifetime);

  const std::string& region() const { return region_; }
  const std::string& base() const { return base_; }

 private:
  friend class AwsClients;
  AwsClient(aws::Surroundings& around, const aws::Service& service) : around_(around), service_(service) {}

  aws::Surroundings& around_;
  const aws::Service& service_;
  std::shared_ptr<aws::CredentialChain> chain_;
  std::shared_ptr<const Transport> transport_;
  std::string region_;
  std::string base_;  ///< without a trailing slash
  Duration timeout_ = 10s;
  Duration skew_{0};
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
};

namespace aws {

/// What an answer that is no success says: AWS's code first (`ValidationError: ...`). Understands the errors
/// of the query and JSON protocols, and survives HTML.
Error error_of(const HttpResponse& answer, UtcTime now);

}  // namespace aws

}  // namespace wave::net
