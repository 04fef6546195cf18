#include "engine/ahead.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "engine/component.h"
#include "engine/metric.h"

namespace wave::engine {
namespace {

constexpr Duration fleet_of = 7 * 24h;

bool has_floor(const definitions::PlanItem& item) {
  return item.proactive->floor == definitions::Proactive::Floor::reactive;
}

/// Units that the load of the last days needed, in the mean.
double mean_fleet(const forecast::RollingSeries& series, double per_unit) {
  const auto most = static_cast<std::size_t>(fleet_of / series.options().step);
  double load = 0;
  double known = 0;
  for (std::size_t i = series.size() > most ? series.size() - most : 0; i < series.size(); ++i) {
    if (!std::isfinite(series.value(i))) continue;
    load += series.value(i);
    ++known;
  }
  return known > 0 ? load / known / per_unit : 0;
}

/// Units for what known events make of the usual load of now, 0 where they make nothing; tells of them.
double event_wish(const definitions::PlanItem& item, const Foresight::View& view, double usual,
                  plans::Capacity capacity, plans::StrategyWish& wish) {
  for (const auto& text : view.event.texts) wish.why += "; " + text;
  const double load = view.event.of(usual);
  if (!std::isfinite(load) || load <= usual) return 0;
  const auto units = plans::target_wish(*item.target, load, capacity);
  return units ? units->desired : 0;
}

}  // namespace

void Ahead::hear(const Foresight& foresight, const Foresight::View& view, const definitions::PlanItem& item) {
  const auto& series = foresight.outlook().series();
  if (!sizer_) {
    if (!view.forecast) return;
    sizer_.emplace(forecast::Sizer::Options{.per_unit = item.target->value,
                                            .limit_per_unit = item.target->limit_per_unit,
                                            .violation_cost = item.proactive->violation_cost,
                                            .quantile = item.proactive->quantile,
                                            .max_margin = item.proactive->max_margin,
                                            .reactive_floor = has_floor(item)},
                   mean_fleet(series, item.target->value));
  }
  if (view.steps == steps_) return;
  steps_ = view.steps;
  sizer_->step(view.load, {.forecast = view.forecast,
                           .acts = view.problem.empty(),
                           .proven = view.proven,
                           .event = view.event.expected,
                           .lead = view.lead_steps,
                           .step = series.options().step});
}

void look_ahead(const definitions::PlanItem& item, Ahead& ahead, const Metric& metric,
                const Component& component, plans::Capacity capacity, plans::StrategyWish& wish) {
  auto& foresight = *metric.foresight();
  const bool floor = has_floor(item);
  const auto view = foresight.view(
      {.lead = component.ready_after(), .span = forecast::Sizer::span(floor), .unit = item.target->value});
  ahead.hear(foresight, view, item);
  if (!view.problem.empty()) wish.why += "; no look ahead: " + view.problem;
  const bool only_shown = item.proactive->mode == definitions::Proactive::Mode::forecast_only;
  // Before the first step is over, the sample is all there is; what it would be without a running event is
  // not known.
  const bool only_sample = !std::isfinite(view.load) && !view.event.running;
  const double level = only_sample ? metric.sample()->value : view.usual;
  const double known = event_wish(item, view, level, capacity, wish);
  const auto* sizer = view.forecast ? ahead.sizer() : nullptr;
  if (sizer != nullptr && sizer->spent()) {
    wish.why +=
        "; no look ahead: it has cost as much more than reacting as a forecast may that is hardly better "
        "than the last value (" +
        view.record + ")";
    if (only_shown) wish.shown = wish.desired;
    sizer = nullptr;
  }
  double ahead_wish = 0;
  if (sizer != nullptr) {
    double reactive = wish.desired;
    if (!floor && view.problem.empty()) {
      auto closer = *item.target;
      closer.value = sizer->reactive_per_unit();
      if (const auto other = plans::target_wish(closer, metric.sample()->value, capacity))
        reactive = other->desired;
    }
    ahead_wish = forecast::with_hysteresis(sizer->newest(), sizer->need(), reactive, capacity.current);
  }
  // Where a forecast acts, it has the events in it.
  if (sizer == nullptr || !view.problem.empty()) ahead_wish = std::max(ahead_wish, known);
  if (sizer == nullptr && ahead_wish == 0) return;
  if (only_shown) {
    wish.shown = ahead_wish;
    return;
  }
  // Nothing is woken by a forecast alone where activation keeps it at zero.
  if (item.target->has_activation && wish.desired == 0) return;
  wish.ahead = sizer != nullptr && view.problem.empty();
  const bool may_lower = !floor && sizer != nullptr && view.problem.empty() && !view.event.expected;
  wish.desired = may_lower ? ahead_wish : std::max(ahead_wish, wish.desired);
  if (sizer != nullptr && !sizer->why().empty())
    wish.why += "; ahead " + shortest(ahead_wish) + " (" + sizer->why() + "; " + view.record + ")";
}

}  // namespace wave::engine
