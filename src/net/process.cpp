#include "net/process.h"

#include <array>
#include <cstring>

#include <asio/posix/stream_descriptor.hpp>
#include <asio/write.hpp>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/make.h"

namespace wave::net {
namespace {

constexpr std::size_t most_error_bytes = 4096;
constexpr std::size_t most_children = 10'000;

struct Pipe {
  int read = -1;
  int write = -1;
  ~Pipe() { close_all(); }
  bool open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read = ends[0];
    write = ends[1];
    return true;
  }
  static void close_one(int& end) {
    if (end >= 0) ::close(std::exchange(end, -1));
  }
  void close_all() {
    close_one(read);
    close_one(write);
  }
};

std::string find_program(const std::string& program) {
  if (program.find('/') != std::string::npos) return program;
  const char* path = ::getenv("PATH");
  std::string_view rest = path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
  while (true) {
    const auto colon = rest.find(':');
    std::string candidate(rest.substr(0, colon));
    candidate += (candidate.empty() ? "./" : "/") + program;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    if (colon == std::string_view::npos) return {};
    rest.remove_prefix(colon + 1);
  }
}

/// Everything the child needs after fork, made before: between fork and exec nothing may allocate.
struct Prepared {
  std::string program;
  std::vector<std::string> words;
  std::vector<char*> arguments;
  std::vector<std::string> settings;
  std::vector<char*> environment;
  std::string directory;

  explicit Prepared(const ProcessRunner::Command& command)
      : program(find_program(command.program)), directory(command.directory) {
    words.push_back(command.program);
    words.insert(words.end(), command.arguments.begin(), command.arguments.end());
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    for (char** one = ::environ; one != nullptr && *one != nullptr; ++one) {
      const std::string_view setting(*one);
      if (!command.environment.contains(std::string(setting.substr(0, setting.find('=')))))
        settings.emplace_back(setting);
    }
    for (const auto& [name, value] : command.environment) settings.push_back(name + "=" + value);
    for (auto& setting : settings) environment.push_back(setting.data());
    environment.push_back(nullptr);
  }
};

struct Ends {
  int in = -1;
  int out = -1;  ///< -1: ours
  int err = -1;
};

/// Runs in the child: async-signal-safe calls only.
[[noreturn]] void become(const Prepared& prepared, Ends ends, pid_t parent, int report) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::dup2(ends.in, STDIN_FILENO);
  if (ends.out >= 0) ::dup2(ends.out, STDOUT_FILENO);
  if (ends.err >= 0) ::dup2(ends.err, STDERR_FILENO);
  const bool moved = prepared.directory.empty() || ::chdir(prepared.directory.c_str()) == 0;
  if (moved) ::execve(prepared.program.c_str(), prepared.arguments.data(), prepared.environment.data());
  const int why = errno;
  [[maybe_unused]] const auto told = ::write(report, &why, sizeof why);
  ::_exit(127);
}

Result<pid_t> launch(const ProcessRunner::Command& command, Ends ends) {
  const Prepared prepared(command);
  if (prepared.program.empty())
    return fail(ErrorCode::not_found, "program '" + command.program + "' is not in PATH");
  Pipe report;
  if (!report.open()) return fail(ErrorCode::io, std::string("no pipe: ") + std::strerror(errno), true);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return fail(ErrorCode::io, std::string("no process: ") + std::strerror(errno), true);
  if (child == 0) become(prepared, ends, parent, report.write);
  ::setpgid(child, child);
  Pipe::close_one(report.write);
  int why = 0;
  ssize_t got = 0;
  do {
    got = ::read(report.read, &why, sizeof why);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return child;
  ::waitpid(child, nullptr, 0);
  return fail(why == ENOENT || why == EACCES ? ErrorCode::not_found : ErrorCode::io,
              "program '" + command.program + "' cannot be started: " + std::strerror(why));
}

int exit_code(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

using Descriptor = asio::posix::stream_descriptor;

class AsioProcessRunner final : public ProcessRunner {
 public:
  explicit AsioProcessRunner(Loop& loop) : loop_(loop) { ::signal(SIGPIPE, SIG_IGN); }
  ~AsioProcessRunner() override;
  AsioProcessRunner(const AsioProcessRunner&) = delete;
  AsioProcessRunner& operator=(const AsioProcessRunner&) = delete;

  Task<Result<Output>> run(Command command) override;
  Result<ProcessId> start(Command command, std::function<void(int)> exited) override;
  void signal(ProcessId process, int signal_number) override;

 private:
  struct Child {
    Child(asio::io_context& io, int fd) : exit(io, fd) {}
    Descriptor exit;  ///< a pidfd
    std::function<void(int)> exited;
  };
  /// Output that is being collected.
  struct Stream {
    Stream(asio::io_context& io, int fd, std::size_t limit) : descriptor(io, fd), most(limit) {}
    Descriptor descriptor;
    std::size_t most;
    std::string text;
    std::array<char, 8192> buffer{};
    bool overflow = false;
  };

  Status watch(pid_t child, std::function<void(int)> exited);
  void collect(const std::shared_ptr<Stream>& stream, const OneShot<bool>& closed, pid_t group);

  Loop& loop_;
  std::map<ProcessId, std::shared_ptr<Child>> children_;
};

AsioProcessRunner::~AsioProcessRunner() {
  for (const auto& [id, child] : children_) {
    ::kill(-id, SIGKILL);
    ::waitpid(id, nullptr, 0);
  }
}

Status AsioProcessRunner::watch(pid_t child, std::function<void(int)> exited) {
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
  if (fd < 0) {
    ::kill(-child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    return fail(ErrorCode::io, std::string("no pidfd: ") + std::strerror(errno), true);
  }
  auto made = std::make_shared<Child>(loop_.io(), fd);
  made->exited = std::move(exited);
  children_[child] = made;
  made->exit.async_wait(Descriptor::wait_read, [this, made, child](const std::error_code& error) {
    if (error) return;
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) != child) return;
    children_.erase(child);
    if (made->exited) made->exited(exit_code(status));
  });
  return {};
}

Result<ProcessRunner::ProcessId> AsioProcessRunner::start(Command command, std::function<void(int)> exited) {
  if (children_.size() >= most_children)
    return fail(ErrorCode::limit_exceeded, "more than 10,000 processes", true);
  Pipe nothing;
  nothing.read = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  auto child = launch(command, {.in = nothing.read});
  if (!child) return std::unexpected(child.error());
  auto watched = watch(*child, std::move(exited));
  if (!watched) return std::unexpected(watched.error());
  return *child;
}

void AsioProcessRunner::signal(ProcessId process, int signal_number) {
  if (children_.contains(process)) ::kill(-process, signal_number);
}

void AsioProcessRunner::collect(const std::shared_ptr<Stream>& stream, const OneShot<bool>& closed,
                                pid_t group) {
  stream->descriptor.async_read_some(
      asio::buffer(stream->buffer),
      [this, stream, closed, group](const std::error_code& error, std::size_t size) {
        if (error) {
          closed.set(true);
          return;
        }
        const std::size_t room = stream->most - stream->text.size();
        stream->text.append(stream->buffer.data(), std::min(size, room));
        if (size > room && !stream->overflow) {
          stream->overflow = true;
          // Only standard output is what was asked for; too many words on standard error are cut.
          if (stream->most > most_error_bytes) signal(group, SIGKILL);
        }
        collect(stream, closed, group);
      });
}

Task<Result<ProcessRunner::Output>> AsioProcessRunner::run(Command command) {
  Pipe in;
  Pipe out;
  Pipe err;
  if (!in.open() || !out.open() || !err.open())
    co_return fail(ErrorCode::io, std::string("no pipe: ") + std::strerror(errno), true);
  auto child = launch(command, {.in = in.read, .out = out.write, .err = err.write});
  if (!child) co_return std::unexpected(child.error());
  Pipe::close_one(in.read);
  Pipe::close_one(out.write);
  Pipe::close_one(err.write);
  OneShot<int> exited;
  auto watched = watch(*child, [exited](int code) { exited.set(code); });
  if (!watched) co_return std::unexpected(watched.error());
  auto& io = loop_.io();
  const auto standard_out =
      std::make_shared<Stream>(io, std::exchange(out.read, -1), command.max_output_bytes);
  const auto standard_err = std::make_shared<Stream>(io, std::exchange(err.read, -1), most_error_bytes);
  OneShot<bool> out_closed;
  OneShot<bool> err_closed;
  collect(standard_out, out_closed, *child);
  collect(standard_err, err_closed, *child);
  const auto input = std::make_shared<Descriptor>(io, std::exchange(in.write, -1));
  const auto text = std::make_shared<std::string>(std::move(command.input));
  asio::async_write(*input, asio::buffer(*text), [input, text](const std::error_code&, std::size_t) {
    // Its end of file.
    std::error_code ignored;
    input->close(ignored);
  });
  const auto late = std::make_shared<bool>(false);
  const auto timer = loop_.after(command.timeout, [late, group = *child, standard_out, standard_err, input] {
    *late = true;
    ::kill(-group, SIGKILL);
    // A grandchild of another group may keep the pipes open.
    standard_out->descriptor.close();
    standard_err->descriptor.close();
    input->close();
  });
  const int code = co_await exited;
  co_await out_closed;
  co_await err_closed;
  loop_.cancel(timer);
  if (*late) {
    co_return fail(ErrorCode::timeout,
                   "'" + command.program + "' took longer than " + format_duration(command.timeout), true);
  }
  if (standard_out->overflow)
    co_return fail(ErrorCode::limit_exceeded, "'" + command.program + "' printed too much");
  co_return Output{
      .exit_code = code, .out = std::move(standard_out->text), .err = std::move(standard_err->text)};
}

}  // namespace

std::unique_ptr<ProcessRunner> make_process_runner(Loop& loop) {
  return std::make_unique<AsioProcessRunner>(loop);
}

}  // namespace wave::net
