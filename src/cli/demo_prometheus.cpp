#include "cli/demo_prometheus.h"

#include <csignal>
#include <fstream>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace wave::cli {
namespace {

constexpr Duration start_limit = 30s;
constexpr Duration past_limit = 120s;
constexpr const char* install = "install Prometheus, name it with --prometheus, or run `make demo`";

/// A port that is free now; Prometheus cannot be asked to choose one.
int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  (void)::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

std::string configuration(const DemoGauge& gauge) {
  const auto every = std::to_string(gauge.scraped_every / Duration(1ms)) + "ms";
  return "global: { scrape_interval: " + every + ", scrape_timeout: " + every +
         " }\nscrape_configs:\n  - job_name: demo\n    static_configs: [{ targets: ['127.0.0.1:" +
         std::to_string(gauge.port) + "'] }]\n";
}

/// Promtool comes with Prometheus and stands beside it.
std::string promtool(const std::string& prometheus) {
  const auto folder = std::filesystem::path(prometheus).parent_path();
  return folder.empty() ? "promtool" : (folder / "promtool").string();
}

}  // namespace

Task<Status> DemoPrometheus::write_past(const DemoGauge& gauge) {
  const auto file = folder_ / "past.txt";
  {
    std::ofstream out(file);
    out << "# TYPE " << gauge.name << " gauge\n";
    for (const auto& [at, value] : gauge.past)
      out << gauge.name << ' ' << std::to_string(value) << ' '
          << at.time_since_epoch() / std::chrono::seconds(1) << '\n';
    out << "# EOF\n";
  }
  net::ProcessRunner::Command command{.program = promtool(program_),
                                      .arguments = {"tsdb", "create-blocks-from", "openmetrics", "-q",
                                                    file.string(), (folder_ / "tsdb").string()},
                                      .timeout = past_limit};
  auto done = co_await world_.processes->run(std::move(command));
  if (!done) {
    done.error().hint = install;
    co_return std::unexpected(done.error());
  }
  if (done->exit_code != 0) co_return fail(ErrorCode::io, "promtool could not write the past: " + done->err);
  co_return Status{};
}

Task<Status> DemoPrometheus::wait_for(std::string name) {
  const MonoTime end = world_.loop.mono() + start_limit;
  while (world_.loop.mono() < end) {
    net::HttpRequest ask{.url = url() + "/api/v1/query?query=" + name, .timeout = 1s};
    auto answer = co_await world_.http->send(std::move(ask));
    if (answer && answer->body.find("\"value\"") != std::string::npos) co_return Status{};
    co_await world_.loop.sleep(200ms);
  }
  co_return fail(ErrorCode::timeout, "Prometheus has scraped nothing within " + format_duration(start_limit));
}

Task<Status> DemoPrometheus::start(DemoGauge gauge, std::function<void(Error)> ended) {
  auto written = co_await write_past(gauge);
  if (!written) co_return written;
  port_ = free_port();
  const auto file = folder_ / "prometheus.yml";
  std::ofstream(file) << configuration(gauge);
  net::ProcessRunner::Command command{
      .program = program_,
      .arguments = {"--config.file=" + file.string(), "--storage.tsdb.path=" + (folder_ / "tsdb").string(),
                    "--storage.tsdb.retention.time=100y",
                    "--web.listen-address=127.0.0.1:" + std::to_string(port_), "--log.level=error"}};
  auto started = world_.processes->start(std::move(command), [this, ended = std::move(ended)](int code) {
    if (!is_stopping_)
      ended({.code = ErrorCode::io, .message = "Prometheus ended with " + std::to_string(code)});
  });
  if (!started) {
    started.error().hint = install;
    co_return std::unexpected(started.error());
  }
  process_ = *started;
  auto scraped = co_await wait_for(gauge.name);
  co_return scraped;
}

void DemoPrometheus::stop() {
  is_stopping_ = true;
  if (process_) world_.processes->signal(*process_, SIGTERM);
}

}  // namespace wave::cli
