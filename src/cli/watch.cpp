#include "cli/watch.h"

#include <algorithm>

#include <sys/stat.h>

namespace wave::cli {
namespace {

namespace fs = std::filesystem;

constexpr int deepest_folder = 8;

void add(const fs::path& path, int depth, std::string& out) {
  struct stat seen{};
  if (::stat(path.c_str(), &seen) != 0) {
    out += path.string() + " is gone\n";
    return;
  }
  if (!S_ISDIR(seen.st_mode)) {
    out += path.string() + ' ' + std::to_string(seen.st_ino) + ' ' + std::to_string(seen.st_size) + ' ' +
           std::to_string(seen.st_mtim.tv_sec) + '.' + std::to_string(seen.st_mtim.tv_nsec) + '\n';
    return;
  }
  if (depth >= deepest_folder) return;
  std::error_code error;
  std::vector<fs::path> entries;
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    const auto name = at->path().filename().string();
    const auto extension = at->path().extension();
    std::error_code ignored;
    if (name.starts_with('.')) continue;
    if (extension == ".yaml" || extension == ".yml" || fs::is_directory(at->path(), ignored))
      entries.push_back(at->path());
  }
  std::ranges::sort(entries);
  for (const auto& entry : entries) add(entry, depth + 1, out);
}

}  // namespace

std::string fingerprint(const std::vector<fs::path>& paths) {
  std::string out;
  for (const auto& path : paths) add(path, 0, out);
  return out;
}

}  // namespace wave::cli
