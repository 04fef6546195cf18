#pragma once

#include "components/component.h"
#include "net/aws/aws_client.h"
#include "net/batch.h"

namespace wave::components {

/// What Application Auto Scaling knows a number by: `ecs`, `service/shop/api`, `ecs:service:DesiredCount`.
struct TargetName {
  std::string space;
  std::string resource;
  std::string dimension;
};

/// A registered scalable target: Application Auto Scaling keeps the number within it, and its policies move
/// it.
struct ScalableTarget {
  double min = 0;
  double max = 0;
  bool suspended = false;  ///< all three kinds of scaling are
};

/// Asks Application Auto Scaling who steers a number, for many components together, and remembers the answer
/// for some minutes: its API allows few calls.
class ScalableTargets {
 public:
  /// From the keys of a component.
  static Result<std::shared_ptr<ScalableTargets>> create(const definitions::Settings& settings,
                                                         net::Services& services);

  /// nullopt: not registered.
  Task<Result<std::optional<ScalableTarget>>> find(TargetName name, Duration max_age);
  /// Moves the floor, and with `max` the ceiling, of a registered target; its policies stay.
  Task<Result<std::string>> set_bounds(TargetName name, std::optional<double> min, std::optional<double> max);

  ScalableTargets(Runtime& runtime, net::Shared& shared, std::unique_ptr<net::AwsClient> client)
      : runtime_(runtime), shared_(shared), client_(std::move(client)) {}

 private:
  using Found = std::map<std::string, Result<ScalableTarget>>;  ///< by dimension
  using Lookup = net::Batch<Found>;

  Runtime& runtime_;
  net::Shared& shared_;
  std::shared_ptr<net::AwsClient> client_;
  std::shared_ptr<Lookup> lookup_;
  struct Known {
    MonoTime asked_at;
    Found found{};
    std::optional<Error> refusal{};
  };
  std::map<std::string, Known> known_;  ///< by resource
};

}  // namespace wave::components
