#pragma once

#include <initializer_list>

#include "components/aws/scalable_targets.h"

namespace wave::components {

/// What every AWS kind does alike.
///
/// `observe` is the kind's `look`, plus who else steers it: the scalable targets of Application Auto Scaling
/// that the kind names. `apply` observes again, refuses what was decided on something else (conflict), what
/// AWS would refuse now (busy) and what somebody else steers (conflict), and sends only what differs.
class AwsComponent : public Component {
 public:
  /// One value and the name that Application Auto Scaling has for it.
  struct Steered {
    std::string value;
    TargetName target;
    std::optional<ScalableTarget> found{};
  };

  AwsComponent(std::string title, const definitions::ComponentDefinition& definition)
      : title_(std::move(title)), on_conflict_(definition.on_conflict) {}

  Task<Result<Observation>> observe() final;
  Task<Result<Applied>> apply(Change change) final;

 protected:
  /// The kind's own observation.
  virtual Task<Result<Observation>> look() = 0;
  /// Sets `wanted`, of which nothing is as it was `seen`. Absolute; never empty.
  virtual Task<Result<Applied>> write(Observation seen, Values wanted) = 0;

  /// Before the first observation: look for these targets, too.
  Status watch_targets(std::vector<Steered> steered, const definitions::Settings& settings,
                       net::Services& services);
  /// For a system that shows what was there before until a change is done: while it is `under_way`, `values`
  /// are what was ordered last.
  void show_ordered(std::initializer_list<const char*> values, bool under_way, Observation& seen);
  bool ignores_steering() const { return on_conflict_ == definitions::OnConflict::ignore; }
  bool raises_floor() const { return on_conflict_ == definitions::OnConflict::raise_floor; }
  const std::string& title() const { return title_; }  ///< `group web`: for messages

 private:
  Task<Result<Observation>> observe_with(Duration steering_max_age);
  Task<void> look_for_targets(Observation* seen, Duration max_age);
  void add_target(const Steered& watched, Observation& seen) const;
  Task<Result<Applied>> raise(Observation seen, Values wanted);
  /// `write`, and what was ordered by it.
  Task<Result<Applied>> order(Observation seen, Values wanted);

  std::string title_;
  definitions::OnConflict on_conflict_;
  std::shared_ptr<ScalableTargets> targets_;
  std::vector<Steered> watched_;
  Values ordered_;  ///< accepted and perhaps not yet shown
};

/// Of a change of several calls, of which one failed after `reached` was set: that much counts. Where nothing
/// was, it failed.
Result<Applied> in_part(Applied applied, Values reached, Error error);

/// The keys for the API of another service: an address of the first one's own VPC endpoint is not in it.
definitions::Settings without_own_endpoint(definitions::Settings settings);

}  // namespace wave::components
