#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "definitions/definitions.h"
#include "plans/expressions.h"

namespace wave {
class Loop;
}

namespace wave::plans {

/// A number that stands in the definitions, or the expression that gives it.
struct Number {
  std::optional<double> constant;
  ExpressionId expression = 0;  ///< meaningful without `constant`
};

struct CompiledWish {
  std::map<std::string, Number> values;  ///< by value name
  std::optional<Number> at_least;
};

struct CompiledItem {
  std::optional<ExpressionId> condition;
  std::vector<CompiledWish> components;  ///< as PlanItem::components
  std::vector<std::uint32_t> reads;  ///< columns that any expression of the item may read, sorted, each once
  bool reads_clock = false;
};

/// A plan whose expressions the engine can run. Items as in the definition, disabled ones included (without
/// expressions).
struct CompiledPlan {
  std::string id;
  std::vector<CompiledItem> items;
  std::vector<ExpressionId>
      expressions;  ///< all of them, in item order: what one evaluation of the plan runs
};

struct CompiledPlans {
  std::vector<CompiledPlan> plans;             ///< enabled plans, in id order
  std::vector<definitions::Problem> problems;  ///< sorted; nothing may start when there are any
};

/// The engine of expressions (docs/decisions: JavaScript engine). `loop` null: evaluations block, for
/// commands and compiling.
Result<std::unique_ptr<Expressions>> make_expressions(Loop* loop, Limits limits = {});

/// Compiles every expression of the enabled plans and checks what they read: metrics, components and their
/// values, functions, time zones. Problems carry the file, line and column of the definitions.
CompiledPlans compile(const definitions::Definitions& definitions, Expressions& expressions);

}  // namespace wave::plans
