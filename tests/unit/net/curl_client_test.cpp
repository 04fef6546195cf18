#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>
#include <asio/streambuf.hpp>
#include <asio/write.hpp>
#include <gtest/gtest.h>

#include "base/loop.h"
#include "net/http_server.h"
#include "net/make.h"

namespace wave::net {
namespace {

/// A peer that answers any request with these bytes and then closes, or keeps silent.
class RawPeer {
 public:
  RawPeer(Loop& loop, std::string answer, bool closes = true)
      : acceptor_(loop.io(), {asio::ip::make_address("127.0.0.1"), 0}),
        answer_(std::move(answer)),
        closes_(closes) {
    accept();
  }
  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/";
  }

 private:
  struct Connection {
    explicit Connection(asio::ip::tcp::socket made) : socket(std::move(made)) {}
    asio::ip::tcp::socket socket;
    asio::streambuf request;
  };
  void accept() {
    acceptor_.async_accept([this](const std::error_code& error, asio::ip::tcp::socket socket) {
      if (error) return;
      auto connection = std::make_shared<Connection>(std::move(socket));
      all_.push_back(connection);
      asio::async_read_until(connection->socket, connection->request, "\r\n\r\n",
                             [this, connection](const std::error_code& failed, std::size_t) {
                               if (failed) return;
                               asio::async_write(connection->socket, asio::buffer(answer_),
                                                 [this, connection](const std::error_code&, std::size_t) {
                                                   if (closes_) connection->socket.close();
                                                 });
                             });
      accept();
    });
  }
  asio::ip::tcp::acceptor acceptor_;
  std::string answer_;
  bool closes_;
  std::vector<std::shared_ptr<Connection>> all_;
};

class CurlClientTest : public testing::Test {
 protected:
  Result<HttpResponse> send(HttpRequest request) { return loop.run_until(client->send(std::move(request))); }
  std::unique_ptr<HttpServer> serve(HttpServer::Handler handler) {
    auto server = HttpServer::listen(loop, {.port = 0, .max_body_bytes = 1000}, std::move(handler));
    EXPECT_TRUE(server) << server.error().text();
    return std::move(*server);
  }
  static std::string url(const HttpServer& server, const std::string& path = "/") {
    return "http://127.0.0.1:" + std::to_string(server.port()) + path;
  }

  Loop loop;
  std::unique_ptr<HttpClient> client = make_http_client(loop);
};

TEST_F(CurlClientTest, TwoServersCannotListenOnOnePort) {
  auto server = serve([](ServerRequest) -> Task<ServerResponse> { co_return ServerResponse{}; });
  const auto second =
      HttpServer::listen(loop, {.port = server->port()},
                         [](ServerRequest) -> Task<ServerResponse> { co_return ServerResponse{}; });
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::unavailable);
}

TEST_F(CurlClientTest, SendsAndReceives) {
  auto server = serve([](ServerRequest request) -> Task<ServerResponse> {
    co_return ServerResponse{.status = 201,
                             .body = request.method + " " + request.path + " " + request.query["q"] + " " +
                                     request.header("X-Id") + " " + request.body};
  });
  const auto answer = send(
      {.method = "POST", .url = url(*server, "/a%20b?q=1"), .headers = {{"X-Id", "7"}}, .body = "hello"});
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->body, "POST /a b 1 7 hello");
  EXPECT_EQ(answer->header("content-type"), "application/json");
}

TEST_F(CurlClientTest, AServerThatNeverAnswersIsATimeout) {
  RawPeer peer(loop, "", false);
  const auto answer = send({.url = peer.url(), .timeout = 50ms});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::timeout);
  EXPECT_TRUE(answer.error().retryable);
}

TEST_F(CurlClientTest, RefusedAndUnresolvedAreUnavailable) {
  std::string gone;
  {
    RawPeer peer(loop, "");
    gone = peer.url();
  }
  EXPECT_EQ(send({.url = gone}).error().code, ErrorCode::unavailable);
  EXPECT_EQ(send({.url = "http://no-such-host.invalid/"}).error().code, ErrorCode::unavailable);
}

TEST_F(CurlClientTest, TruncatedAndGarbledAnswersAreErrors) {
  for (const char* bytes : {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "nonsense\r\n\r\n", "",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    RawPeer peer(loop, bytes);
    EXPECT_FALSE(send({.url = peer.url()})) << bytes;
  }
}

TEST_F(CurlClientTest, ABodyOverTheLimitIsRefusedAnnouncedOrNot) {
  RawPeer announced(loop, "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\nx", false);
  EXPECT_EQ(send({.url = announced.url(), .max_response_bytes = 1000}).error().code,
            ErrorCode::limit_exceeded);
  RawPeer endless(loop, "HTTP/1.1 200 OK\r\n\r\n" + std::string(5000, 'x'), false);
  EXPECT_EQ(send({.url = endless.url(), .max_response_bytes = 1000}).error().code, ErrorCode::limit_exceeded);
  RawPeer headers(loop, "HTTP/1.1 200 OK\r\nX: " + std::string(400'000, 'x') + "\r\n\r\n", false);
  EXPECT_FALSE(send({.url = headers.url()}));
}

TEST_F(CurlClientTest, CredentialsDoNotFollowToAnotherOrigin) {
  std::string seen;
  auto other = serve([&](ServerRequest request) -> Task<ServerResponse> {
    seen = request.header("Authorization") + request.header("X-Api-Key") + "|" + request.header("Accept");
    co_return ServerResponse{};
  });
  auto first = serve([&](ServerRequest) -> Task<ServerResponse> {
    co_return ServerResponse{.status = 302, .headers = {{"Location", url(*other)}}};
  });
  const Headers headers = {
      {"Authorization", "Bearer secret"}, {"X-Api-Key", "secret"}, {"Accept", "application/json"}};
  EXPECT_EQ(send({.url = url(*first), .headers = headers})->status, 302);
  EXPECT_EQ(send({.url = url(*first), .headers = headers, .max_redirects = 3})->status, 200);
  EXPECT_EQ(seen, "|application/json");
}

TEST_F(CurlClientTest, RedirectsEnd) {
  auto server = serve([](ServerRequest) -> Task<ServerResponse> {
    co_return ServerResponse{.status = 302, .headers = {{"Location", "/again"}}};
  });
  EXPECT_EQ(send({.url = url(*server), .max_redirects = 3}).error().code, ErrorCode::bad_response);
}

TEST_F(CurlClientTest, AHeaderCannotSmuggleAnother) {
  const auto answer = send({.url = "http://127.0.0.1:1/", .headers = {{"X", "a\r\nY: b"}}});
  EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
}

TEST_F(CurlClientTest, AnErrorShowsNoSecretOfTheUrl) {
  const auto answer = send({.url = "http://user:hunter2@127.0.0.1:1/x?token=hunter2"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().text().find("hunter2"), std::string::npos) << answer.error().text();
}

TEST_F(CurlClientTest, IdenticalGetsInFlightShareOneExchange) {
  int asked = 0;
  auto server = serve([&](ServerRequest) -> Task<ServerResponse> {
    ++asked;
    co_await loop.sleep(20ms);
    co_return ServerResponse{.body = "shared"};
  });
  std::vector<Task<Result<HttpResponse>>> both;
  for (int i = 0; i < 5; ++i) both.push_back(client->send({.url = url(*server), .single_flight = true}));
  for (const auto& answer : loop.run_until(all(std::move(both)))) EXPECT_EQ(answer->body, "shared");
  EXPECT_EQ(asked, 1);
}

TEST_F(CurlClientTest, EqualTransportsShareAnExchangeAndOthersDoNot) {
  int asked = 0;
  auto server = serve([&](ServerRequest) -> Task<ServerResponse> {
    ++asked;
    co_await loop.sleep(20ms);
    co_return ServerResponse{.body = "shared"};
  });
  std::vector<Task<Result<HttpResponse>>> all_of_them;
  for (const char* name : {"a", "a", "b"}) {
    auto transport = std::make_shared<const Transport>(Transport{.server_name = name});
    all_of_them.push_back(
        client->send({.url = url(*server), .transport = std::move(transport), .single_flight = true}));
  }
  for (const auto& answer : loop.run_until(all(std::move(all_of_them)))) EXPECT_EQ(answer->body, "shared");
  EXPECT_EQ(asked, 2);
}

TEST_F(CurlClientTest, MoreThanTheCapWaitTheirTurn) {
  int running = 0;
  int most = 0;
  auto server = serve([&](ServerRequest) -> Task<ServerResponse> {
    most = std::max(most, ++running);
    co_await loop.sleep(5ms);
    --running;
    co_return ServerResponse{};
  });
  std::vector<Task<Result<HttpResponse>>> many;
  for (int i = 0; i < 100; ++i) many.push_back(client->send({.url = url(*server)}));
  for (const auto& answer : loop.run_until(all(std::move(many)))) EXPECT_TRUE(answer);
  EXPECT_LE(most, 32);
}

TEST_F(CurlClientTest, ATooLargeRequestIsRefusedByTheServer) {
  auto server = serve([](ServerRequest) -> Task<ServerResponse> { co_return ServerResponse{}; });
  const auto answer = send({.method = "POST", .url = url(*server), .body = std::string(2000, 'x')});
  EXPECT_TRUE(!answer || answer->status == 413);
}

TEST(ProcessRunner, RunsGivesOutputAndExitCode) {
  Loop loop;
  const auto runner = make_process_runner(loop);
  const auto done =
      loop.run_until(runner->run({.program = "sh",
                                  .arguments = {"-c", "cat; echo $GREETING; echo no >&2; exit 3"},
                                  .environment = {{"GREETING", "hi"}},
                                  .input = "in "}));
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(done->exit_code, 3);
  EXPECT_EQ(done->out, "in hi\n");
  EXPECT_EQ(done->err, "no\n");
}

TEST(ProcessRunner, WhatIsNotThereTooSlowOrTooLoudIsAnError) {
  Loop loop;
  const auto runner = make_process_runner(loop);
  EXPECT_EQ(loop.run_until(runner->run({.program = "no-such-program-here"})).error().code,
            ErrorCode::not_found);
  EXPECT_EQ(
      loop.run_until(runner->run({.program = "sleep", .arguments = {"100"}, .timeout = 50ms})).error().code,
      ErrorCode::timeout);
  EXPECT_EQ(loop.run_until(runner->run({.program = "sh",
                                        .arguments = {"-c", "while :; do echo xxxxxxxx; done"},
                                        .max_output_bytes = 10'000}))
                .error()
                .code,
            ErrorCode::limit_exceeded);
}

TEST(ProcessRunner, TellsWhenAStartedProcessEnds) {
  Loop loop;
  const auto runner = make_process_runner(loop);
  OneShot<int> ended;
  const auto process =
      runner->start({.program = "sleep", .arguments = {"100"}}, [ended](int code) { ended.set(code); });
  ASSERT_TRUE(process);
  runner->signal(*process, 15);
  EXPECT_EQ(loop.run_until([](OneShot<int> one) -> Task<int> { co_return co_await one; }(ended)), 128 + 15);
}

}  // namespace
}  // namespace wave::net
