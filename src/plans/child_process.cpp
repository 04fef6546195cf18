#include "plans/child_process.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

#include <asio/posix/stream_descriptor.hpp>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/loop.h"
#include "plans/javascript/child_contract.h"

namespace wave::plans {
namespace {

using namespace javascript;

constexpr Duration starting_limit = 10s;  // of CPU: loading the engine takes 30 ms
constexpr Duration compile_limit = 2s;    // of CPU, for one source
constexpr Duration stopped_limit = 10s;   // of waiting, for a child that gets no CPU
constexpr std::size_t read_step = 256u << 10;

Error system_error(const std::string& what) {
  return {.code = ErrorCode::io, .message = what + ": " + std::strerror(errno), .retryable = true};
}

/// Notices a child that works without getting anywhere. What counts is its CPU time: a busy machine is no
/// reason to kill.
class Patience {
 public:
  explicit Patience(Duration kill_after) : kill_after_(kill_after) {}
  void reset(std::uint64_t beat, Duration cpu) {
    beat_ = beat;
    cpu_ = cpu;
    waited_ = Duration{0};
  }
  bool is_over(const Progress& progress, Duration cpu, Duration waited) {
    const std::uint64_t beat = progress.beat.load(std::memory_order_acquire);
    if (beat != beat_) reset(beat, cpu);
    waited_ += waited;
    Duration limit = kill_after_;
    const auto phase = progress.phase.load(std::memory_order_relaxed);
    if (phase == Progress::idle) limit = starting_limit;
    if (phase == Progress::analysing || phase == Progress::installing) limit = compile_limit;
    return cpu - cpu_ >= limit || waited_ >= std::max(stopped_limit, limit);
  }
  /// How often to look.
  Duration step() const { return std::max<Duration>(kill_after_ / 6, 2ms); }

 private:
  Duration kill_after_;
  std::uint64_t beat_ = 0;
  Duration cpu_{0};
  Duration waited_{0};
};

}  // namespace

struct ChildProcess::Impl {
  Loop* loop = nullptr;
  pid_t pid = -1;
  int socket = -1;
  clockid_t cpu_clock{};
  Progress* progress = nullptr;
  Patience patience{70ms};
  std::string outgoing;
  std::size_t sent = 0;
  std::string incoming;
  bool dead = false;
  bool silent = false;
  bool crashed = false;
  std::optional<asio::posix::stream_descriptor> watched;
  Runtime::TimerId timer = 0;
  std::optional<OneShot<bool>> waiting;
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);  ///< two handlers may be on their way at once

  ~Impl();
  Status spawn(int their_socket, int progress_descriptor);
  Duration cpu() const;
  void end();
  void begin_asking(const Request& request);
  bool pump();
  bool push();
  bool pull();
  bool answered() const;
  Exchange take();
  void wait_readable();
  void wait_writable();
  void watch_silence();
  void woken();
};

ChildProcess::Impl::~Impl() {
  if (loop != nullptr && timer != 0) loop->cancel(timer);
  end();
  if (watched) watched->release();
  if (socket >= 0) close(socket);
  if (progress != nullptr) munmap(progress, sizeof(Progress));
}

/// The program that runs now, also when its file was replaced meanwhile.
Status ChildProcess::Impl::spawn(int their_socket, int progress_descriptor) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  // Both ends are above child_progress here, so that neither dup2 overwrites the other's source.
  posix_spawn_file_actions_adddup2(&actions, their_socket, child_socket);
  posix_spawn_file_actions_adddup2(&actions, progress_descriptor, child_progress);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::string name = "wave-autoscale";
  std::string argument = child_argument;
  std::string zone = "TZ=UTC";
  char* const arguments[] = {name.data(), argument.data(), nullptr};
  char* const environment[] = {zone.data(), nullptr};
  const int error = posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, arguments, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error == 0) {
    clock_getcpuclockid(pid, &cpu_clock);
    return {};
  }
  pid = -1;
  errno = error;
  return std::unexpected(system_error("cannot start the process for expressions"));
}

Duration ChildProcess::Impl::cpu() const {
  timespec time{};
  if (clock_gettime(cpu_clock, &time) != 0) return Duration{0};
  return std::chrono::duration_cast<Duration>(std::chrono::seconds(time.tv_sec) +
                                              std::chrono::nanoseconds(time.tv_nsec));
}

void ChildProcess::Impl::end() {
  dead = true;
  if (pid <= 0) return;
  kill(pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  crashed = !silent && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  pid = -1;
}

void ChildProcess::Impl::begin_asking(const Request& request) {
  Writer writer;
  writer(request);
  outgoing = std::move(writer).framed();
  sent = 0;
  incoming.clear();
  progress->phase.store(Progress::idle, std::memory_order_relaxed);
  patience.reset(progress->beat.load(std::memory_order_acquire), cpu());
}

bool ChildProcess::Impl::push() {
  while (sent < outgoing.size()) {
    const ssize_t put =
        send(socket, outgoing.data() + sent, outgoing.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno == EAGAIN;
    sent += static_cast<std::size_t>(put);
  }
  return true;
}

bool ChildProcess::Impl::answered() const {
  return incoming.size() >= 4 && incoming.size() - 4 >= framed_size(incoming);
}

bool ChildProcess::Impl::pull() {
  while (!answered()) {
    const std::size_t before = incoming.size();
    incoming.resize(before + read_step);
    const ssize_t got = recv(socket, incoming.data() + before, read_step, MSG_DONTWAIT);
    incoming.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno == EAGAIN;
    if (got == 0 || (incoming.size() >= 4 && framed_size(incoming) > max_message)) return false;
  }
  return true;
}

/// Moves bytes without waiting; true when the asking is over.
bool ChildProcess::Impl::pump() {
  if (!push() || !pull()) end();
  return dead || answered();
}

Exchange ChildProcess::Impl::take() {
  Exchange out;
  if (!dead) {
    Reader reader(std::string_view(incoming).substr(4));
    Reply reply;
    reader(reply);
    if (reader.ok()) {
      out.reply = std::move(reply);
    } else {
      end();
    }
  }
  out.silent = silent;
  out.crashed = crashed;
  out.phase = static_cast<Progress::Phase>(progress->phase.load(std::memory_order_relaxed));
  out.index = progress->index.load(std::memory_order_relaxed);
  outgoing.clear();
  if (incoming.capacity() > read_step * 8) std::string().swap(incoming);
  return out;
}

void ChildProcess::Impl::woken() {
  if (!waiting || !pump()) return;
  loop->cancel(std::exchange(timer, 0));
  const OneShot<bool> done = *std::exchange(waiting, std::nullopt);
  done.set(true);  // may destroy this
}

void ChildProcess::Impl::wait_readable() {
  watched->async_wait(asio::posix::stream_descriptor::wait_read,
                      [this, here = std::weak_ptr(alive)](const std::error_code& error) {
                        if (error || here.expired()) return;
                        const bool more = waiting && !answered();
                        if (more) {
                          if (!pump()) return wait_readable();
                          woken();
                        }
                      });
}

void ChildProcess::Impl::wait_writable() {
  watched->async_wait(asio::posix::stream_descriptor::wait_write,
                      [this, here = std::weak_ptr(alive)](const std::error_code& error) {
                        if (error || here.expired() || !waiting) return;
                        if (!push()) return woken();
                        if (sent < outgoing.size()) wait_writable();
                      });
}

void ChildProcess::Impl::watch_silence() {
  timer = loop->after(patience.step(), [this] {
    timer = 0;
    if (!waiting) return;
    if (!patience.is_over(*progress, cpu(), patience.step())) return watch_silence();
    silent = true;
    end();
    woken();
  });
}

ChildProcess::ChildProcess(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChildProcess::~ChildProcess() = default;

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(Loop* loop, Duration kill_after) {
  auto impl = std::make_unique<Impl>();
  impl->loop = loop;
  impl->patience = Patience(kill_after);
  int ends[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return std::unexpected(system_error("cannot make a socket for expressions"));
  }
  impl->socket = ends[0];
  const int memory = memfd_create("wave-expressions", MFD_CLOEXEC);
  const int theirs = fcntl(ends[1], F_DUPFD_CLOEXEC, child_progress + 1);
  const int shared = memory < 0 ? -1 : fcntl(memory, F_DUPFD_CLOEXEC, child_progress + 1);
  Status status{};
  if (theirs < 0 || shared < 0 || ftruncate(memory, sizeof(Progress)) != 0) {
    status = std::unexpected(system_error("cannot share memory with the process for expressions"));
  } else {
    void* place = mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    impl->progress = place == MAP_FAILED ? nullptr : static_cast<Progress*>(place);
    status = impl->progress != nullptr
                 ? impl->spawn(theirs, shared)
                 : std::unexpected(system_error("cannot share memory with the process for expressions"));
  }
  for (const int descriptor : {ends[1], memory, theirs, shared}) {
    if (descriptor >= 0) close(descriptor);
  }
  if (!status) return std::unexpected(status.error());
  if (loop != nullptr) impl->watched.emplace(loop->io(), impl->socket);
  return std::unique_ptr<ChildProcess>(new ChildProcess(std::move(impl)));
}

Exchange ChildProcess::ask_blocking(const Request& request) {
  Impl& impl = *impl_;
  impl.begin_asking(request);
  while (!impl.pump()) {
    const short wanted = static_cast<short>(impl.sent < impl.outgoing.size() ? POLLIN | POLLOUT : POLLIN);
    pollfd descriptor{.fd = impl.socket, .events = wanted, .revents = 0};
    const auto step = std::chrono::ceil<std::chrono::milliseconds>(impl.patience.step());
    const int ready = poll(&descriptor, 1, static_cast<int>(step.count()));
    if (ready != 0 || !impl.patience.is_over(*impl.progress, impl.cpu(), step)) continue;
    impl.silent = true;
    impl.end();
  }
  return impl.take();
}

Task<Exchange> ChildProcess::ask(const Request& request) {
  if (impl_->loop == nullptr) co_return ask_blocking(request);
  Impl& impl = *impl_;
  impl.begin_asking(request);
  if (!impl.pump()) {
    const OneShot<bool> done;
    impl.waiting = done;
    impl.wait_readable();
    if (impl.sent < impl.outgoing.size()) impl.wait_writable();
    impl.watch_silence();
    co_await done;
  }
  co_return impl.take();
}

}  // namespace wave::plans
