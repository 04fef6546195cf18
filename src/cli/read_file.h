#pragma once

#include <filesystem>
#include <string>

#include "base/error.h"

namespace wave::cli {

/// A recording's text; limit_exceeded above 1 GB.
Result<std::string> read_file(const std::filesystem::path& path);

}  // namespace wave::cli
