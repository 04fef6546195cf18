#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/runtime.h"
#include "net/http.h"

namespace wave::net {

/// A request that arrived completely, within the limits of `ServerOptions`.
struct ServerRequest {
  std::string method;
  std::string path;                          ///< decoded, without the query
  std::map<std::string, std::string> query;  ///< decoded
  Headers headers;
  std::string body;
  std::string header(std::string_view name) const;
};

struct ServerResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body{};
  Headers headers{};
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  int port = 3024;  ///< 0: a free one
  std::size_t max_body_bytes = 1u << 20;
  std::size_t max_connections = 256;
  Duration first_timeout = 2s;     ///< of silence before the first request: connections are few
  Duration idle_timeout = 10s;     ///< of silence after it
  Duration request_timeout = 10s;  ///< for a whole request, however it trickles in
};

/// Serves HTTP/1.1. The handler runs on the runtime's thread and may take its time; slow clients never hold
/// it up.
class HttpServer {
 public:
  using Handler = std::function<Task<ServerResponse>(ServerRequest)>;
  virtual ~HttpServer() = default;
  virtual int port() const = 0;
  static Result<std::unique_ptr<HttpServer>> listen(Runtime& runtime, ServerOptions options, Handler handler);
};

}  // namespace wave::net
