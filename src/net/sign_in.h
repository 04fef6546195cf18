#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "definitions/settings.h"
#include "net/services.h"

namespace wave::net {

class AwsClient;
class Budget;

/// TLS and proxy as `definitions::tls_keys` say; null when nothing of it is set.
std::shared_ptr<const Transport> transport_of(const definitions::Settings& settings);

/// A system's own way to sign in, where it is neither OAuth 2 nor what the keys alone say.
struct SignInOptions {
  std::string scheme = "Bearer";  ///< what stands before `token`: `Api-Token`, `ApiKey`
  /// Media type for the OAuth 2 form that is tried where the usual one is refused (406, 415).
  std::string other_form_type{};
  /// Asks `login_url` with `login_form` for a token that goes behind `scheme`, instead of OAuth 2.
  std::string login_url{};
  std::string login_form{};                                      ///< secret
  std::string login_type = "application/x-www-form-urlencoded";  ///< of `login_form`
  /// The token out of a 2xx answer's body; empty when there is none.
  std::function<std::string(std::string_view body)> read_login{};
};

/// How a connector's requests sign in, as `definitions::http_keys` say: none, basic, bearer, header, OAuth
/// 2 client credentials (RFC 6749 section 4.4) or AWS Signature Version 4. Tokens are kept until shortly
/// before they expire and renewed once after a 401. Belongs to one source; lives as long as the services.
class SignIn {
 public:
  ~SignIn();
  /// invalid_argument when keys contradict each other or one is missing.
  static Result<std::unique_ptr<SignIn>> create(const definitions::Settings& settings, Services& services,
                                                SignInOptions options = {});

  /// Sends with credentials, TLS and proxy added. Credentials that the answer repeats are blotted out where
  /// it may become a message: in one that is not 2xx, or short.
  Task<Result<HttpResponse>> send(HttpRequest request);

  /// The value of the Authorization header, for protocols other than HTTP that want its token. Empty without.
  Task<Result<std::string>> authorization();

 private:
  Task<Status> take_turn(HttpRequest& request);
  Task<Result<HttpResponse>> send_now(HttpRequest request);
  enum class Kind { none, basic, bearer, bearer_file, oauth2, login, sigv4 };
  SignIn(Services& services, Kind kind);
  void prepare_oauth2(const definitions::Settings& settings);
  void remember_secrets(const definitions::Settings& settings);
  Task<Result<std::string>> fetch_token();
  Result<std::string> read_token(const HttpResponse& answer);
  void blot(Result<HttpResponse>& answer) const;

  Services& services_;
  Kind kind_;
  std::string fixed_;  ///< the header's value; secret
  std::string token_file_;
  Headers headers_;
  std::shared_ptr<const Transport> transport_;
  std::string token_url_;
  std::string form_;           ///< secret
  std::string token_sign_in_;  ///< the Authorization of the token's request; secret
  SignInOptions options_;
  std::vector<std::string> secrets_;
  std::string token_;
  std::optional<MonoTime> token_until_;
  std::unique_ptr<AwsClient> aws_;  ///< signs
  std::string user_;                ///< whose budget a host counts; secret
  double per_minute_ = 0;
  std::shared_ptr<Budget> budget_;  ///< of the host of the first request
  std::optional<MonoTime> turn_;    ///< taken, and not used yet
};

}  // namespace wave::net
