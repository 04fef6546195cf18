#include "net/http.h"

#include <array>

#include "net/url.h"

namespace wave::net {
namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";
constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

void append_encoded(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += hex_digits[byte >> 4];
  out += hex_digits[byte & 15];
}

std::string form_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ' ') {
      out += '+';
    } else if (is_unreserved(c) && c != '~') {
      out += c;
    } else {
      append_encoded(out, c);
    }
  }
  return out;
}

// 0 to 63; 64: white space; 65: padding; 66: anything else.
int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  if (c == ' ' || c == '\n' || c == '\r' || c == '\t') return 64;
  return c == '=' ? 65 : 66;
}

}  // namespace

bool same_header(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

std::string_view find_header(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (same_header(key, name)) return value;
  }
  return {};
}

std::string_view HttpResponse::header(std::string_view name) const {
  return find_header(headers, name);
}

std::string redacted_url(std::string_view url) {
  constexpr std::size_t longest = 200;
  const auto parsed = Url::parse(url);
  if (!parsed) return "(not a URL)";
  std::string out = parsed->scheme + "://" + parsed->host_header() + parsed->path;
  if (out.size() > longest) {
    out.resize(longest);
    out += "...";
  }
  return out;
}

std::string shown(const HttpRequest& request) {
  std::string url = redacted_url(request.url);
  const auto path = url.find('/', url.find("://") + 3);
  if (request.secret_path && path != url.npos) url.replace(path, url.npos, "/...");
  return request.method + " " + url;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      append_encoded(out, c);
    }
  }
  return out;
}

std::string form_encode(const Headers& fields) {
  std::string out;
  for (const auto& [key, value] : fields) {
    if (!out.empty()) out += '&';
    out += form_encode(key) + '=' + form_encode(value);
  }
  return out;
}

std::string base64_encode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t given = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < given ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= given ? base64_digits[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return out;
}

Result<std::string> base64_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  int held = 0;
  std::size_t digits = 0;
  bool padded = false;
  for (const char c : text) {
    const int value = base64_value(c);
    if (value == 64) continue;
    padded = padded || value == 65;
    if (value == 66 || (padded && value != 65)) {
      return fail(ErrorCode::invalid_argument, "not base64: a character outside its alphabet");
    }
    if (value == 65) continue;
    ++digits;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>(bits >> held & 0xff);
    }
  }
  if (digits % 4 == 1) return fail(ErrorCode::invalid_argument, "not base64: it ends too early");
  return out;
}

}  // namespace wave::net
