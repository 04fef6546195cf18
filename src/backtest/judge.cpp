#include "backtest/judge.h"

#include <algorithm>

namespace wave::backtest {
namespace {

/// What the baselines may have learned from.
constexpr Duration most_past = 15 * 24h;

Setting test_of(const Question& question, const Answer& answer) {
  Setting test{.past = {},
               .load = {},
               .tick = answer.tick,
               .ready_after = answer.ready_after,
               .per_unit = question.per_unit(),
               .capacity = question.capacity};
  for (const auto& tick : answer.ticks) test.load.push_back(tick.load);
  const auto* load = find_recording(question.recordings, question.load_metric);
  test.row_ticks = load->series.step / answer.tick;
  test.row_offset = (question.from - load->begin()) % load->series.step / answer.tick;
  for (UtcTime at = question.from - most_past; at < question.from; at += answer.tick)
    if (at >= load->begin()) test.past.push_back(load->value(at));
  return test;
}

Course course_of(const Answer& answer) {
  Course course;
  for (const auto& tick : answer.ticks) {
    course.desired.push_back(tick.desired);
    course.ready.push_back(tick.ready);
  }
  return course;
}

}  // namespace

bool follows(const definitions::PlanItem& item, const std::string& metric, const std::string& component) {
  if (!item.enabled || !item.target || (!metric.empty() && item.target->metric != metric)) return false;
  return std::ranges::any_of(
      item.components, [&](const auto& one) { return component.empty() || one.component_id == component; });
}

Figures judge_plan(const Question& question, const Answer& answer) {
  return figures_of(test_of(question, answer), course_of(answer));
}

Judged judge(const Question& question, const Answer& answer) {
  const auto test = test_of(question, answer);
  Judged all = {{"plan", figures_of(test, course_of(answer))}};
  for (const auto& [name, other] : baselines(test)) all.emplace_back(name, figures_of(test, other));
  return all;
}

}  // namespace wave::backtest
