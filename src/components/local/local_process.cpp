#include <algorithm>
#include <csignal>
#include <list>

#include "components/kinds.h"
#include "net/process.h"

namespace wave::components {
namespace {

using definitions::KeyType;

constexpr Duration first_restart_delay = 1s;
constexpr Duration longest_restart_delay = 60s;
/// A worker that ran this long had started well.
constexpr Duration ran_well = 10s;

/// Keeps as many processes of a command running as were asked for.
class LocalProcess final : public Component {
 public:
  LocalProcess(std::string id, net::ProcessRunner::Command command, net::Services& services)
      : id_(std::move(id)), command_(std::move(command)), services_(services) {}
  ~LocalProcess() override {
    *alive_ = false;
    for (const auto& worker : workers_) services_.processes.signal(worker.process, SIGTERM);
    services_.runtime.cancel(restart_);
  }
  LocalProcess(const LocalProcess&) = delete;
  LocalProcess& operator=(const LocalProcess&) = delete;

  int stop_signal = SIGTERM;
  Duration grace = 10s;
  Duration ready_delay{0};

  Task<Result<Observation>> observe() override {
    Observation seen;
    const MonoTime now = services_.runtime.mono();
    double ready = 0;
    double running = 0;
    for (const auto& worker : workers_) {
      if (worker.stopping) continue;
      ++running;
      if (now - worker.started >= ready_delay) ++ready;
    }
    if (target_) seen.current["desired"] = static_cast<double>(*target_);
    seen.ready = ready;
    seen.changing = running != ready || workers_.size() != target_.value_or(0);
    if (!problem_.empty()) seen.warnings.push_back(problem_);
    co_return seen;
  }

  Task<Result<Applied>> apply(Change change) override {
    const auto wanted = change.values.find("desired");
    if (wanted == change.values.end()) co_return Applied{.changed = false};
    const auto target = static_cast<std::size_t>(wanted->second);
    const bool changed = target_ != target;
    const auto before = target_;
    target_ = target;
    auto started = fill();
    if (!started) {
      target_ = before;
      trim();
      co_return within("local-process " + id_, std::move(started.error()));
    }
    trim();
    co_return Applied{.changed = changed};
  }

 private:
  struct Worker {
    net::ProcessRunner::ProcessId process = 0;
    std::size_t slot = 0;
    MonoTime started;
    bool stopping = false;
  };

  std::size_t running() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(workers_, [](const Worker& worker) { return !worker.stopping; }));
  }

  std::size_t free_slot() const {
    std::vector<bool> taken(workers_.size() + 1);
    for (const auto& worker : workers_)
      if (worker.slot < taken.size()) taken[worker.slot] = true;
    return static_cast<std::size_t>(std::ranges::find(taken, false) - taken.begin());
  }

  Status fill() {
    while (running() < target_.value_or(0)) {
      auto command = command_;
      const std::size_t slot = free_slot();
      command.environment["WAVE_COMPONENT"] = id_;
      command.environment["WAVE_WORKER"] = std::to_string(slot);
      const auto place = workers_.insert(workers_.end(), Worker{.slot = slot});
      auto started = services_.processes.start(std::move(command), [this, place, alive = alive_](int code) {
        if (*alive) exited(place, code);
      });
      if (!started) {
        workers_.erase(place);
        problem_ = started.error().message;
        return std::unexpected(started.error());
      }
      place->process = *started;
      place->started = services_.runtime.mono();
    }
    return {};
  }

  /// Stops the newest first.
  void trim() {
    std::size_t surplus = running() - std::min(running(), target_.value_or(0));
    for (auto worker = workers_.rbegin(); worker != workers_.rend() && surplus > 0; ++worker) {
      if (worker->stopping) continue;
      worker->stopping = true;
      --surplus;
      services_.processes.signal(worker->process, stop_signal);
      services_.runtime.after(grace, [this, process = worker->process, alive = alive_] {
        if (!*alive) return;
        const auto still = std::ranges::find(workers_, process, &Worker::process);
        if (still != workers_.end() && still->stopping) services_.processes.signal(process, SIGKILL);
      });
    }
  }

  void exited(std::list<Worker>::iterator place, int code) {
    const bool expected = place->stopping;
    const bool well = services_.runtime.mono() - place->started >= ran_well;
    workers_.erase(place);
    if (expected) return;
    problem_ = "a worker ended by itself with " + std::to_string(code);
    restart_delay_ = well ? first_restart_delay : std::min(restart_delay_ * 2, longest_restart_delay);
    services_.runtime.cancel(restart_);
    restart_ = services_.runtime.after(restart_delay_, [this, alive = alive_] {
      if (!*alive) return;
      auto started = fill();
      if (started) problem_.clear();
    });
  }

  std::string id_;
  net::ProcessRunner::Command command_;
  net::Services& services_;
  std::optional<std::size_t> target_;
  std::list<Worker> workers_;
  std::string problem_;
  Duration restart_delay_ = first_restart_delay / 2;
  Runtime::TimerId restart_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

int signal_number(const std::string& name) {
  static const std::map<std::string, int> numbers = {
      {"TERM", SIGTERM}, {"INT", SIGINT}, {"QUIT", SIGQUIT}, {"HUP", SIGHUP}, {"KILL", SIGKILL}};
  const auto found = numbers.find(name);
  return found == numbers.end() ? SIGTERM : found->second;
}

Result<std::unique_ptr<Component>> create_local_process(const definitions::ComponentDefinition& component,
                                                        const definitions::Settings& settings,
                                                        net::Services& services) {
  net::ProcessRunner::Command command{.program = settings.text("command"),
                                      .arguments = settings.list("args"),
                                      .environment = settings.map("environment"),
                                      .directory = settings.text("directory")};
  auto made = std::make_unique<LocalProcess>(component.id, std::move(command), services);
  made->stop_signal = signal_number(settings.text("stop_signal"));
  made->grace = settings.duration("grace");
  made->ready_delay = settings.duration("ready_delay");
  return made;
}

}  // namespace

const Kind& local_process() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::component,
           .name = "local-process",
           .vendor = "local",
           .summary = "Processes of one command on this machine: as many as the plan says.",
           .keys = {{.name = "command",
                     .help = "The program; looked up in PATH when it holds no slash. No shell is involved.",
                     .required = true,
                     .example = "./worker"},
                    {.name = "args", .type = KeyType::list, .help = "Its arguments."},
                    {.name = "environment",
                     .type = KeyType::map,
                     .help = "Variables added to the daemon's; WAVE_WORKER is the worker's number from 0."},
                    {.name = "directory", .help = "Where it runs; without it, where the daemon runs."},
                    {.name = "stop_signal",
                     .type = KeyType::choice,
                     .help = "What stops a worker.",
                     .default_value = "TERM",
                     .choices = "TERM|INT|QUIT|HUP|KILL"},
                    {.name = "grace",
                     .type = KeyType::duration,
                     .help = "How long it may take to stop before it is killed.",
                     .default_value = "10s"},
                    {.name = "ready_delay",
                     .type = KeyType::duration,
                     .help = "How long a worker runs before it counts as ready.",
                     .default_value = "0s"}},
           .values = {{.name = "desired", .help = "How many processes.", .highest = 1000}},
           .ready_after = 1s,
           .ephemeral = true,
           .notes = "The newest workers stop first. One that ends by itself is started again, with a "
                    "growing pause. All end with the daemon; the count is restored when it starts again."},
      .create = &create_local_process};
  return kind;
}

}  // namespace wave::components
