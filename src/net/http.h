#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/task.h"

namespace wave::net {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// Header names compare without regard to ASCII case.
bool same_header(std::string_view a, std::string_view b);
/// The value of the first header of that name; empty when absent.
std::string_view find_header(const Headers& headers, std::string_view name);

/// TLS and proxy of one endpoint. Equal options share connections.
struct Transport {
  std::string ca_file;  ///< PEM; empty: the system's
  std::string ca_pem;   ///< the same as text (kubeconfig data)
  std::string cert_file;
  std::string cert_pem;
  std::string key_file;
  std::string key_pem;       ///< secret
  std::string key_password;  ///< secret
  std::string server_name;   ///< to verify instead of the URL's host
  std::string proxy_url;     ///< empty: HTTPS_PROXY and friends; "none": no proxy
  bool skip_verify = false;
  bool operator==(const Transport&) const = default;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  Headers headers{};
  std::string body{};
  Duration timeout = 5s;  ///< of the whole exchange
  std::size_t max_response_bytes = 16u << 20;
  std::shared_ptr<const Transport> transport{};  ///< null: defaults
  int max_redirects = 0;                         ///< credentials never follow to another host or scheme
  bool single_flight = false;                    ///< identical requests in flight share one exchange
  bool secret_path = false;                      ///< the path is a secret as well, as those of webhooks are
};

struct HttpResponse {
  int status = 0;
  Headers headers;
  std::string body;
  Duration elapsed{0};
  /// The first header of that name, any case; empty when absent.
  std::string_view header(std::string_view name) const;
};

/// One HTTP exchange. Owns time-outs, pooling, TLS, proxies, the cap of requests in flight per host (default
/// 32), size limits and redirects. It never retries: back-off belongs to the metric or component, and the
/// engine does it.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  /// Any status is an answer; an Error means there was none (timeout, unavailable, limit_exceeded,
  /// invalid_argument for a bad URL).
  virtual Task<Result<HttpResponse>> send(HttpRequest request) = 0;
};

/// Turns a status that is not 2xx into an Error with code, retryable and `retry_after` (429, 503: seconds or
/// HTTP date) and at most 200 characters of a body with control characters removed. `now` is for HTTP dates.
Status check_status(const HttpResponse& response, UtcTime now);

/// Blots out of the body what the request's headers hold of secrets: an answer may repeat what was sent, and
/// what it says is shown to people.
void redact_secrets(HttpResponse& response, const HttpRequest& request);

/// What a person reads of a text from outside: runs of white space and control characters become one space,
/// broken UTF-8 `?`; at most that many bytes.
std::string excerpt(std::string_view text, std::size_t most = 200);

/// A date as HTTP writes it (RFC 9110 section 5.6.7); nullopt for anything else.
std::optional<UtcTime> parse_http_date(std::string_view text);

/// `https://user:pw@host/p?token=x` -> `https://host/p`: what may stand in a message.
std::string redacted_url(std::string_view url);
/// Method and address as a person may see them.
std::string shown(const HttpRequest& request);

std::string percent_encode(std::string_view text);  ///< RFC 3986 unreserved stay
std::string form_encode(const Headers& fields);     ///< application/x-www-form-urlencoded; space is `+`
std::string base64_encode(std::string_view bytes);
Result<std::string> base64_decode(std::string_view text);  ///< also base64url, padding optional

}  // namespace wave::net
