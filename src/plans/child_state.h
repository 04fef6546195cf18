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

/// One process, and what it has been told; all forgotten when it dies.
struct Child {
  std::unique_ptr<ChildProcess> process;
  std::vector<bool> cell_sent;
  std::vector<std::uint32_t> unsent_cells;
  std::size_t names_sent = 0;
  std::vector<bool> scope_sent;
  std::vector<bool> function_sent;
  std::vector<std::int32_t> zone_offsets;  ///< as the child knows them
};

/// What a request runs.
struct Runs {
  std::span<const ExpressionId> ids;
  std::size_t trusted = 0;    ///< so many of them always get the whole time
  bool stops_at_hit = false;  ///< nothing is run behind one of the others that hits a limit, or the
                              ///< third of the trusted
};

/// Shared with evaluations under way, which may outlive the Expressions.
struct ChildState {
  Loop* loop;
  Limits limits;
  Sources sources;
  Quarantine quarantine;
  Child main;
  Child trial;                       ///< for those that nobody shall wait for; there only while it is needed
  std::vector<ExpressionId> to_try;  ///< in `trial`, in this order
  bool is_trying = false;
  bool is_closed = false;  ///< nobody wants results any more
  std::vector<javascript::CellUpdate> cells;
  std::vector<ZoneSpan> zone_spans;
  UtcTime now{};  ///< of the latest batch
  bool busy = false;
  std::deque<OneShot<bool>> waiting;

  MonoTime mono() const;
  Status need(Child& child) const;
  void bury(Child& child) const;
  void touch(std::uint32_t column);
  void grow_cells();
  void add_cells(Child& child, javascript::Request& request) const;
  void add_zones(Child& child, javascript::Request& request);
  void add_functions(Child& child, javascript::Request& request, std::span<const ExpressionId> ids) const;
  javascript::Request request_for(Child& child, Runs runs);
  /// What one that has run gives; whether it ended in time is remembered.
  Evaluation judge(ExpressionId id, const javascript::RunResult& result);
  /// What one that the child died of gives; that is remembered.
  Evaluation strike(ExpressionId id, const Exchange& exchange);
  /// Those that the child was at when it died.
  std::vector<ExpressionId> culprits(const javascript::Request& request, const Exchange& exchange) const;
  Evaluation evaluation_of(ExpressionId id, const javascript::RunResult& result) const;
  Evaluation blame(ExpressionId id, const Exchange& exchange) const;
  std::string problem_text(ExpressionId id, const std::string& variable, const std::string& message,
                           javascript::Place place) const;
};

}  // namespace wave::plans
