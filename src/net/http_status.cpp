#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>

#include <curl/curl.h>

#include "base/text.h"
#include "net/http.h"
#include "net/url.h"

namespace wave::net {
namespace {

constexpr Duration longest_retry_after = 24h;
/// Shorter values are words that stand anywhere.
constexpr std::size_t least_secret = 4;

struct StatusMeaning {
  ErrorCode code;
  bool retryable;
};

StatusMeaning meaning_of(int status) {
  switch (status) {
    case 401:
      return {ErrorCode::unauthorized, false};
    case 403:
      return {ErrorCode::forbidden, false};
    case 404:
    case 410:
      return {ErrorCode::not_found, false};
    case 407:
      return {ErrorCode::unauthorized, false};
    case 408:
      return {ErrorCode::timeout, true};
    case 409:
    case 412:
      return {ErrorCode::conflict, false};
    case 413:
      return {ErrorCode::limit_exceeded, false};
    case 423:
    case 425:
      return {ErrorCode::busy, true};
    case 429:
      return {ErrorCode::throttled, true};
    case 501:
    case 505:
      return {ErrorCode::unavailable, false};
    default:
      break;
  }
  if (status >= 500 && status <= 599) return {ErrorCode::unavailable, true};
  if (status >= 400) return {ErrorCode::invalid_argument, false};
  return {ErrorCode::bad_response, false};
}

std::string percent_decode(std::string_view text) {
  int size = 0;
  const std::unique_ptr<char, void (*)(void*)> decoded(
      curl_easy_unescape(nullptr, text.data(), static_cast<int>(text.size()), &size), &curl_free);
  return decoded ? std::string(decoded.get(), static_cast<std::size_t>(size)) : std::string(text);
}

// RFC 9110 section 10.2.3: seconds, or an HTTP date in any of its three forms.
std::optional<Duration> parse_retry_after(std::string_view text, UtcTime now) {
  if (text.empty() || text.size() > 64) return std::nullopt;
  double wait = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), wait, std::chars_format::fixed);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(wait)) {
    const std::time_t at = curl_getdate(std::string(text).c_str(), nullptr);
    if (at < 0) return std::nullopt;
    wait = static_cast<double>(at) - epoch_seconds(now);
  }
  return std::clamp(from_seconds(wait), Duration{0}, Duration{longest_retry_after});
}

// The length of the well-formed UTF-8 sequence at the start; 0 when there is none.
std::size_t utf8_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
  if (length == 0 || lead > 0xf4 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(text[i])) return 0;
  }
  return length;
}

bool is_control(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return first < 0x20 || first == 0x7f;
  return sequence.size() == 2 && first == 0xc2 && static_cast<unsigned char>(sequence[1]) < 0xa0;
}

}  // namespace

std::string excerpt(std::string_view text, std::size_t most) {
  std::string out;
  bool space = false;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view sequence = text.substr(0, std::max<std::size_t>(length, 1));
    text.remove_prefix(sequence.size());
    if (is_control(sequence) || sequence == " ") {
      space = !out.empty();
      continue;
    }
    if (out.size() + sequence.size() + 1 > most) break;
    if (space) out += ' ';
    space = false;
    out += length == 0 ? std::string_view("?") : sequence;
  }
  return out;
}

std::optional<UtcTime> parse_http_date(std::string_view text) {
  if (text.empty() || text.size() > 64) return std::nullopt;
  const std::time_t at = curl_getdate(std::string(text).c_str(), nullptr);
  if (at < 0) return std::nullopt;
  return from_epoch_seconds(static_cast<double>(at));
}

void redact_secrets(HttpResponse& response, const HttpRequest& request) {
  static constexpr std::string_view harmless[] = {"accept",       "content-type", "user-agent",    "host",
                                                  "x-amz-target", "x-amz-date",   "content-length"};
  const auto blot = [&response](std::string_view secret) {
    if (secret.size() >= least_secret) replace_all(response.body, secret, "***");
  };
  if (const auto query = request.url.find('?'); query != std::string::npos) {
    std::string_view rest = std::string_view(request.url).substr(query + 1);
    while (!rest.empty()) {
      const std::string_view pair = rest.substr(0, rest.find('&'));
      if (const auto equals = pair.find('='); equals != std::string_view::npos) blot(pair.substr(equals + 1));
      rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    }
  }
  // What curl makes a header of by itself.
  if (const auto url = Url::parse(request.url); url && !url->userinfo.empty()) {
    const std::string plain = percent_decode(url->userinfo);
    blot(base64_encode(plain));
    for (const std::string& user : {plain, url->userinfo}) {
      blot(user);
      if (const auto colon = user.find(':'); colon != std::string::npos)
        blot(std::string_view(user).substr(colon + 1));
    }
  }
  for (const auto& [name, value] : request.headers) {
    if (std::ranges::any_of(harmless, [&](std::string_view one) { return same_header(one, name); })) continue;
    blot(value);
    if (const auto space = value.find(' '); space != std::string::npos)
      blot(std::string_view(value).substr(space + 1));
  }
}

Status check_status(const HttpResponse& response, UtcTime now) {
  if (response.status >= 200 && response.status <= 299) return {};
  const auto [code, retryable] = meaning_of(response.status);
  Error error{.code = code, .message = "answered " + std::to_string(response.status), .retryable = retryable};
  const std::string body = excerpt(response.body);
  if (!body.empty()) error.message += ": " + body;
  if (response.status >= 300 && response.status <= 399) {
    error.hint = "the address redirects to " + redacted_url(response.header("Location"));
  }
  if (response.status == 429 || response.status == 503) {
    error.retry_after = parse_retry_after(response.header("Retry-After"), now);
  }
  return std::unexpected(std::move(error));
}

}  // namespace wave::net
