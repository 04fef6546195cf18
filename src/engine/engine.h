#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/generation.h"
#include "engine/selection.h"
#include "metrics/received/received.h"

namespace wave::engine {

/// Somebody else steers it and the change goes to his floor.
bool raises_floor(const Component& component);
/// Why an observed component has not that value now, so that nothing can be decided for it; nullopt: it has.
std::optional<std::string> absent(const Component& component, const std::string& value);

/// Moves everything: samples wake plans, plans wish, wishes become decisions, decisions are applied.
///
///   sample, edge, observation, interval -> plan is due -> turn: evaluate all due plans in one crossing
///     -> select -> for each component touched: decide -> record -> apply -> observe -> (due again)
///
/// One thread: the runtime's. Work that is due together runs in id order.
class Engine {
 public:
  Engine(Parts parts, Options options);
  /// After `stop`, or when nothing is under way.
  ~Engine();

  /// Starts with these definitions or changes to them; on an error nothing has changed. Problems in
  /// JavaScript come with their positions.
  Result<std::vector<definitions::Problem>> load(definitions::Definitions definitions);
  /// Stops polling and deciding, and waits for what is under way (an apply above all), at most `limit`.
  Task<void> stop(Duration limit);

  Status push(const std::string& metric_id, metrics::Labels labels, double value, std::optional<UtcTime> at);
  /// Samples that were sent for metrics of a kind whose samples arrive on their own; what no metric asks for
  /// is passed over.
  void receive(std::string_view kind, const std::vector<metrics::Received>& samples);
  Status pause(const std::string& component_id, std::optional<UtcTime> until, std::string reason);
  /// The component, or not_found with the id that may have been meant.
  Result<Component*> named(const std::string& component_id) const;

  struct ByHand {
    std::map<std::string, double> values;
    std::optional<Duration> pause_for;
    bool dry_run = false;
  };
  struct Outcome {
    std::vector<decisions::Decision> decisions;
    std::optional<Component::Attempt> attempt;
    std::optional<Component::Pause> pause;  ///< which one holds now
  };
  /// `scale`: min/max and the kind's rules only; pauses the component for that time, unless a longer pause
  /// holds already.
  Task<Result<Outcome>> scale(std::string component_id, ByHand wanted);

  /// `plan`: every plan once at `at`, on what the metrics and components hold now; applies and stores
  /// nothing.
  Task<Result<std::vector<decisions::Decision>>> decide_once(std::optional<UtcTime> at);

  const Generation& generation() const { return *generation_; }
  Generation& generation() { return *generation_; }
  bool loaded() const { return loaded_; }
  UtcTime loaded_at() const { return loaded_at_; }
  /// Every enabled plan has been evaluated at least once.
  bool ready() const;

  struct Counters {
    std::uint64_t turns = 0;
    std::uint64_t evaluations = 0;
    std::uint64_t decisions = 0;
    std::uint64_t scaled = 0;
    std::uint64_t held = 0;
    std::uint64_t evaluation_failures = 0;
    std::uint64_t reloads = 0;
  };
  const Counters& counters() const { return counters_; }
  /// The latest decision of each component's value, for `status`.
  const std::map<std::pair<std::string, std::string>, decisions::Decision>& latest() const { return latest_; }

 private:
  struct Recorded {
    std::string signature;
    std::int64_t repeats = 0;
    UtcTime last_at;
    MonoTime written;
  };

  struct Planned {
    MonoTime at{};
    Runtime::TimerId timer = 0;
  };

  // engine.cpp
  void cancel_timers();
  void plan_due(std::uint32_t index);
  void schedule_turn();
  Task<void> turn();
  void follow_clock();
  void start_metrics(Metrics::iterator next);
  void ask_again(std::uint32_t index);
  void arm(std::uint32_t index);
  void arm_edge(std::uint32_t index);
  void sampled(const Metric& metric);
  void observed(const Component& component);
  // engine_load.cpp
  Result<std::unique_ptr<Generation>> build(definitions::Definitions definitions,
                                            std::vector<definitions::Problem>& problems);
  void make_metrics(Generation& next);
  void make_components(Generation& next);
  void make_plans(Generation& next);
  void restore_firings(Generation& next);
  void restore_memory(Generation& next);
  void record_removed(const Generation& next);
  static std::string firing_key(const Plan& plan, std::size_t item);
  void start(Generation& generation);
  // engine_decide.cpp
  void decide_component(Component& component);
  decisions::Input input_for(const Component& component, const std::string& value, UtcTime now) const;
  static decisions::Decision not_observed(const Component& component, UtcTime now);
  std::vector<decisions::Decision> decide_values(Component& component, UtcTime now,
                                                 std::vector<const Metric*>& inputs,
                                                 std::vector<std::string>& errors);
  Task<void> apply(std::shared_ptr<Component> component, std::vector<decisions::Decision> decisions,
                   std::vector<const Metric*> inputs, std::vector<std::string> errors);
  void record(const decisions::Decision& decision, const std::vector<const Metric*>& inputs,
              const std::vector<std::string>& errors, const Component::Attempt* attempt);
  void finish_firings(const Component& component, const std::vector<decisions::Decision>& decisions);
  void look_again(const Component& component, MonoTime when);

  Parts parts_;
  Options options_;
  std::unique_ptr<Generation> generation_;
  std::vector<std::unique_ptr<Generation>> past_;    ///< still used by a turn in flight
  std::map<std::string, std::string> gone_;          ///< the state of removed components, for their return
  std::vector<std::shared_ptr<Component>> retired_;  ///< removed, but what they run must go on
  std::vector<std::uint32_t> due_;
  std::map<std::pair<std::string, std::string>, decisions::Decision> latest_;
  std::map<std::pair<std::string, std::string>, Recorded> recorded_;
  std::map<std::string, Planned> look_again_;
  Counters counters_;
  std::optional<Duration> drift_;  ///< civil minus monotonic time
  UtcTime loaded_at_{};
  int in_flight_ = 0;
  MonoTime turn_begun_{};
  Runtime::TimerId turn_timer_ = 0;
  Runtime::TimerId start_timer_ = 0;
  Runtime::TimerId unknown_timer_ = 0;
  std::set<std::uint32_t> unknown_;  ///< plans with expressions that are still tried
  bool turn_posted_ = false;
  bool turning_ = false;
  bool stopping_ = false;
  bool loaded_ = false;
};

}  // namespace wave::engine
