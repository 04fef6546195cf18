#pragma once

#include <cstdint>
#include <optional>

#include "engine/foresight.h"
#include "forecast/lead/sizer.h"
#include "plans/strategies.h"

namespace wave::engine {

class Component;
class Metric;

/// What an item with `proactive` remembers of looking ahead for one component.
class Ahead {
 public:
  /// Tells the sizer what is forecast, once for each step that ended. There is no sizer before the first
  /// forecast: only then has the past been read that the mean fleet follows from.
  void hear(const Foresight& foresight, const Foresight::View& view, const definitions::PlanItem& item);
  /// Null before the first forecast.
  const forecast::Sizer* sizer() const { return sizer_ ? &*sizer_ : nullptr; }

 private:
  std::optional<forecast::Sizer> sizer_;
  std::uint64_t steps_ = 0;  ///< of the forecast that the sizer has been told
};

/// Raises (without the reactive floor also lowers) the reactive wish by what the forecast asks for, or says
/// why the forecast stands aside.
void look_ahead(const definitions::PlanItem& item, Ahead& ahead, const Metric& metric,
                const Component& component, plans::Capacity capacity, plans::StrategyWish& wish);

}  // namespace wave::engine
