#pragma once

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/cron.h"
#include "base/time.h"

namespace wave::forecast {

/// What somebody knows to come: load = usual load * factor + amount while it lasts.
struct KnownEvent {
  std::string id;
  std::string name;              ///< what one of a name did is expected of the next
  std::optional<UtcTime> start;  ///< once; else `cron`
  std::string cron;              ///< each firing begins one; firings before the end prolong it
  std::string timezone = "UTC";  ///< of `cron`
  Duration duration{0};          ///< above 0
  std::optional<double> factor;  ///< above 0; nobody says: 1
  double amount = 0;
  /// Nothing but an amount was given: that is what is learned.
  bool only_amount() const { return !factor && amount != 0; }
  bool operator==(const KnownEvent&) const = default;
};

/// A regular past, looked at by place.
struct Past {
  UtcTime begin;
  Duration step;
  std::size_t size = 0;
  std::function<double(std::size_t)> value;  ///< NaN where it is missing
  UtcTime end() const { return begin + step * static_cast<std::int64_t>(size); }
};

/// What events do to the load of a stretch of time. Never lowers: factor is at least 1, amount at least 0.
struct Effect {
  double factor = 1;
  double amount = 0;
  bool expected = false;           ///< an event lies in that stretch
  bool running = false;            ///< one of them has begun
  std::vector<std::string> texts;  ///< one for each such event: when, how much, from where that is known
  double of(double usual) const { return usual * factor + amount; }
};

/// The known events of one metric: what they do to forecasts, what earlier ones did, and the load as it would
/// have been without them (docs/decisions/0013-known-events.md).
///
/// `follow` after the past has grown; everything else looks at that same past. An effect that was measured is
/// remembered when the past no longer reaches back to it. Bounded: `most_events` events, the newest
/// `most_firings` of each; a step within an event costs a few hundred looks at the past.
class Events {
 public:
  static constexpr std::size_t most_events = 200;
  static constexpr int most_firings = 1000;
  static constexpr std::ptrdiff_t most_of_a_name = 10;
  static constexpr std::size_t most_remembered = 1000;

  Events() = default;
  explicit Events(std::vector<KnownEvent> events);

  const std::vector<KnownEvent>& known() const { return known_; }
  bool empty() const { return known_.empty(); }

  /// Finds what happens from the past's begin until `until`, and learns from what is over.
  void follow(const Past& past, UtcTime until);
  /// The past has changed: what was learned from it is learned again by the next `follow`.
  void forget();

  /// The value at that place as it would have been without events: itself outside of them, NaN where that
  /// cannot be told.
  double without(const Past& past, std::size_t place) const;
  /// What is expected of [from, to), as known at the past's end. An event that has begun and does not show
  /// in the load is not counted on, and the text says so.
  Effect effect(const Past& past, UtcTime from, UtcTime to) const;

  /// What is expected of an event, and from how many occurrences that is known.
  struct Learned {
    double value = 1;  ///< factor, or amount where only that is expected
    int times = 0;     ///< 0: as given
  };
  /// An event that is in force, or else its next time.
  struct Standing {
    const KnownEvent* event;  ///< one of `known`
    UtcTime begin;
    UtcTime end;
    bool in_force = false;
    Learned learned;
    std::string expected;   ///< `factor 2.17 learned from 4 times`
    std::string why_aside;  ///< why it is in force and not counted on; empty otherwise
  };
  /// Those that are not over, by begin; none before the first `follow`.
  std::vector<Standing> standings(const Past& past, UtcTime now) const;

  /// What one that is over did. It outlives the samples that told it.
  struct Remembered {
    std::string name;
    UtcTime begin;
    bool is_amount = false;
    double value = 1;  ///< the factor that it had, or the amount where only that was expected
    bool operator==(const Remembered&) const = default;
  };
  /// By begin, also of names that are known no longer: the newest `most_of_a_name` of each, at most
  /// `most_remembered`. `remember` adds what was kept elsewhere, before the first `follow`.
  const std::vector<Remembered>& remembered() const { return remembered_; }
  void remember(const std::vector<Remembered>& earlier);

  struct Occurrence {
    UtcTime begin;
    UtcTime end;
    std::size_t event = 0;           ///< place in `known`
    bool judged = false;             ///< it is over and was looked at
    std::optional<double> measured;  ///< the factor it had, or the amount where only that is expected
  };
  const std::vector<Occurrence>& occurrences() const { return occurrences_; }

 private:
  /// Where events follow one another without a gap: what is usual is told by what was before.
  struct Span {
    UtcTime begin;
    UtcTime end;
    double level = 1;  ///< of the hour before, relative to the same time of other days
    double flat = std::numeric_limits<double>::quiet_NaN();  ///< the typical load of that hour
    bool looked = false;
  };
  struct Expected {
    double factor = 1;
    double amount = 0;
  };

  void expand(std::size_t event, UtcTime from, UtcTime until, std::vector<Occurrence>& out) const;
  void make_spans(const Past& past);
  const Span* span(UtcTime at) const;
  void look_before(const Past& past, Span& span) const;
  double profile(const Past& past, std::int64_t place) const;
  double usual(const Past& past, std::size_t place, const Span& span) const;
  double ratio(const Past& past, std::size_t end, std::int64_t steps, const Span& span) const;
  void judge(const Past& past, Occurrence& one) const;
  void keep(const Remembered& one);
  Learned learn(const KnownEvent& event) const;
  Expected expected(std::size_t event) const;
  std::string expected_text(std::size_t event) const;
  std::string why_aside(const Past& past, const Occurrence& one) const;

  std::vector<KnownEvent> known_;
  std::vector<std::optional<Cron>> crons_;
  std::vector<Learned> learned_;         ///< of each of `known_`
  std::vector<Occurrence> occurrences_;  ///< by begin
  std::vector<Remembered> remembered_;   ///< by begin
  std::vector<Span> spans_;              ///< by begin, none touches another
  UtcTime expanded_from_{};
  UtcTime expanded_until_{};
  Duration longest_{0};  ///< of the occurrences
};

}  // namespace wave::forecast
