// Answers every request with the same Prometheus vector, as fast as one thread can; prints its port.
#include <cstdio>
#include <memory>
#include <string>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>
#include <asio/streambuf.hpp>
#include <asio/write.hpp>

namespace {

using asio::ip::tcp;

const std::string body =
    R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1795457326.275,"42"]}]}})";
const std::string answer =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
    "\r\n\r\n" + body;

void serve(const std::shared_ptr<tcp::socket>& socket, const std::shared_ptr<asio::streambuf>& buffer) {
  asio::async_read_until(*socket, *buffer, "\r\n\r\n", [=](const std::error_code& error, std::size_t size) {
    if (error) return;
    buffer->consume(size);
    asio::async_write(*socket, asio::buffer(answer), [=](const std::error_code& failed, std::size_t) {
      if (!failed) serve(socket, buffer);
    });
  });
}

void accept(tcp::acceptor& acceptor) {
  acceptor.async_accept([&acceptor](const std::error_code& error, tcp::socket socket) {
    if (error) return;
    socket.set_option(tcp::no_delay(true));
    serve(std::make_shared<tcp::socket>(std::move(socket)), std::make_shared<asio::streambuf>(65536));
    accept(acceptor);
  });
}

}  // namespace

int main() {
  asio::io_context io{1};
  tcp::acceptor acceptor(io, {asio::ip::make_address("127.0.0.1"), 0});
  std::printf("%d\n", static_cast<int>(acceptor.local_endpoint().port()));
  std::fflush(stdout);
  accept(acceptor);
  io.run();
}
