#include "plans/sources.h"

#include <algorithm>

namespace wave::plans {
namespace {

constexpr std::size_t longest_source = 64u << 10;

/// Why a variable cannot have its name; empty when it can.
std::string name_problem(const std::string& name, const std::set<std::string>& metrics) {
  if (metrics.contains(name)) return "variable '" + name + "' has the name of a metric; choose another";
  if (is_free_name(name)) return "";
  return "'" + name +
         "' cannot be a variable's name: it is no JavaScript identifier, or has a meaning already";
}

}  // namespace

std::uint32_t Sources::column(const Read& read) {
  const auto [found, added] = column_numbers_.try_emplace(read, static_cast<std::uint32_t>(columns.size()));
  if (added) columns.push_back(read);
  return found->second;
}

std::uint32_t Sources::zone(const std::string& name) {
  const auto found = std::ranges::find(zones, name);
  if (found != zones.end()) return static_cast<std::uint32_t>(found - zones.begin());
  zones.push_back(name);
  return static_cast<std::uint32_t>(zones.size() - 1);
}

void Sources::bare(const std::string& metric, std::uint32_t column) {
  if (bare_.insert(metric).second) names.emplace_back(metric, column);
}

Names Sources::names_of(const std::vector<std::pair<std::string, std::string>>& variables) {
  return {.metrics = metrics,
          .variables = variables,
          .column = [this](const Read& read) { return column(read); },
          .zone = [this](const std::string& name) { return zone(name); },
          .bare = [this](const std::string& metric, std::uint32_t number) { bare(metric, number); }};
}

/// Depth first from every variable; each cycle is told once, at the variable that closes it.
void Sources::find_cycles(StoredScope& scope) const {
  enum class Mark { on_path, done };
  std::map<std::string, Mark> marks;
  std::vector<std::string> path;
  const auto visit = [&](const auto& self, const std::string& name) -> void {
    const auto [mark, fresh] = marks.try_emplace(name, Mark::on_path);
    if (!fresh) {
      if (mark->second == Mark::done) return;
      std::string circle;
      for (auto i = std::ranges::find(path, name); i != path.end(); ++i) circle += *i + " -> ";
      scope.problems.push_back(
          {.message = "variables need each other: " + circle + name, .variable = path.back()});
      return;
    }
    path.push_back(name);
    for (const std::string& next : scope.stored.at(name).checked.variables) self(self, next);
    path.pop_back();
    marks[name] = Mark::done;
  };
  for (const auto& [name, text] : scope.variables) visit(visit, name);
}

std::uint32_t Sources::add_scope(const Source& source,
                                 const std::map<std::string, javascript::Analysis>& analyses) {
  StoredScope scope{.id = static_cast<std::uint32_t>(scopes_.size() + 1), .variables = source.variables};
  for (const auto& [name, text] : source.variables) {
    if (auto wrong = name_problem(name, metrics); !wrong.empty()) {
      scope.problems.push_back({.message = std::move(wrong), .variable = name});
    }
    Stored& stored = scope.stored[name];
    stored = {.original = text, .checked = check_source(text, analyses.at(text), names_of(scope.variables))};
    for (CompileProblem problem : stored.checked.problems) {
      problem.variable = name;
      scope.problems.push_back(std::move(problem));
    }
  }
  find_cycles(scope);
  scopes_.push_back(std::move(scope));
  return scopes_.back().id;
}

Compiled Sources::summary(const StoredExpression& expression, const StoredScope* scope,
                          bool first_of_plan) const {
  const CheckedSource& own = expression.stored.checked;
  Compiled out{
      .id = static_cast<ExpressionId>(expressions.size()), .reads_clock = own.reads_clock, .uses = own.uses};
  std::set<std::uint32_t> reads = own.reads;
  std::set<std::string> seen;
  std::vector<std::string> left(own.variables.begin(), own.variables.end());
  while (!left.empty()) {
    const std::string name = std::move(left.back());
    left.pop_back();
    if (!seen.insert(name).second) continue;
    const CheckedSource& variable = scope->stored.at(name).checked;
    reads.insert(variable.reads.begin(), variable.reads.end());
    out.reads_clock = out.reads_clock || variable.reads_clock;
    left.insert(left.end(), variable.variables.begin(), variable.variables.end());
  }
  if (first_of_plan) {
    for (const auto& [name, stored] : scope->stored) {
      for (ColumnUse use : stored.checked.uses) {
        use.variable = name;
        out.uses.push_back(std::move(use));
      }
    }
  }
  out.reads.assign(reads.begin(), reads.end());
  return out;
}

Result<std::vector<std::variant<Compiled, std::vector<CompileProblem>>>> Sources::add(
    const std::vector<Source>& sources, const Analyse& analyse) {
  std::map<std::string, javascript::Analysis> analyses;
  const auto want = [&](const std::string& text) {
    analyses.try_emplace(text,
                         text.size() <= longest_source
                             ? javascript::Analysis{}
                             : javascript::Analysis{.problem = "is longer than 64 KiB", .place = {1, 1}});
  };
  for (const Source& source : sources) {
    want(source.text);
    for (const auto& [name, text] : source.variables) want(text);
  }
  std::vector<std::string> texts;
  for (const auto& [text, analysis] : analyses) {
    if (analysis.problem.empty()) texts.push_back(text);
  }
  auto answers = analyse(texts);
  if (!answers) return std::unexpected(answers.error());
  for (std::size_t i = 0; i < texts.size(); ++i) analyses[texts[i]] = std::move((*answers)[i]);

  std::vector<std::variant<Compiled, std::vector<CompileProblem>>> out;
  out.reserve(sources.size());
  expressions.reserve(expressions.size() + sources.size());
  for (const Source& source : sources) {
    std::uint32_t scope_id = 0;
    bool first_of_plan = false;
    if (!source.variables.empty()) {
      const auto [found, added] = scope_of_plan_.try_emplace(source.plan_id, 0);
      if (added) found->second = add_scope(source, analyses);
      scope_id = found->second;
      first_of_plan = added;
    }
    const StoredScope* scope = scope_id == 0 ? nullptr : &scopes_[scope_id - 1];
    StoredExpression expression{.stored = {.original = source.text,
                                           .checked = check_source(source.text, analyses.at(source.text),
                                                                   names_of(source.variables))}};
    std::vector<CompileProblem> problems = expression.stored.checked.problems;
    if (first_of_plan) problems.insert(problems.end(), scope->problems.begin(), scope->problems.end());
    if (!problems.empty() || (scope != nullptr && !scope->problems.empty())) {
      out.emplace_back(std::move(problems));
      continue;
    }
    expression.scope = expression.stored.checked.variables.empty() && !first_of_plan ? 0 : scope_id;
    expression.compiled = summary(expression, scope, first_of_plan);
    out.emplace_back(expression.compiled);
    expressions.push_back(std::move(expression));
  }
  return out;
}

javascript::Scope Sources::message(const StoredScope& scope) const {
  javascript::Scope out{.id = scope.id};
  for (const auto& [name, text] : scope.variables) {
    out.variables.push_back({.name = name, .text = scope.stored.at(name).checked.text});
  }
  return out;
}

LineColumn Sources::original(ExpressionId id, const std::string& variable, javascript::Place place) const {
  const StoredExpression& expression = expressions[id];
  const Stored* stored = &expression.stored;
  if (!variable.empty() && expression.scope != 0) {
    const auto& variables = scope(expression.scope).stored;
    const auto found = variables.find(variable);
    if (found != variables.end()) stored = &found->second;
  }
  return original_place(stored->original, stored->checked.edits,
                        {.line = static_cast<int>(place.line), .column = static_cast<int>(place.column)});
}

}  // namespace wave::plans
