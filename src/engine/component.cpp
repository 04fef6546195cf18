#include "engine/component.h"

#include <algorithm>
#include <cmath>

#include "base/backoff.h"
#include "engine/open.h"

namespace wave::engine {
namespace {

constexpr Duration longest_backoff = 60s;
/// Of a request that was refused for good: somebody has to change something first.
constexpr Duration longest_refusal = 15min;
constexpr Duration longest_component_wait = 5min;
constexpr std::size_t learn_from = 20;
constexpr Duration longest_learned = 1h;
/// At what changes for longer than so many looks, it looks half as often.
constexpr int looks_at_one_pace = 30;

const components::Kind* kind_of(const Parts& parts, const definitions::ComponentDefinition& definition) {
  for (const auto* kind : parts.component_kinds) {
    if (definition.kind != nullptr && kind->table.name == definition.kind->name) return kind;
  }
  return nullptr;
}

}  // namespace

Component::Component(Parts& parts, std::shared_ptr<const definitions::ComponentDefinition> definition,
                     Duration observe_every, Duration max_age, OnChange on_change)
    : parts_(parts),
      definition_(std::move(definition)),
      observe_every_(observe_every),
      max_age_(max_age),
      on_change_(std::move(on_change)) {}

void Component::open() {
  if (impl_ || pretended_) return;
  open_error_.reset();
  const auto* kind = kind_of(parts_, *definition_);
  if (kind == nullptr || !kind->create) {
    open_error_ = Error{.message = "component kind " + std::string(definition_->kind->name) + " is not here"};
    return;
  }
  auto made = engine::open(*kind, *definition_, parts_.environment, parts_.services);
  if (made) {
    impl_ = std::move(*made);
  } else {
    open_error_ = std::move(made.error());
  }
}

bool Component::same_target(const Component& other) const {
  return definition_->kind == other.definition_->kind &&
         definition_->metadata.same_values(other.definition_->metadata);
}

void Component::adopt(Component& earlier) {
  earlier.superseded_ = true;
  states_ = earlier.states_;
  pause_ = std::move(earlier.pause_);
  counters_ = earlier.counters_;
  last_attempt_ = earlier.last_attempt_;
  version_ = earlier.version_ + 1;
  if (!same_target(earlier)) return;
  impl_ = earlier.impl_;
  applying_ = earlier.applying_;
  if (applying_) earlier.successor_ = weak_from_this();
  revived_ = earlier.revived_;
  restored_ = earlier.restored_;
  observation_ = std::move(earlier.observation_);
  observed_at_ = earlier.observed_at_;
  error_ = std::move(earlier.error_);
  learned_ = std::move(earlier.learned_);
  growing_ = earlier.growing_;
  retry_at_ = earlier.retry_at_;
  accepted_ = earlier.accepted_;
}

void Component::succeed(const Component& earlier) {
  applying_ = false;
  states_ = earlier.states_;
  retry_at_ = earlier.retry_at_;
  accepted_ = earlier.accepted_;
  growing_ = earlier.growing_;
  last_attempt_ = earlier.last_attempt_;
  // It shows what was there before the change.
  observation_.reset();
  counters_ = earlier.counters_;
  apply_failures_in_row_ = earlier.apply_failures_in_row_;
  ++version_;
  if (hand_over()) return;
  save();
  // Observes, and decides again with what it sees.
  if (!stopped_ && !observing_) spawn(run_observe());
}

bool Component::hand_over() {
  const auto next = successor_.lock();
  if (next) next->succeed(*this);
  return next != nullptr;
}

void Component::start() {
  stopped_ = false;
  if (!pretended_ && !observing_) spawn(run_observe());
}

void Component::stop() {
  stopped_ = true;
  parts_.runtime.cancel(timer_);
}

Task<void> Component::run_observe() {
  const auto self = shared_from_this();
  // There is one call at a time: what is asked now is revived at the next turn.
  if (!revived_ && !busy()) co_await revive();
  co_await observe();
  if (!stopped_) schedule();
}

void Component::schedule() {
  parts_.runtime.cancel(timer_);
  timer_ = parts_.runtime.after(observe_delay(), [weak = weak_from_this()] {
    if (auto self = weak.lock(); self && !self->stopped_) spawn(self->run_observe());
  });
}

std::optional<MonoTime> Component::retry_at(const std::map<std::string, double>& values) const {
  auto out = retry_at_;
  const auto not_before = [&out](MonoTime when) { out = std::max(out.value_or(MonoTime{}), when); };
  if (refused_ && refused_->values == values) not_before(refused_->until);
  for (const auto& [value, number] : values) {
    const auto accepted = accepted_.find(value);
    if (accepted != accepted_.end() && accepted->second.to == number && accepted->second.times > 0)
      not_before(accepted->second.repeat_at);
  }
  return out;
}

void Component::back_off(const Attempt& attempt) {
  const Error& error = *attempt.error;
  Duration wait = spread(doubled(1s, apply_failures_in_row_++, longest_backoff), parts_.runtime);
  if (error.retry_after) wait = std::max(wait, std::min(*error.retry_after, longest_component_wait));
  const MonoTime now = parts_.runtime.mono();
  retry_at_ = now + wait;
  if (error.retryable || error.code == ErrorCode::conflict || error.code == ErrorCode::busy) {
    refused_.reset();
    return;
  }
  const int times = refused_ && refused_->values == attempt.values ? refused_->times + 1 : 0;
  refused_ = {.values = attempt.values,
              .until = now + spread(doubled(longest_backoff, times, longest_refusal), parts_.runtime),
              .times = times};
}

Duration Component::observe_delay() const {
  if (failures_in_row_ > 0) {
    const Duration doubling = doubled(1s, failures_in_row_ - 1, longest_backoff);
    Duration wait = doubling;
    if (error_ && error_->retry_after)
      wait = std::max(wait, std::min(*error_->retry_after, longest_component_wait));
    // Who is asked too much, is not asked more than ever.
    if (error_ && error_->code == ErrorCode::throttled)
      return in_step(std::max(wait, observe_every_), observe_every_);
    // What failed in one call is asked for in one call again.
    return in_step(wait, doubling);
  }
  const bool waits_for_ready = observation_ && observation_->ready && growing_;
  if (observation_ && (observation_->changing || waits_for_ready)) {
    const Duration pace = while_changing();
    return in_step(pace, pace);
  }
  return in_step(observe_every_, observe_every_);
}

Duration Component::while_changing() const {
  Duration pace = std::min(observe_soon, observe_every_);
  const Duration past = changing_since_ ? parts_.runtime.mono() - *changing_since_ : Duration{0};
  while (pace < observe_every_ && past > looks_at_one_pace * pace) pace = std::min(2 * pace, observe_every_);
  return pace;
}

/// About `wait`, until a multiple of `step`: components with the same interval ask together and share calls,
/// also after one of them was out of step for a while.
Duration Component::in_step(Duration wait, Duration step) const {
  const Duration past = parts_.runtime.mono().time_since_epoch() % step;
  const Duration shift = past < step * 3 / 4 ? -past : step - past;
  return wait + shift;
}

Task<void> Component::observe() {
  const auto self = shared_from_this();
  // While a change is being sent an answer could be from before or after it.
  if (observing_ || applying_ || pretended_) co_return;
  open();
  observing_ = true;
  ++counters_.observations;
  const auto applies = counters_.applies;
  Result<components::Observation> seen = fail(ErrorCode::invalid_argument, "");
  if (impl_) {
    const auto impl = impl_;
    seen = co_await impl->observe();
  } else {
    seen = std::unexpected(*open_error_);
  }
  observing_ = false;
  // A change that was sent meanwhile makes it an answer from before or after it.
  if (counters_.applies != applies) co_return;
  if (seen) {
    take(std::move(*seen));
    co_return;
  }
  ++counters_.observe_failures;
  if (++failures_in_row_ == 1) {
    parts_.log.warning("component cannot be observed",
                       {{"component", definition_->id}, {"error", seen.error().text()}});
  }
  error_ = std::move(seen.error());
  ++version_;
  if (on_change_) on_change_(*this);
}

void Component::take(components::Observation observation) {
  if (failures_in_row_ > 0) parts_.log.info("component seen again", {{"component", definition_->id}});
  failures_in_row_ = 0;
  error_.reset();
  const UtcTime now = parts_.runtime.utc();
  bool foreign = false;
  for (const auto& [value, current] : observation.current) {
    if (is_ours(value, current)) continue;
    auto& state = states_[value];
    // A number that comes back is as if it was wished: a stabilization window begins.
    if (observation_ && !observation_->current.contains(value))
      state.recommendations.push_back({now, current});
    if (state.last_applied && *state.last_applied == current) continue;
    if (state.last_applied) {
      parts_.log.info("someone else changed it", {{"component", definition_->id}, {"value", value}});
    }
    decisions::record_foreign_change(state, now, current);
    state.last_applied = current;
    foreign = true;
  }
  // What was wished since the state was last written is not known: what is there counts as wished, and a
  // stabilization window begins anew.
  if (std::exchange(restored_, false)) {
    for (const auto& [value, current] : observation.current)
      states_[value].recommendations.push_back({now, current});
  }
  warn_of_not_shown(observation);
  const bool differs =
      !observation_ || observation_->current != observation.current ||
      observation_->ready != observation.ready || observation_->changing != observation.changing ||
      observation_->blocks != observation.blocks || observation_->steered_by() != observation.steered_by();
  const bool was_known = known();
  observation_ = std::move(observation);
  observed_at_ = parts_.runtime.mono();
  learn();
  if (!observation_->changing && !growing_) {
    changing_since_.reset();
  } else if (!changing_since_) {
    changing_since_ = observed_at_;
  }
  if (foreign) save();
  if (differs || !was_known) {
    ++version_;
    if (on_change_) on_change_(*this);
  }
}

/// How long ordered capacity took until it served.
void Component::learn() {
  if (!growing_ || !observation_->ready) return;
  const auto main = observation_->current.find(std::string(definition_->kind->main_value()));
  if (main == observation_->current.end()) return;
  const Duration took = parts_.runtime.mono() - growing_->since;
  if (*observation_->ready >= growing_->to) {
    learned_.push_back(took);
    if (learned_.size() > learn_from) learned_.erase(learned_.begin());
    growing_.reset();
    save();
  } else if (took > longest_learned || main->second < growing_->to) {
    growing_.reset();
  }
}

Duration Component::ready_after() const {
  if (definition_->ready_after) return *definition_->ready_after;
  if (learned_.empty()) return definition_->kind->ready_after;
  std::vector<Duration> sorted(learned_.begin(), learned_.end());
  const auto rank = (sorted.size() * 9 + 9) / 10 - 1;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(rank), sorted.end());
  return sorted[rank];
}

bool Component::known() const {
  return observation_ && (pretended_ || parts_.runtime.mono() - observed_at_ <= max_age_);
}

void Component::pretend(double desired) {
  pretended_ = true;
  components::Observation seen;
  seen.current[std::string(definition_->kind->main_value())] = desired;
  seen.ready = desired;
  take(std::move(seen));
}

Task<void> Component::revive() {
  const auto self = shared_from_this();
  if (!states_.empty()) open();
  if (states_.empty() || !impl_) {
    revived_ = true;
    co_return;
  }
  const auto impl = impl_;
  observing_ = true;
  auto seen = co_await impl->observe();
  observing_ = false;
  if (superseded_) co_return;  // the next generation does it
  revived_ = true;
  // Who tells anything at all, knows by himself what he has: what is missing there was taken away.
  if (!seen || !seen->current.empty()) co_return;
  components::Change change{.values = {}, .basis = {}, .reason = "restored after a restart"};
  for (const auto& [value, state] : states_) {
    if (state.last_applied && *state.last_applied > 0) change.values[value] = *state.last_applied;
  }
  if (change.values.empty()) co_return;
  if (!definition_->kind->ephemeral) {
    impl->recall(change.values);
    co_return;
  }
  if (only_watches_) co_return;
  change.basis = seen->current;
  applying_ = true;
  auto done = co_await impl->apply(std::move(change));
  applying_ = false;
  if (!done) {
    parts_.log.error("could not be restored",
                     {{"component", definition_->id}, {"error", done.error().text()}});
  }
  hand_over();
}

}  // namespace wave::engine
