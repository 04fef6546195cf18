#include <cmath>
#include <csignal>
#include <cstdio>
#include <fstream>

#include <arpa/inet.h>
#include <asio/signal_set.hpp>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/demo_day.h"
#include "cli/world.h"
#include "history/sqlite.h"
#include "net/http_server.h"
#include "net/process.h"

namespace wave::cli {
namespace {

constexpr Duration prometheus_limit = 30s;
constexpr double minutes_of_a_day = 1440;

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

std::string prometheus_configuration(int port) {
  return "global: { scrape_interval: 1s, scrape_timeout: 1s }\n"
         "scrape_configs:\n  - job_name: demo\n    static_configs: [{ targets: ['127.0.0.1:" +
         std::to_string(port) + "'] }]\n";
}

std::string definitions_text(int prometheus_port, const std::string& program) {
  return "# What the demo runs. Requests a second, as Prometheus scraped them:\n"
         "kind: Metric\nid: requests\nmetric_kind: prometheus\n"
         "metadata: { endpoint: 'http://127.0.0.1:" +
         std::to_string(prometheus_port) +
         "', query: demo_requests_per_second }\npolling_interval: 1s\nstale_after: 10s\n---\n"
         "# Real processes of this machine:\n"
         "kind: ScalingComponent\nid: workers\ncomponent_kind: local-process\n"
         "metadata: { command: '" +
         program +
         "', args: [demo-worker] }\n"
         "limits: { min: 1, max: 20 }\n"
         "# A second of the demo is minutes of the day; so is this window.\n"
         "behavior: { scale_down: { stabilization_window: 4s } }\n---\n"
         "kind: ScalingPlan\nid: follow-the-load\ninterval: 1s\nplans:\n"
         "  - id: track\n    target: { metric: requests, per_unit: 150 }\n"
         "    scaling_components: [{ component_id: workers }]\n";
}

class Demo {
 public:
  Demo(const Arguments& arguments, std::filesystem::path folder)
      : arguments_(arguments), folder_(std::move(folder)), world_(LogLevel::error) {}
  ~Demo() {
    engine_.reset();
    store_.reset();
    server_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Demo(const Demo&) = delete;
  Demo& operator=(const Demo&) = delete;

  int run();

 private:
  Status start();
  Task<Status> start_prometheus();
  Status start_engine();
  double minute() const;
  double load_at(double minute) const;
  void show_line();
  void finish();
  Task<bool> stop();

  const Arguments& arguments_;
  std::filesystem::path folder_;
  World world_;
  std::unique_ptr<net::HttpServer> server_;
  std::unique_ptr<history::Store> store_;
  std::unique_ptr<engine::Engine> engine_;
  asio::signal_set signals_{world_.loop.io(), SIGINT, SIGTERM};
  MonoTime begun_{};
  int prometheus_port_ = 0;
  std::optional<net::ProcessRunner::ProcessId> prometheus_;
  std::optional<Error> failure_;
  bool over_ = false;
};

double Demo::minute() const {
  const double passed = begun_ == MonoTime{} ? 0 : seconds(world_.loop.mono() - begun_);
  return std::min(passed / arguments_.seconds, 1.0) * minutes_of_a_day;
}

double Demo::load_at(double minute) const {
  const double place = minute / 5;
  const auto before = std::min(static_cast<std::size_t>(place), demo_day.size() - 1);
  const auto after = std::min(before + 1, demo_day.size() - 1);
  return demo_day[before] + (demo_day[after] - demo_day[before]) * (place - std::floor(place));
}

Task<Status> Demo::start_prometheus() {
  prometheus_port_ = free_port();
  const auto file = folder_ / "prometheus.yml";
  std::ofstream(file) << prometheus_configuration(server_->port());
  net::ProcessRunner::Command command{
      .program = arguments_.prometheus.empty() ? "prometheus" : arguments_.prometheus,
      .arguments = {"--config.file=" + file.string(), "--storage.tsdb.path=" + (folder_ / "tsdb").string(),
                    "--web.listen-address=127.0.0.1:" + std::to_string(prometheus_port_),
                    "--log.level=error"}};
  auto started = world_.processes->start(std::move(command), [this](int code) {
    if (over_) return;
    failure_ = Error{.code = ErrorCode::io, .message = "Prometheus ended with " + std::to_string(code)};
    world_.loop.stop();
  });
  if (!started) {
    started.error().hint = "install Prometheus, name it with --prometheus, or run `make demo`";
    co_return std::unexpected(started.error());
  }
  prometheus_ = *started;
  const MonoTime end = world_.loop.mono() + prometheus_limit;
  while (world_.loop.mono() < end) {
    net::HttpRequest ask{.url = "http://127.0.0.1:" + std::to_string(prometheus_port_) +
                                "/api/v1/query?query=demo_requests_per_second",
                         .timeout = 1s};
    auto answer = co_await world_.http->send(std::move(ask));
    if (answer && answer->body.find("\"value\"") != std::string::npos) co_return Status{};
    co_await world_.loop.sleep(200ms);
  }
  co_return fail(ErrorCode::timeout, "Prometheus has scraped nothing within 30 s");
}

Status Demo::start_engine() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto file = folder_ / "wave-definitions.yaml";
  const auto text = definitions_text(prometheus_port_, program.string());
  std::ofstream(file) << text;
  if (!arguments_.json)
    print_line("The definitions, also in " + file.string() + " while this runs:\n\n" + text);
  auto loaded = definitions::load({file}, catalog());
  if (!loaded.ok()) return fail(ErrorCode::internal, loaded.errors.front().text());
  auto store = history::open_sqlite(world_.loop, folder_ / "wave.db", {});
  if (!store) return std::unexpected(store.error());
  store_ = std::move(*store);
  engine_ = std::make_unique<engine::Engine>(world_.parts(store_.get()), engine::Options{});
  auto problems = engine_->load(std::move(loaded.definitions));
  if (!problems) return std::unexpected(problems.error());
  if (!problems->empty()) return fail(ErrorCode::internal, problems->front().text());
  return {};
}

Status Demo::start() {
  if (!arguments_.json)
    print_line("Starting Prometheus and a traffic generator on free ports of 127.0.0.1 ...");
  auto server = net::HttpServer::listen(
      world_.loop, {.port = 0}, [this](net::ServerRequest) -> Task<net::ServerResponse> {
        co_return net::ServerResponse{
            .content_type = "text/plain; version=0.0.4",
            .body = "# TYPE demo_requests_per_second gauge\ndemo_requests_per_second " +
                    std::to_string(load_at(minute())) + "\n"};
      });
  if (!server) return std::unexpected(server.error());
  server_ = std::move(*server);
  auto ready = world_.loop.run_until(start_prometheus());
  if (!ready) return ready;
  return start_engine();
}

void Demo::show_line() {
  const auto* metric = engine_->generation().metric("requests");
  const auto* component = engine_->generation().component("workers");
  const auto& seen = component->observation();
  const int now = static_cast<int>(minute());
  const double load = metric->sample() ? metric->sample()->value : 0;
  const double desired = seen && seen->current.contains("desired") ? seen->current.at("desired") : 0;
  const double ready = seen && seen->ready ? *seen->ready : 0;
  const auto& latest = engine_->latest();
  const auto decision = latest.find({"workers", "desired"});
  const std::string why = decision == latest.end() || decision->second.reasons.empty()
                              ? ""
                              : decision->second.reasons.back().text;
  std::array<char, 8> clock{};
  std::snprintf(clock.data(), clock.size(), "%02d:%02d", now / 60 % 24, now % 60);
  if (arguments_.json) {
    print_line(
        nlohmann::json(
            {{"clock", clock.data()}, {"load", load}, {"desired", desired}, {"ready", ready}, {"why", why}})
            .dump());
  } else {
    std::array<char, 160> line{};
    std::snprintf(line.data(), line.size(), "%s  load %6.0f/s  desired %2.0f  ready %2.0f  ", clock.data(),
                  load, desired, ready);
    print_line(line.data() + coloured(std::string(static_cast<std::size_t>(ready), '#'), Colour::green) +
               "  " + why);
  }
  std::fflush(stdout);
  if (now >= static_cast<int>(minutes_of_a_day)) {
    finish();
    return;
  }
  world_.loop.after(1s, [this] {
    if (!over_) show_line();
  });
}

void Demo::finish() {
  if (over_) return;
  over_ = true;
  spawn(stop(), [this](bool) { world_.loop.stop(); });
}

Task<bool> Demo::stop() {
  co_await engine_->stop(5s);
  if (prometheus_) world_.processes->signal(*prometheus_, SIGTERM);
  co_await world_.loop.sleep(300ms);
  co_return true;
}

int Demo::run() {
  bool interrupted = false;
  signals_.async_wait([this, &interrupted](const std::error_code& error, int) {
    if (error) return;
    interrupted = true;
    if (engine_) {
      finish();
    } else {
      failure_ = Error{.code = ErrorCode::timeout, .message = "interrupted"};
      world_.loop.stop();
    }
  });
  auto started = start();
  if (interrupted) return exit_failed;
  if (!started) return fail_with(started.error(), arguments_.json);
  begun_ = world_.loop.mono();
  if (!arguments_.json)
    print_line("One recorded day in " + show(arguments_.seconds) +
               " s. Ctrl-C ends it and leaves nothing running.\n");
  show_line();
  world_.loop.run();
  if (failure_) return fail_with(*failure_, arguments_.json);
  if (!arguments_.json) print_line("\nDone; everything is stopped.");
  return exit_done;
}

}  // namespace

int demo(const Arguments& arguments) {
  std::string pattern =
      (std::filesystem::temp_directory_path() / ("wave-demo-" + std::string(6, 'X'))).string();
  if (::mkdtemp(pattern.data()) == nullptr)
    return fail_with({.code = ErrorCode::io, .message = "no temporary folder can be made"}, arguments.json);
  Demo demo(arguments, pattern);
  return demo.run();
}

int demo_worker() {
  ::signal(SIGTERM, SIG_DFL);
  ::pause();
  return exit_done;
}

}  // namespace wave::cli
