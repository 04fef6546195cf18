#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/time.h"
#include "net/http.h"

namespace wave::net::aws {

/// Keys that sign; all but the access key's id are secret.
struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;
  std::optional<UtcTime> expires{};
};

struct SigningScope {
  std::string region;
  std::string service;  ///< the signing name
  UtcTime time;
};

/// The steps of AWS Signature Version 4, each as the documentation names it.
struct Signature {
  std::string canonical_request;
  std::string string_to_sign;
  std::string authorization;
};

/// Signs exactly these headers, `path` and `query` as they are sent.
Signature sign(const HttpRequest& request, const Credentials& credentials, const SigningScope& scope);

/// Adds Host, X-Amz-Date, X-Amz-Security-Token and Authorization; signs every header but those that proxies
/// change.
Status add_signature(HttpRequest& request, const Credentials& credentials, const SigningScope& scope);

/// A GET of this URL that whoever holds it may send until `lifetime` has passed: the signature is in the
/// query.
std::string presigned(std::string url, const Credentials& credentials, const SigningScope& scope,
                      Duration lifetime);

/// `20150830T123600Z`
std::string amz_date(UtcTime time);

}  // namespace wave::net::aws
