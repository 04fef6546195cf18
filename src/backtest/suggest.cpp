#include "backtest/suggest.h"

#include <algorithm>
#include <array>

#include "backtest/judge.h"
#include "base/text.h"

namespace wave::backtest {
namespace {

// Of equals the first stays, so that the usual values come first.
constexpr std::array<double, 3> violation_costs = {14, 5, 40};
constexpr std::array<double, 3> shares_of_target = {1, 0.85, 1.15};
constexpr std::array<Duration, 3> windows = {Duration(5min), Duration(2min), Duration(15min)};

/// Nobody sets more.
constexpr int digits_of_a_setting = 3;
constexpr Duration most_history = 7 * 24h;
constexpr Duration least_choice = 24h;
constexpr Duration enough = 14 * 24h;
/// For the bar only: how many are not beaten, about.
constexpr double usual_frontier = 6;

struct Place {
  definitions::PlanDefinition* plan = nullptr;
  definitions::PlanItem* item = nullptr;
  definitions::ComponentDefinition* component = nullptr;
};

Result<Place> place_of(definitions::Definitions& definitions, const Question& question) {
  Place out;
  for (auto& component : definitions.components)
    if (component.id == question.component_id) out.component = &component;
  for (auto& plan : definitions.plans)
    for (auto& item : plan.items) {
      const bool fits = plan.enabled && follows(item, question.load_metric, question.component_id) &&
                        item.target->kind == definitions::Target::Kind::per_unit;
      if (fits && out.item == nullptr) {
        out.plan = &plan;
        out.item = &item;
      }
    }
  if (out.item == nullptr || out.component == nullptr)
    return std::unexpected(Error{.code = ErrorCode::invalid_argument,
                                 .message = "nothing can be suggested: no plan item follows '" +
                                            question.load_metric + "' for '" + question.component_id + "'",
                                 .hint = "--suggest varies an item with `target: { metric, per_unit }`"});
  return out;
}

std::vector<Knobs> grid(const Knobs& own) {
  std::vector<Knobs> out;
  for (const double price : violation_costs)
    for (const double share : shares_of_target)
      for (const Duration window : windows) {
        Knobs one = own;
        one.per_unit = share == 1 ? own.per_unit : rounded_to(own.per_unit * share, digits_of_a_setting);
        if (one.per_unit > one.limit_per_unit) continue;
        if (!one.proactive) one.proactive.emplace();
        one.proactive->mode = definitions::Proactive::Mode::forecast_and_scale;
        one.proactive->violation_cost = price;
        one.proactive->quantile.reset();
        one.proactive->max_margin.reset();
        one.window = window;
        out.push_back(std::move(one));
      }
  return out;
}

bool is_same(const Knobs& one, const Knobs& other) {
  if (one.per_unit != other.per_unit || one.window != other.window || !one.proactive || !other.proactive)
    return false;
  return one.proactive->mode == other.proactive->mode && !other.proactive->quantile &&
         !other.proactive->max_margin && one.proactive->violation_cost == other.proactive->violation_cost;
}

bool beats(const Figures& one, const Figures& other) {
  return one.slo_pct <= other.slo_pct && one.cost <= other.cost &&
         (one.slo_pct < other.slo_pct || one.cost < other.cost);
}

/// Those that no other beats, and the user's own, which comes first in `all`; cheapest first.
std::vector<Candidate> frontier_of(const std::vector<Candidate>& all) {
  std::vector<Candidate> out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    bool is_beaten = false;
    for (std::size_t k = 0; k < all.size(); ++k) {
      const bool is_equal = all[k].chosen_on.slo_pct == all[i].chosen_on.slo_pct &&
                            all[k].chosen_on.cost == all[i].chosen_on.cost;
      is_beaten = is_beaten || beats(all[k].chosen_on, all[i].chosen_on) || (is_equal && k < i);
    }
    if (is_beaten && !all[i].is_yours) continue;
    out.push_back(all[i]);
    out.back().is_beaten = is_beaten;
  }
  Candidate* best = nullptr;
  for (auto& one : out) {
    const bool is_cheap = one.chosen_on.cost <= all.front().chosen_on.cost;
    if (is_cheap &&
        (best == nullptr || one.chosen_on.slo_pct < best->chosen_on.slo_pct ||
         (one.chosen_on.slo_pct == best->chosen_on.slo_pct && one.chosen_on.cost < best->chosen_on.cost)))
      best = &one;
  }
  best->is_suggested = true;
  // By pointers: moving candidates around in place trips a false -Wmaybe-uninitialized of GCC 12 at -O2.
  std::vector<const Candidate*> by_cost;
  for (const auto& one : out) by_cost.push_back(&one);
  std::ranges::stable_sort(by_cost, {}, [](const Candidate* one) { return one->chosen_on.cost; });
  std::vector<Candidate> sorted;
  for (const auto* one : by_cost) sorted.push_back(*one);
  return sorted;
}

/// Runs the definitions with other settings.
class Trials {
 public:
  Trials(definitions::Definitions definitions, const Question& question)
      : definitions_(std::move(definitions)), question_(question) {}

  Status prepare();
  Knobs own() const;
  const Place& place() const { return place_; }
  UtcTime begin() const { return begin_; }
  Result<Figures> before_the_test(const Knobs& knobs) { return run(knobs, begin_, question_.from); }
  Result<Figures> in_the_test(const Knobs& knobs) { return run(knobs, question_.from, question_.to); }
  void expect(double ticks_of_choices, double ticks_of_tests) {
    expected_ = done_ + ticks_of_choices * seconds(question_.from - begin_) +
                ticks_of_tests * seconds(question_.to - question_.from);
  }

 private:
  Result<Figures> run(const Knobs& knobs, UtcTime from, UtcTime to);

  definitions::Definitions definitions_;
  const Question& question_;
  Place place_;
  UtcTime begin_;
  double done_ = 0;      ///< seconds of recorded time
  double expected_ = 1;  ///< in all
};

Status Trials::prepare() {
  auto place = place_of(definitions_, question_);
  if (!place) return std::unexpected(place.error());
  place_ = *place;
  const auto* load = find_recording(question_.recordings, question_.load_metric);
  const Duration before = question_.from - load->begin();
  const Duration history = std::min(before / 4, most_history) / load->series.step * load->series.step;
  begin_ = load->begin() + history;
  if (question_.from - begin_ < least_choice)
    return std::unexpected(
        Error{.code = ErrorCode::invalid_argument,
              .message = "nothing can be suggested: settings are chosen on what comes before the test, and "
                         "that is only " +
                         format_duration(before) + " (" + iso8601(load->begin()) + " to " +
                         iso8601(question_.from) + ")",
              .hint = "give a longer recording, or a later --from; two weeks and more are best"});
  return {};
}

Knobs Trials::own() const {
  return {.per_unit = place_.item->target->value,
          .limit_per_unit = place_.item->target->limit_per_unit,
          .proactive = place_.item->proactive,
          .window = place_.component->behavior.down.stabilization_window};
}

Result<Figures> Trials::run(const Knobs& knobs, UtcTime from, UtcTime to) {
  place_.item->target->value = knobs.per_unit;
  place_.item->proactive = knobs.proactive;
  place_.component->behavior.down.stabilization_window = knobs.window;
  Question question = question_;
  question.from = from;
  question.to = to;
  const double length = seconds(to - from);
  question.progress = [&](double share) {
    if (question_.progress) question_.progress(std::min(1.0, (done_ + share * length) / expected_));
  };
  const auto answer = backtest::run(definitions_, question);
  if (!answer) return std::unexpected(answer.error());
  done_ += length;
  return judge_plan(question, *answer);
}

}  // namespace

Result<Suggestions> suggest(const definitions::Definitions& definitions, const Question& question) {
  Trials trials(definitions, question);
  if (auto ready = trials.prepare(); !ready) return std::unexpected(ready.error());
  const auto* load = find_recording(question.recordings, question.load_metric);
  Suggestions out{.plan_id = trials.place().plan->id,
                  .item_id = trials.place().item->id,
                  .from = trials.begin(),
                  .to = question.from,
                  .is_short = question.to - load->begin() < enough,
                  .frontier = {}};
  std::vector<Candidate> all = {{.set = trials.own(), .is_yours = true, .chosen_on = {}, .confirmed = {}}};
  for (const auto& knobs : grid(trials.own()))
    if (!is_same(knobs, all.front().set)) all.push_back({.set = knobs, .chosen_on = {}, .confirmed = {}});
  out.tried = all.size();
  trials.expect(static_cast<double>(all.size()), usual_frontier);
  for (auto& one : all) {
    auto figures = trials.before_the_test(one.set);
    if (!figures) return std::unexpected(figures.error());
    one.chosen_on = *figures;
  }
  out.frontier = frontier_of(all);
  trials.expect(0, static_cast<double>(out.frontier.size()));
  for (auto& one : out.frontier) {
    auto figures = trials.in_the_test(one.set);
    if (!figures) return std::unexpected(figures.error());
    one.confirmed = *figures;
  }
  return out;
}

}  // namespace wave::backtest
