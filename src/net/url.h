#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace wave::net {

/// An absolute http or https URL in its parts. Accepts a strict subset of RFC 3986 on which every parser
/// agrees: no control characters, spaces, backslashes or bytes outside ASCII, at most 64 KiB.
struct Url {
  std::string scheme;    ///< `http` or `https`
  std::string userinfo;  ///< secret; as written, without `@`
  std::string host;      ///< lower case; IPv6 without its brackets
  int port = 0;          ///< the scheme's own when absent
  std::string path;      ///< as written, percent-encoded; `/` when absent
  std::string query;     ///< as written, without `?`
  bool has_query = false;

  /// invalid_argument; the message never repeats the URL.
  static Result<Url> parse(std::string_view text);

  /// `https://host:port`, the port also when it is the scheme's own: equal for equal endpoints.
  std::string origin() const;
  /// What an HTTP `Host` header holds: IPv6 in brackets, the port only when it is not the scheme's own.
  std::string host_header() const;
  /// The whole URL again, without fragment.
  std::string text() const;
};

/// What a `Location` header means seen from `base` (RFC 3986 section 5.2): absolute, `//host/p`, `/p`, `p`,
/// `?q`.
Result<Url> resolve(const Url& base, std::string_view location);

}  // namespace wave::net
