#include "plans/child_state.h"

#include "base/loop.h"

namespace wave::plans {

using javascript::CellUpdate;
using javascript::Request;
using javascript::RunResult;

std::string initial_problem(const Read& read) {
  switch (read.what) {
    case Read::What::forecast:
    case Read::What::forecast_max:
      return "no forecast of " + read.id + " yet";
    case Read::What::current:
    case Read::What::ready:
      return "component " + read.id + " was not observed yet";
    default:
      return "metric " + read.id + " has no value yet";
  }
}

MonoTime ChildState::mono() const {
  return loop != nullptr ? loop->mono() : MonoTime{};
}

Status ChildState::need(Child& child) const {
  if (child.process) return {};
  auto started = ChildProcess::start(loop, limits.kill_after);
  if (!started) return within("expressions", started.error());
  child.process = std::move(*started);
  return {};
}

void ChildState::bury(Child& child) const {
  child = {};
  child.cell_sent.assign(cells.size(), false);
  for (std::uint32_t i = 0; i < cells.size(); ++i) child.unsent_cells.push_back(i);
}

void ChildState::touch(std::uint32_t column) {
  for (Child* child : {&main, &trial}) {
    if (child->cell_sent[column]) child->unsent_cells.push_back(column);
    child->cell_sent[column] = false;
  }
}

void ChildState::grow_cells() {
  while (cells.size() < sources.columns.size()) {
    const auto column = static_cast<std::uint32_t>(cells.size());
    cells.push_back({.column = column, .text = initial_problem(sources.columns[column])});
    for (Child* child : {&main, &trial}) {
      child->cell_sent.push_back(false);
      child->unsent_cells.push_back(column);
    }
  }
}

void ChildState::add_cells(Child& child, Request& request) const {
  for (const std::uint32_t column : child.unsent_cells) {
    request.cells.push_back(cells[column]);
    child.cell_sent[column] = true;
  }
  child.unsent_cells.clear();
  for (; child.names_sent < sources.names.size(); ++child.names_sent) {
    const auto& [name, column] = sources.names[child.names_sent];
    request.names.push_back({.name = name, .column = column});
  }
}

void ChildState::add_zones(Child& child, Request& request) {
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  for (std::size_t i = 0; i < sources.zones.size(); ++i) {
    if (i >= zone_spans.size()) zone_spans.emplace_back();
    if (second < zone_spans[i].begin || second >= zone_spans[i].end)
      zone_spans[i] = zone_span(second, sources.zones[i]);
    const auto offset = static_cast<std::int32_t>(zone_spans[i].offset.count());
    if (i < child.zone_offsets.size() && child.zone_offsets[i] == offset) continue;
    if (i >= child.zone_offsets.size()) child.zone_offsets.push_back(offset);
    child.zone_offsets[i] = offset;
    request.zones.push_back({.zone = static_cast<std::uint32_t>(i), .offset_seconds = offset});
  }
}

void ChildState::add_functions(Child& child, Request& request, std::span<const ExpressionId> ids) const {
  child.function_sent.resize(sources.expressions.size());
  for (const ExpressionId id : ids) {
    if (id >= sources.expressions.size() || child.function_sent[id]) continue;
    const StoredExpression& expression = sources.expressions[id];
    if (expression.scope != 0) {
      if (child.scope_sent.size() < expression.scope) child.scope_sent.resize(expression.scope);
      if (!child.scope_sent[expression.scope - 1]) {
        request.scopes.push_back(sources.message(sources.scope(expression.scope)));
        child.scope_sent[expression.scope - 1] = true;
      }
    }
    request.functions.push_back(
        {.id = id, .scope = expression.scope, .text = expression.stored.checked.text});
    child.function_sent[id] = true;
  }
}

Request ChildState::request_for(Child& child, Runs runs) {
  Request request{.run = {runs.ids.begin(), runs.ids.end()},
                  .trusted = static_cast<std::uint32_t>(runs.trusted),
                  .stops_at_hit = runs.stops_at_hit,
                  .now = epoch_seconds(now),
                  .time_us = static_cast<std::uint64_t>(limits.time.count()),
                  .overrun_us = static_cast<std::uint64_t>(2 * limits.time.count()),
                  .memory_bytes = limits.memory_bytes};
  add_cells(child, request);
  add_zones(child, request);
  add_functions(child, request, runs.ids);
  return request;
}

Evaluation ChildState::judge(ExpressionId id, const RunResult& result) {
  Evaluation out = evaluation_of(id, result);
  if (result.hit_limit) {
    quarantine.hit(id, out, mono());
  } else {
    quarantine.behaved(id);
  }
  return out;
}

Evaluation ChildState::strike(ExpressionId id, const Exchange& exchange) {
  Evaluation out = blame(id, exchange);
  quarantine.hit(id, out, mono());
  return out;
}

std::vector<ExpressionId> ChildState::culprits(const Request& request, const Exchange& exchange) const {
  using javascript::Progress;
  std::vector<ExpressionId> out;
  if (exchange.phase == Progress::running && exchange.index < request.run.size()) {
    out.push_back(request.run[exchange.index]);
  } else if (exchange.phase == Progress::installing) {
    const std::size_t scopes = request.scopes.size();
    for (const ExpressionId id : request.run) {
      const bool guilty = exchange.index < scopes
                              ? sources.expressions[id].scope == request.scopes[exchange.index].id
                              : exchange.index - scopes < request.functions.size() &&
                                    request.functions[exchange.index - scopes].id == id;
      if (guilty) out.push_back(id);
    }
  }
  return out;
}

std::string ChildState::problem_text(ExpressionId id, const std::string& variable, const std::string& message,
                                     javascript::Place place) const {
  std::string out = variable.empty() ? message : "variable " + variable + ": " + message;
  if (place.line == 0) return out;
  const LineColumn at = sources.original(id, variable, place);
  return out + " (line " + std::to_string(at.line) + ", column " + std::to_string(at.column) + ")";
}

Evaluation ChildState::evaluation_of(ExpressionId id, const RunResult& result) const {
  Evaluation out{.number = result.number,
                 .boolean = result.number != 0,
                 .read = result.read,
                 .not_fresh = result.not_fresh,
                 .excused = result.excused,
                 .read_clock = result.read_clock};
  if (result.outcome == RunResult::Outcome::number) out.outcome = Evaluation::Outcome::number;
  if (result.outcome == RunResult::Outcome::boolean) out.outcome = Evaluation::Outcome::boolean;
  if (result.outcome == RunResult::Outcome::other) out.outcome = Evaluation::Outcome::other;
  if (out.outcome == Evaluation::Outcome::error || out.outcome == Evaluation::Outcome::other) {
    out.error = problem_text(id, result.variable, result.error, result.place);
  }
  return out;
}

/// What it has read died with the child: it counts as having read all that it may read.
Evaluation ChildState::blame(ExpressionId id, const Exchange& exchange) const {
  const Compiled& compiled = sources.expressions[id].compiled;
  Evaluation out{.read = compiled.reads, .read_clock = compiled.reads_clock};
  for (const std::uint32_t column : compiled.reads) {
    if (cells[column].state == CellUpdate::State::not_fresh) out.not_fresh.push_back(column);
  }
  out.error = exchange.silent ? "ran longer than " + std::to_string(limits.time / 1ms) +
                                    " ms and could not be interrupted; its process was ended"
                              : "brought down the JavaScript engine, probably by lack of memory";
  return out;
}

}  // namespace wave::plans
