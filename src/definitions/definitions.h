#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "definitions/kind.h"
#include "definitions/settings.h"

namespace wave::definitions {

enum class Aggregate { error, sum, avg, max, min, first };

/// What an answer without a value means: a failure, zero, the last value, or a number.
struct OnEmpty {
  enum class Kind { fail, last, number } kind = Kind::fail;
  double number = 0;
};

/// How the past of a metric is kept for its forecasts.
struct Learning {
  Duration step = 1min;  ///< of the regular series that is learned from
  Duration history = 35 * 24h;
};

struct MetricDefinition {
  std::string id;
  const KindTable* kind = nullptr;
  Settings metadata;
  Duration polling_interval = 15s;
  Duration timeout = 5s;
  Duration stale_after = 50s;  ///< filled in from the rule of design.md where it is not written
  Aggregate aggregate = Aggregate::error;
  OnEmpty on_empty;
  Learning learning;  ///< `forecast` in YAML
  bool enabled = true;
  Position position;
};

/// Bounds of one value of a component.
struct Limits {
  double min = 0;
  double max = 0;
  bool min_written = false;
  bool max_written = false;  ///< otherwise it is the system's own bound
};

struct RatePolicy {
  enum class Type { percent, count } type = Type::percent;  ///< `pods` in YAML is count
  double value = 100;
  Duration period = 15s;
};

/// autoscaling/v2 HPAScalingRules.
struct ScalingRules {
  Duration stabilization_window = Duration{0};
  std::vector<RatePolicy> policies;  ///< empty: no limit
  enum class Select { max, min, disabled } select = Select::max;
};

struct Behavior {
  ScalingRules up{};
  ScalingRules down{.stabilization_window = 300s};
};

enum class OnConflict { refuse, raise_floor, ignore };

struct ComponentDefinition {
  std::string id;
  const KindTable* kind = nullptr;
  Settings metadata;
  std::map<std::string, Limits>
      limits;  ///< by value name, one for each value that any plan or the user names; `desired` too
  Behavior behavior;
  Duration cooldown_up{0};
  Duration cooldown_down{0};
  std::optional<Duration> ready_after;  ///< nullopt: auto
  OnConflict on_conflict = OnConflict::refuse;
  bool scale_in = true;
  bool dry_run = false;
  bool enabled = true;
  Position position;
  /// Why this one has not that value of its kind; empty: it has it.
  std::string lacks(std::string_view value) const {
    return kind != nullptr && kind->lacks != nullptr ? kind->lacks(metadata, value) : std::string();
  }
};

/// A number, or JavaScript that gives one.
struct Expression {
  std::string source;
  Position position;             ///< of the first character of the source
  std::optional<double> number;  ///< when it is a plain number: nothing to evaluate
};

struct Schedule {
  std::string cron;  ///< five, six (seconds first) or seven fields (year last)
  std::string timezone = "UTC";
  std::optional<Duration> duration;  ///< nullopt: an instant (`cron_expression`)
  Duration grace = 5min;             ///< how late an instant may still fire after a restart
  Duration lead{0};                  ///< how much earlier than it says it begins; only with a duration
  Position position;
};

struct Target {
  std::string metric;
  enum class Kind { per_unit, average } kind = Kind::per_unit;
  double value = 0;           ///< > 0
  double limit_per_unit = 0;  ///< default 1.4 x value
  double tolerance = 0.1;
  double activation_above =
      0;  ///< from zero only when the metric is above this; zero only when at or below it
  bool has_activation = false;
  Position position;
};

struct Threshold {
  std::string metric;
  std::optional<double> above;
  std::optional<double> below;
  enum class Kind { by, by_percent, to } kind = Kind::by;
  double amount = 1;
  Duration settle{0};
  Position position;
};

/// How far an item runs ahead of the load, design.md section 3.4.
struct Proactive {
  enum class Mode { forecast_and_scale, forecast_only } mode = Mode::forecast_and_scale;
  enum class Floor { reactive, none } floor = Floor::reactive;
  double violation_cost = 14;        ///< one violated minute is worth so many minutes of the mean fleet
  std::optional<double> quantile;    ///< of the forecast, instead of the price
  std::optional<double> max_margin;  ///< counts at most (1 + this) times the forecast's median
  Position position;
};

struct Fallback {
  Duration after = 3min;
  enum class Desired { hold, last, number } desired = Desired::hold;
  double number = 0;
  bool both_directions = false;
};

/// What an item asks of one component.
struct ComponentWish {
  std::string component_id;
  std::map<std::string, Expression> values;  ///< `desired` and others
  std::optional<Expression> at_least;
  Position position;
};

struct PlanItem {
  std::string id;
  std::optional<Expression> expression;
  std::optional<Schedule> schedule;
  std::optional<Target> target;
  std::optional<Threshold> threshold;
  std::optional<Proactive> proactive;  ///< only with a `target` that has `per_unit`
  std::optional<Fallback> fallback;
  int priority = 0;
  bool enabled = true;
  std::vector<ComponentWish> components;
  Position position;
};

struct PlanDefinition {
  std::string id;
  Duration interval = 15s;
  std::vector<std::pair<std::string, Expression>> variables;  ///< in file order
  std::vector<PlanItem> items;                                ///< in file order
  bool enabled = true;
  Position position;
};

/// Something known beforehand that moves metrics: a campaign, a match. Its occurrences raise forecasts.
struct EventDefinition {
  std::string id;
  std::string name;                  ///< events of one name teach each other; the id where it is not written
  std::vector<std::string> metrics;  ///< what it moves
  std::optional<UtcTime> start;      ///< once; else `schedule`
  std::optional<Schedule> schedule;  ///< recurring; its duration is `duration`
  Duration duration{0};
  std::optional<double> factor;  ///< what is expected of it: load = usual load * factor + amount
  double amount = 0;
  bool enabled = true;
  Position position;
};

/// A problem in the user's files. `message` includes the suggestion: `unknown key 'querry' (did you mean
/// 'query'?)`.
struct Problem {
  std::string file;
  int line = 0;
  int column = 0;
  std::string message;
  /// `file:line:col: message`
  std::string text() const;
};

/// Everything the user wrote, in id order. Disabled documents are kept and marked.
struct Definitions {
  std::vector<MetricDefinition> metrics;
  std::vector<ComponentDefinition> components;
  std::vector<PlanDefinition> plans;
  std::vector<EventDefinition> events;
  const MetricDefinition* metric(std::string_view id) const;
  const ComponentDefinition* component(std::string_view id) const;
  const PlanDefinition* plan(std::string_view id) const;
};

struct Loaded {
  Definitions definitions;      ///< meaningful only without errors
  std::vector<Problem> errors;  ///< sorted by file, line, column
  std::vector<Problem> warnings;
  std::vector<std::string> files;  ///< what was read, to be watched for changes
  bool ok() const { return errors.empty(); }
};

}  // namespace wave::definitions
