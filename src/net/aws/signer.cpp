#include "net/aws/signer.h"

#include <algorithm>
#include <array>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "base/text.h"
#include "net/url.h"

namespace wave::net::aws {
namespace {

std::string sha256(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped =
        text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0;
    if (!escaped) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
    i += 2;
  }
  return out;
}

/// RFC 3986 section 5.2.4, and double slashes become one.
std::string normalized(std::string_view path) {
  std::vector<std::string_view> segments;
  for (std::size_t at = 0; at <= path.size();) {
    const auto slash = std::min(path.find('/', at), path.size());
    const auto segment = path.substr(at, slash - at);
    if (segment == ".." && !segments.empty()) segments.pop_back();
    if (!segment.empty() && segment != "." && segment != "..") segments.push_back(segment);
    at = slash + 1;
  }
  std::string out;
  for (const auto segment : segments) {
    out += '/';
    out += segment;
  }
  const bool folder = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
  return out.empty() || folder ? out + "/" : out;
}

/// The path as sent, escaped once more.
std::string canonical_path(std::string_view path) {
  std::string out;
  const std::string clean = normalized(path.empty() ? "/" : path);
  for (std::size_t at = 0; at < clean.size();) {
    const auto slash = std::min(clean.find('/', at), clean.size());
    out += percent_encode(std::string_view(clean).substr(at, slash - at));
    if (slash < clean.size()) out += '/';
    at = slash + 1;
  }
  return out;
}

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> fields;
  for (std::size_t at = 0; at < query.size();) {
    const auto end = std::min(query.find('&', at), query.size());
    const auto field = query.substr(at, end - at);
    const auto equals = std::min(field.find('='), field.size());
    const auto value = equals < field.size() ? field.substr(equals + 1) : std::string_view{};
    if (!field.empty())
      fields.emplace_back(percent_encode(decode(field.substr(0, equals))), percent_encode(decode(value)));
    at = end + 1;
  }
  std::ranges::sort(fields);
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!out.empty()) out += '&';
    out += name + "=" + value;
  }
  return out;
}

/// Trimmed, with runs of white space as one space.
std::string collapsed(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!space) out += c;
    if (space && !out.empty() && out.back() != ' ') out += ' ';
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

bool is_signed(std::string_view name) {
  static constexpr std::string_view left_out[] = {
      "connection", "expect",     "keep-alive",      "te",           "trailer", "transfer-encoding",
      "upgrade",    "user-agent", "x-amzn-trace-id", "authorization"};
  return !name.starts_with("proxy-") && std::ranges::find(left_out, name) == std::end(left_out);
}

std::map<std::string, std::string> canonical_headers(const Headers& headers) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : headers) {
    const std::string key = to_lower(name);
    if (!is_signed(key)) continue;
    const auto [place, first] = out.emplace(key, collapsed(value));
    if (!first) place->second += "," + collapsed(value);
  }
  return out;
}

}  // namespace

std::string amz_date(UtcTime time) {
  std::string out;
  for (const char c : iso8601(std::chrono::floor<std::chrono::seconds>(time)))
    if (c != '-' && c != ':') out += c;
  if (const auto dot = out.find('.'); dot != std::string::npos) out = out.substr(0, dot) + "Z";
  return out;
}

Signature sign(const HttpRequest& request, const Credentials& credentials, const SigningScope& scope) {
  // Not net::Url: the published cases hold spaces and bytes that no client of ours sends.
  std::string_view target = request.url;
  if (const auto host = target.find("://"); host != std::string_view::npos) {
    const auto slash = target.find_first_of("/?", host + 3);
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
  }
  target = target.substr(0, target.find('#'));
  const auto question = std::min(target.find('?'), target.size());
  const auto query = question < target.size() ? target.substr(question + 1) : std::string_view{};
  std::string names;
  Signature out;
  out.canonical_request = request.method + "\n" + canonical_path(target.substr(0, question)) + "\n" +
                          canonical_query(query) + "\n";
  for (const auto& [name, value] : canonical_headers(request.headers)) {
    out.canonical_request += name + ":" + value + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  out.canonical_request += "\n" + names + "\n" + hex(sha256(request.body));
  const std::string date = amz_date(scope.time);
  const std::string day = date.substr(0, 8);
  const std::string place = day + "/" + scope.region + "/" + scope.service + "/aws4_request";
  out.string_to_sign = "AWS4-HMAC-SHA256\n" + date + "\n" + place + "\n" + hex(sha256(out.canonical_request));
  const std::string key = hmac(
      hmac(hmac(hmac("AWS4" + credentials.secret_key, day), scope.region), scope.service), "aws4_request");
  out.authorization = "AWS4-HMAC-SHA256 Credential=" + credentials.access_key + "/" + place +
                      ", SignedHeaders=" + names + ", Signature=" + hex(hmac(key, out.string_to_sign));
  return out;
}

Status add_signature(HttpRequest& request, const Credentials& credentials, const SigningScope& scope) {
  auto url = Url::parse(request.url);
  if (!url) return std::unexpected(url.error());
  if (find_header(request.headers, "host").empty()) request.headers.emplace_back("Host", url->host_header());
  request.headers.emplace_back("X-Amz-Date", amz_date(scope.time));
  if (!credentials.session_token.empty())
    request.headers.emplace_back("X-Amz-Security-Token", credentials.session_token);
  request.headers.emplace_back("Authorization", sign(request, credentials, scope).authorization);
  return {};
}

std::string presigned(std::string url, const Credentials& credentials, const SigningScope& scope,
                      Duration lifetime) {
  const std::string date = amz_date(scope.time);
  const std::string place = date.substr(0, 8) + "/" + scope.region + "/" + scope.service + "/aws4_request";
  url += (url.find('?') == std::string::npos ? "?" : "&");
  url += "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" +
         percent_encode(credentials.access_key + "/" + place) + "&X-Amz-Date=" + date +
         "&X-Amz-Expires=" + std::to_string(lifetime / 1s);
  url += "&X-Amz-SignedHeaders=host";
  if (!credentials.session_token.empty())
    url += "&X-Amz-Security-Token=" + percent_encode(credentials.session_token);
  HttpRequest request{.url = url};
  if (const auto parsed = Url::parse(url)) request.headers.emplace_back("Host", parsed->host_header());
  const std::string authorization = sign(request, credentials, scope).authorization;
  return url + "&X-Amz-Signature=" + authorization.substr(authorization.rfind('=') + 1);
}

}  // namespace wave::net::aws
