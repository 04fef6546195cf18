#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/cron.h"
#include "base/timezone.h"
#include "plans/expressions.h"
#include "plans/javascript/messages.h"
#include "plans/source_check.h"

namespace wave::plans {

/// A text as the engine has it, and how to find one's way back to what the user wrote.
struct Stored {
  std::string original;
  CheckedSource checked;
};

struct StoredScope {
  std::uint32_t id = 0;  ///< from 1
  std::vector<std::pair<std::string, std::string>> variables;
  std::map<std::string, Stored> stored;
  std::vector<CompileProblem> problems;
};

struct StoredExpression {
  Stored stored;
  std::uint32_t scope = 0;  ///< index from 1; 0: reads no variables
  Compiled compiled;
};

/// Everything that was compiled, in the daemon's memory: enough to fill a new child at any time.
class Sources {
 public:
  /// Asks the child about texts. An analysis for each, in order.
  using Analyse = std::function<Result<std::vector<javascript::Analysis>>(std::vector<std::string>)>;

  std::set<std::string> metrics;
  std::vector<Read> columns;
  std::vector<StoredExpression> expressions;
  std::vector<std::pair<std::string, std::uint32_t>> names;  ///< metrics read as variables, and their columns
  std::vector<std::string> zones{"UTC"};

  /// Adds what has no problems of its own; the engine may still find some.
  Result<std::vector<std::variant<Compiled, std::vector<CompileProblem>>>> add(
      const std::vector<Source>& sources, const Analyse& analyse);
  const StoredScope& scope(std::uint32_t id) const { return scopes_[id - 1]; }
  javascript::Scope message(const StoredScope& scope) const;
  /// A place that the engine gave, in the user's text. `variable` empty: in the expression's own.
  LineColumn original(ExpressionId id, const std::string& variable, javascript::Place place) const;

 private:
  std::uint32_t column(const Read& read);
  std::uint32_t zone(const std::string& name);
  void bare(const std::string& metric, std::uint32_t column);
  Names names_of(const std::vector<std::pair<std::string, std::string>>& variables);
  std::uint32_t add_scope(const Source& source, const std::map<std::string, javascript::Analysis>& analyses);
  void find_cycles(StoredScope& scope) const;
  Compiled summary(const StoredExpression& expression, const StoredScope* scope, bool first_of_plan) const;

  std::map<Read, std::uint32_t> column_numbers_;
  std::set<std::string> bare_;
  std::vector<StoredScope> scopes_;
  std::map<std::string, std::uint32_t> scope_of_plan_;
};

}  // namespace wave::plans
