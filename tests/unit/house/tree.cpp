#include "tree.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace wave::house {

namespace {

namespace fs = std::filesystem;

bool is_made_by_tools(const std::string& name) {
  return name == "build" || name == ".git" || name == ".peers" || name == "node_modules" ||
         name == "__pycache__" || name == ".pytest_cache" || name == ".cache";
}

bool ends_in_one_of(const std::string& name, const std::vector<std::string>& extensions) {
  return extensions.empty() ||
         std::ranges::any_of(extensions, [&](const std::string& end) { return name.ends_with(end); });
}

std::string between(const std::string& line, char open, char close) {
  const auto first = line.find_first_not_of(" \t");
  if (first == std::string::npos || line[first] != '#') return "";
  const auto word = line.find("include", first);
  if (word == std::string::npos) return "";
  const auto begin = line.find_first_not_of(" \t", word + 7);
  if (begin == std::string::npos || line[begin] != open) return "";
  const auto end = line.find(close, begin + 1);
  return end == std::string::npos ? "" : line.substr(begin + 1, end - begin - 1);
}

}  // namespace

std::vector<SourceFile> files_below(const std::string& folder, const std::vector<std::string>& extensions) {
  const fs::path top = WAVE_SOURCE_DIR;
  std::vector<SourceFile> found;
  if (!fs::exists(top / folder)) return found;
  for (auto entry = fs::recursive_directory_iterator(top / folder);
       entry != fs::recursive_directory_iterator(); ++entry) {
    const std::string name = entry->path().filename().string();
    if (entry->is_directory() && is_made_by_tools(name)) entry.disable_recursion_pending();
    // In a second work tree of a checkout it is a file, and names the first.
    if (name == ".git") continue;
    if (!entry->is_regular_file() || !ends_in_one_of(name, extensions)) continue;
    SourceFile file{.path = fs::relative(entry->path(), top).generic_string(), .lines = {}};
    std::ifstream in(entry->path(), std::ios::binary);
    for (std::string line; std::getline(in, line);) file.lines.push_back(line);
    found.push_back(std::move(file));
  }
  std::ranges::sort(found, {}, &SourceFile::path);
  return found;
}

std::string folder_of(const std::string& path) {
  if (!path.starts_with("src/")) return "";
  const auto end = path.find('/', 4);
  return end == std::string::npos ? "" : path.substr(4, end - 4);
}

std::string quoted_include(const std::string& line) {
  return between(line, '"', '"');
}

std::string angled_include(const std::string& line) {
  return between(line, '<', '>');
}

std::vector<std::string> folders_in_order() {
  std::ifstream in(std::filesystem::path(WAVE_SOURCE_DIR) / "src/README.md");
  std::vector<std::string> folders;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("- `")) continue;
    folders.push_back(line.substr(3, line.find('/') - 3));
  }
  return folders;
}

std::string without_comment(const std::string& line) {
  bool in_string = false;
  for (std::size_t i = 0; i + 1 < line.size(); ++i) {
    if (in_string && line[i] == '\\') {
      ++i;
    } else if (line[i] == '"') {
      in_string = !in_string;
    } else if (!in_string && line[i] == '/' && line[i + 1] == '/') {
      return line.substr(0, i);
    }
  }
  return line;
}

}  // namespace wave::house
