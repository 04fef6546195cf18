#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tree.h"

namespace wave::house {
namespace {

using testing::IsEmpty;

std::string at(const SourceFile& file, std::size_t index) {
  return file.path + ":" + std::to_string(index + 1) + ": ";
}

bool may_include(const std::map<std::string, std::size_t>& order, const std::string& from,
                 const std::string& to) {
  return from == to || order.at(to) < order.at(from);
}

/// The first of `words` that stands in the code as a word of its own: `rand(` is not found in `operand(`.
std::string first_of(const std::string& code, std::initializer_list<const char*> words) {
  const auto continues_a_word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
  };
  for (const std::string word : words) {
    for (auto i = code.find(word); i != std::string::npos; i = code.find(word, i + 1)) {
      if (i == 0 || !continues_a_word(code[i - 1])) return word;
    }
  }
  return "";
}

TEST(House, ReadmeListsTheFoldersThatAreThere) {
  const auto listed = folders_in_order();
  std::set<std::string> unlisted;
  for (const auto& file : files_below("src", {".h", ".cpp"})) {
    const auto folder = folder_of(file.path);
    if (!folder.empty() && std::ranges::find(listed, folder) == listed.end()) unlisted.insert(folder);
  }
  EXPECT_THAT(unlisted, IsEmpty());
  EXPECT_EQ(listed.front(), "base");
}

TEST(House, AFolderIncludesOnlyFoldersAboveIt) {
  std::map<std::string, std::size_t> order;
  for (const auto& folder : folders_in_order()) order.emplace(folder, order.size());
  std::vector<std::string> wrong;
  for (const auto& file : files_below("src", {".h", ".cpp"})) {
    const auto from = folder_of(file.path);
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const auto included = quoted_include(file.lines[i]);
      if (included.empty() || from.empty()) continue;
      const auto to = included.substr(0, included.find('/'));
      if (!order.contains(to) || !may_include(order, from, to)) {
        wrong.push_back(at(file, i) + from + " includes " + included);
      }
    }
  }
  EXPECT_THAT(wrong, IsEmpty());
}

TEST(House, HeadersIncludeOnlyOursAndTheStandardLibrary) {
  // The standard library's headers have neither a slash nor an extension.
  std::vector<std::string> wrong;
  for (const auto& file : files_below("src", {".h"})) {
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const auto included = angled_include(file.lines[i]);
      if (included.find_first_of("/.") != std::string::npos) wrong.push_back(at(file, i) + included);
    }
  }
  EXPECT_THAT(wrong, IsEmpty());
}

TEST(House, FilesStayReadable) {
  constexpr std::size_t most_lines = 400;
  constexpr std::size_t most_columns = 120;
  std::vector<std::string> too_long;
  for (const auto& folder : {"src", "tests", "bench"}) {
    for (const auto& file : files_below(folder, {".h", ".cpp"})) {
      if (file.lines.size() > most_lines) {
        too_long.push_back(file.path + " has " + std::to_string(file.lines.size()) + " lines");
      }
      for (std::size_t i = 0; i < file.lines.size(); ++i) {
        // A raw string is somebody's format and keeps its own width.
        if (file.lines[i].size() > most_columns && file.lines[i].find('"') == std::string::npos) {
          too_long.push_back(at(file, i) + std::to_string(file.lines[i].size()) + " columns");
        }
      }
    }
  }
  EXPECT_THAT(too_long, IsEmpty());
}

TEST(House, TimeSleepAndChanceComeThroughRuntime) {
  std::vector<std::string> wrong;
  for (const auto& file : files_below("src", {".h", ".cpp"})) {
    if (file.path == "src/base/loop.cpp") continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const auto word = first_of(without_comment(file.lines[i]),
                                 {"system_clock::now", "steady_clock::now", "sleep_for", "sleep_until",
                                  "usleep(", "nanosleep(", "rand(", "srand(", "random_device"});
      if (!word.empty()) wrong.push_back(at(file, i) + word);
    }
  }
  EXPECT_THAT(wrong, IsEmpty());
}

TEST(House, SourcesUseNoRegexLibraryAndNoLocale) {
  std::vector<std::string> wrong;
  for (const auto& file : files_below("src", {".h", ".cpp"})) {
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const auto word = first_of(without_comment(file.lines[i]),
                                 {"std::regex", "setlocale(", "stod(", "strtod(", "atof(", "stof("});
      if (!word.empty()) wrong.push_back(at(file, i) + word);
    }
  }
  EXPECT_THAT(wrong, IsEmpty());
}

TEST(House, NothingCommittedNamesAMachineOrARegistry) {
  // Assembled, so that this file does not hold them itself.
  const auto join = [](std::initializer_list<const char*> parts) {
    std::string out;
    for (const auto* part : parts) out += part;
    return out;
  };
  const std::vector<std::string> never = {
      join({"/wo", "rk/"}),         join({"/tm", "p/w/"}),          join({"/ro", "ot/"}),
      join({"pypi", ".org"}),       join({"python", "hosted.org"}), join({"registry.npm", "js.org"}),
      join({"proxy.go", "lang"}),   join({"crates", ".io"}),        join({"repo1.ma", "ven"}),
      join({"deb.deb", "ian.org"}), join({"library", "/env"}),
  };
  std::vector<std::string> found;
  for (const auto& file : files_below(".", {})) {
    if (file.path.ends_with(".png") || file.path.ends_with(".gz")) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      for (const auto& word : never) {
        if (file.lines[i].find(word) != std::string::npos) found.push_back(at(file, i) + word);
      }
    }
  }
  EXPECT_THAT(found, IsEmpty());
}

TEST(House, NoBannersTodosOrHistory) {
  std::vector<std::string> wrong;
  for (const auto& folder : {"src", "tests", "bench"}) {
    for (const auto& file : files_below(folder, {".h", ".cpp"})) {
      if (file.path == "tests/unit/house/layering_test.cpp") continue;
      for (std::size_t i = 0; i < file.lines.size(); ++i) {
        const auto word =
            first_of(file.lines[i], {"TODO", "FIXME", "XXX", "HACK", "// ---", "// ===", "////"});
        if (!word.empty()) wrong.push_back(at(file, i) + word);
      }
    }
  }
  EXPECT_THAT(wrong, IsEmpty());
}

}  // namespace
}  // namespace wave::house
