#include <array>
#include <charconv>
#include <map>

#include "api/api.h"

namespace wave::api {
namespace {

std::string number(double value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

/// One family after the other: name, type and help, then its lines.
class Page {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_ +=
        "# HELP " + name_ + " " + std::string(help) + "\n# TYPE " + name_ + " " + std::string(type) + "\n";
  }
  void line(double value) { text_ += name_ + " " + number(value) + "\n"; }
  void line(std::string_view label, std::string_view id, double value) {
    text_ += name_ + "{" + std::string(label) + "=\"" + escaped(id) + "\"} " + number(value) + "\n";
  }
  void line_of(std::string_view id, std::string_view value_name, double value) {
    text_ += name_ + "{component=\"" + escaped(id) + "\",value=\"" + escaped(value_name) + "\"} " +
             number(value) + "\n";
  }
  void line_of(const std::string& metric, const engine::Foresight::Ask& ask, std::string_view quantile,
               double value) {
    text_ += name_ + "{metric=\"" + escaped(metric) + "\",lead_seconds=\"" + number(seconds(ask.lead)) +
             "\",window_seconds=\"" + number(seconds(ask.span)) + "\"" +
             (quantile.empty() ? "" : ",quantile=\"" + std::string(quantile) + "\"") + "} " + number(value) +
             "\n";
  }
  void line_of_event(std::string_view metric, std::string_view event, double value) {
    text_ += name_ + "{metric=\"" + escaped(metric) + "\",event=\"" + escaped(event) + "\"} " +
             number(value) + "\n";
  }
  std::string take() { return std::move(text_); }

 private:
  std::string name_;
  std::string text_;
};

void add_metrics(Page& page, const engine::Generation& all) {
  const auto each = [&](auto value_of) {
    for (const auto& [id, metric] : all.metrics) page.line("metric", id, value_of(*metric));
  };
  page.family("wave_metric_value", "gauge", "Newest value of the metric.");
  for (const auto& [id, metric] : all.metrics)
    if (metric->sample()) page.line("metric", id, metric->sample()->value);
  page.family("wave_metric_fresh", "gauge",
              "1 when the value is fresh, 0 when it is stale, missing or an error.");
  each([](const engine::Metric& metric) { return metric.fresh() ? 1.0 : 0.0; });
  page.family("wave_metric_age_seconds", "gauge", "Age of the newest value.");
  for (const auto& [id, metric] : all.metrics)
    if (const auto age = metric->age()) page.line("metric", id, seconds(*age));
  page.family("wave_metric_polls_total", "counter", "Polls of the metric.");
  each([](const engine::Metric& metric) { return static_cast<double>(metric.counters().polls); });
  page.family("wave_metric_poll_failures_total", "counter", "Polls that gave no value.");
  each([](const engine::Metric& metric) { return static_cast<double>(metric.counters().failures); });
  page.family("wave_metric_polls_missed_total", "counter",
              "Poll times that passed while a poll was under way.");
  each([](const engine::Metric& metric) { return static_cast<double>(metric.counters().missed); });
  page.family("wave_metric_poll_seconds", "gauge", "How long the last poll took.");
  each([](const engine::Metric& metric) { return seconds(metric.counters().last_poll); });
}

/// Forecasts of one metric, lead and window that differ only in the load of a unit are told once: the newest.
std::map<std::pair<std::string, std::pair<Duration, Duration>>, engine::Foresight::Standing> standings_of(
    const engine::Generation& all) {
  std::map<std::pair<std::string, std::pair<Duration, Duration>>, engine::Foresight::Standing> out;
  for (const auto& [id, metric] : all.metrics) {
    if (metric->foresight() == nullptr) continue;
    for (auto& one : metric->foresight()->standings())
      out.insert_or_assign({id, {one.ask.lead, one.ask.span}}, std::move(one));
  }
  return out;
}

void add_forecasts(Page& page, const engine::Generation& all) {
  const auto standings = standings_of(all);
  const auto each = [&](auto value_of) {
    for (const auto& [key, one] : standings) page.line_of(key.first, one.ask, "", value_of(one));
  };
  page.family("wave_forecast_acts", "gauge", "1 when the forecast may act, 0 while it stands aside.");
  each([](const auto& one) { return one.problem.empty() ? 1.0 : 0.0; });
  page.family("wave_forecast_load", "gauge",
              "What is forecast: the largest load of a window that begins a lead from now, by quantile.");
  for (const auto& [key, one] : standings) {
    if (!one.forecast) continue;
    for (const auto& [name, probability] :
         {std::pair{"0.5", 0.5}, std::pair{"0.9", 0.9}, std::pair{"0.95", 0.95}})
      page.line_of(key.first, one.ask, name, one.forecast->quantile(probability));
  }
  page.family("wave_forecast_known", "gauge", "Forecasts whose truth is known.");
  each([](const auto& one) { return static_cast<double>(one.record->count()); });
  page.family("wave_forecast_mase", "gauge",
              "Mean absolute error of the median relative to that of the last value; half-life two days.");
  each([](const auto& one) { return one.record->mase(); });
  page.family("wave_forecast_pinball", "gauge",
              "Mean pinball loss of the 0.9 quantile, in units of the metric.");
  each([](const auto& one) { return one.record->pinball(); });
  page.family("wave_forecast_pinball_of_last_value", "gauge",
              "The same of the last value plus its usual rise over the lead.");
  each([](const auto& one) { return one.record->pinball_of_persistence(); });
  page.family("wave_forecast_coverage", "gauge", "Share of loads at or below the quantile, 0..1.");
  for (const auto& [key, one] : standings) {
    page.line_of(key.first, one.ask, "0.5", one.record->coverage50());
    page.line_of(key.first, one.ask, "0.9", one.record->coverage90());
    page.line_of(key.first, one.ask, "0.95", one.record->coverage95());
  }
}

void add_events(Page& page, const engine::Generation& all) {
  std::map<std::string, std::vector<forecast::Events::Standing>> events;
  for (const auto& [id, metric] : all.metrics)
    if (metric->foresight() != nullptr) events[id] = metric->foresight()->events();
  const auto each = [&](auto value_of) {
    for (const auto& [metric, known] : events)
      for (const auto& one : known) page.line_of_event(metric, one.event->id, value_of(one));
  };
  page.family("wave_event_in_force", "gauge", "1 while the known event lasts, 0 before its next time.");
  each([](const auto& one) { return one.in_force ? 1.0 : 0.0; });
  page.family("wave_event_begins_seconds", "gauge", "When it begins or began, in seconds since 1970.");
  each([](const auto& one) { return epoch_seconds(one.begin); });
  page.family("wave_event_expected", "gauge",
              "The factor that it is expected to have on the load, or the load that comes on top where only "
              "an amount was given.");
  each([](const auto& one) { return one.learned.value; });
  page.family("wave_event_learned_from", "gauge", "How many earlier ones that is learned from; 0: as given.");
  each([](const auto& one) { return static_cast<double>(one.learned.times); });
  page.family("wave_event_stands_aside", "gauge", "1 while it lasts and does not show in the load.");
  each([](const auto& one) { return one.why_aside.empty() ? 0.0 : 1.0; });
}

void add_components(Page& page, const engine::Engine& engine) {
  const auto& all = engine.generation().components;
  page.family("wave_component_current", "gauge", "What the component was last told, by value.");
  for (const auto& [id, component] : all)
    if (component->observation())
      for (const auto& [value, number] : component->observation()->current) page.line_of(id, value, number);
  page.family("wave_component_ready", "gauge", "How many units serve.");
  for (const auto& [id, component] : all)
    if (component->observation() && component->observation()->ready)
      page.line("component", id, *component->observation()->ready);
  page.family("wave_component_wish", "gauge", "What the plans wish, before limits.");
  for (const auto& [key, decision] : engine.latest())
    if (decision.wish) page.line_of(key.first, key.second, *decision.wish);
  page.family("wave_component_held", "gauge",
              "1 when a limit or an error keeps the wish from being applied.");
  for (const auto& [key, decision] : engine.latest())
    page.line_of(key.first, key.second, decision.action == decisions::Action::hold ? 1 : 0);
  page.family("wave_component_paused", "gauge", "1 while it is paused.");
  for (const auto& [id, component] : all) page.line("component", id, component->paused() ? 1 : 0);
  page.family("wave_component_observe_failures_total", "counter", "Observations that failed.");
  for (const auto& [id, component] : all)
    page.line("component", id, static_cast<double>(component->counters().observe_failures));
  page.family("wave_component_applies_total", "counter", "Changes that were sent.");
  for (const auto& [id, component] : all)
    page.line("component", id, static_cast<double>(component->counters().applies));
  page.family("wave_component_apply_failures_total", "counter", "Changes that failed.");
  for (const auto& [id, component] : all)
    page.line("component", id, static_cast<double>(component->counters().apply_failures));
}

}  // namespace

std::string metrics_text(const Seen& seen) {
  const auto& [engine, health, runtime, problems] = seen;
  Page page;
  const auto& counters = engine.counters();
  const auto single = [&](std::string_view name, std::string_view type, std::string_view help, double value) {
    page.family(name, type, help);
    page.line(value);
  };
  single("wave_ready", "gauge", "1 when every plan has been evaluated.", engine.ready() ? 1 : 0);
  single("wave_time_seconds", "gauge", "The daemon's civil time.", epoch_seconds(runtime.utc()));
  single("wave_turns_total", "counter", "Rounds of the engine.", static_cast<double>(counters.turns));
  single("wave_evaluations_total", "counter", "Plans evaluated.", static_cast<double>(counters.evaluations));
  single("wave_evaluation_failures_total", "counter", "Rounds in which expressions could not be evaluated.",
         static_cast<double>(counters.evaluation_failures));
  single("wave_decisions_total", "counter", "Decisions made.", static_cast<double>(counters.decisions));
  single("wave_decisions_scaled_total", "counter", "Decisions that sent a change.",
         static_cast<double>(counters.scaled));
  single("wave_decisions_held_total", "counter", "Decisions that a limit or an error held.",
         static_cast<double>(counters.held));
  single("wave_reloads_total", "counter", "Definitions changed while running.",
         static_cast<double>(counters.reloads));
  single("wave_definitions_valid", "gauge",
         "1 when the definitions on disk are at work, 0 when they are invalid and earlier ones are.",
         problems.empty() ? 1 : 0);
  single("wave_history_writable", "gauge", "1 when history reaches the disk.", health.writable ? 1 : 0);
  single("wave_history_waiting", "gauge", "Writes that wait for the disk.",
         static_cast<double>(health.waiting));
  single("wave_history_dropped_total", "counter",
         "Samples and records dropped because the disk did not take them.",
         static_cast<double>(health.dropped));
  single("wave_history_bytes", "gauge", "Size of the database.", static_cast<double>(health.bytes));
  add_metrics(page, engine.generation());
  add_forecasts(page, engine.generation());
  add_events(page, engine.generation());
  add_components(page, engine);
  return page.take();
}

}  // namespace wave::api
