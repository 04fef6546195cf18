#include "plans/javascript/sandbox.h"

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <vector>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace wave::plans::javascript {

void leave_the_house(int last_descriptor) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_NAME, "wave-javascript");
  prctl(PR_SET_DUMPABLE, 0);
  syscall(SYS_close_range, last_descriptor + 1, ~0U, 0);
  constexpr rlimit none{.rlim_cur = 0, .rlim_max = 0};
  setrlimit(RLIMIT_CORE, &none);
  // The terminal's Ctrl-C is the daemon's business.
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
}

#ifdef WAVE_SANITIZED
// Sanitizers map terabytes and read /proc.
int lock_the_door() {
  return 0;
}
#else
namespace {

#if defined(__x86_64__)
constexpr unsigned architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned architecture = AUDIT_ARCH_AARCH64;
#else
constexpr unsigned architecture = 0;
#endif

// Threads are there already; what remains is memory, locks, time, signals and the two descriptors.
// Without getrandom the engine asks again for ever when it places a chunk of its heap.
constexpr unsigned allowed[] = {SYS_read,           SYS_write,       SYS_mmap,         SYS_munmap,
                                SYS_mremap,         SYS_mprotect,    SYS_madvise,      SYS_brk,
                                SYS_futex,          SYS_sched_yield, SYS_rt_sigreturn, SYS_rt_sigaction,
                                SYS_rt_sigprocmask, SYS_sigaltstack, SYS_setitimer,    SYS_clock_gettime,
                                SYS_gettimeofday,   SYS_getpid,      SYS_gettid,       SYS_tgkill,
                                SYS_getrusage,      SYS_exit,        SYS_exit_group,   SYS_restart_syscall,
                                SYS_getrandom};

int install_filter() {
  if (architecture == 0) return ENOSYS;
  std::vector<sock_filter> program = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, architecture, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
  };
  for (const unsigned call : allowed) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
  const sock_fprog filter{.len = static_cast<unsigned short>(program.size()), .filter = program.data()};
  // All threads of the engine, not only this one.
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) == 0 ? 0 : errno;
}

}  // namespace

int lock_the_door() {
  // Twice what the engine and 10,000 plans need; what escapes the counts of memory ends here.
  constexpr rlim_t address_space = 1u << 30;
  constexpr rlimit space{.rlim_cur = address_space, .rlim_max = address_space};
  constexpr rlimit none{.rlim_cur = 0, .rlim_max = 0};
  setrlimit(RLIMIT_AS, &space);
  setrlimit(RLIMIT_NPROC, &none);
  setrlimit(RLIMIT_NOFILE, &none);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return install_filter();
}
#endif

}  // namespace wave::plans::javascript
