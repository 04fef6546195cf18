// The systems that a thousand metrics ask, on loopback ports: quick ones, and ten that take 2 s to answer.
// Writes the definitions of those metrics to a file, says so, and when its input ends prints how far the time
// between two requests of a metric at a quick endpoint was from the second that it should be.
#include <fstream>
#include <iostream>
#include <map>
#include <memory>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/read.hpp>
#include <asio/read_until.hpp>
#include <asio/steady_timer.hpp>
#include <asio/streambuf.hpp>
#include <asio/write.hpp>

#include "thousand.h"

namespace {

using asio::ip::tcp;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto warm_up = 10s;
constexpr auto interval = 1s;

/// When each metric asked last, and how far from its interval that was.
struct Arrivals {
  Clock::time_point begun = Clock::now();
  std::map<std::string, Clock::time_point> last;
  std::vector<double> off_ms;
  std::size_t slow = 0;

  void note(const std::string& metric) {
    const auto now = Clock::now();
    const auto before = std::exchange(last[metric], now);
    if (before == Clock::time_point{} || before - begun < warm_up) return;
    off_ms.push_back(std::abs(std::chrono::duration<double, std::milli>(now - before - interval).count()));
  }
};

std::string field(const std::string& head, std::string name) {
  auto begin = head.find("\r\n" + name + ": ");
  if (begin == head.npos) return {};
  begin += name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

struct Connection : std::enable_shared_from_this<Connection> {
  Connection(tcp::socket one, const wave::bench::Endpoint& of, Arrivals& all)
      : socket(std::move(one)), endpoint(of), arrivals(all), timer(socket.get_executor()) {}

  void read_head() {
    asio::async_read_until(socket, buffer, "\r\n\r\n",
                           [self = shared_from_this()](auto error, std::size_t size) {
                             if (error) return;
                             const auto data = self->buffer.data();
                             const std::string head(asio::buffers_begin(data),
                                                    asio::buffers_begin(data) + static_cast<long>(size));
                             self->buffer.consume(size);
                             const std::string metric = field(head, "X-Metric");
                             if (self->endpoint.is_slow) ++self->arrivals.slow;
                             if (!self->endpoint.is_slow && !metric.empty()) self->arrivals.note(metric);
                             const std::string length = field(head, "Content-Length");
                             self->read_body(length.empty() ? 0 : std::stoul(length));
                           });
  }

  void read_body(std::size_t length) {
    const std::size_t left = length - std::min(length, buffer.size());
    asio::async_read(socket, buffer, asio::transfer_exactly(left),
                     [self = shared_from_this(), length](auto error, std::size_t) {
                       if (error) return;
                       self->buffer.consume(length);
                       self->timer.expires_after(self->endpoint.is_slow ? 2s : 0s);
                       self->timer.async_wait([self](auto stopped) {
                         if (!stopped) self->write();
                       });
                     });
  }

  void write() {
    const std::string& body = endpoint.subject.good;
    answer = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    asio::async_write(socket, asio::buffer(answer), [self = shared_from_this()](auto error, std::size_t) {
      if (!error) self->read_head();
    });
  }

  tcp::socket socket;
  const wave::bench::Endpoint& endpoint;
  Arrivals& arrivals;
  asio::steady_timer timer;
  asio::streambuf buffer{1 << 20};
  std::string answer;
};

void accept(tcp::acceptor& acceptor, const wave::bench::Endpoint& endpoint, Arrivals& arrivals) {
  acceptor.async_accept([&](const std::error_code& error, tcp::socket socket) {
    if (error) return;
    socket.set_option(tcp::no_delay(true));
    std::make_shared<Connection>(std::move(socket), endpoint, arrivals)->read_head();
    accept(acceptor, endpoint, arrivals);
  });
}

}  // namespace

int main(int, char** argv) {
  asio::io_context io{1};
  Arrivals arrivals;
  auto endpoints = wave::bench::endpoints();
  std::vector<std::unique_ptr<tcp::acceptor>> acceptors;
  for (auto& one : endpoints) {
    acceptors.push_back(
        std::make_unique<tcp::acceptor>(io, tcp::endpoint{asio::ip::make_address("127.0.0.1"), 0}));
    one.base = "http://127.0.0.1:" + std::to_string(acceptors.back()->local_endpoint().port());
    accept(*acceptors.back(), one, arrivals);
  }
  std::ofstream(argv[1]) << wave::bench::thousand_metrics(endpoints, "logger");
  std::cout << "ready" << std::endl;
  asio::posix::stream_descriptor input(io, 0);
  char byte = 0;
  asio::async_read(input, asio::buffer(&byte, 1), [&](const std::error_code&, std::size_t) { io.stop(); });
  io.run();
  auto& all = arrivals.off_ms;
  std::ranges::sort(all);
  if (all.empty()) all.push_back(0);
  std::cout << all.size() << ' ' << all[all.size() / 2] << ' ' << all[all.size() * 99 / 100] << ' '
            << all.back() << ' ' << arrivals.slow << std::endl;
}
