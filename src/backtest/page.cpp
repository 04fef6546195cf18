#include "backtest/page.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "backtest/figures.h"
#include "backtest/page_text.h"
#include "base/text.h"
#include "engine/foresight.h"

namespace wave::backtest {
namespace {

using nlohmann::json;

constexpr std::size_t most_buckets = 14 * 1440;
constexpr std::size_t most_changes = 1000;
constexpr std::size_t most_events = 1000;

std::int64_t milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

/// Five digits are more than a pixel shows.
json rounded(double number) {
  if (!std::isfinite(number)) return nullptr;
  const double value = rounded_to(number, 5);
  if (value == std::floor(value) && std::abs(value) < 1e15) return static_cast<std::int64_t>(value);
  return value;
}

/// The lowest and highest of each bucket; null where nothing is known.
class Extremes {
 public:
  void add(double value, bool opens) {
    if (opens) {
      close();
      is_open_ = true;
      low_ = high_ = std::nan("");
    }
    if (!std::isfinite(value)) return;
    low_ = std::isfinite(low_) ? std::min(low_, value) : value;
    high_ = std::isfinite(high_) ? std::max(high_, value) : value;
  }
  void write(json& to, const std::string& name) {
    close();
    to[name + "_min"] = std::move(lows_);
    to[name + "_max"] = std::move(highs_);
  }

 private:
  void close() {
    if (!is_open_) return;
    lows_.push_back(rounded(low_));
    highs_.push_back(rounded(high_));
    is_open_ = false;
  }

  bool is_open_ = false;
  double low_ = 0, high_ = 0;
  json lows_ = json::array(), highs_ = json::array();
};

json course_of(const Page& page) {
  const auto& ticks = page.answer.ticks;
  const std::size_t size = std::max<std::size_t>((ticks.size() + most_buckets - 1) / most_buckets, 1);
  Extremes load, need, ready, desired;
  json violated = json::array();
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    const auto& tick = ticks[i];
    const bool opens = i % size == 0;
    load.add(tick.load, opens);
    need.add(need_of(tick.load, page.question.per_unit()), opens);
    ready.add(tick.ready, opens);
    desired.add(tick.desired, opens);
    if (opens) violated.push_back(0);
    if (is_violated(tick.load, tick.ready, page.question.capacity)) violated.back() = 1;
  }
  json out = {{"begin", milliseconds(page.question.from.time_since_epoch())},
              {"bucket", milliseconds(page.answer.tick * static_cast<std::int64_t>(size))},
              {"violated", std::move(violated)}};
  load.write(out, "load");
  need.write(out, "need");
  ready.write(out, "ready");
  desired.write(out, "desired");
  return out;
}

json changes_of(const Answer& answer) {
  std::vector<const Changed*> kept;
  for (const auto& one : answer.changes) kept.push_back(&one);
  if (kept.size() > most_changes) {
    const auto size = [](const Changed* one) { return std::abs(one->to - one->from); };
    std::ranges::stable_sort(kept, std::ranges::greater{}, size);
    kept.resize(most_changes);
    std::ranges::sort(kept, {}, &Changed::at);
  }
  json out = json::array();
  for (const auto* one : kept)
    out.push_back({{"at", milliseconds(one->at.time_since_epoch())},
                   {"from", one->from},
                   {"to", one->to},
                   {"why", one->why}});
  return out;
}

json events_of(const Page& page) {
  json out = json::array();
  for (const auto& one : page.events)
    out.push_back({{"id", one.event_id},
                   {"begin", milliseconds(one.begin.time_since_epoch())},
                   {"end", milliseconds(one.end.time_since_epoch())},
                   {"text", one.text}});
  return out;
}

/// Nothing in it may end the element that it stands in.
std::string for_script(const std::string& text) {
  std::string out;
  for (const char letter : text) {
    if (letter == '<')
      out += "\\u003c";
    else
      out += letter;
  }
  return out;
}

}  // namespace

std::vector<Marked> known_events(const definitions::Definitions& definitions, const Question& question) {
  const auto* load = find_recording(question.recordings, question.load_metric);
  forecast::Events events(engine::events_of(definitions, question.load_metric));
  if (load == nullptr || events.empty()) return {};
  const auto& series = load->series;
  events.follow({.begin = load->begin(),
                 .step = series.step,
                 .size = series.values.size(),
                 .value = [&series](std::size_t place) { return series.values[place]; }},
                question.to);
  std::vector<Marked> out;
  for (const auto& one : events.occurrences()) {
    if (one.end <= question.from || one.begin >= question.to) continue;
    const auto& event = events.known()[one.event];
    out.push_back({.event_id = event.id, .begin = one.begin, .end = one.end, .text = ""});
    if (!one.measured) continue;
    const std::string number = shortest(rounded_to(*one.measured, 3));
    out.back().text =
        event.only_amount() ? number + " above the usual load" : number + " times the usual load";
  }
  if (out.size() > most_events) out.erase(out.begin(), out.end() - most_events);
  return out;
}

std::string html_of(const Page& page) {
  const json data = {{"result", json::parse(page.result)},
                     {"order", page.order},
                     {"component_id", page.question.component_id},
                     {"load_metric", page.question.load_metric},
                     {"per_unit", page.question.per_unit()},
                     {"capacity", page.question.capacity},
                     {"ready_after", format_duration(page.answer.ready_after)},
                     {"course", course_of(page)},
                     {"changes", changes_of(page.answer)},
                     {"events", events_of(page)},
                     {"changes_in_all", page.answer.changes.size()}};
  std::string out(page_head());
  out += for_script(data.dump(-1, ' ', false, json::error_handler_t::replace));
  out += page_tail();
  return out;
}

}  // namespace wave::backtest
