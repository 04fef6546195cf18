#pragma once

#include <memory>
#include <vector>

#include "engine/outlook.h"
#include "forecast/events.h"
#include "forecast/lead/forecaster.h"
#include "forecast/lead/record.h"

namespace wave::engine {

/// The enabled events that move that metric.
std::vector<forecast::KnownEvent> events_of(const definitions::Definitions& definitions,
                                            std::string_view metric_id);

/// The forecasts of one metric: one lane for each lead and window that anything asks for, all learning from
/// one outlook. A lane that is new, or whose past has changed, is taught again in slices, so that no tick
/// waits for it.
class Foresight : public std::enable_shared_from_this<Foresight> {
 public:
  struct Ask {
    Duration lead;
    Duration span;
    double unit = 0;  ///< load that one unit carries; 0: nobody says
    auto operator<=>(const Ask&) const = default;
  };
  /// What a lane says now.
  struct View {
    std::optional<forecast::LeadForecast> forecast;
    std::string problem;  ///< why there is none, or why it may not act; empty otherwise
    std::uint64_t steps = 0;
    std::int64_t lead_steps = 1;
    double load = 0;      ///< of the newest step that is over; NaN where that is missing
    bool proven = false;  ///< clearly better than the last value, by its record
    forecast::Effect
        event;           ///< what known events do from now to the window's end; the forecast has it already
    double usual = 0;    ///< `load` as it would be without them; NaN where that cannot be told
    std::string record;  ///< `of 2880 forecasts, P90 covered 91 %; MASE 0.62`
  };

  Foresight(Parts& parts, std::shared_ptr<const definitions::MetricDefinition> definition);

  /// The events that move this metric. Lanes learn again when they are others than before.
  void know(std::vector<forecast::KnownEvent> events);
  void start(std::shared_ptr<metrics::Source> source) { outlook_->start(std::move(source)); }
  void stop() { outlook_->stop(); }
  void add(UtcTime at, double value) { outlook_->add(at, value); }
  /// Called when a step has ended and the lanes know.
  void listen(std::function<void()> on_step) { on_step_ = std::move(on_step); }

  /// One of the forecasts that something asks for, and how good it has been.
  struct Standing {
    Ask ask;
    Duration step;
    const forecast::Record* record = nullptr;        ///< never null; valid until the next step ends
    std::optional<forecast::LeadForecast> forecast;  ///< valid as long
    std::string problem;                             ///< as in View
  };
  std::vector<Standing> standings() const;
  /// The known events that are in force or come next. Valid until `know`.
  std::vector<forecast::Events::Standing> events() const {
    return events_.standings(past(), parts_.runtime.utc());
  }

  /// The lane of that ask, made where there is none.
  View view(const Ask& ask);
  const Outlook& outlook() const { return *outlook_; }
  /// Whether a definition may keep this one.
  bool fits(const definitions::MetricDefinition& definition) const;

 private:
  struct Lane {
    Ask ask;
    std::unique_ptr<forecast::LeadForecaster> forecaster;
    std::unique_ptr<forecast::Record> record;
    std::size_t taught = 0;   ///< steps of the series it has seen
    std::uint64_t steps = 0;  ///< steps that ended since it was up to date
    bool current = false;     ///< has seen all there is
  };

  Lane& lane(const Ask& ask);
  forecast::Past past() const;
  void follow_events();
  std::string events_key() const { return "events/" + definition_->id; }
  // foresight_state.cpp: what events did outlives restarts, and the samples that told it.
  std::vector<forecast::Events::Remembered> read_events() const;
  void save_events();
  forecast::Effect effect(const Ask& ask, Duration after) const;
  std::optional<forecast::LeadForecast> forecast(const Lane& lane) const;
  std::string missing() const;
  std::string problem(const Lane& lane, const std::optional<forecast::LeadForecast>& forecast) const;
  void reset(Lane& lane);
  void stepped(bool past_changed);
  void teach();
  bool teach_some(Lane& lane, std::size_t most);

  Parts& parts_;
  std::shared_ptr<const definitions::MetricDefinition> definition_;
  std::shared_ptr<Outlook> outlook_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::function<void()> on_step_;
  forecast::Events events_;
  std::vector<forecast::Events::Remembered> saved_;  ///< what the store has of them
  bool has_read_events_ = false;
  UtcTime taught_until_{};
  bool teaching_ = false;
};

}  // namespace wave::engine
