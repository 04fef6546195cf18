#pragma once

#include <filesystem>
#include <memory>

#include "base/runtime.h"
#include "history/store.h"

namespace wave::history {

struct OpenMode {
  enum class Kind { daemon, read_only } kind = Kind::daemon;
};

/// The store at `path`, made when absent. daemon: one process at a time (a second one is `busy` at once,
/// naming the file); a file that is no database or damaged is moved aside to `<path>.damaged-<time>` and a
/// new one begun, said through `health`. read_only: for commands, beside a running daemon. With a disk that
/// is full or a file that stays locked it opens in memory and says so in `health` (daemon) or fails
/// (read_only).
Result<std::unique_ptr<Store>> open_sqlite(Runtime& runtime, const std::filesystem::path& path,
                                           Retention retention, OpenMode mode = {});

}  // namespace wave::history
