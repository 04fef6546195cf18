#pragma once

#include <string>

#include "net/http.h"

using CURL = void;
struct curl_slist;

namespace wave::net {

/// One request while libcurl has it: what it reads from and writes to.
class Transfer {
 public:
  Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer();

  /// invalid_argument for a method or header that could smuggle another request.
  Status take(HttpRequest request);
  /// A handle with what all requests have in common; null when libcurl has no memory.
  static CURL* make_handle();
  /// Sets the rest; the handle keeps pointers into this object until `release`.
  void prepare(CURL* easy, Duration timeout);
  /// The handle, as `make_handle` gave it but for what `prepare` sets anew; null when there was none.
  CURL* release();
  /// The answer, or what went wrong. `code` is libcurl's.
  Result<HttpResponse> result(int code, Duration elapsed);

 private:
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static void set_common(CURL* easy);
  void set_method();
  void set_transport();

  HttpRequest request_;
  HttpResponse response_;
  CURL* easy_ = nullptr;
  curl_slist* headers_ = nullptr;
  curl_slist* routes_ = nullptr;
  std::size_t header_bytes_ = 0;
  bool too_large_ = false;
  std::string problem_;
};

/// The request that a redirect asks for. Credentials and bodies do not follow to another origin; a 303 (and a
/// 301 or 302 of a POST) becomes a GET.
Result<HttpRequest> redirect(const HttpRequest& request, const HttpResponse& answer);

}  // namespace wave::net
