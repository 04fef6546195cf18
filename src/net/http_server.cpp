#include "net/http_server.h"

#include <atomic>
#include <cstring>
#include <mutex>

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>

namespace wave::net {
namespace {

/// One request on its way: made by the server's thread, answered by the runtime's.
struct Exchange {
  MHD_Connection* connection = nullptr;
  ServerRequest request;
  ServerResponse response;
  std::atomic<bool> answered = false;
};

struct Shared {
  std::mutex mutex;
  bool stopped = false;
  std::map<Exchange*, std::shared_ptr<Exchange>> suspended;
  std::map<MHD_Connection*, MonoTime> due;  ///< by when the next request of each has to be complete
};

class MicrohttpdServer final : public HttpServer {
 public:
  MicrohttpdServer(Runtime& runtime, ServerOptions options, Handler handler)
      : runtime_(runtime), options_(std::move(options)), handler_(std::move(handler)) {}
  ~MicrohttpdServer() override { stop(); }
  MicrohttpdServer(const MicrohttpdServer&) = delete;
  MicrohttpdServer& operator=(const MicrohttpdServer&) = delete;

  Status start();
  int port() const override { return port_; }

 private:
  void stop();
  MHD_Result access(MHD_Connection* connection, const char* url, const char* method, const char* data,
                    std::size_t* size, void** state);
  void dispatch(std::shared_ptr<Exchange> exchange);
  void expect(MHD_Connection* connection, Duration within);
  void close_late();
  static MHD_Result respond(MHD_Connection* connection, const ServerResponse& response);

  Runtime& runtime_;
  ServerOptions options_;
  Handler handler_;
  MHD_Daemon* daemon_ = nullptr;
  int port_ = 0;
  Runtime::TimerId timer_ = 0;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

MHD_Result MicrohttpdServer::respond(MHD_Connection* connection, const ServerResponse& response) {
  MHD_Response* made = MHD_create_response_from_buffer(
      response.body.size(), const_cast<char*>(response.body.data()), MHD_RESPMEM_MUST_COPY);
  if (made == nullptr) return MHD_NO;
  MHD_add_response_header(made, "Content-Type", response.content_type.c_str());
  for (const auto& [name, value] : response.headers)
    MHD_add_response_header(made, name.c_str(), value.c_str());
  const auto queued = MHD_queue_response(connection, static_cast<unsigned>(response.status), made);
  MHD_destroy_response(made);
  return queued;
}

unsigned whole_seconds(Duration time) {
  return static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(time).count());
}

MHD_Result add_header(void* to, MHD_ValueKind, const char* name, const char* value) {
  static_cast<Headers*>(to)->emplace_back(name, value == nullptr ? "" : value);
  return MHD_YES;
}

MHD_Result add_argument(void* to, MHD_ValueKind, const char* name, const char* value) {
  static_cast<std::map<std::string, std::string>*>(to)->emplace(name, value == nullptr ? "" : value);
  return MHD_YES;
}

MHD_Result MicrohttpdServer::access(MHD_Connection* connection, const char* url, const char* method,
                                    const char* data, std::size_t* size, void** state) {
  if (*state == nullptr) {
    MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
                              whole_seconds(options_.idle_timeout));
    const char* announced = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
    if (announced != nullptr && std::strtoull(announced, nullptr, 10) > options_.max_body_bytes) {
      return respond(connection,
                     {.status = 413, .body = R"({"error":{"code":"limit_exceeded","message":"too large"}})"});
    }
    auto exchange = std::make_unique<std::shared_ptr<Exchange>>(std::make_shared<Exchange>());
    (*exchange)->connection = connection;
    (*exchange)->request.method = method;
    (*exchange)->request.path = url;
    MHD_get_connection_values(connection, MHD_HEADER_KIND, &add_header, &(*exchange)->request.headers);
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, &add_argument, &(*exchange)->request.query);
    *state = exchange.release();
    return MHD_YES;
  }
  const auto exchange = *static_cast<std::shared_ptr<Exchange>*>(*state);
  if (exchange->answered) return respond(connection, exchange->response);
  if (*size > 0) {
    // A body of unknown length that does not end: the connection does.
    if (exchange->request.body.size() + *size > options_.max_body_bytes) return MHD_NO;
    exchange->request.body.append(data, *size);
    *size = 0;
    return MHD_YES;
  }
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->stopped) return MHD_NO;
    shared_->due.erase(connection);
    shared_->suspended[exchange.get()] = exchange;
    MHD_suspend_connection(connection);
  }
  dispatch(exchange);
  return MHD_YES;
}

void MicrohttpdServer::dispatch(std::shared_ptr<Exchange> exchange) {
  runtime_.post_from_any_thread([exchange, shared = shared_, handler = &handler_] {
    {
      const std::lock_guard lock(shared->mutex);
      if (shared->stopped) return;
    }
    spawn((*handler)(std::move(exchange->request)), [exchange, shared](ServerResponse response) {
      const std::lock_guard lock(shared->mutex);
      if (shared->suspended.erase(exchange.get()) == 0) return;
      exchange->response = std::move(response);
      exchange->answered = true;
      MHD_resume_connection(exchange->connection);
    });
  });
}

void MicrohttpdServer::expect(MHD_Connection* connection, Duration within) {
  const std::lock_guard lock(shared_->mutex);
  shared_->due[connection] = runtime_.mono() + within;
}

/// Bytes that trickle in are no silence: what is not complete in time is closed all the same.
void MicrohttpdServer::close_late() {
  {
    const MonoTime now = runtime_.mono();
    const std::lock_guard lock(shared_->mutex);
    for (const auto& [connection, due] : shared_->due) {
      if (due > now) continue;
      // It leaves the list when it is closed, before its descriptor may become another's.
      const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
      if (info != nullptr) ::shutdown(info->connect_fd, SHUT_RDWR);
    }
  }
  timer_ = runtime_.after(1s, [this] { close_late(); });
}

Status MicrohttpdServer::start() {
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  const sockaddr* address = nullptr;
  unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
  if (inet_pton(AF_INET, options_.address.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(static_cast<std::uint16_t>(options_.port));
    address = reinterpret_cast<const sockaddr*>(&v4);
  } else if (inet_pton(AF_INET6, options_.address.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(static_cast<std::uint16_t>(options_.port));
    address = reinterpret_cast<const sockaddr*>(&v6);
    flags |= MHD_USE_IPv6;
  } else {
    return fail(ErrorCode::invalid_argument, "not an IP address to listen on: " + options_.address);
  }
  const auto access_handler = [](void* self, MHD_Connection* connection, const char* url, const char* method,
                                 const char*, const char* data, std::size_t* size, void** state) {
    return static_cast<MicrohttpdServer*>(self)->access(connection, url, method, data, size, state);
  };
  const auto connected = [](void* self, MHD_Connection* connection, void**,
                            MHD_ConnectionNotificationCode code) {
    auto& server = *static_cast<MicrohttpdServer*>(self);
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
      const std::lock_guard lock(server.shared_->mutex);
      server.shared_->due.erase(connection);
      return;
    }
    server.expect(connection, server.options_.request_timeout);
    MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
                              whole_seconds(server.options_.first_timeout));
  };
  const auto completed = [](void* self, MHD_Connection* connection, void** state,
                            MHD_RequestTerminationCode) {
    auto& server = *static_cast<MicrohttpdServer*>(self);
    server.expect(connection, server.options_.idle_timeout + server.options_.request_timeout);
    delete static_cast<std::shared_ptr<Exchange>*>(*state);
    *state = nullptr;
  };
  const auto silent = [](void*, const char*, va_list) {};
  daemon_ = MHD_start_daemon(
      flags, static_cast<std::uint16_t>(options_.port), nullptr, nullptr,
      static_cast<MHD_AccessHandlerCallback>(access_handler), this, MHD_OPTION_EXTERNAL_LOGGER,
      static_cast<void (*)(void*, const char*, va_list)>(silent), nullptr, MHD_OPTION_SOCK_ADDR, address,
      MHD_OPTION_NOTIFY_COMPLETED, static_cast<MHD_RequestCompletedCallback>(completed), this,
      MHD_OPTION_NOTIFY_CONNECTION, static_cast<MHD_NotifyConnectionCallback>(connected), this,
      MHD_OPTION_CONNECTION_LIMIT, static_cast<unsigned>(options_.max_connections),
      MHD_OPTION_CONNECTION_TIMEOUT, whole_seconds(options_.idle_timeout), MHD_OPTION_END);
  if (daemon_ == nullptr) {
    return fail(ErrorCode::unavailable, "cannot listen on " + options_.address + ":" +
                                            std::to_string(options_.port) + ": " + std::strerror(errno));
  }
  close_late();
  port_ = MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_BIND_PORT)->port;
  return {};
}

void MicrohttpdServer::stop() {
  if (daemon_ == nullptr) return;
  runtime_.cancel(timer_);
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopped = true;
    for (const auto& [key, exchange] : shared_->suspended) {
      exchange->response = {.status = 503,
                            .body = R"({"error":{"code":"unavailable","message":"shutting down"}})"};
      exchange->answered = true;
      MHD_resume_connection(exchange->connection);
    }
    shared_->suspended.clear();
  }
  MHD_stop_daemon(std::exchange(daemon_, nullptr));
}

}  // namespace

std::string ServerRequest::header(std::string_view name) const {
  return std::string(find_header(headers, name));
}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(Runtime& runtime, ServerOptions options,
                                                       Handler handler) {
  auto server = std::make_unique<MicrohttpdServer>(runtime, std::move(options), std::move(handler));
  auto started = server->start();
  if (!started) return std::unexpected(started.error());
  return server;
}

}  // namespace wave::net
