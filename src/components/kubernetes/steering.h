#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "definitions/definitions.h"
#include "net/kubernetes/cluster.h"

namespace wave::components {

struct SteeredTarget {
  std::string kind;
  std::string name;
  std::string space;
};

/// A HorizontalPodAutoscaler or ScaledObject that sets the same number.
struct SteeredBy {
  std::string who;
  std::string advice;
  std::string path;       ///< where its floor can be set
  std::string floor_key;  ///< in its spec
  double floor = 1;
  double ceiling = 0;     ///< its own maximum, above which no floor may be
  std::string version{};  ///< of the object, as it was read
};

/// Who else sets the replicas of one target: the ScaledObjects and HorizontalPodAutoscalers of its namespace.
///
/// An API server that does not answer has not said "nobody": whom it named last stays known, and without one
/// it is not known who steers. For the loop's thread, one call at a time.
class Autoscalers {
 public:
  /// `cluster` and `runtime` outlive it.
  Autoscalers(net::kubernetes::Cluster& cluster, Runtime& runtime, SteeredTarget target,
              definitions::OnConflict on_conflict)
      : cluster_(cluster), runtime_(runtime), target_(std::move(target)), on_conflict_(on_conflict) {}

  /// Lists those that did not answer within `max_age`.
  Task<void> look(Duration max_age);

  /// Whom it found; null: nobody.
  const SteeredBy* steering() const;
  /// Why nothing may be set: who steers it is not known. Empty: it is.
  std::string unknown() const;
  /// What could not be looked at, where that stops nothing.
  std::vector<std::string> warnings() const;
  /// The floor of whoever steers was set.
  void raised(double floor, std::string version);

 private:
  /// What is known of one kind of autoscaler.
  struct Known {
    std::optional<SteeredBy> by{};
    std::optional<MonoTime> answered{};
    std::optional<Error> error{};  ///< of the latest look
  };
  bool stops(const Known& known) const;

  net::kubernetes::Cluster& cluster_;
  Runtime& runtime_;
  SteeredTarget target_;
  definitions::OnConflict on_conflict_;
  std::array<Known, 2> known_;
};

}  // namespace wave::components
