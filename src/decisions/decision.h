#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "definitions/definitions.h"

namespace wave::decisions {

/// What one item wishes for one value of one component.
struct Wish {
  double desired = 0;  ///< finite, >= 0, whole (fractions are already rounded up)
  std::string plan_id;
  std::string item_id;
  int priority = 0;
  bool at_least = false;  ///< raises whatever the others wish
  bool relative = false;  ///< computed from current or ready capacity: no second step the same way until the
                          ///< first is ready
  bool instant = false;   ///< of a cron_expression: stands until applied
  std::string why;        ///< `api_rps 4200 / 200`
  std::optional<double> shown{};  ///< what a forecast that is only shown would wish
  bool ahead = false;             ///< a forecast was counted in
};

/// Why a number became another. `rule` is one word of docs/glossary.md.
struct Reason {
  std::string rule;  ///< wish, at_least, tolerance, stabilization, fresh_only_down, rate, cooldown, limits,
                     ///< pause, ...
  double from = 0;
  double to = 0;
  std::string text;
};

struct Recommendation {
  UtcTime at;
  double value = 0;
};
struct PastChange {
  UtcTime at;
  double from = 0;
  double to = 0;
};

/// What must outlive a restart, per component and value. Stored after every decision that changes it.
struct State {
  std::vector<Recommendation> recommendations;  ///< within the longer stabilization window
  std::vector<PastChange> changes;     ///< within the longest rate period and cooldown; at least the last one
  std::optional<double> last_applied;  ///< what we set last; another number there now was set by someone else
  std::optional<UtcTime> relative_step_at;  ///< a relative step is under way since
  double relative_step_to = 0;
  int relative_step_direction = 0;  ///< +1, -1, 0 none
};

/// A metric behind the wish that is not fresh.
struct NotFresh {
  std::string metric_id;
  std::string problem;  ///< `stale: last sample 4m12s ago (09:31:02Z)`
};

/// A change that the system refuses now.
struct Block {
  std::string value{};  ///< of the component; empty: all of them
  bool only_down = false;
  std::optional<UtcTime> until{};  ///< when it may be tried; nullopt: when it is seen no more
  std::string reason{};            ///< `a change is under way`
  bool operator==(const Block&) const = default;
  /// Whether it stands in the way of setting `value` from one number to another.
  bool stops(const std::string& of, double from, double to, UtcTime now) const {
    return (value.empty() || value == of) && from != to && (!only_down || to < from) &&
           (!until || *until > now);
  }
};

/// All that one decision depends on.
struct Input {
  std::string component_id;
  std::string value = "desired";
  UtcTime now;
  double current = 0;  ///< observed
  std::optional<double> ready;
  bool changing = false;
  std::vector<Block> blocks;              ///< of this value
  std::optional<std::string> refused_by;  ///< somebody else steers it and on_conflict is refuse
  bool raise_floor = false;
  std::vector<Wish> wishes;         ///< of winning items and active at_least items, in id order
  std::vector<NotFresh> not_fresh;  ///< metrics without which it may not fall, and that are not fresh
  std::vector<std::string> errors;  ///< of items that were tried
  bool outage = false;              ///< one of them had a value and has none now, or a wish is unknown
  std::string invalid;  ///< an item that won wished something that is no capacity: it may not fall
  std::optional<double> system_min{};  ///< the system's own bounds now, where it has some
  std::optional<double> system_max{};
  std::optional<UtcTime> paused_until;
  std::string pause_reason;
  bool switched_off = false;  ///< a Kubernetes target at 0 with min above 0
  Duration ready_after = 30s;
  bool dry_run = false;
};

enum class Action { scale, hold, none };

struct Decision {
  std::string component_id;
  std::string value;
  UtcTime at;
  double current = 0;
  std::optional<double> wish;  ///< after arbitration
  double final = 0;            ///< the capacity after the decision
  double computed = 0;         ///< what would be set without pause, dry-run and blocks
  Action action = Action::none;
  std::vector<Wish> wishes;
  std::vector<Reason> reasons;
  std::optional<UtcTime> retry_at;  ///< when the limit that held it will allow more
};

/// Everything in design.md section 3 from arbitration to dry-run, as a pure function. `state` gains this
/// moment's recommendation and forgets what no window needs.
Decision decide(const Input& input, const definitions::ComponentDefinition& component, State& state);

/// A number set by hand (`scale`): min/max and the kind's own bounds only; pauses and dry-run do not count.
Decision decide_by_hand(const Input& input, double wished, const definitions::ComponentDefinition& component);

/// Tells the state that `to` was applied (or, for capacity that somebody else set, observed).
void record_change(State& state, UtcTime at, double from, double to,
                   const definitions::ComponentDefinition& component);
/// Capacity that someone else set counts as a recommendation made at that moment.
void record_foreign_change(State& state, UtcTime at, double to);

/// Forgets what no window, policy or cooldown needs at `now`; times in the future count as now.
void forget(State& state, UtcTime now, const definitions::ComponentDefinition& component);
/// Drops recommendations that can no longer be the smallest or largest of any window; bounds their number.
void compact(State& state);
/// Civil time jumped by that much: what the state remembers keeps its age.
void shift(State& state, Duration by);

std::string to_json(const State& state);
std::optional<State> state_from_json(const std::string& text);

}  // namespace wave::decisions
