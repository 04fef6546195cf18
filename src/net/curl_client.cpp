#include <algorithm>
#include <deque>
#include <list>

#include <asio/posix/stream_descriptor.hpp>
#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/curl_transfer.h"
#include "net/make.h"
#include "net/url.h"

namespace wave::net {
namespace {

constexpr std::size_t most_in_flight_per_host = 32;
constexpr std::size_t most_queued = 100'000;
constexpr std::size_t most_idle_handles = 256;
constexpr long most_connections = 1024;

/// Equal for equal transports, however many connectors made them. Lengths keep neighbours apart.
std::string transport_key(const Transport* transport) {
  if (transport == nullptr) return {};
  std::string key = transport->skip_verify ? "\nskip" : "\nverify";
  for (const std::string* part : {&transport->ca_file, &transport->ca_pem, &transport->cert_file,
                                  &transport->cert_pem, &transport->key_file, &transport->key_pem,
                                  &transport->key_password, &transport->server_name, &transport->proxy_url})
    key += '\n' + std::to_string(part->size()) + ':' + *part;
  return key;
}

/// libcurl's multi interface on our loop: libcurl says which sockets and which timer it waits for.
class CurlClient final : public HttpClient {
 public:
  explicit CurlClient(Loop& loop);
  ~CurlClient() override;
  CurlClient(const CurlClient&) = delete;
  CurlClient& operator=(const CurlClient&) = delete;

  Task<Result<HttpResponse>> send(HttpRequest request) override;

 private:
  using Done = OneShot<Result<HttpResponse>>;
  struct Flight {
    Transfer transfer;
    Done done;
    std::string host;
    MonoTime begun;
    MonoTime deadline;
    Runtime::TimerId queue_timer = 0;
    std::list<std::unique_ptr<Flight>>::iterator place;
  };
  struct Host {
    std::size_t in_flight = 0;
    std::deque<Flight*> waiting;
  };
  /// A socket of libcurl. A connection's stays registered while it lives; others (of the resolver) are closed
  /// by libcurl without a word after it has stopped waiting for them.
  struct Watch {
    explicit Watch(asio::io_context& io, int fd) : descriptor(io, fd) {}
    asio::posix::stream_descriptor descriptor;
    bool is_connection = false;
    bool wants_read = false;
    bool wants_write = false;
    bool waits_read = false;
    bool waits_write = false;
  };

  Task<Result<HttpResponse>> follow(HttpRequest request);
  Task<Result<HttpResponse>> exchange(HttpRequest request);
  void begin(Flight& flight);
  void end(Flight& flight, Result<HttpResponse> result);
  void start_waiting(Host& host);
  CURL* take_handle();
  void arm();
  void check_done();
  void act(int fd, int events);
  void wait(const std::shared_ptr<Watch>& watch, int fd);
  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* socket);
  static int on_timer(CURLM* multi, long ms, void* self);
  static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_close(void* self, curl_socket_t fd);

  Loop& loop_;
  CURLM* multi_ = nullptr;
  std::vector<CURL*> idle_;
  std::list<std::unique_ptr<Flight>> flights_;
  std::unordered_map<std::string, Host> hosts_;
  std::unordered_map<int, std::shared_ptr<Watch>> watches_;
  std::map<std::string, std::vector<Done>> shared_;
  Runtime::TimerId timer_ = 0;
  MonoTime armed_{};                   ///< when timer_ fires
  MonoTime expiry_ = MonoTime::max();  ///< when libcurl wants to be called
  bool kicked_ = false;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  bool closing_ = false;
};

CurlClient::CurlClient(Loop& loop) : loop_(loop) {
  static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)once;
  multi_ = curl_multi_init();
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlClient::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlClient::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, most_connections);
}

CurlClient::~CurlClient() {
  closing_ = true;
  // Whoever waits gets an answer, so that no coroutine stays behind.
  while (!flights_.empty())
    end(*flights_.front(), fail(ErrorCode::unavailable, "the client is shutting down", true));
  loop_.cancel(timer_);
  for (CURL* easy : idle_) curl_easy_cleanup(easy);
  curl_multi_cleanup(multi_);
}

int CurlClient::on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
  auto& client = *static_cast<CurlClient*>(self);
  if (what == CURL_POLL_REMOVE) {
    const auto found = client.watches_.find(fd);
    if (found == client.watches_.end()) return 0;
    found->second->wants_read = found->second->wants_write = false;
    if (found->second->is_connection) return 0;
    found->second->descriptor.release();
    client.watches_.erase(found);
    return 0;
  }
  auto& watch = client.watches_[fd];
  if (!watch) watch = std::make_shared<Watch>(client.loop_.io(), fd);
  watch->wants_read = what == CURL_POLL_IN || what == CURL_POLL_INOUT;
  watch->wants_write = what == CURL_POLL_OUT || what == CURL_POLL_INOUT;
  client.wait(watch, fd);
  return 0;
}

curl_socket_t CurlClient::on_open(void* self, curlsocktype, curl_sockaddr* address) {
  auto& client = *static_cast<CurlClient*>(self);
  const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0) return CURL_SOCKET_BAD;
  auto watch = std::make_shared<Watch>(client.loop_.io(), fd);
  watch->is_connection = true;
  client.watches_[fd] = std::move(watch);
  return fd;
}

int CurlClient::on_close(void* self, curl_socket_t fd) {
  auto& client = *static_cast<CurlClient*>(self);
  if (const auto found = client.watches_.find(fd); found != client.watches_.end()) {
    found->second->descriptor.release();
    client.watches_.erase(found);
  }
  return ::close(fd);
}

void CurlClient::wait(const std::shared_ptr<Watch>& watch, int fd) {
  const auto again = [this, watch, fd](int events, const std::error_code& error) {
    if (error) return;
    const auto found = watches_.find(fd);
    if (found == watches_.end() || found->second != watch) return;
    const bool wanted = events == CURL_CSELECT_IN ? watch->wants_read : watch->wants_write;
    if (!wanted) return;
    act(fd, events);
    const auto still = watches_.find(fd);
    if (still != watches_.end() && still->second == watch) wait(watch, fd);
  };
  if (watch->wants_read && !watch->waits_read) {
    watch->waits_read = true;
    watch->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                 [watch, again](const std::error_code& error) {
                                   watch->waits_read = false;
                                   again(CURL_CSELECT_IN, error);
                                 });
  }
  if (watch->wants_write && !watch->waits_write) {
    watch->waits_write = true;
    watch->descriptor.async_wait(asio::posix::stream_descriptor::wait_write,
                                 [watch, again](const std::error_code& error) {
                                   watch->waits_write = false;
                                   again(CURL_CSELECT_OUT, error);
                                 });
  }
}

void CurlClient::act(int fd, int events) {
  int running = 0;
  curl_multi_socket_action(multi_, fd, events, &running);
  check_done();
}

/// libcurl moves its timer with every request. Zero is common and comes at once, for all requests together;
/// a later time than the one we wait for is looked at when that has come.
int CurlClient::on_timer(CURLM*, long ms, void* self) {
  auto& client = *static_cast<CurlClient*>(self);
  client.expiry_ = ms < 0 ? MonoTime::max() : client.loop_.mono() + std::chrono::milliseconds(ms);
  if (ms < 0 || client.closing_) return 0;
  if (ms > 0) {
    client.arm();
  } else if (!client.kicked_) {
    client.kicked_ = true;
    client.loop_.post([weak = std::weak_ptr(client.alive_), &client] {
      if (weak.expired()) return;
      client.kicked_ = false;
      client.act(CURL_SOCKET_TIMEOUT, 0);
    });
  }
  return 0;
}

void CurlClient::arm() {
  if (timer_ != 0 && armed_ <= expiry_) return;
  loop_.cancel(timer_);
  armed_ = expiry_;
  timer_ = loop_.at(armed_, [this] {
    timer_ = 0;
    if (expiry_ == MonoTime::max()) return;
    if (loop_.mono() < expiry_) return arm();
    act(CURL_SOCKET_TIMEOUT, 0);
  });
}

void CurlClient::check_done() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    void* owner = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
    auto& flight = *static_cast<Flight*>(owner);
    end(flight, flight.transfer.result(code, loop_.mono() - flight.begun));
  }
}

CURL* CurlClient::take_handle() {
  if (idle_.empty()) return Transfer::make_handle();
  CURL* easy = idle_.back();
  idle_.pop_back();
  return easy;
}

void CurlClient::begin(Flight& flight) {
  ++hosts_[flight.host].in_flight;
  loop_.cancel(flight.queue_timer);
  const Duration left = flight.deadline - loop_.mono();
  CURL* easy = take_handle();
  flight.transfer.prepare(easy, std::max<Duration>(left, 1ms));
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &flight);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &CurlClient::on_open);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &CurlClient::on_close);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
  curl_multi_add_handle(multi_, easy);
}

void CurlClient::end(Flight& flight, Result<HttpResponse> result) {
  const auto owned = std::move(*flight.place);
  flights_.erase(owned->place);
  auto& host = hosts_[owned->host];
  loop_.cancel(owned->queue_timer);
  if (CURL* easy = owned->transfer.release()) {
    --host.in_flight;
    curl_multi_remove_handle(multi_, easy);
    if (idle_.size() < most_idle_handles && !closing_) {
      idle_.push_back(easy);
    } else {
      curl_easy_cleanup(easy);
    }
  } else {
    std::erase(host.waiting, owned.get());
  }
  if (!closing_) start_waiting(host);
  if (host.in_flight == 0 && host.waiting.empty()) hosts_.erase(owned->host);
  // Not from here: the waiting coroutine may send the next request, and libcurl is in the middle of its own.
  if (closing_) {
    owned->done.set(std::move(result));
  } else {
    loop_.post([done = owned->done, result = std::move(result)]() mutable { done.set(std::move(result)); });
  }
}

void CurlClient::start_waiting(Host& host) {
  while (!host.waiting.empty() && host.in_flight < most_in_flight_per_host) {
    Flight* next = host.waiting.front();
    host.waiting.pop_front();
    begin(*next);
  }
}

Task<Result<HttpResponse>> CurlClient::exchange(HttpRequest request) {
  if (closing_) co_return fail(ErrorCode::unavailable, "the client is shutting down", true);
  auto url = Url::parse(request.url);
  if (!url) co_return std::unexpected(url.error());
  if (flights_.size() >= most_queued)
    co_return fail(ErrorCode::limit_exceeded, "too many requests are waiting", true);
  auto made = std::make_unique<Flight>();
  Flight& flight = *made;
  flight.host = url->origin();
  flight.begun = loop_.mono();
  flight.deadline = flight.begun + request.timeout;
  auto usable = flight.transfer.take(std::move(request));
  if (!usable) co_return std::unexpected(usable.error());
  const Done done = flight.done;
  flights_.push_back(std::move(made));
  flight.place = std::prev(flights_.end());
  auto& host = hosts_[flight.host];
  if (host.in_flight < most_in_flight_per_host) {
    begin(flight);
  } else {
    host.waiting.push_back(&flight);
    flight.queue_timer = loop_.at(flight.deadline, [this, &flight] {
      end(flight, fail(ErrorCode::timeout, "no free connection to " + flight.host + " in time", true));
    });
  }
  auto result = co_await done;
  co_return result;
}

Task<Result<HttpResponse>> CurlClient::follow(HttpRequest request) {
  const MonoTime end = loop_.mono() + request.timeout;
  for (int hop = 0;; ++hop) {
    auto answer = co_await exchange(request);
    if (!answer) {
      co_return within(shown(request), std::move(answer.error()));
    }
    if (answer->status < 200 || answer->status > 299) redact_secrets(*answer, request);
    const bool redirects = answer->status >= 301 && answer->status <= 308 && answer->status != 304;
    if (!redirects || request.max_redirects == 0 || answer->header("location").empty()) co_return answer;
    if (hop >= request.max_redirects) {
      co_return within(shown(request),
                       Error{.code = ErrorCode::bad_response, .message = "too many redirects"});
    }
    auto next = redirect(request, *answer);
    if (!next) co_return within(shown(request), std::move(next.error()));
    request = std::move(*next);
    request.timeout = std::max<Duration>(end - loop_.mono(), 1ms);
  }
}

Task<Result<HttpResponse>> CurlClient::send(HttpRequest request) {
  if (!request.single_flight) {
    auto answer = co_await follow(std::move(request));
    co_return answer;
  }
  std::string key = request.method + '\n' + request.url;
  for (const auto& [name, value] : request.headers) key += '\n' + name + ':' + value;
  key += transport_key(request.transport.get()) + "\n\n" + request.body;
  if (const auto found = shared_.find(key); found != shared_.end()) {
    Done done;
    found->second.push_back(done);
    auto answer = co_await done;
    co_return answer;
  }
  shared_[key];
  auto answer = co_await follow(std::move(request));
  const auto waiting = shared_.extract(key);
  for (const auto& done : waiting.mapped()) done.set(answer);
  co_return answer;
}

}  // namespace

std::unique_ptr<HttpClient> make_http_client(Loop& loop) {
  return std::make_unique<CurlClient>(loop);
}

}  // namespace wave::net
