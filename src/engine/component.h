#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "decisions/decision.h"
#include "engine/parts.h"

namespace wave::engine {

/// One scaled thing at work: observes it, applies to it, and keeps what must outlive a restart.
///
///            observe ok                     apply
///   unknown ------------> observed ---------------------> applying
///      ^                    | ^ |  refused, conflict, error  |
///      | observation old    | | +----------------------------+   (observes again, then the engine decides
///      again)
///      +--------------------+ +---- observe again: soon while changing, else every `observe_every`
class Component : public std::enable_shared_from_this<Component> {
 public:
  using OnChange = std::function<void(const Component&)>;
  struct Pause {
    std::optional<UtcTime> until;  ///< nullopt: until resumed
    std::string reason;
  };
  /// What came of an attempt to set something.
  struct Attempt {
    UtcTime at;
    components::Values values;
    std::optional<components::Values> reached{};  ///< where not all was set at once: what was, and
    std::string rest{};                           ///< why
    std::string request_id;
    std::optional<Error> error;
    Duration took{0};
    /// What that value was set to; nullopt: it was not set.
    std::optional<double> reached_of(const std::string& value) const {
      const auto& set = reached ? *reached : values;
      const auto found = set.find(value);
      return error || found == set.end() ? std::nullopt : std::optional(found->second);
    }
  };

  Component(Parts& parts, std::shared_ptr<const definitions::ComponentDefinition> definition,
            Duration observe_every, Duration max_age, OnChange on_change);

  void open();
  /// Reads what an earlier process stored under `state_key`.
  void restore(const std::string& json);
  std::string to_json() const;
  static std::string state_key(const std::string& component_id) { return "component/" + component_id; }
  /// Takes over everything an earlier definition knows and, where the metadata is the same, the thing itself.
  void adopt(Component& earlier);
  /// Under a dry run: nothing is started again.
  void only_watch() { only_watches_ = true; }
  bool same_target(const Component& other) const;
  void start();
  void stop();
  bool busy() const { return observing_ || applying_; }

  Task<void> observe();
  /// A current value by hand, for `plan --current`: not observed, also ready.
  void pretend(double desired);

  /// Sets the values once. The states hold the change on disk before the request leaves; after a failure they
  /// are as before, unless the target turns out to have taken it.
  Task<Attempt> apply(components::Change change);
  void pause(Pause pause);
  void resume();
  const std::optional<Pause>& paused() const { return pause_; }
  /// Ends a pause whose time has come.
  void expire_pause();

  const definitions::ComponentDefinition& definition() const { return *definition_; }
  const std::optional<components::Observation>& observation() const { return observation_; }
  const std::optional<Error>& error() const { return error_; }
  const std::optional<Attempt>& last_attempt() const { return last_attempt_; }
  MonoTime observed_at() const { return observed_at_; }
  /// An observation young enough to decide on.
  bool known() const;
  bool applying() const { return applying_; }
  /// After failures: when these values may be asked for. What was refused for good waits longest, and only
  /// itself; a reload ends that wait.
  std::optional<MonoTime> retry_at(const std::map<std::string, double>& values) const;
  std::uint64_t version() const { return version_; }
  Duration ready_after() const;
  bool ready_after_learned() const { return !learned_.empty(); }
  decisions::State& state(const std::string& value) { return states_[value]; }
  const std::map<std::string, decisions::State>& states() const { return states_; }
  /// Civil time jumped: what is remembered keeps its age.
  void shift(Duration by) {
    for (auto& [value, state] : states_) decisions::shift(state, by);
  }
  /// Queues the states for the disk.
  void save();

  struct Counters {
    std::uint64_t observations = 0;
    std::uint64_t observe_failures = 0;
    std::uint64_t applies = 0;
    std::uint64_t apply_failures = 0;
  };
  const Counters& counters() const { return counters_; }

 private:
  static constexpr Duration observe_soon = 2s;
  Task<void> run_observe();
  /// Starts again what ended with an earlier daemon, and tells the kind what that one had set.
  Task<void> revive();
  /// Takes over from a generation before, whose change has been sent now.
  void succeed(const Component& earlier);
  /// True when a next generation has waited for the change that has been sent now.
  bool hand_over();
  void schedule();
  Duration observe_delay() const;
  /// How soon to look again at what is changing: every 2 s at first, and seldom at what takes long.
  Duration while_changing() const;
  /// A value is not what was set last: is it ours all the same?
  bool is_ours(const std::string& value, double current);
  /// The change was accepted, whole or in part.
  void accept(const Attempt& attempt, const components::Values& basis,
              const std::map<std::string, decisions::State>& before);
  /// What was accepted and is not shown although it was sent several times.
  void warn_of_not_shown(components::Observation& observation) const;
  Duration in_step(Duration wait, Duration step) const;
  void take(components::Observation observation);
  void learn();
  /// When the values of a failed attempt, and when others, may be tried again.
  void back_off(const Attempt& attempt);

  Parts& parts_;
  std::shared_ptr<const definitions::ComponentDefinition> definition_;
  Duration observe_every_;
  Duration max_age_;
  OnChange on_change_;
  std::shared_ptr<components::Component> impl_;
  std::optional<Error> open_error_;
  std::optional<components::Observation> observation_;
  MonoTime observed_at_{};
  std::optional<Error> error_;
  std::optional<Attempt> last_attempt_;
  std::map<std::string, decisions::State> states_;
  std::optional<Pause> pause_;
  std::vector<Duration> learned_;  ///< newest last
  struct Growing {
    MonoTime since;
    double to = 0;
  };
  std::optional<Growing> growing_;  ///< capacity ordered and not yet ready
  std::optional<MonoTime> retry_at_;
  struct Refused {
    std::map<std::string, double> values;
    MonoTime until;
    int times = 0;
  };
  std::optional<Refused> refused_;  ///< asking for the same again would not help
  /// A change that was accepted, until it is shown. Some systems show the number from before for a while; and
  /// somebody may set it back each time.
  struct Accepted {
    double from = 0;
    double to = 0;
    UtcTime when;
    MonoTime at;
    int times = 0;  ///< sent and not shown
    MonoTime repeat_at{};
  };
  std::map<std::string, Accepted> accepted_;  ///< by value
  std::optional<MonoTime> changing_since_;
  Runtime::TimerId timer_ = 0;
  std::uint64_t version_ = 0;
  int failures_in_row_ = 0;
  int apply_failures_in_row_ = 0;
  bool observing_ = false;
  bool applying_ = false;  ///< also while a generation before sends a change
  /// Of the next generation, which waits for the change that is being sent.
  std::weak_ptr<Component> successor_;
  bool superseded_ = false;  ///< what is stored belongs to the next generation
  bool stopped_ = false;
  bool pretended_ = false;
  bool revived_ = false;
  bool only_watches_ = false;
  bool restored_ = false;  ///< from an earlier daemon's state, and not observed since
  Counters counters_;
};

}  // namespace wave::engine
