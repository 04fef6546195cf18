#include "net/curl_transfer.h"

#include <algorithm>

#include <curl/curl.h>

#include "net/url.h"

namespace wave::net {
namespace {

constexpr std::size_t most_header_bytes = 256u << 10;

bool is_token(std::string_view text) {
  return !text.empty() && text.size() < 256 &&
         std::ranges::all_of(
             text,
             [](char c) {
               return c > ' ' && c < 127 &&
                      std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
             });
}

bool is_header_value(std::string_view text) {
  return text.size() < (1u << 16) &&
         std::ranges::none_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

struct CurlMeaning {
  ErrorCode code;
  bool retryable;
  std::string_view hint = "";
};

CurlMeaning meaning_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return {ErrorCode::timeout, true};
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
      return {ErrorCode::invalid_argument, false};
    case CURLE_PEER_FAILED_VERIFICATION:
      return {ErrorCode::unavailable, true, "name the certificate authority with tls_ca"};
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2:
      return {ErrorCode::bad_response, true};
    case CURLE_FILESIZE_EXCEEDED:
      return {ErrorCode::limit_exceeded, false};
    case CURLE_OUT_OF_MEMORY:
      return {ErrorCode::internal, true};
    default:
      return {ErrorCode::unavailable, true};
  }
}

}  // namespace

Transfer::~Transfer() {
  curl_slist_free_all(headers_);
  curl_slist_free_all(routes_);
}

Status Transfer::take(HttpRequest request) {
  if (!is_token(request.method)) return fail(ErrorCode::invalid_argument, "bad HTTP method");
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name) || !is_header_value(value))
      return fail(ErrorCode::invalid_argument, "bad HTTP header '" + name.substr(0, 64) + "'");
  }
  request_ = std::move(request);
  return {};
}

CURL* Transfer::make_handle() {
  CURL* easy = curl_easy_init();
  if (easy != nullptr) set_common(easy);
  return easy;
}

/// What all requests have in common is set once for a handle.
void Transfer::set_common(CURL* easy) {
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "wave-autoscale/" WAVE_VERSION);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
}

void Transfer::prepare(CURL* easy, Duration timeout) {
  easy_ = easy;
  problem_.assign(CURL_ERROR_SIZE, '\0');
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  curl_easy_setopt(easy, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(ms));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(ms));
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, problem_.data());
  curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(request_.max_response_bytes));
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  set_method();
  set_transport();
}

void Transfer::set_method() {
  bool has_type = false;
  for (const auto& [name, value] : request_.headers) {
    has_type |= same_header(name, "content-type");
    // libcurl takes `Name:` as the wish to leave a header out and `Name;` as an empty one.
    const std::string line = value.empty() ? name + ";" : name + ": " + value;
    headers_ = curl_slist_append(headers_, line.c_str());
  }
  if (request_.method == "HEAD") {
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
  } else if (request_.method != "GET" || !request_.body.empty()) {
    curl_easy_setopt(easy_, CURLOPT_POST, 1L);
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request_.body.data());
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    headers_ = curl_slist_append(headers_, "Expect:");
    if (!has_type) headers_ = curl_slist_append(headers_, "Content-Type:");
  }
  if (headers_ != nullptr) curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
}

void Transfer::set_transport() {
  if (!request_.transport) return;
  const Transport& transport = *request_.transport;
  const auto text = [this](CURLoption option, const std::string& value) {
    if (!value.empty()) curl_easy_setopt(easy_, option, value.c_str());
  };
  const auto blob = [this](CURLoption option, const std::string& value) {
    if (value.empty()) return;
    curl_blob data{.data = const_cast<char*>(value.data()), .len = value.size(), .flags = CURL_BLOB_COPY};
    curl_easy_setopt(easy_, option, &data);
  };
  text(CURLOPT_CAINFO, transport.ca_file);
  blob(CURLOPT_CAINFO_BLOB, transport.ca_pem);
  text(CURLOPT_SSLCERT, transport.cert_file);
  blob(CURLOPT_SSLCERT_BLOB, transport.cert_pem);
  text(CURLOPT_SSLKEY, transport.key_file);
  blob(CURLOPT_SSLKEY_BLOB, transport.key_pem);
  text(CURLOPT_KEYPASSWD, transport.key_password);
  if (transport.proxy_url == "none") {
    curl_easy_setopt(easy_, CURLOPT_PROXY, "");
  } else {
    text(CURLOPT_PROXY, transport.proxy_url);
  }
  if (transport.skip_verify) {
    curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (transport.server_name.empty()) return;
  // The TLS name is the URL's host for libcurl: the URL takes the name and the connection goes to the host.
  auto url = Url::parse(request_.url);
  if (!url) return;
  const std::string host = url->host.find(':') == std::string::npos ? url->host : "[" + url->host + "]";
  const std::string route =
      transport.server_name + ":" + std::to_string(url->port) + ":" + host + ":" + std::to_string(url->port);
  if (find_header(request_.headers, "host").empty())
    headers_ = curl_slist_append(headers_, ("Host: " + url->host_header()).c_str());
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
  url->host = transport.server_name;
  curl_easy_setopt(easy_, CURLOPT_URL, url->text().c_str());
  curl_slist* routes = curl_slist_append(nullptr, route.c_str());
  curl_easy_setopt(easy_, CURLOPT_CONNECT_TO, routes);
  routes_ = routes;
}

CURL* Transfer::release() {
  CURL* easy = std::exchange(easy_, nullptr);
  if (easy == nullptr) return nullptr;
  const bool plain =
      request_.method == "GET" && request_.body.empty() && headers_ == nullptr && !request_.transport;
  if (!plain) {
    curl_easy_reset(easy);
    set_common(easy);
  }
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, nullptr);
  curl_slist_free_all(std::exchange(headers_, nullptr));
  curl_slist_free_all(std::exchange(routes_, nullptr));
  return easy;
}

Result<HttpResponse> Transfer::result(int code, Duration elapsed) {
  if (too_large_ || code == CURLE_FILESIZE_EXCEEDED) {
    return fail(ErrorCode::limit_exceeded,
                "the answer is larger than " + std::to_string(request_.max_response_bytes >> 10) + " KiB");
  }
  if (code != CURLE_OK) {
    const CurlMeaning meaning = meaning_of(static_cast<CURLcode>(code));
    std::string message = problem_.substr(0, problem_.find('\0'));
    if (message.empty()) message = curl_easy_strerror(static_cast<CURLcode>(code));
    return std::unexpected(Error{.code = meaning.code,
                                 .message = std::move(message),
                                 .retryable = meaning.retryable,
                                 .hint = std::string(meaning.hint)});
  }
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  response_.elapsed = elapsed;
  return std::move(response_);
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (transfer.response_.body.size() + size * count > transfer.request_.max_response_bytes) {
    transfer.too_large_ = true;
    return 0;
  }
  transfer.response_.body.append(data, size * count);
  return size * count;
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  std::string_view line(data, size * count);
  transfer.header_bytes_ += line.size();
  if (transfer.header_bytes_ > most_header_bytes) {
    transfer.too_large_ = true;
    return 0;
  }
  // A status line begins the headers anew: those of `100 Continue` or a proxy's CONNECT are not the answer's.
  if (line.starts_with("HTTP/")) transfer.response_.headers.clear();
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return line.size();
  const auto trim = [](std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() <= ' ' && text.back() >= 0)) text.remove_suffix(1);
    return text;
  };
  transfer.response_.headers.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
  return line.size();
}

Result<HttpRequest> redirect(const HttpRequest& request, const HttpResponse& answer) {
  auto from = Url::parse(request.url);
  if (!from) return std::unexpected(from.error());
  auto to = resolve(*from, answer.header("location"));
  if (!to) return fail(ErrorCode::bad_response, "redirects to something that is no URL");
  HttpRequest next = request;
  next.url = to->text();
  if (from->origin() != to->origin()) {
    static constexpr std::string_view harmless[] = {"accept", "content-type", "user-agent"};
    std::erase_if(next.headers, [](const auto& header) {
      return std::ranges::none_of(harmless,
                                  [&](std::string_view name) { return same_header(header.first, name); });
    });
    if (from->scheme == "https" && to->scheme == "http")
      return fail(ErrorCode::bad_response, "redirects from https to http");
    if (!request.body.empty())
      return fail(ErrorCode::bad_response, "redirects a request with a body to another host");
    if (request.transport && (!request.transport->key_file.empty() || !request.transport->key_pem.empty())) {
      auto plain = std::make_shared<Transport>(*request.transport);
      plain->cert_file = plain->cert_pem = plain->key_file = plain->key_pem = plain->key_password = "";
      next.transport = std::move(plain);
    }
  }
  const bool becomes_get =
      answer.status == 303 || ((answer.status == 301 || answer.status == 302) && request.method == "POST");
  if (becomes_get && request.method != "HEAD") {
    next.method = "GET";
    next.body.clear();
  }
  return next;
}

}  // namespace wave::net
