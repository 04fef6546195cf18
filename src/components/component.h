#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/task.h"
#include "decisions/decision.h"
#include "definitions/definitions.h"
#include "net/services.h"

namespace wave::components {

using Values = std::map<std::string, double>;

/// Somebody else that sets the same number (an HPA, a ScaledObject), or a switch that stops it (suspended
/// processes).
struct Steering {
  std::string who;     ///< `HorizontalPodAutoscaler shop/api`
  std::string advice;  ///< what the operator can do
  bool can_raise_floor = false;
  std::string value{};  ///< that he sets; empty: all of them
  bool sets(const std::string& one) const { return value.empty() || value == one; }
};

/// What is there now.
struct Observation {
  Values current;                              ///< by value name; `desired` is what the system was last told
  std::optional<double> ready;                 ///< how many serve; nullopt where the system does not say
  bool changing = false;                       ///< a change is under way
  std::vector<decisions::Block> blocks{};      ///< what the system refuses now
  std::vector<Steering> steering{};            ///< everybody else who sets one of the values
  std::vector<std::string> warnings{};         ///< `Launch is suspended`, `ReplicaFailure: quota`
  std::map<std::string, double> system_min{};  ///< the system's own bounds, where it has some (ASG MinSize)
  std::map<std::string, double> system_max{};

  /// Who else sets that value; null: nobody.
  const Steering* steers(const std::string& value) const {
    const auto found = std::ranges::find_if(steering, [&](const Steering& one) { return one.sets(value); });
    return found == steering.end() ? nullptr : &*found;
  }
  /// All of them in one line; empty: nobody.
  std::string steered_by() const {
    std::string out;
    for (const auto& one : steering) out += (out.empty() ? "" : "; ") + one.who;
    return out;
  }
};

/// What to set. Absolute, so that sending it twice is the same as once.
struct Change {
  Values values;
  Values
      basis;  ///< what `current` was when this was decided; if the target differs now, apply answers conflict
  bool raise_floor = false;
  std::string reason;  ///< one line for systems that keep one
};

struct Applied {
  std::string request_id;  ///< the system's, where it gives one
  bool changed = true;     ///< false: it already was so
  /// Where not all was set at once: what the values are told to be now (those that were left are missing),
  /// and why. What is still wished is decided anew.
  std::optional<Values> reached{};
  std::string rest{};  ///< `one broker of each zone at a time`
};

/// One scaled thing. One call is in flight at a time; the engine owns retries.
class Component {
 public:
  virtual ~Component() = default;
  virtual Task<Result<Observation>> observe() = 0;
  virtual Task<Result<Applied>> apply(Change change) = 0;
  /// What an earlier daemon set last, for a kind that cannot ask its system.
  virtual void recall(const Values& /*values*/) {}
};

struct Kind {
  definitions::KindTable table;
  std::function<Result<std::unique_ptr<Component>>(const definitions::ComponentDefinition&,
                                                   const definitions::Settings& resolved,
                                                   net::Services& services)>
      create;
};

/// Every component kind; the one list.
const std::vector<const Kind*>& registry();

}  // namespace wave::components
