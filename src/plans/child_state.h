#pragma once

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/timezone.h"
#include "plans/child_process.h"
#include "plans/expressions.h"
#include "plans/quarantine.h"
#include "plans/sources.h"

namespace wave::plans {

/// What a column's reader is told before it ever had a value.
std::string initial_problem(const Read& read);

/// Shared with evaluations under way, which may outlive the Expressions.
struct ChildState {
  Loop* loop;
  Limits limits;
  Sources sources;
  Quarantine quarantine;
  std::unique_ptr<ChildProcess> child;
  std::vector<javascript::CellUpdate> cells;
  // What the child has; all forgotten when it dies.
  std::vector<bool> cell_sent;
  std::vector<std::uint32_t> unsent_cells;
  std::size_t names_sent = 0;
  std::vector<bool> scope_sent;
  std::vector<bool> function_sent;
  std::vector<std::int32_t> zone_offsets;  ///< as the child knows them
  std::vector<ZoneSpan> zone_spans;
  bool busy = false;
  std::deque<OneShot<bool>> waiting;

  MonoTime mono() const;
  Status need_child();
  void bury_child();
  void touch(std::uint32_t column);
  void grow_cells();
  void add_cells(javascript::Request& request);
  void add_zones(javascript::Request& request, UtcTime now);
  void add_functions(javascript::Request& request, std::span<const ExpressionId> ids);
  javascript::Request request_for(const Expressions::Batch& batch, std::span<const ExpressionId> ids,
                                  std::size_t trusted);
  Evaluation evaluation_of(ExpressionId id, const javascript::RunResult& result) const;
  Evaluation blame(ExpressionId id, const Exchange& exchange) const;
  std::string problem_text(ExpressionId id, const std::string& variable, const std::string& message,
                           javascript::Place place) const;
};

}  // namespace wave::plans
