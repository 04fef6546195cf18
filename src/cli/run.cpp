#include <csignal>

#include <asio/signal_set.hpp>

#include "api/api.h"
#include "cli/commands.h"
#include "cli/systemd.h"
#include "cli/watch.h"
#include "cli/world.h"
#include "history/sqlite.h"

namespace wave::cli {
namespace {

constexpr Duration look_at_files_every = 2s;
constexpr Duration stop_within = 15s;

/// The daemon: what `run` starts and SIGTERM stops.
class Daemon {
 public:
  Daemon(const Arguments& arguments, const Configuration& configuration)
      : configuration_(configuration),
        dry_run_(arguments.dry_run),
        world_(configuration.log_level, configuration.log_json) {}

  Status start(std::vector<std::filesystem::path> paths, definitions::Loaded loaded);
  void run();
  /// What is wrong with the definitions when `start` says invalid_argument.
  const std::vector<definitions::Problem>& problems() const { return problems_; }

 private:
  Status listen(const std::string& token);
  api::Reloaded reload();
  void watch_files();
  void watch_signals();
  Task<bool> stop();

  const Configuration& configuration_;
  bool dry_run_;
  World world_;
  std::unique_ptr<history::Store> store_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<api::Api> api_;
  std::unique_ptr<net::HttpServer> server_;
  std::vector<std::filesystem::path> paths_;
  std::string fingerprint_;
  std::vector<definitions::Problem> problems_;
  asio::signal_set signals_{world_.loop.io(), SIGTERM, SIGINT, SIGHUP};
  bool stopping_ = false;
};

Status Daemon::listen(const std::string& token) {
  api_ = std::make_unique<api::Api>(world_.loop, *engine_, *store_,
                                    api::Options{.token = token, .loopback_only = configuration_.loopback()},
                                    [this] { return reload(); });
  auto server = net::HttpServer::listen(
      world_.loop, {.address = configuration_.address, .port = configuration_.port},
      [this](net::ServerRequest request) { return api_->handle(std::move(request)); });
  if (!server) {
    if (server.error().code == ErrorCode::unavailable)
      server.error().hint = "choose another port with WAVE_PORT or `port:`, or stop what listens on this one";
    return std::unexpected(server.error());
  }
  server_ = std::move(*server);
  return {};
}

Status Daemon::start(std::vector<std::filesystem::path> paths, definitions::Loaded loaded) {
  paths_ = std::move(paths);
  fingerprint_ = fingerprint(paths_);
  auto store = history::open_sqlite(world_.loop, configuration_.database, configuration_.retention);
  if (!store) return std::unexpected(store.error());
  store_ = std::move(*store);
  if (const auto health = store_->health(); !health.writable)
    world_.log.error("history is not what it should be", {{"problem", health.problem}});
  engine_ =
      std::make_unique<engine::Engine>(world_.parts(store_.get()), engine::Options{.dry_run = dry_run_});
  auto token = read_token(configuration_, true);
  if (!token) return std::unexpected(token.error());
  // Before anything is scaled: a second daemon on this port must not have acted.
  if (auto listening = listen(*token); !listening) return listening;
  auto problems = engine_->load(std::move(loaded.definitions));
  if (!problems) return std::unexpected(problems.error());
  problems_ = std::move(*problems);
  if (!problems_.empty()) return fail(ErrorCode::invalid_argument, "the definitions are invalid");
  watch_signals();
  watch_files();
  return {};
}

void Daemon::run() {
  world_.log.info("running", {{"version", WAVE_VERSION},
                              {"api", configuration_.address + ":" + std::to_string(server_->port())},
                              {"dry_run", dry_run_ ? "true" : "false"}});
  notify_systemd("READY=1");
  world_.loop.run();
  // In this order: nobody asks any more, then nothing is left to answer for.
  server_.reset();
  engine_.reset();
  store_.reset();
  world_.log.info("stopped");
}

api::Reloaded Daemon::reload() {
  notify_systemd("RELOADING=1");
  auto loaded = definitions::load(paths_, catalog());
  const auto& read = loaded.definitions;
  // A file that is just being written, or a folder that is gone, is no wish to forget everything.
  if (loaded.ok() && read.metrics.empty() && read.components.empty() && read.plans.empty() &&
      read.events.empty())
    loaded.errors.push_back(
        {.file = paths_.front().string(), .line = 1, .column = 1, .message = "there are no documents"});
  if (loaded.ok()) {
    auto problems = engine_->load(std::move(loaded.definitions));
    if (problems) {
      loaded.errors = std::move(*problems);
    } else {
      loaded.errors.push_back({.message = problems.error().text()});
    }
  }
  if (loaded.ok()) {
    world_.log.info("definitions reloaded");
  } else {
    for (const auto& problem : loaded.errors)
      world_.log.error("definitions are invalid; nothing has changed", {{"problem", problem.text()}});
  }
  notify_systemd("READY=1");
  api_->definitions_read(loaded.errors);
  return {.problems = std::move(loaded.errors)};
}

void Daemon::watch_files() {
  world_.loop.after(look_at_files_every, [this] {
    if (stopping_) return;
    auto now = fingerprint(paths_);
    if (now != fingerprint_) {
      fingerprint_ = std::move(now);
      reload();
    }
    watch_files();
  });
}

void Daemon::watch_signals() {
  signals_.async_wait([this](const std::error_code& error, int number) {
    if (error) return;
    if (number == SIGHUP) {
      fingerprint_ = fingerprint(paths_);
      reload();
    } else if (stopping_) {
      world_.loop.stop();
    } else {
      stopping_ = true;
      world_.log.info("stopping", {{"signal", number == SIGTERM ? "TERM" : "INT"}});
      notify_systemd("STOPPING=1");
      spawn(stop(), [this](bool) { world_.loop.stop(); });
    }
    watch_signals();
  });
}

Task<bool> Daemon::stop() {
  co_await engine_->stop(stop_within);
  co_return true;
}

}  // namespace

int run_daemon(const Arguments& arguments, const Configuration& configuration) {
  const auto paths = definition_paths(arguments, configuration);
  if (!paths) return fail_with(paths.error(), arguments.json);
  auto loaded = definitions::load(*paths, catalog());
  const std::string invalid = "the definitions are invalid; nothing started";
  if (!loaded.ok()) return fail_invalid(loaded.errors, loaded.warnings, arguments.json, invalid);
  print_problems({}, loaded.warnings);
  Daemon daemon(arguments, configuration);
  auto started = daemon.start(*paths, std::move(loaded));
  if (!daemon.problems().empty()) return fail_invalid(daemon.problems(), {}, arguments.json, invalid);
  if (!started) return fail_with(started.error(), arguments.json);
  daemon.run();
  return exit_done;
}

}  // namespace wave::cli
