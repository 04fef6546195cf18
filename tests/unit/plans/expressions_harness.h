#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "plans/compiled.h"
#include "plans/expressions.h"

namespace wave::plans {

/// Compiles and evaluates without a loop, as commands do.
class Harness {
 public:
  explicit Harness(std::set<std::string> metrics = {"api_rps", "queue_depth", "my-metric"},
                   Limits limits = {}) {
    auto made = make_expressions(nullptr, limits);
    expressions = std::move(*made);
    expressions->declare_metrics(metrics);
  }

  using Variables = std::vector<std::pair<std::string, std::string>>;

  ExpressionId compile(const std::string& text, Variables variables = {}, const std::string& plan = "plan") {
    auto result = expressions->compile({{.text = text, .variables = std::move(variables), .plan_id = plan}});
    if (!result) {
      ADD_FAILURE() << text << ": " << result.error().text();
      return 0;
    }
    if (const auto* problems = std::get_if<1>(&result->front())) {
      ADD_FAILURE() << text << ": " << (problems->empty() ? "?" : problems->front().message);
      return 0;
    }
    last = std::get<0>(result->front());
    return last.id;
  }

  /// `line:column: message` of every problem, a variable's name before it.
  std::vector<std::string> problems(const std::string& text, Variables variables = {}) {
    auto result = expressions->compile(
        {{.text = text, .variables = std::move(variables), .plan_id = text + std::to_string(serial++)}});
    if (!result) return {result.error().text()};
    std::vector<std::string> out;
    if (const auto* list = std::get_if<1>(&result->front())) {
      for (const CompileProblem& problem : *list) {
        out.push_back((problem.variable.empty() ? "" : problem.variable + " ") +
                      std::to_string(problem.line) + ":" + std::to_string(problem.column) + ": " +
                      problem.message);
      }
    }
    return out;
  }

  std::vector<Evaluation> evaluate(std::vector<ExpressionId> ids) {
    Expressions::Batch batch{.now = now, .changed = std::move(changed), .run = std::move(ids)};
    changed.clear();
    std::vector<Evaluation> out;
    spawn(expressions->evaluate(std::move(batch)), [&](Result<std::vector<Evaluation>> result) {
      if (result) {
        out = std::move(*result);
      } else {
        ADD_FAILURE() << result.error().text();
      }
    });
    return out;
  }

  Evaluation run(const std::string& text, Variables variables = {}) {
    const ExpressionId id = compile(text, std::move(variables), text + std::to_string(serial++));
    auto all = evaluate({id});
    return all.empty() ? Evaluation{.error = "nothing"} : all.front();
  }
  double number(const std::string& text, Variables variables = {}) {
    const Evaluation it = run(text, std::move(variables));
    if (it.outcome != Evaluation::Outcome::number) ADD_FAILURE() << text << ": " << shown(it);
    return it.number;
  }
  std::string error(const std::string& text, Variables variables = {}) {
    return shown(run(text, std::move(variables)));
  }

  static std::string shown(const Evaluation& it) {
    if (it.outcome == Evaluation::Outcome::boolean) return it.boolean ? "true" : "false";
    if (it.outcome == Evaluation::Outcome::number) return std::to_string(it.number);
    return it.error;
  }

  /// Gives every column of that id (and kind) a value, also those that come later.
  void set(const std::string& id, double value) { set(id, Cell{.value = value, .fresh = true}); }
  void set(const std::string& id, const Cell& cell) {
    for (std::uint32_t i = 0; i < expressions->columns().size(); ++i) {
      if (expressions->columns()[i].id == id) changed.emplace_back(i, cell);
    }
  }

  std::unique_ptr<Expressions> expressions;
  Compiled last;
  UtcTime now = UtcTime{std::chrono::seconds(1'800'000'000)};  // 2027-01-15T08:00:00Z, a Friday
  std::vector<std::pair<std::uint32_t, Cell>> changed;
  int serial = 0;
};

}  // namespace wave::plans
