#pragma once

#include <string>
#include <vector>

namespace wave::house {

struct SourceFile {
  std::string path;  ///< relative to the top of the project, `src/net/url.h`
  std::vector<std::string> lines;
};

/// Every text file of the project below `folder` whose name ends in one of `extensions` (all files when
/// empty), in path order. Leaves out what the build and the package managers make.
std::vector<SourceFile> files_below(const std::string& folder, const std::vector<std::string>& extensions);

/// `net` for `src/net/url.h`; empty for files that stand in no folder of src.
std::string folder_of(const std::string& path);

/// What the line includes: `net/url.h` for `#include "net/url.h"`, `vector` for `<vector>`; else empty.
std::string quoted_include(const std::string& line);
std::string angled_include(const std::string& line);

/// The folders that src/README.md lists, in its order.
std::vector<std::string> folders_in_order();

/// The line without what follows `//` outside of a string literal.
std::string without_comment(const std::string& line);

}  // namespace wave::house
