#include "plans/expressions.h"

#include <algorithm>
#include <map>
#include <span>

#include "base/loop.h"
#include "plans/child_state.h"
#include "plans/compiled.h"

namespace wave::plans {
namespace {

using javascript::CellUpdate;
using javascript::InstallProblem;
using javascript::Progress;
using javascript::Reply;
using javascript::Request;

using CompileResult = std::variant<Compiled, std::vector<CompileProblem>>;

constexpr std::size_t sources_per_request = 2000;
constexpr int deaths_without_culprit = 3;
/// Of one batch, by expressions that can be blamed.
constexpr int most_kills = 2;

/// The deaths of processes that run the same expressions one after the other.
class Deaths {
 public:
  /// Whom this one can be blamed on. Somebody else may have killed the process just then: only a second time
  /// is a proof, unless it gave no sign of life or crashed.
  std::vector<ExpressionId> to_blame(std::vector<ExpressionId> culprits, const Exchange& exchange) {
    const bool is_proven =
        exchange.silent || exchange.crashed || (!culprits.empty() && suspect_ == culprits.front());
    if (is_proven && !culprits.empty()) return culprits;
    if (!culprits.empty()) suspect_ = culprits.front();
    ++unexplained_;
    return {};
  }
  bool are_too_many() const { return unexplained_ > deaths_without_culprit; }

 private:
  std::optional<ExpressionId> suspect_;
  int unexplained_ = 0;
};

/// Runs what `to_try` holds, in a process that only lives as long as that takes.
Task<void> try_all(std::shared_ptr<ChildState> shared) {
  ChildState& state = *shared;
  Deaths deaths;
  while (!state.to_try.empty() && !state.is_closed && !deaths.are_too_many()) {
    if (!state.need(state.trial)) break;
    const std::vector<ExpressionId> ids = state.to_try;
    const Request asked = state.request_for(state.trial, {.ids = ids, .stops_at_hit = true});
    const Exchange exchange = co_await state.trial.process->ask(asked);
    if (exchange.reply && !exchange.reply->results.empty() && exchange.reply->results.size() <= ids.size()) {
      const auto& results = exchange.reply->results;
      for (std::size_t i = 0; i < results.size(); ++i) state.judge(ids[i], results[i]);
      state.to_try.erase(state.to_try.begin(),
                         state.to_try.begin() + static_cast<std::ptrdiff_t>(results.size()));
      continue;
    }
    // Whoever ran before the one it died of has ended in time.
    const bool ran = exchange.phase == Progress::running && exchange.index < ids.size();
    const auto ended = ids.begin() + (ran ? static_cast<std::ptrdiff_t>(exchange.index) : 0);
    std::for_each(ids.begin(), ended, [&](ExpressionId id) { state.quarantine.behaved(id); });
    state.to_try.erase(state.to_try.begin(), state.to_try.begin() + (ended - ids.begin()));
    for (const ExpressionId id : deaths.to_blame(state.culprits(asked, exchange), exchange)) {
      state.strike(id, exchange);
      std::erase(state.to_try, id);
    }
    state.bury(state.trial);
  }
  // With no process to be had, the next batch looks at them again.
  for (const ExpressionId id : state.to_try) state.quarantine.gave_up(id);
  state.to_try.clear();
  state.bury(state.trial);
  state.is_trying = false;
}

void try_apart(const std::shared_ptr<ChildState>& state, ExpressionId id) {
  state->quarantine.tries(id);
  state->to_try.push_back(id);
  if (std::exchange(state->is_trying, true)) return;
  state->loop->post([state] { spawn(try_all(state)); });
}

/// One call of `evaluate`, over as many children as it takes.
class Run {
 public:
  Run(std::shared_ptr<ChildState> state, Expressions::Batch batch)
      : state_(std::move(state)),
        batch_(std::move(batch)),
        is_patient_(batch_.is_patient || state_->loop == nullptr) {}
  Task<Status> finish();
  std::vector<Evaluation> take();

 private:
  void take_cells();
  bool take_reply(const Reply& reply);
  bool take_death(const Exchange& exchange);
  void set_aside(std::size_t from);

  std::shared_ptr<ChildState> state_;
  Expressions::Batch batch_;
  bool is_patient_;
  Quarantine::Order order_;
  std::map<ExpressionId, Evaluation> done_;
  Request asked_;
  Deaths deaths_;
  int kills_ = 0;
};

void Run::take_cells() {
  ChildState& state = *state_;
  state.grow_cells();
  for (auto& [column, cell] : batch_.changed) {
    if (column >= state.cells.size()) continue;
    CellUpdate& to = state.cells[column];
    to.value = cell.value;
    to.state = CellUpdate::State::not_fresh;
    if (cell.fresh) {
      to.state = state.sources.columns[column].what == Read::What::series ? CellUpdate::State::series
                                                                          : CellUpdate::State::number;
    }
    to.text = cell.fresh ? std::move(cell.series_json) : std::move(cell.problem);
    if (to.text.empty() && !cell.fresh) to.text = initial_problem(state.sources.columns[column]);
    state.touch(column);
  }
  batch_.changed.clear();
}

/// Takes what has run out of what is left to do.
bool Run::take_reply(const Reply& reply) {
  const std::size_t count = reply.results.size();
  if (count == 0 || count > order_.run.size()) return false;
  for (std::size_t i = 0; i < count; ++i) {
    const ExpressionId id = order_.run[i];
    done_.emplace(id, state_->judge(id, reply.results[i]));
  }
  order_.run.erase(order_.run.begin(), order_.run.begin() + static_cast<std::ptrdiff_t>(count));
  order_.trusted -= std::min(order_.trusted, count);
  set_aside(0);
  return true;
}

/// Takes the culprit out of what is left to do. False when children die without anybody to blame.
bool Run::take_death(const Exchange& exchange) {
  ChildState& state = *state_;
  const auto culprits = deaths_.to_blame(state.culprits(asked_, exchange), exchange);
  state.bury(state.main);
  if (culprits.empty()) return !deaths_.are_too_many();
  // Whoever ran before it has ended in time; only what it gave is lost.
  if (exchange.phase == Progress::running)
    order_.trusted = std::max<std::size_t>(order_.trusted, exchange.index);
  for (const ExpressionId id : culprits) {
    done_.emplace(id, state.strike(id, exchange));
    const auto place = std::ranges::find(order_.run, id);
    if (place - order_.run.begin() < static_cast<std::ptrdiff_t>(order_.trusted)) --order_.trusted;
    order_.run.erase(place);
  }
  set_aside(++kills_ < most_kills ? order_.trusted : 0);
  return true;
}

/// What is left is tried apart, from there on: enough of this batch's time is lost. The trusted are taken at
/// their word longer than those that nobody knows yet.
void Run::set_aside(std::size_t from) {
  if (is_patient_) return;
  for (std::size_t i = from; i < order_.run.size(); ++i) {
    const ExpressionId id = order_.run[i];
    done_.emplace(id, Evaluation{.error = "is tried apart first, as another expression ran into a limit",
                                 .is_unknown = true});
    try_apart(state_, id);
  }
  order_.run.resize(from);
  order_.trusted = std::min(order_.trusted, from);
}

Task<Status> Run::finish() {
  ChildState& state = *state_;
  state.now = batch_.now;
  take_cells();
  std::vector<ExpressionId> known;
  for (const ExpressionId id : batch_.run) {
    if (id < state.sources.expressions.size()) known.push_back(id);
  }
  order_ = state.quarantine.order(known, state.mono());
  for (const ExpressionId id : order_.not_now) done_.emplace(id, state.quarantine.last(id));
  for (const ExpressionId id : order_.unknown)
    done_.emplace(id, Evaluation{.error = "is tried apart first", .is_unknown = true});
  if (order_.retry && is_patient_) {
    order_.run.push_back(*order_.retry);
  } else if (order_.retry) {
    done_.emplace(*order_.retry, state.quarantine.last(*order_.retry));
    try_apart(state_, *order_.retry);
  }
  while (!order_.run.empty()) {
    Status there = state.need(state.main);
    if (!there) co_return there;
    asked_ = state.request_for(state.main,
                               {.ids = order_.run, .trusted = order_.trusted, .stops_at_hit = !is_patient_});
    const Exchange exchange = co_await state.main.process->ask(asked_);
    if (exchange.reply && take_reply(*exchange.reply)) continue;
    if (!take_death(exchange))
      co_return fail(ErrorCode::internal, "the process for expressions ends again and again", true);
  }
  co_return Status{};
}

std::vector<Evaluation> Run::take() {
  std::vector<Evaluation> out;
  out.reserve(batch_.run.size());
  for (const ExpressionId id : batch_.run) {
    const auto found = done_.find(id);
    out.push_back(found != done_.end() ? found->second : Evaluation{.error = "is not compiled"});
  }
  return out;
}

Task<Result<std::vector<Evaluation>>> evaluate_on(std::shared_ptr<ChildState> state,
                                                  Expressions::Batch batch) {
  if (state->busy) {
    const OneShot<bool> turn;
    state->waiting.push_back(turn);
    co_await turn;
  }
  state->busy = true;
  Run run(state, std::move(batch));
  Status status = co_await run.finish();
  state->busy = false;
  if (!state->waiting.empty()) {
    state->busy = true;
    const OneShot<bool> next = state->waiting.front();
    state->waiting.pop_front();
    state->loop->post([next] { next.set(true); });
  }
  if (!status) co_return std::unexpected(status.error());
  co_return run.take();
}

class ChildExpressions final : public Expressions {
 public:
  ChildExpressions(Loop* loop, Limits limits)
      : state_(std::make_shared<ChildState>(ChildState{.loop = loop, .limits = limits})) {}
  ~ChildExpressions() override { state_->is_closed = true; }
  ChildExpressions(const ChildExpressions&) = delete;
  ChildExpressions& operator=(const ChildExpressions&) = delete;

  void declare_metrics(const std::set<std::string>& ids) override { state_->sources.metrics = ids; }
  Result<std::vector<CompileResult>> compile(std::vector<Source> sources) override;
  const std::vector<Read>& columns() const override { return state_->sources.columns; }
  Task<Result<std::vector<Evaluation>>> evaluate(Batch batch) override {
    return evaluate_on(state_, std::move(batch));
  }

 private:
  Result<std::vector<javascript::Analysis>> analyse(std::vector<std::string> texts);
  Status install(std::vector<CompileResult>& results);
  Status install_some(std::span<const ExpressionId> ids,
                      std::map<ExpressionId, std::vector<CompileProblem>>& problems);

  std::shared_ptr<ChildState> state_;
};

std::unexpected<Error> ended_while_compiling() {
  return fail(ErrorCode::io, "the process for expressions ended again and again while compiling", true);
}

Result<std::vector<javascript::Analysis>> ChildExpressions::analyse(std::vector<std::string> texts) {
  ChildState& state = *state_;
  std::vector<javascript::Analysis> out;
  int unexplained = 0;
  while (out.size() < texts.size()) {
    Status there = state.need(state.main);
    if (!there) return std::unexpected(there.error());
    const auto first = texts.begin() + static_cast<std::ptrdiff_t>(out.size());
    const std::size_t count = std::min(sources_per_request, texts.size() - out.size());
    Request request{.analyse = {first, first + static_cast<std::ptrdiff_t>(count)},
                    .memory_bytes = state.limits.memory_bytes};
    Exchange exchange = state.main.process->ask_blocking(request);
    if (exchange.reply && exchange.reply->analyses.size() == count) {
      std::ranges::move(exchange.reply->analyses, std::back_inserter(out));
      continue;
    }
    state.bury(state.main);
    const bool proven = exchange.silent || exchange.crashed;
    if (exchange.phase != Progress::analysing || exchange.index >= count || !proven) {
      if (++unexplained > deaths_without_culprit) return ended_while_compiling();
      continue;
    }
    // The guilty one becomes a text that cannot be compiled; the rest is asked again.
    texts[out.size() + exchange.index] = "";
    out.reserve(texts.size());
    Request again{.analyse = {first, first + exchange.index}, .memory_bytes = state.limits.memory_bytes};
    there = state.need(state.main);
    if (!there) return std::unexpected(there.error());
    exchange = state.main.process->ask_blocking(again);
    if (!exchange.reply || exchange.reply->analyses.size() != again.analyse.size())
      return ended_while_compiling();
    std::ranges::move(exchange.reply->analyses, std::back_inserter(out));
    out.push_back({.problem = "is too large or too deep to compile", .place = {1, 1}});
  }
  return out;
}

Status ChildExpressions::install_some(std::span<const ExpressionId> ids,
                                      std::map<ExpressionId, std::vector<CompileProblem>>& problems) {
  ChildState& state = *state_;
  Exchange exchange;
  for (int deaths = 0; !exchange.reply; ++deaths) {
    if (deaths > deaths_without_culprit) return ended_while_compiling();
    Status there = state.need(state.main);
    if (!there) return there;
    state.grow_cells();
    Request request{.memory_bytes = state.limits.memory_bytes};
    state.add_functions(state.main, request, ids);
    exchange = state.main.process->ask_blocking(request);
    if (!exchange.reply) state.bury(state.main);
  }
  for (const InstallProblem& problem : exchange.reply->problems) {
    const bool in_scope = !problem.variable.empty();
    for (const ExpressionId id : ids) {
      if (in_scope ? state.sources.expressions[id].scope != problem.id : id != problem.id) continue;
      const LineColumn at = state.sources.original(id, problem.variable, problem.place);
      problems[id].push_back(
          {.message = problem.message, .line = at.line, .column = at.column, .variable = problem.variable});
      if (in_scope) break;
    }
  }
  return {};
}

/// The function compiler is stricter than the parser: its complaints are problems as well.
Status ChildExpressions::install(std::vector<CompileResult>& results) {
  std::vector<ExpressionId> ids;
  for (const CompileResult& result : results) {
    if (const auto* compiled = std::get_if<Compiled>(&result)) ids.push_back(compiled->id);
  }
  std::map<ExpressionId, std::vector<CompileProblem>> problems;
  for (std::size_t i = 0; i < ids.size(); i += sources_per_request) {
    Status status =
        install_some(std::span(ids).subspan(i, std::min(sources_per_request, ids.size() - i)), problems);
    if (!status) return status;
  }
  for (CompileResult& result : results) {
    const auto* compiled = std::get_if<Compiled>(&result);
    if (compiled == nullptr) continue;
    const auto found = problems.find(compiled->id);
    if (found != problems.end()) result = std::move(found->second);
  }
  return {};
}

Result<std::vector<CompileResult>> ChildExpressions::compile(std::vector<Source> sources) {
  if (state_->busy) return fail(ErrorCode::internal, "expressions are evaluated just now");
  auto results = state_->sources.add(
      sources, [this](std::vector<std::string> texts) { return analyse(std::move(texts)); });
  if (!results) return results;
  Status status = install(*results);
  if (!status) return std::unexpected(status.error());
  return results;
}

}  // namespace

Result<std::unique_ptr<Expressions>> make_expressions(Loop* loop, Limits limits) {
  return std::make_unique<ChildExpressions>(loop, limits);
}

}  // namespace wave::plans
