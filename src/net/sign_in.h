#pragma once

#include <memory>

#include "definitions/settings.h"
#include "net/services.h"

namespace wave::net {

class AwsClient;

/// TLS and proxy as `definitions::tls_keys` say; null when nothing of it is set.
std::shared_ptr<const Transport> transport_of(const definitions::Settings& settings);

/// How a connector's requests sign in, as `definitions::http_keys` say: none, basic, bearer, header, OAuth
/// 2 client credentials (RFC 6749 section 4.4) or AWS Signature Version 4. Tokens are kept until shortly
/// before they expire and renewed once after a 401. Belongs to one source; lives as long as the services.
class SignIn {
 public:
  ~SignIn();
  /// invalid_argument when keys contradict each other or one is missing.
  static Result<std::unique_ptr<SignIn>> create(const definitions::Settings& settings, Services& services);

  /// Sends with credentials, TLS and proxy added.
  Task<Result<HttpResponse>> send(HttpRequest request);

  /// The value of the Authorization header, for protocols other than HTTP that want its token. Empty without.
  Task<Result<std::string>> authorization();

 private:
  enum class Kind { none, basic, bearer, bearer_file, oauth2, sigv4 };
  SignIn(Services& services, Kind kind);
  Task<Result<std::string>> fetch_token();

  Services& services_;
  Kind kind_;
  std::string fixed_;  ///< the header's value; secret
  std::string token_file_;
  Headers headers_;
  std::shared_ptr<const Transport> transport_;
  std::string token_url_;
  std::string form_;        ///< secret
  std::string form_basic_;  ///< secret; the client's own basic authentication, where the form has none
  std::string token_;
  std::optional<MonoTime> token_until_;
  std::unique_ptr<AwsClient> aws_;  ///< signs
};

}  // namespace wave::net
