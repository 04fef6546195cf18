#include "cli/read_file.h"

#include <fstream>
#include <iterator>

namespace wave::cli {
namespace {

constexpr std::size_t max_bytes = 1'000'000'000;

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (!error && size > max_bytes) return fail(ErrorCode::limit_exceeded, path.string() + ": more than 1 GB");
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) return fail(ErrorCode::io, path.string() + " cannot be read");
  return text;
}

}  // namespace wave::cli
