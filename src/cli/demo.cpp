#include <cmath>
#include <csignal>
#include <cstdio>
#include <fstream>

#include <asio/signal_set.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "backtest/backtest.h"
#include "backtest/figures.h"
#include "base/scaled_runtime.h"
#include "cli/commands.h"
#include "cli/demo_prometheus.h"
#include "cli/recorded_load.h"
#include "cli/world.h"
#include "net/http_server.h"

namespace wave::cli {
namespace {

constexpr Duration day = 24h;
/// The recorded day that is replayed; those before it are the past that Prometheus is given.
constexpr std::int64_t demo_day = 9;
constexpr Duration shortest_scrape = 100ms;
constexpr double per_unit = 100;
constexpr double capacity = per_unit / backtest::utilisation;
constexpr Duration ready_after = 20min;

/// Requests a second at a moment of the recording, between the middles of its steps.
double load_at(UtcTime at) {
  const auto load = recorded_load();
  const double place = seconds(at - recorded_begin()) / seconds(recorded_step) - 0.5;
  const double last = static_cast<double>(load.size() - 1);
  const double whole = std::clamp(std::floor(place), 0.0, last);
  const auto before = static_cast<std::size_t>(whole);
  const auto after = std::min(before + 1, load.size() - 1);
  return load[before] + (load[after] - load[before]) * std::clamp(place - whole, 0.0, 1.0);
}

std::string definitions_text(const std::string& prometheus, const std::string& program, bool is_proactive) {
  return "# What the demo runs. Its clock shows a day of 1998 and is fast. Requests a second, as Prometheus\n"
         "# scraped them:\n"
         "kind: Metric\nid: requests\nmetric_kind: prometheus\n"
         "metadata: { endpoint: '" +
         prometheus +
         "', query: demo_requests_per_second }\npolling_interval: 1m\nstale_after: 1h\n---\n"
         "# Real processes of this machine; each serves 20 minutes after its start:\n"
         "kind: ScalingComponent\nid: workers\ncomponent_kind: local-process\n"
         "metadata: { command: '" +
         program +
         "', args: [demo-worker], ready_delay: 20m }\n"
         "limits: { min: 1, max: 20 }\nready_after: 20m\n---\n"
         "kind: ScalingPlan\nid: follow-the-load\ninterval: 1m\nplans:\n"
         "  - id: track\n    target: { metric: requests, per_unit: 100 }\n" +
         (is_proactive ? "    proactive: {}  # starts workers before the load is there\n" : "") +
         "    scaling_components: [{ component_id: workers }]\n";
}

class Demo {
 public:
  Demo(const Arguments& arguments, std::filesystem::path folder)
      : arguments_(arguments),
        folder_(std::move(folder)),
        world_(LogLevel::error),
        prometheus_(world_, arguments.prometheus, folder_) {}
  ~Demo() {
    engine_.reset();
    server_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Demo(const Demo&) = delete;
  Demo& operator=(const Demo&) = delete;

  int run();

 private:
  struct Seen {
    double load = 0;
    double desired = 0;
    double ready = 0;
    std::optional<double> forecast;  ///< the median of what comes when a worker started now is ready
    std::string why;
  };

  Status start();
  Status start_server();
  Status start_engine();
  double factor() const { return seconds(day) / arguments_.seconds; }
  UtcTime begin() const { return recorded_begin() + demo_day * day; }
  UtcTime now() const { return clock_ ? std::min(clock_->utc(), begin() + day) : begin(); }
  Seen look() const;
  void judge();
  void show_line();
  void say_end() const;
  void finish();
  Task<bool> stop();

  const Arguments& arguments_;
  std::filesystem::path folder_;
  World world_;
  DemoPrometheus prometheus_;
  std::unique_ptr<net::HttpServer> server_;
  std::optional<ScaledRuntime> clock_;
  std::unique_ptr<net::Services> services_;
  std::unique_ptr<engine::Engine> engine_;
  asio::signal_set signals_{world_.loop.io(), SIGINT, SIGTERM};
  std::optional<Error> failure_;
  int judged_ = 0;    ///< minutes of the day
  int violated_ = 0;  ///< of them
  bool over_ = false;
};

Status Demo::start_server() {
  auto server = net::HttpServer::listen(
      world_.loop, {.port = 0}, [this](net::ServerRequest) -> Task<net::ServerResponse> {
        co_return net::ServerResponse{
            .content_type = "text/plain; version=0.0.4",
            .body = "# TYPE demo_requests_per_second gauge\ndemo_requests_per_second " +
                    std::to_string(load_at(now())) + "\n"};
      });
  if (!server) return std::unexpected(server.error());
  server_ = std::move(*server);
  return {};
}

Status Demo::start_engine() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto file = folder_ / "wave-definitions.yaml";
  const auto text = definitions_text(prometheus_.url(), program.string(), !arguments_.reactive);
  std::ofstream(file) << text;
  if (!arguments_.json)
    print_line("The definitions, also in " + file.string() + " while this runs:\n\n" + text);
  auto loaded = definitions::load({file}, catalog());
  if (!loaded.ok()) return fail(ErrorCode::internal, loaded.errors.front().text());
  clock_.emplace(world_.loop, begin(), factor());
  services_ = std::make_unique<net::Services>(*clock_, *world_.http, *world_.aws, *world_.processes);
  const auto parts = world_.parts(nullptr);
  engine_ = std::make_unique<engine::Engine>(engine::Parts{.runtime = *clock_,
                                                           .log = parts.log,
                                                           .services = *services_,
                                                           .metric_kinds = parts.metric_kinds,
                                                           .component_kinds = parts.component_kinds,
                                                           .make_expressions = parts.make_expressions,
                                                           .environment = parts.environment},
                                             engine::Options{});
  auto problems = engine_->load(std::move(loaded.definitions));
  if (!problems) return std::unexpected(problems.error());
  if (!problems->empty()) return fail(ErrorCode::internal, problems->front().text());
  return {};
}

Status Demo::start() {
  if (!arguments_.json)
    print_line("Starting Prometheus, with the " + std::to_string(demo_day) +
               " days before as its past, and a traffic generator on free ports of 127.0.0.1 ...");
  if (auto served = start_server(); !served) return served;
  DemoGauge gauge{
      .name = "demo_requests_per_second",
      .port = server_->port(),
      .scraped_every = std::max(shortest_scrape, from_seconds(arguments_.seconds / (seconds(day) / 60))),
      .past = {}};
  for (UtcTime at = recorded_begin(); at < begin(); at += 1min) gauge.past.emplace_back(at, load_at(at));
  auto ready = world_.loop.run_until(prometheus_.start(std::move(gauge), [this](Error error) {
    failure_ = std::move(error);
    world_.loop.stop();
  }));
  if (!ready) return ready;
  return start_engine();
}

Demo::Seen Demo::look() const {
  Seen out;
  const auto* metric = engine_->generation().metric("requests");
  if (metric->sample()) out.load = metric->sample()->value;
  if (const auto& seen = engine_->generation().component("workers")->observation()) {
    const auto desired = seen->current.find("desired");
    if (desired != seen->current.end()) out.desired = desired->second;
    out.ready = seen->ready.value_or(0);
  }
  if (metric->foresight() != nullptr)
    for (const auto& one : metric->foresight()->standings())
      if (one.ask.lead == ready_after && one.forecast) out.forecast = one.forecast->median();
  const auto decision = engine_->latest().find({"workers", "desired"});
  if (decision != engine_->latest().end() && !decision->second.reasons.empty())
    out.why = decision->second.reasons.back().text;
  return out;
}

/// Once a minute of the day: whether what serves was too little.
void Demo::judge() {
  if (over_) return;
  const Seen seen = look();
  // Nothing is judged before the first decision.
  if (seen.desired > 0) ++judged_;
  if (seen.desired > 0 && backtest::is_violated(load_at(now()), seen.ready, capacity)) ++violated_;
  clock_->after(1min, [this] { judge(); });
}

void Demo::show_line() {
  const Seen seen = look();
  if (seen.desired == 0 && !over_) {
    world_.loop.after(20ms, [this] { show_line(); });
    return;
  }
  const auto minute = (now() - begin()) / Duration(1min);
  std::array<char, 8> clock{};
  std::snprintf(clock.data(), clock.size(), "%02d:%02d", static_cast<int>(minute / 60 % 24),
                static_cast<int>(minute % 60));
  if (arguments_.json) {
    print_line(
        nlohmann::json({{"clock", clock.data()},
                        {"load", seen.load},
                        {"forecast", seen.forecast ? nlohmann::json(*seen.forecast) : nlohmann::json()},
                        {"desired", seen.desired},
                        {"ready", seen.ready},
                        {"why", seen.why}})
            .dump());
  } else {
    std::array<char, 16> forecast{"      "};
    if (seen.forecast) std::snprintf(forecast.data(), forecast.size(), "%4.0f/s", *seen.forecast);
    std::array<char, 160> line{};
    std::snprintf(line.data(), line.size(), "%s  load %4.0f/s  in 20m %s  desired %2.0f  ready %2.0f  ",
                  clock.data(), seen.load, forecast.data(), seen.desired, seen.ready);
    const auto ready = static_cast<std::size_t>(seen.ready);
    const auto coming = static_cast<std::size_t>(std::max(seen.desired - seen.ready, 0.0));
    print_line(line.data() + coloured(std::string(ready, '#'), Colour::green) + std::string(coming, '.') +
               "  " + seen.why);
  }
  std::fflush(stdout);
  if (now() >= begin() + day) {
    say_end();
    finish();
    return;
  }
  world_.loop.after(1s, [this] {
    if (!over_) show_line();
  });
}

void Demo::say_end() const {
  if (arguments_.json) {
    print_line(nlohmann::json({{"minutes", judged_}, {"violated_minutes", violated_}}).dump());
    return;
  }
  print_line("\nLoad was above 85 % of what the ready workers carry in " + std::to_string(violated_) +
             " of " + std::to_string(judged_) + " minutes." +
             (arguments_.reactive ? "" : " `demo --reactive` shows the same day without looking ahead."));
}

void Demo::finish() {
  if (over_) return;
  over_ = true;
  spawn(stop(), [this](bool) { world_.loop.stop(); });
}

Task<bool> Demo::stop() {
  co_await engine_->stop(from_seconds(5 * factor()));
  prometheus_.stop();
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
  if (!started) return fail_with(failure_.value_or(started.error()), arguments_.json);
  if (!arguments_.json)
    print_line(
        iso8601(begin()).substr(0, 10) + ", a day of the football World Cup's web site, in " +
        show(arguments_.seconds) +
        " s; # is a worker that serves, . one that starts. Ctrl-C ends it and leaves nothing running.\n");
  judge();
  show_line();
  world_.loop.run();
  if (failure_) return fail_with(*failure_, arguments_.json);
  if (!arguments_.json) print_line("Done; everything is stopped.");
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
