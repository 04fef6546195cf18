#pragma once

#include "net/http.h"

namespace wave::net::aws {

/// What an answer that is no success says: AWS's code first (`ValidationError: ...`). Understands the errors
/// of the query, JSON and REST-JSON protocols, and survives HTML and nothing at all.
///
/// The code says what to do: `throttled`, `unavailable` and `timeout` may be tried again within the call;
/// `busy`, and `limit_exceeded` where it is retryable, at the next turn; what is not retryable stays so until
/// the configuration or the resource changes.
Error error_of(const HttpResponse& answer, UtcTime now);

/// AWS's code alone (`ValidationError`), without namespace and URI; empty where the answer has none.
std::string code_of(const HttpResponse& answer);

/// Whether an error of `error_of` has this code.
bool has_code(const Error& error, std::string_view code);

/// The credentials were refused as too old.
bool is_expired(const Error& error);
/// The signature was refused, perhaps because of the clock.
bool is_skew(const Error& error);

}  // namespace wave::net::aws
