#include <algorithm>
#include <charconv>
#include <cmath>

#include "definitions/load.h"
#include "plans/compiled.h"

namespace wave::plans {
namespace {

using definitions::ComponentDefinition;
using definitions::ComponentWish;
using definitions::Definitions;
using definitions::Expression;
using definitions::PlanDefinition;
using definitions::PlanItem;
using definitions::Position;
using definitions::Problem;

/// A compiled expression's way back: which plan and item it belongs to, and where its number goes.
struct Wanted {
  const PlanDefinition* plan = nullptr;
  const Expression* expression = nullptr;
  CompiledPlan* compiled_plan = nullptr;
  CompiledItem* item = nullptr;
  ExpressionId* id = nullptr;
};

std::string source_of(const Expression& expression) {
  if (!expression.source.empty() || !expression.number) return expression.source;
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, *expression.number).ptr;
  return {text, end};
}

class Compiler {
 public:
  Compiler(const Definitions& definitions, Expressions& expressions)
      : definitions_(definitions), expressions_(expressions) {}
  CompiledPlans run();

 private:
  void add_plan(const PlanDefinition& plan, CompiledPlan& compiled);
  void add_item(const PlanDefinition& plan, const PlanItem& item, CompiledPlan& owner,
                CompiledItem& compiled);
  void add_number(Wanted wanted, Number& number);
  void compile();
  void take(const Wanted& wanted, const Compiled& compiled);
  void check_component(const Wanted& wanted, const ColumnUse& use, const Read& read);
  const Expression& in_definition(const Wanted& wanted, const std::string& variable) const;
  void problem(const Expression& at, int line, int column, std::string message);

  const Definitions& definitions_;
  Expressions& expressions_;
  std::vector<Wanted> wanted_;
  CompiledPlans out_;
};

void Compiler::problem(const Expression& at, int line, int column, std::string message) {
  const Position& start = at.position;
  out_.problems.push_back({.file = start.file,
                           .line = start.line + line - 1,
                           .column = line == 1 ? start.column + column - 1 : column,
                           .message = std::move(message)});
}

void Compiler::add_number(Wanted wanted, Number& number) {
  number.constant = wanted.expression->number;
  if (!number.constant) {
    wanted.id = &number.expression;
    wanted_.push_back(wanted);
  } else if (!std::isfinite(*number.constant) || *number.constant < 0) {
    problem(*wanted.expression, 1, 1, "a wish must be a finite number, not below 0");
  }
}

void Compiler::add_item(const PlanDefinition& plan, const PlanItem& item, CompiledPlan& owner,
                        CompiledItem& compiled) {
  compiled.components.resize(item.components.size());
  if (!item.enabled) return;
  const Wanted wanted{.plan = &plan, .compiled_plan = &owner, .item = &compiled};
  const auto with = [&](const Expression& expression) {
    Wanted one = wanted;
    one.expression = &expression;
    return one;
  };
  if (item.expression) {
    Wanted condition = with(*item.expression);
    condition.id = &compiled.condition.emplace();
    wanted_.push_back(condition);
  }
  for (std::size_t i = 0; i < item.components.size(); ++i) {
    const ComponentWish& wish = item.components[i];
    for (const auto& [value, expression] : wish.values) {
      add_number(with(expression), compiled.components[i].values[value]);
    }
    if (wish.at_least) add_number(with(*wish.at_least), compiled.components[i].at_least.emplace());
  }
}

void Compiler::add_plan(const PlanDefinition& plan, CompiledPlan& compiled) {
  compiled.id = plan.id;
  compiled.items.resize(plan.items.size());
  for (std::size_t i = 0; i < plan.items.size(); ++i)
    add_item(plan, plan.items[i], compiled, compiled.items[i]);
}

const Expression& Compiler::in_definition(const Wanted& wanted, const std::string& variable) const {
  for (const auto& [name, expression] : wanted.plan->variables) {
    if (!variable.empty() && name == variable) return expression;
  }
  return *wanted.expression;
}

void Compiler::check_component(const Wanted& wanted, const ColumnUse& use, const Read& read) {
  const Expression& at = in_definition(wanted, use.variable);
  const ComponentDefinition* component = definitions_.component(read.id);
  if (component == nullptr) {
    std::vector<std::string> ids;
    for (const auto& candidate : definitions_.components) ids.push_back(candidate.id);
    problem(at, use.line, use.line_column,
            "unknown component '" + read.id + "'" + definitions::did_you_mean(read.id, ids));
    return;
  }
  if (read.what != Read::What::current || component->kind == nullptr) return;
  std::vector<std::string> values;
  for (const auto& value : component->kind->values) values.emplace_back(value.name);
  if (std::ranges::find(values, read.value) != values.end() || (values.empty() && read.value == "desired"))
    return;
  problem(at, use.line, use.line_column,
          "component '" + read.id + "' has no value '" + read.value + "'" +
              definitions::did_you_mean(read.value, values));
}

void Compiler::take(const Wanted& wanted, const Compiled& compiled) {
  *wanted.id = compiled.id;
  wanted.compiled_plan->expressions.push_back(compiled.id);
  std::vector<std::uint32_t>& reads = wanted.item->reads;
  reads.insert(reads.end(), compiled.reads.begin(), compiled.reads.end());
  std::ranges::sort(reads);
  reads.erase(std::unique(reads.begin(), reads.end()), reads.end());
  wanted.item->reads_clock = wanted.item->reads_clock || compiled.reads_clock;
  for (const ColumnUse& use : compiled.uses) {
    const Read& read = expressions_.columns()[use.column];
    if (read.what == Read::What::current || read.what == Read::What::ready)
      check_component(wanted, use, read);
  }
}

void Compiler::compile() {
  std::vector<Source> sources;
  sources.reserve(wanted_.size());
  for (const Wanted& wanted : wanted_) {
    Source source{.text = source_of(*wanted.expression), .plan_id = wanted.plan->id};
    for (const auto& [name, expression] : wanted.plan->variables) {
      source.variables.emplace_back(name, source_of(expression));
    }
    sources.push_back(std::move(source));
  }
  auto results = expressions_.compile(std::move(sources));
  if (!results) {
    out_.problems.push_back({.message = results.error().text()});
    return;
  }
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    if (const auto* compiled = std::get_if<Compiled>(&(*results)[i])) {
      take(wanted_[i], *compiled);
      continue;
    }
    for (const CompileProblem& found : std::get<1>((*results)[i])) {
      problem(in_definition(wanted_[i], found.variable), found.line, found.column, found.message);
    }
  }
}

CompiledPlans Compiler::run() {
  std::set<std::string> metrics;
  for (const auto& metric : definitions_.metrics) metrics.insert(metric.id);
  expressions_.declare_metrics(metrics);
  std::vector<const PlanDefinition*> plans;
  for (const PlanDefinition& plan : definitions_.plans) {
    if (plan.enabled) plans.push_back(&plan);
  }
  std::ranges::sort(plans, {}, &PlanDefinition::id);
  out_.plans.resize(plans.size());
  for (std::size_t i = 0; i < plans.size(); ++i) add_plan(*plans[i], out_.plans[i]);
  compile();
  std::ranges::sort(out_.problems, {},
                    [](const Problem& p) { return std::tie(p.file, p.line, p.column, p.message); });
  return std::move(out_);
}

}  // namespace

CompiledPlans compile(const Definitions& definitions, Expressions& expressions) {
  return Compiler(definitions, expressions).run();
}

}  // namespace wave::plans
