#include "engine/foresight.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace wave::engine {
namespace {

/// Steps that are taught without a pause: a few milliseconds.
constexpr std::size_t slice = 1000;
constexpr std::size_t most_lanes = 32;
/// More past than this teaches nothing new: what it learned is forgotten by then.
constexpr Duration teach_from = 15 * 24h;
/// How many missing steps may lie between the newest value and now.
constexpr int most_missing = 2;

}  // namespace

std::vector<forecast::KnownEvent> events_of(const definitions::Definitions& definitions,
                                            std::string_view metric_id) {
  std::vector<forecast::KnownEvent> out;
  for (const auto& event : definitions.events) {
    if (!event.enabled || std::ranges::find(event.metrics, metric_id) == event.metrics.end()) continue;
    out.push_back({.id = event.id,
                   .name = event.name,
                   .start = event.start,
                   .cron = event.schedule ? event.schedule->cron : "",
                   .timezone = event.schedule ? event.schedule->timezone : "UTC",
                   .duration = event.duration,
                   .factor = event.factor,
                   .amount = event.amount});
  }
  return out;
}

Foresight::Foresight(Parts& parts, std::shared_ptr<const definitions::MetricDefinition> definition)
    : parts_(parts), definition_(std::move(definition)) {
  outlook_ =
      std::make_shared<Outlook>(parts, definition_, [this](bool past_changed) { stepped(past_changed); });
}

bool Foresight::fits(const definitions::MetricDefinition& definition) const {
  return definition.learning.step == definition_->learning.step &&
         definition.learning.history == definition_->learning.history &&
         definition.aggregate == definition_->aggregate && definition.stale_after == definition_->stale_after;
}

void Foresight::know(std::vector<forecast::KnownEvent> events) {
  if (events == events_.known()) return;
  if (!std::exchange(has_read_events_, true)) saved_ = read_events();
  const auto remembered = events_.remembered().empty() ? saved_ : events_.remembered();
  events_ = forecast::Events(std::move(events));
  events_.remember(remembered);
  follow_events();
  for (auto& one : lanes_) reset(*one);
  teach();
}

forecast::Past Foresight::past() const {
  const auto& series = outlook_->series();
  return {.begin = series.begin(),
          .step = series.options().step,
          .size = series.size(),
          .value = [&series](std::size_t place) { return static_cast<double>(series.value(place)); }};
}

/// As far ahead as any lane looks.
void Foresight::follow_events() {
  if (events_.empty()) return;
  Duration furthest{0};
  for (const auto& one : lanes_) furthest = std::max(furthest, one->ask.lead + one->ask.span);
  const auto& options = outlook_->series().options();
  const auto seen = past();
  events_.follow(seen, seen.end() + furthest + options.delay + options.step);
  if (events_.remembered() != saved_) save_events();
}

/// From `after` to the end of what is asked for.
forecast::Effect Foresight::effect(const Ask& ask, Duration after) const {
  if (events_.empty()) return {};
  const auto& options = outlook_->series().options();
  const auto seen = past();
  const UtcTime now = seen.end() + options.delay;
  return events_.effect(seen, now + after, now + ask.lead + ask.span);
}

void Foresight::reset(Lane& lane) {
  const auto& series = outlook_->series();
  const Duration step = series.options().step;
  double unit = lane.ask.unit;
  if (unit <= 0) unit = forecast::LeadForecaster::unit_of(series.slice(series.begin(), series.end()));
  // A source that is late is behind by that much.
  lane.forecaster = std::make_unique<forecast::LeadForecaster>(forecast::LeadForecaster::Options{
      .step = step, .lead = lane.ask.lead + series.options().delay, .span = lane.ask.span, .unit = unit});
  lane.record = std::make_unique<forecast::Record>(step, lane.forecaster->horizon_steps());
  const auto most = static_cast<std::size_t>(teach_from / step);
  lane.taught = series.size() > most ? series.size() - most : 0;
  lane.current = false;
}

Foresight::Lane& Foresight::lane(const Ask& ask) {
  for (auto& one : lanes_)
    if (one->ask == ask) return *one;
  if (lanes_.size() >= most_lanes) lanes_.erase(lanes_.begin());
  lanes_.push_back(std::make_unique<Lane>());
  lanes_.back()->ask = ask;
  follow_events();
  reset(*lanes_.back());
  teach();
  return *lanes_.back();
}

/// True when the lane has seen all there is.
bool Foresight::teach_some(Lane& lane, std::size_t most) {
  const auto& series = outlook_->series();
  const auto seen = past();
  for (; lane.taught < series.size() && most > 0; ++lane.taught, --most) {
    lane.forecaster->add(events_.empty() ? seen.value(lane.taught) : events_.without(seen, lane.taught));
    if (const auto& outcome = lane.forecaster->outcome()) lane.record->add(*outcome);
    if (lane.current) ++lane.steps;
  }
  return lane.taught >= series.size();
}

void Foresight::teach() {
  bool all = true;
  std::size_t left = slice;
  for (auto& one : lanes_) {
    const std::size_t before = one->taught;
    const bool done = teach_some(*one, left);
    left -= std::min(left, one->taught - before);
    if (done && !one->current) {
      one->current = true;
      ++one->steps;
    }
    all = all && done;
  }
  if (all || teaching_) return;
  teaching_ = true;
  parts_.runtime.post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->teaching_ = false;
    self->teach();
    if (self->on_step_ && std::ranges::all_of(self->lanes_, [](const auto& one) { return one->current; }))
      self->on_step_();
  });
}

void Foresight::stepped(bool past_changed) {
  const auto& series = outlook_->series();
  // The series forgets its oldest steps as it grows: places move.
  if (taught_until_ != UtcTime{}) {
    for (auto& one : lanes_) {
      const auto ended = static_cast<std::size_t>(
          std::max<std::int64_t>((series.end() - taught_until_) / series.options().step, 0));
      one->taught = one->current && ended <= series.size() ? series.size() - ended : one->taught;
    }
  }
  taught_until_ = series.end();
  if (past_changed) events_.forget();
  follow_events();
  if (past_changed)
    for (auto& one : lanes_) reset(*one);
  teach();
  if (on_step_) on_step_();
}

/// Why the newest values say nothing; empty when they do.
std::string Foresight::missing() const {
  const auto& series = outlook_->series();
  int missing = 0;
  for (std::size_t i = series.size(); i-- > 0 && missing <= most_missing;) {
    if (!std::isnan(series.value(i))) break;
    ++missing;
  }
  if (missing <= most_missing) return {};
  return "the metric has been missing for " + format_duration(series.options().step * most_missing) +
         " and more";
}

std::string Foresight::problem(const Lane& lane,
                               const std::optional<forecast::LeadForecast>& forecast) const {
  if (!lane.current) return "its past is being learned";
  if (auto why = missing(); !why.empty()) return why;
  if (forecast) return lane.record->objection();
  const std::string& source = outlook_->problem();
  return lane.forecaster->problem() + (source.empty() ? "" : "; " + source);
}

std::optional<forecast::LeadForecast> Foresight::forecast(const Lane& lane) const {
  if (!lane.current || !missing().empty()) return std::nullopt;
  const auto without_events = lane.forecaster->forecast();
  if (!without_events || events_.empty()) return without_events;
  // The window begins a lead time after the newest step's own begin.
  const auto raised = effect(lane.ask, lane.ask.lead - outlook_->series().options().step);
  return without_events->raised(raised.factor, raised.amount);
}

std::vector<Foresight::Standing> Foresight::standings() const {
  std::vector<Standing> out;
  for (const auto& lane : lanes_) {
    auto forecast = this->forecast(*lane);
    auto why = problem(*lane, forecast);
    out.push_back({.ask = lane->ask,
                   .step = outlook_->series().options().step,
                   .record = lane->record.get(),
                   .forecast = forecast,
                   .problem = std::move(why)});
  }
  return out;
}

Foresight::View Foresight::view(const Ask& ask) {
  const Lane& found = lane(ask);
  const auto& series = outlook_->series();
  View view{.forecast = {},
            .problem = {},
            .steps = found.steps,
            .lead_steps = found.forecaster->lead_steps(),
            .load = std::numeric_limits<double>::quiet_NaN(),
            .proven = found.record->proven(),
            .event = effect(ask, Duration{0}),
            .usual = std::numeric_limits<double>::quiet_NaN(),
            .record = found.record->text()};
  if (series.size() > 0) {
    view.load = series.value(series.size() - 1);
    view.usual = events_.empty() ? view.load : events_.without(past(), series.size() - 1);
  }
  view.forecast = forecast(found);
  view.problem = problem(found, view.forecast);
  return view;
}

}  // namespace wave::engine
