#pragma once

#include <filesystem>
#include <memory>

#include "base/error.h"

namespace wave::history {

/// What makes this process the only writer; the kernel lets go of it however the process ends.
class FileLock {
 public:
  /// busy when another process holds it.
  static Result<std::unique_ptr<FileLock>> take(const std::filesystem::path& database);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace wave::history
