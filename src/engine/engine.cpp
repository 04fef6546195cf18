#include "engine/engine.h"

#include <algorithm>

#include "engine/evaluator.h"

namespace wave::engine {
namespace {

/// Less is what clocks do while they are disciplined.
constexpr Duration least_jump = 2s;
/// A sample alone is answered at once; of many, those of a moment share one turn.
constexpr Duration least_between_turns = 2ms;
/// An expression that is tried apart is known after tens of milliseconds.
constexpr Duration ask_again_after = 100ms;

}  // namespace

Engine::Engine(Parts parts, Options options) : parts_(std::move(parts)), options_(options) {}

Engine::~Engine() {
  cancel_timers();
}

bool Engine::ready() const {
  return loaded_ &&
         std::ranges::all_of(generation_->plans, [](const auto& plan) { return plan->outcome.evaluated; });
}

void Engine::sampled(const Metric& metric) {
  if (!options_.self_driven || !generation_) return;
  const auto readers = generation_->readers.find(&metric);
  if (readers == generation_->readers.end()) return;
  for (const auto index : readers->second) plan_due(index);
}

void Engine::observed(const Component& component) {
  if (!options_.self_driven || !generation_) return;
  const auto users = generation_->users.find(&component);
  if (users == generation_->users.end()) return;
  for (const auto index : users->second) plan_due(index);
}

void Engine::plan_due(std::uint32_t index) {
  auto& plan = *generation_->plans[index];
  if (plan.due || stopping_) return;
  plan.due = true;
  due_.push_back(index);
  schedule_turn();
}

void Engine::schedule_turn() {
  if (turn_posted_ || turning_ || due_.empty() || stopping_) return;
  turn_posted_ = true;
  auto begin = [this] {
    turn_posted_ = false;
    turn_timer_ = 0;
    if (!stopping_) spawn(turn());
  };
  const MonoTime earliest = turn_begun_ + least_between_turns;
  if (counters_.turns == 0 || earliest <= parts_.runtime.mono()) {
    parts_.runtime.post(std::move(begin));
  } else {
    turn_timer_ = parts_.runtime.at(earliest, std::move(begin));
  }
}

/// The plan's own interval. The timer is not moved by evaluations in between; it looks when the last one was.
void Engine::arm(std::uint32_t index) {
  auto& plan = *generation_->plans[index];
  const MonoTime now = parts_.runtime.mono();
  const MonoTime next =
      std::max(plan.evaluated_at, now - plan.definition->interval) + plan.definition->interval;
  plan.timer =
      parts_.runtime.at(std::max(next, now + Duration(1ms)), [this, index, generation = generation_.get()] {
        if (generation != generation_.get() || stopping_) return;
        const auto& due = *generation_->plans[index];
        if (parts_.runtime.mono() - due.evaluated_at >= due.definition->interval) plan_due(index);
        arm(index);
      });
}

void Engine::arm_edge(std::uint32_t index) {
  auto& plan = *generation_->plans[index];
  const UtcTime now = parts_.runtime.utc();
  const auto edge = next_edge(plan, now);
  if (!edge) return;
  // Civil time may jump: look at least every minute.
  const Duration wait = std::min<Duration>(std::chrono::duration_cast<Duration>(*edge - now), 60s);
  plan.edge_timer = parts_.runtime.after(std::max<Duration>(wait, 1ms),
                                         [this, index, edge, generation = generation_.get()] {
                                           if (generation != generation_.get() || stopping_) return;
                                           if (parts_.runtime.utc() >= *edge) plan_due(index);
                                           arm_edge(index);
                                         });
}

/// Some of its expressions are being tried apart.
void Engine::ask_again(std::uint32_t index) {
  unknown_.insert(index);
  if (unknown_timer_ != 0) return;
  unknown_timer_ = parts_.runtime.after(ask_again_after, [this] {
    unknown_timer_ = 0;
    for (const auto plan : std::exchange(unknown_, {})) plan_due(plan);
  });
}

void Engine::cancel_timers() {
  if (!generation_) return;
  parts_.runtime.cancel(std::exchange(unknown_timer_, 0));
  unknown_.clear();
  if (turn_timer_ != 0) turn_posted_ = false;
  parts_.runtime.cancel(std::exchange(turn_timer_, 0));
  parts_.runtime.cancel(start_timer_);
  for (auto& plan : generation_->plans) {
    parts_.runtime.cancel(plan->timer);
    parts_.runtime.cancel(plan->edge_timer);
  }
  for (const auto& [id, planned] : look_again_) parts_.runtime.cancel(planned.timer);
  look_again_.clear();
}

/// Stored ages are civil; when that clock jumps (NTP, a resumed machine) they move with it, so that a jump
/// neither ends a window early nor holds it for hours.
void Engine::follow_clock() {
  const Duration drift = parts_.runtime.utc().time_since_epoch() - parts_.runtime.mono().time_since_epoch();
  const Duration jump = drift_ ? drift - *drift_ : Duration{0};
  drift_ = drift;
  if (std::chrono::abs(jump) < least_jump) return;
  parts_.log.warning("the clock jumped", {{"by", std::to_string(seconds(jump)) + "s"}});
  for (auto& [id, component] : generation_->components) component->shift(jump);
}

Task<void> Engine::turn() {
  if (turning_) co_return;
  turning_ = true;
  follow_clock();
  ++in_flight_;
  ++counters_.turns;
  turn_begun_ = parts_.runtime.mono();
  Generation* generation = generation_.get();
  auto due = std::exchange(due_, {});
  std::ranges::sort(due);
  for (const auto index : due) generation->plans[index]->due = false;
  counters_.evaluations += due.size();
  const UtcTime now = parts_.runtime.utc();
  auto evaluated = co_await evaluate(*generation, due, now, false);
  // A reload in the meantime makes all plans due again.
  if (generation == generation_.get() && !stopping_) {
    if (!evaluated) {
      ++counters_.evaluation_failures;
      parts_.log.error("expressions cannot be evaluated", {{"error", evaluated.error().text()}});
    }
    std::vector<Component*> touched;
    for (const auto index : due) {
      auto& plan = *generation->plans[index];
      plan.evaluated_at = parts_.runtime.mono();
      // Without the process for expressions those are errors; targets, thresholds and schedules go on.
      if (plan.has_instants) update_firings(plan, now);
      select(*generation, plan, {now, parts_.runtime.mono()});
      if (evaluated && std::ranges::any_of(plan.compiled->expressions, [&](plans::ExpressionId id) {
            return generation->evaluations[id].is_unknown;
          }))
        ask_again(index);
      touched.insert(touched.end(), plan.components.begin(), plan.components.end());
    }
    std::ranges::sort(touched, {},
                      [](const Component* one) -> const std::string& { return one->definition().id; });
    touched.erase(std::ranges::unique(touched).begin(), touched.end());
    for (auto* component : touched) decide_component(*component);
  }
  turning_ = false;
  if (--in_flight_ == 0) past_.clear();
  schedule_turn();
}

Task<void> Engine::stop(Duration limit) {
  stopping_ = true;
  if (!generation_) co_return;
  for (auto& [id, metric] : generation_->metrics) metric->stop();
  for (auto& [id, component] : generation_->components) component->stop();
  cancel_timers();
  const MonoTime end = parts_.runtime.mono() + limit;
  const auto busy = [this] {
    return in_flight_ > 0 ||
           std::ranges::any_of(generation_->components, [](const auto& one) { return one.second->busy(); }) ||
           std::ranges::any_of(generation_->metrics, [](const auto& one) { return one.second->busy(); });
  };
  while (busy() && parts_.runtime.mono() < end) co_await parts_.runtime.sleep(10ms);
  if (parts_.store != nullptr) {
    auto kept = co_await parts_.store->flush(2s);
    if (!kept) parts_.log.error("history is not on disk", {{"error", kept.error().text()}});
  }
}

Status Engine::push(const std::string& metric_id, metrics::Labels labels, double value,
                    std::optional<UtcTime> at) {
  auto* metric = generation_ ? generation_->metric(metric_id) : nullptr;
  if (metric == nullptr) return fail(ErrorCode::not_found, "no metric '" + metric_id + "'");
  return metric->push(std::move(labels), value, at);
}

void Engine::receive(std::string_view kind, const std::vector<metrics::Received>& samples) {
  if (!generation_) return;
  for (const auto& [id, metric] : generation_->metrics) {
    const auto& definition = metric->definition();
    if (definition.kind->name == kind && definition.enabled)
      metric->receive(metrics::wanted_of(definition, samples));
  }
}

Status Engine::pause(const std::string& component_id, std::optional<UtcTime> until, std::string reason) {
  const auto component = named(component_id);
  if (!component) return std::unexpected(component.error());
  if (until && *until <= parts_.runtime.utc()) {
    return fail(ErrorCode::invalid_argument, "until " + iso8601(*until) + " has passed");
  }
  (*component)->pause({until, std::move(reason)});
  return {};
}

}  // namespace wave::engine
