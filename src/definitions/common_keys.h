#pragma once

#include <initializer_list>
#include <vector>

#include "definitions/kind.h"

namespace wave::definitions {

/// One table out of several: `join({{...own keys...}, http_keys()})`. The order is the reference page's.
std::vector<Key> join(std::initializer_list<std::vector<Key>> parts);

/// How a connector that speaks HTTP signs in and connects: `auth` (none, basic, bearer, header, oauth2),
/// `username`, `password`, `token`, `token_file`, and everything of `oauth2_keys` and `connection_keys`.
std::vector<Key> http_keys();

/// The same where requests may also be signed for AWS: `auth` has `sigv4` too. The AWS keys are not in it.
std::vector<Key> http_keys_with_sigv4();

/// OAuth 2 client credentials: `token_url`, `client_id`, `client_secret`, `scopes`, `token_auth`,
/// `token_parameters`.
std::vector<Key> oauth2_keys();

/// `headers`, `requests_per_minute` and everything of `tls_keys`: for connectors whose system has its own way
/// to sign in.
std::vector<Key> connection_keys();

/// `value_field` and `label_as`, for sources that answer rows (metrics/rows.h).
std::vector<Key> row_keys();

/// `tls_ca`, `tls_cert`, `tls_key`, `tls_key_password`, `tls_server_name`, `tls_skip_verify`, `proxy_url`.
std::vector<Key> tls_keys();

/// Region, credentials (all optional: the chain of the AWS SDKs applies) and `endpoint`.
std::vector<Key> aws_keys();

/// `aws_keys` without `endpoint`, for a connector that has one of its own.
std::vector<Key> aws_credential_keys();

}  // namespace wave::definitions
