#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/log.h"
#include "base/runtime.h"
#include "components/component.h"
#include "history/store.h"
#include "metrics/metric.h"
#include "net/services.h"
#include "plans/expressions.h"

namespace wave::engine {

/// What the engine works with; all of it outlives the engine.
struct Parts {
  Runtime& runtime;
  const Log& log;
  net::Services& services;
  history::Store* store = nullptr;  ///< null: nothing outlives the engine (`plan`)
  std::vector<const metrics::Kind*> metric_kinds;
  std::vector<const components::Kind*> component_kinds;
  std::function<Result<std::unique_ptr<plans::Expressions>>()> make_expressions;
  definitions::Settings::Environment environment;
};

struct Options {
  bool dry_run = false;     ///< decides and records, applies nothing
  bool self_driven = true;  ///< polls, observes and decides by itself; else only `decide_once`
};

}  // namespace wave::engine
