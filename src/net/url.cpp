#include "net/url.h"

#include <charconv>

#include "base/text.h"

namespace wave::net {
namespace {

constexpr std::size_t max_url_bytes = 64 * 1024;

std::unexpected<Error> bad(std::string_view why) {
  return fail(ErrorCode::invalid_argument, "not a URL: " + std::string(why));
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

Status check_characters(std::string_view text) {
  if (text.size() > max_url_bytes) return bad("longer than 64 KiB");
  for (const char c : text) {
    if (c == ' ') return bad("it holds a space");
    if (c < ' ' || c == 0x7f) return bad("it holds a control character or a byte outside ASCII");
    if (c == '\\') return bad("it holds a backslash");
  }
  return {};
}

Status parse_port(std::string_view text, Url& url) {
  if (text.empty()) return {};
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port < 1 || port > 65535) {
    return bad("the port must be from 1 to 65535");
  }
  url.port = port;
  return {};
}

Status parse_host(std::string_view text, Url& url) {
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return bad("`[` without `]`");
    const std::string_view address = text.substr(1, close - 1);
    if (address.find(':') == std::string_view::npos) return bad("`[...]` must hold an IPv6 address");
    for (const char c : address) {
      if (!is_hex(c) && c != ':' && c != '.') return bad("`[...]` must hold an IPv6 address");
    }
    url.host = to_lower(address);
    const std::string_view rest = text.substr(close + 1);
    if (rest.empty()) return {};
    if (!rest.starts_with(':')) return bad("text after `]`");
    return parse_port(rest.substr(1), url);
  }
  const std::size_t colon = text.find(':');
  const std::string_view host = text.substr(0, colon);
  if (host.empty()) return bad("the host is missing");
  if (host.size() > 253) return bad("the host is longer than 253 characters");
  for (const char c : host) {
    if (!is_alpha(c) && !is_digit(c) && c != '.' && c != '-' && c != '_') {
      return bad("the host holds a character that no host name has");
    }
  }
  url.host = to_lower(host);
  return colon == std::string_view::npos ? Status{} : parse_port(text.substr(colon + 1), url);
}

Status parse_authority(std::string_view text, Url& url) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) return parse_host(text, url);
  url.userinfo = text.substr(0, at);
  const std::string_view host = text.substr(at + 1);
  if (host.find('@') != std::string_view::npos) return bad("`@` in a user name or password is written %40");
  return parse_host(host, url);
}

void parse_path(std::string_view text, Url& url) {
  text = text.substr(0, text.find('#'));
  const std::size_t mark = text.find('?');
  url.path = text.substr(0, mark);
  if (url.path.empty()) url.path = "/";
  url.has_query = mark != std::string_view::npos;
  url.query = url.has_query ? text.substr(mark + 1) : std::string_view{};
}

// RFC 3986 section 5.2.4, on a path that starts with a slash.
std::string remove_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t next = path.find('/', 1);
    const std::string_view segment = path.substr(0, next);
    const bool last = next == std::string_view::npos;
    path = last ? std::string_view{} : path.substr(next);
    if (segment == "/.") {
      if (last) out += '/';
    } else if (segment == "/..") {
      out.erase(std::min(out.size(), out.rfind('/')));
      if (last) out += '/';
    } else {
      out += segment;
    }
  }
  return out.empty() ? "/" : out;
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  if (auto ok = check_characters(text); !ok) return std::unexpected(ok.error());
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return bad("it must start with http:// or https://");
  Url url;
  url.scheme = to_lower(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https") return bad("only http and https are served");
  url.port = url.scheme == "https" ? 443 : 80;
  text.remove_prefix(colon + 3);
  const std::size_t end = text.find_first_of("/?#");
  if (auto ok = parse_authority(text.substr(0, end), url); !ok) return std::unexpected(ok.error());
  parse_path(end == std::string_view::npos ? std::string_view{} : text.substr(end), url);
  return url;
}

std::string Url::origin() const {
  const bool v6 = host.find(':') != std::string::npos;
  std::string out = scheme + "://";
  out += v6 ? "[" + host + "]" : host;
  return out += ":" + std::to_string(port);
}

std::string Url::host_header() const {
  const bool v6 = host.find(':') != std::string::npos;
  std::string out = v6 ? "[" + host + "]" : host;
  if (port != (scheme == "https" ? 443 : 80)) out += ":" + std::to_string(port);
  return out;
}

std::string Url::text() const {
  std::string out = scheme + "://";
  if (!userinfo.empty()) out += userinfo + "@";
  out += host_header();
  out += path;
  if (has_query) out += "?" + query;
  return out;
}

Result<Url> resolve(const Url& base, std::string_view location) {
  if (auto ok = check_characters(location); !ok) return std::unexpected(ok.error());
  const std::size_t colon = location.find(':');
  if (colon != std::string_view::npos && colon < location.find_first_of("/?#")) return Url::parse(location);
  if (location.starts_with("//")) return Url::parse(base.scheme + ":" + std::string(location));
  Url url = base;
  if (location.starts_with('/')) {
    parse_path(location, url);
  } else if (location.starts_with('?')) {
    parse_path(base.path + std::string(location), url);
  } else if (!location.empty() && !location.starts_with('#')) {
    parse_path(base.path.substr(0, base.path.rfind('/') + 1) + std::string(location), url);
  }
  url.path = remove_dot_segments(url.path);
  return url;
}

}  // namespace wave::net
