#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "plans/expressions.h"
#include "plans/javascript/messages.h"

namespace wave::plans {

/// A change that compiling makes to a source before the engine gets it: byte offsets of the original.
struct Edit {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string text;
};

/// A line and a column of code points, both from 1.
struct LineColumn {
  int line = 1;
  int column = 1;
};
LineColumn line_column(const std::string& text, std::size_t offset);
/// The place in the original of a place in the edited text.
LineColumn original_place(const std::string& original, const std::vector<Edit>& edits, LineColumn edited);

/// What a source may name.
struct Names {
  const std::set<std::string>& metrics;
  const std::vector<std::pair<std::string, std::string>>& variables;
  std::function<std::uint32_t(const Read&)> column;             ///< gives a Read its column
  std::function<std::uint32_t(const std::string&)> zone;        ///< gives a time zone its number
  std::function<void(const std::string&, std::uint32_t)> bare;  ///< a metric is read as a variable
};

/// A source that was looked through: what the engine gets, or problems.
struct CheckedSource {
  std::string text;
  std::vector<Edit> edits;  ///< sorted
  std::set<std::uint32_t> reads;
  std::vector<ColumnUse> uses;
  std::set<std::string> variables;
  bool reads_clock = false;
  std::vector<CompileProblem> problems;
};

/// Turns ids into column numbers, zones into theirs, and marks the value with `return`.
CheckedSource check_source(const std::string& text, const javascript::Analysis& analysis, const Names& names);

/// Whether JavaScript can use it as a variable's name, and nothing of ours or of the language's has it.
bool is_free_name(const std::string& name);

}  // namespace wave::plans
