#include <algorithm>

#include "base/backoff.h"
#include "base/text.h"
#include "engine/component.h"

namespace wave::engine {
namespace {

/// How long a decision waits for its change to be on disk. A slow disk must not stop scaling.
constexpr Duration disk_limit = 1s;
/// What was accepted is sent again while it is not shown: after 2, 4, 8 ... 60 s.
constexpr Duration first_repeat = 2s;
constexpr Duration longest_repeat = 60s;
/// Longer ago than that, a number that is back is somebody's.
constexpr Duration longest_not_shown = 10min;
/// So often is no coincidence.
constexpr int times_to_warn = 3;

}  // namespace

Task<Component::Attempt> Component::apply(components::Change change) {
  const auto self = shared_from_this();
  applying_ = true;
  ++counters_.applies;
  const UtcTime now = parts_.runtime.utc();
  const MonoTime begun = parts_.runtime.mono();
  const auto before = states_;
  for (const auto& [value, to] : change.values) {
    auto& state = states_[value];
    decisions::record_change(state, now, change.basis[value], to, *definition_);
    state.last_applied = to;
  }
  save();
  if (parts_.store != nullptr) {
    auto kept = co_await parts_.store->flush(disk_limit);
    if (!kept) {
      parts_.log.error("state is not on disk; scaling goes on",
                       {{"component", definition_->id}, {"error", kept.error().text()}});
    }
  }
  Attempt attempt{.at = now, .values = change.values, .request_id = {}, .error = {}};
  const components::Values basis = change.basis;
  Result<components::Applied> done = fail(ErrorCode::internal, "");
  if (impl_) {
    const auto impl = impl_;
    done = co_await impl->apply(std::move(change));
  } else {
    done = std::unexpected(open_error_.value_or(Error{.message = "the component is not open"}));
  }
  applying_ = false;
  attempt.took = parts_.runtime.mono() - begun;
  if (done) {
    attempt.request_id = done->request_id;
    attempt.reached = std::move(done->reached);
    attempt.rest = std::move(done->rest);
    accept(attempt, basis, before);
  } else {
    ++counters_.apply_failures;
    states_ = before;
    attempt.error = std::move(done.error());
    back_off(attempt);
    // A request without an answer may have been taken: then what is seen next is ours, not someone else's.
    const bool unclear = attempt.error->code == ErrorCode::timeout ||
                         attempt.error->code == ErrorCode::unavailable ||
                         attempt.error->code == ErrorCode::bad_response;
    co_await observe();
    if (unclear && observation_ && !error_) {
      for (const auto& [value, number] : attempt.values) {
        if (observation_->current[value] != number) continue;
        const auto earlier = before.find(value);
        if (earlier == before.end() || earlier->second.last_applied == number) continue;
        const double from = earlier->second.last_applied.value_or(number);
        states_[value] = earlier->second;
        decisions::record_change(states_[value], now, from, number, *definition_);
        states_[value].last_applied = number;
      }
    }
  }
  ++version_;
  last_attempt_ = attempt;
  if (hand_over()) co_return attempt;
  if (!done) save();
  if (!stopped_ && !observing_) {
    parts_.runtime.cancel(timer_);
    timer_ = parts_.runtime.after(done ? observe_soon / 4 : observe_soon, [weak = weak_from_this()] {
      if (auto alive = weak.lock(); alive && !alive->stopped_) spawn(alive->run_observe());
    });
  }
  co_return attempt;
}

void Component::accept(const Attempt& attempt, const components::Values& basis,
                       const std::map<std::string, decisions::State>& before) {
  apply_failures_in_row_ = 0;
  refused_.reset();
  retry_at_.reset();
  const components::Values& reached = attempt.reached ? *attempt.reached : attempt.values;
  const MonoTime now = parts_.runtime.mono();
  // What is left is decided on what is seen next.
  if (attempt.reached) retry_at_ = now + observe_soon;
  for (const auto& [value, asked] : attempt.values) {
    const auto told = reached.find(value);
    const auto was = basis.find(value);
    const double from = was == basis.end() ? 0 : was->second;
    if (told == reached.end() || told->second != asked) {
      const auto earlier = before.find(value);
      states_[value] = earlier == before.end() ? decisions::State{} : earlier->second;
      if (told == reached.end()) continue;
      decisions::record_change(states_[value], attempt.at, from, told->second, *definition_);
    }
    states_[value].last_applied = told->second;
    auto& accepted = accepted_[value];
    const bool again = accepted.times > 0 && accepted.from == from && accepted.to == told->second;
    accepted = {
        .from = from, .to = told->second, .when = attempt.at, .at = now, .times = again ? accepted.times : 0};
    const bool is_main = value == definition_->kind->main_value();
    const bool serves = observation_ && observation_->ready && *observation_->ready >= told->second;
    if (is_main && told->second > from && !serves) growing_ = {now - attempt.took, told->second};
    if (observation_) observation_->current[value] = told->second;
  }
  changing_since_ = now;
}

bool Component::is_ours(const std::string& value, double current) {
  const auto found = accepted_.find(value);
  if (found == accepted_.end()) return false;
  auto& [from, to, when, at, times, repeat_at] = found->second;
  auto& state = states_[value];
  if (current == to) {
    if (state.last_applied != to) decisions::record_change(state, when, from, to, *definition_);
    state.last_applied = to;
    accepted_.erase(found);
    return true;
  }
  if (current != from || parts_.runtime.mono() - at > longest_not_shown) {
    accepted_.erase(found);
    return false;
  }
  if (state.last_applied == to) {
    std::erase_if(state.changes, [&](const decisions::PastChange& one) {
      return one.at == when && one.from == from && one.to == to;
    });
    state.last_applied = from;
    repeat_at = at + spread(doubled(first_repeat, times++, longest_repeat), parts_.runtime);
  }
  return true;
}

void Component::warn_of_not_shown(components::Observation& observation) const {
  for (const auto& [value, one] : accepted_) {
    if (one.times < times_to_warn) continue;
    observation.warnings.push_back(value + " was set to " + shortest(one.to) + " and accepted " +
                                   std::to_string(one.times) + " times, and still is " + shortest(one.from) +
                                   ": somebody sets it back, or it is not taken");
  }
}

}  // namespace wave::engine
