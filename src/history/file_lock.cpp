#include "history/file_lock.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace wave::history {

Result<std::unique_ptr<FileLock>> FileLock::take(const std::filesystem::path& database) {
  const std::string path = database.string() + ".lock";
  const int fd = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) return fail(ErrorCode::io, path + " cannot be opened: " + std::strerror(errno), true);
  std::unique_ptr<FileLock> made(new FileLock(fd));
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return made;
  return std::unexpected(Error{.code = ErrorCode::busy,
                               .message = "another daemon uses " + database.string(),
                               .hint = "stop it, or give this one a database of its own"});
}

FileLock::~FileLock() {
  ::close(fd_);
}

}  // namespace wave::history
