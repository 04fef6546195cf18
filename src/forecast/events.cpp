#include "forecast/events.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"

namespace wave::forecast {
namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();
constexpr Duration day = 24h;
/// How much further than asked is looked ahead, so that this is not done at each step.
constexpr Duration look_further = 1h;
/// What tells the level right before an event.
constexpr Duration hour_before = 1h;
/// Steps whose median tells how strong an event is at the moment.
constexpr std::int64_t at_the_moment = 5;
/// One given number counts as much as so many occurrences.
constexpr double weight_of_given = 1;
/// An event must show this share of what was expected to be counted on.
constexpr double least_share = 0.25;
constexpr Duration least_patience = 15min;
constexpr Duration most_patience = 1h;

double median(std::vector<double>& values) {
  if (values.empty()) return missing;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

/// Two decimals are all that a person reads.
std::string rounded(double number) {
  return shortest(std::round(number * 100) / 100);
}

std::string two(int number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

std::string local_text(UtcTime at, const std::string& timezone) {
  const auto local = local_time(at, timezone);
  return std::to_string(local.year) + "-" + two(local.month) + "-" + two(local.day) + " " + two(local.hour) +
         ":" + two(local.minute) + " " + timezone;
}

}  // namespace

Events::Events(std::vector<KnownEvent> events) : known_(std::move(events)) {
  if (known_.size() > most_events) known_.resize(most_events);
  for (const auto& event : known_) {
    auto cron = Cron::parse(event.cron);
    crons_.push_back(!event.start && cron ? std::optional(std::move(*cron)) : std::nullopt);
  }
}

void Events::expand(std::size_t event, UtcTime from, UtcTime until, std::vector<Occurrence>& out) const {
  const auto& known = known_[event];
  std::vector<UtcTime> firings;
  if (known.start) {
    if (*known.start < until && *known.start + known.duration > from) firings.push_back(*known.start);
  } else if (crons_[event]) {
    auto at = crons_[event]->previous(until, known.timezone);
    for (int i = 0; at && *at + known.duration > from && i < most_firings; ++i) {
      firings.push_back(*at);
      at = crons_[event]->previous(*at - Duration(1), known.timezone);
    }
  }
  const std::size_t first = out.size();
  for (auto at = firings.rbegin(); at != firings.rend(); ++at) {
    if (out.size() > first && *at <= out.back().end)
      out.back().end = *at + known.duration;
    else
      out.push_back(
          {.begin = *at, .end = *at + known.duration, .event = event, .judged = false, .measured = {}});
  }
}

void Events::forget() {
  occurrences_.clear();
  spans_.clear();
  expanded_from_ = expanded_until_ = {};
}

void Events::keep(const Remembered& one) {
  const auto is_kin = [&](const Remembered& other) {
    return other.name == one.name && other.is_amount == one.is_amount;
  };
  auto place = std::ranges::lower_bound(remembered_, one.begin, {}, &Remembered::begin);
  for (auto same = place; same != remembered_.end() && same->begin == one.begin; ++same) {
    if (!is_kin(*same)) continue;
    same->value = one.value;
    return;
  }
  remembered_.insert(place, one);
  if (std::ranges::count_if(remembered_, is_kin) > most_of_a_name)
    remembered_.erase(std::ranges::find_if(remembered_, is_kin));
  if (remembered_.size() > most_remembered) remembered_.erase(remembered_.begin());
}

void Events::remember(const std::vector<Remembered>& earlier) {
  for (const auto& one : earlier) keep(one);
}

void Events::follow(const Past& past, UtcTime until) {
  if (known_.empty()) return;
  if (past.begin < expanded_from_) forget();
  bool is_news = false;
  if (until > expanded_until_) {
    is_news = true;
    expanded_from_ = past.begin;
    expanded_until_ = until + look_further;
    std::vector<Occurrence> found;
    for (std::size_t i = 0; i < known_.size(); ++i) expand(i, past.begin, expanded_until_, found);
    std::ranges::stable_sort(found, {}, &Occurrence::begin);
    longest_ = {};
    for (auto& one : found) {
      longest_ = std::max(longest_, one.end - one.begin);
      for (const auto& other : std::ranges::equal_range(occurrences_, one.begin, {}, &Occurrence::begin))
        if (other.event == one.event && other.end == one.end) one = other;
    }
    occurrences_ = std::move(found);
    make_spans(past);
  }
  // The hour before it is over by then, and does not change.
  for (auto& span : spans_)
    if (!span.looked && span.begin <= past.end()) look_before(past, span);
  for (auto& one : occurrences_) {
    if (one.judged || one.end > past.end()) continue;
    judge(past, one);
    is_news = true;
    if (!one.measured) continue;
    const auto& event = known_[one.event];
    keep({.name = event.name, .begin = one.begin, .is_amount = event.only_amount(), .value = *one.measured});
  }
  if (!is_news) return;
  learned_.clear();
  for (const auto& event : known_) learned_.push_back(learn(event));
}

void Events::look_before(const Past& past, Span& span) const {
  span.looked = true;
  std::vector<double> loads;
  std::vector<double> ratios;
  const auto first = (std::max(span.begin - hour_before, past.begin) - past.begin) / past.step;
  for (auto i = first; i < (span.begin - past.begin) / past.step; ++i) {
    const double value = past.value(static_cast<std::size_t>(i));
    if (!std::isfinite(value) || this->span(past.begin + past.step * i) != nullptr) continue;
    loads.push_back(value);
    if (const double profiled = profile(past, i); profiled > 0) ratios.push_back(value / profiled);
  }
  span.flat = median(loads);
  if (!ratios.empty()) span.level = std::clamp(median(ratios), 0.05, 20.0);
}

void Events::make_spans(const Past& past) {
  const auto earlier = std::move(spans_);
  spans_.clear();
  for (const auto& one : occurrences_) {
    if (one.end <= past.begin) continue;
    if (!spans_.empty() && one.begin <= spans_.back().end)
      spans_.back().end = std::max(spans_.back().end, one.end);
    else
      spans_.push_back({.begin = one.begin, .end = one.end});
  }
  for (auto& span : spans_) {
    const auto same = std::ranges::lower_bound(earlier, span.begin, {}, &Span::begin);
    if (same == earlier.end() || same->begin != span.begin) continue;
    span.level = same->level;
    span.flat = same->flat;
    span.looked = same->looked;
  }
}

const Events::Span* Events::span(UtcTime at) const {
  auto after = std::ranges::upper_bound(spans_, at, {}, &Span::begin);
  if (after == spans_.begin()) return nullptr;
  --after;
  return at < after->end ? &*after : nullptr;
}

/// The same time of other days, those with events left out: of the same weekday where two are known, else of
/// the last seven days.
double Events::profile(const Past& past, std::int64_t place) const {
  const auto steps = day / past.step;
  const auto collect = [&](std::initializer_list<int> days) {
    std::vector<double> values;
    for (const int back : days) {
      const auto at = place - back * steps;
      if (at < 0 || at >= static_cast<std::int64_t>(past.size)) continue;
      const double value = past.value(static_cast<std::size_t>(at));
      if (std::isfinite(value) && span(past.begin + past.step * at) == nullptr) values.push_back(value);
    }
    return values;
  };
  auto weeks = collect({7, 14, 21, 28});
  if (weeks.size() >= 2) return median(weeks);
  auto days = collect({1, 2, 3, 4, 5, 6, 7});
  return median(days);
}

double Events::usual(const Past& past, std::size_t place, const Span& span) const {
  const double profiled = profile(past, static_cast<std::int64_t>(place));
  return std::isfinite(profiled) ? profiled * span.level : span.flat;
}

/// How many times the usual load is there in the last steps before `end`, those of the span alone.
double Events::ratio(const Past& past, std::size_t end, std::int64_t steps, const Span& span) const {
  std::vector<double> ratios;
  const auto first = std::max<std::int64_t>(static_cast<std::int64_t>(end) - steps, 0);
  for (auto i = first; i < static_cast<std::int64_t>(end); ++i) {
    if (past.begin + past.step * i < span.begin) continue;
    const double value = past.value(static_cast<std::size_t>(i));
    const double without = usual(past, static_cast<std::size_t>(i), span);
    if (std::isfinite(value) && without > 0) ratios.push_back(value / without);
  }
  return median(ratios);
}

double Events::without(const Past& past, std::size_t place) const {
  const double value = past.value(place);
  if (spans_.empty() || !std::isfinite(value)) return value;
  const auto* found = span(past.begin + past.step * static_cast<std::int64_t>(place));
  if (found == nullptr) return value;
  const double now = ratio(past, place + 1, at_the_moment, *found);
  if (now > 0) return value / now;
  const double expected = usual(past, place, *found);
  return std::isfinite(expected) ? std::min(value, expected) : missing;
}

void Events::judge(const Past& past, Occurrence& one) const {
  one.judged = true;
  if (one.begin < past.begin) return;
  const auto* found = span(one.begin);
  if (found == nullptr) return;
  const auto& event = known_[one.event];
  std::vector<const Occurrence*> others;
  for (const auto& other : occurrences_)
    if (known_[other.event].name != event.name && other.begin < one.end && other.end > one.begin)
      others.push_back(&other);
  const auto alone = [&](UtcTime at) {
    return std::ranges::none_of(others,
                                [&](const auto* other) { return other->begin <= at && at < other->end; });
  };
  std::vector<double> seen;
  const auto first = (one.begin - past.begin) / past.step;
  const auto last = std::min((one.end - past.begin) / past.step, static_cast<std::int64_t>(past.size));
  for (auto i = first; i < last; ++i) {
    const double value = past.value(static_cast<std::size_t>(i));
    const double expected = usual(past, static_cast<std::size_t>(i), *found);
    if (!std::isfinite(value) || !(expected > 0) || !alone(past.begin + past.step * i)) continue;
    seen.push_back(event.only_amount() ? value - expected
                                       : std::clamp((value - event.amount) / expected, 0.05, 100.0));
  }
  // Half of it must be known.
  if (!seen.empty() && 2 * std::ssize(seen) >= last - first) one.measured = median(seen);
}

Events::Learned Events::learn(const KnownEvent& event) const {
  std::vector<double> seen;
  const bool amount = event.only_amount();
  for (const auto& one : occurrences_) {
    const auto& other = known_[one.event];
    if (one.measured && other.name == event.name && other.only_amount() == amount)
      seen.push_back(amount ? *one.measured : std::log(*one.measured));
  }
  // Where the past reaches back to few of them, what was remembered of earlier ones fills up.
  for (auto one = remembered_.rbegin(); one != remembered_.rend() && std::ssize(seen) < most_of_a_name;
       ++one) {
    if (one->name != event.name || one->is_amount != amount) continue;
    const auto there = std::ranges::equal_range(occurrences_, one->begin, {}, &Occurrence::begin);
    const bool is_counted = std::ranges::any_of(there, [&](const Occurrence& other) {
      return other.measured && known_[other.event].name == event.name;
    });
    if (!is_counted) seen.push_back(amount ? one->value : std::log(one->value));
  }
  if (seen.empty()) return {.value = amount ? event.amount : event.factor.value_or(1), .times = 0};
  const auto times = static_cast<double>(seen.size());
  const double given = amount ? event.amount : std::log(event.factor.value_or(1));
  const double typical = median(seen);
  const double value = (weight_of_given * given + times * typical) / (weight_of_given + times);
  return {.value = amount ? value : std::exp(value), .times = static_cast<int>(times)};
}

std::string Events::expected_text(std::size_t event) const {
  const auto& known = known_[event];
  const auto& learned = learned_[event];
  const bool amount = known.only_amount();
  std::string out = (amount ? "amount " : "factor ") + rounded(learned.value);
  if (learned.times > 0)
    out += " learned from " + std::to_string(learned.times) + (learned.times == 1 ? " time" : " times");
  else
    out += amount || known.factor ? " as given" : ": nobody says, and none is known yet";
  if (!amount && known.amount != 0) out += ", and " + rounded(known.amount);
  return out;
}

/// Empty when it is counted on, or has not begun.
std::string Events::why_aside(const Past& past, const Occurrence& one) const {
  const Duration lasted = past.end() - one.begin;
  const auto patience = std::clamp((one.end - one.begin) / 4, least_patience, most_patience);
  const auto* found = span(one.begin);
  if (lasted < patience || past.size == 0 || found == nullptr) return {};
  const double seen = ratio(past, past.size, least_patience / past.step, *found);
  const double load = usual(past, past.size - 1, *found);
  const auto known = expected(one.event);
  const double wanted = load > 0 ? known.factor + known.amount / load : 1;
  if (!(seen < 1 + least_share * (wanted - 1))) return {};
  return "the load has been " + rounded(seen) + " times the usual since " + format_duration(least_patience) +
         " and it began " + format_duration(std::chrono::floor<std::chrono::minutes>(lasted)) + " ago";
}

Events::Expected Events::expected(std::size_t event) const {
  const auto& learned = learned_[event];
  if (known_[event].only_amount()) return {.factor = 1, .amount = std::max(learned.value, 0.0)};
  return {.factor = std::max(learned.value, 1.0), .amount = std::max(known_[event].amount, 0.0)};
}

Effect Events::effect(const Past& past, UtcTime from, UtcTime to) const {
  Effect out;
  std::map<std::string_view, Expected> counted;
  const UtcTime now = past.end();
  const Span* running = nullptr;
  for (auto at = std::ranges::lower_bound(occurrences_, from - longest_, {}, &Occurrence::begin);
       at != occurrences_.end() && at->begin < to; ++at) {
    const auto& one = *at;
    if (one.end <= from) continue;
    const auto& event = known_[one.event];
    out.expected = true;
    out.running |= one.begin < now;
    if (one.begin < now && past.size > 0) running = span(one.begin);
    out.texts.push_back("event '" + event.id + "' from " + local_text(one.begin, event.timezone) + " for " +
                        format_duration(one.end - one.begin) + ", " + expected_text(one.event));
    if (const auto why = why_aside(past, one); !why.empty()) {
      out.texts.back() += ", stands aside: " + why;
      continue;
    }
    // Two of one name are the same thing told twice.
    const auto known = expected(one.event);
    auto& largest = counted.try_emplace(event.name, known).first->second;
    largest = {.factor = std::max(largest.factor, known.factor),
               .amount = std::max(largest.amount, known.amount)};
  }
  for (const auto& [name, one] : counted) out.factor *= one.factor, out.amount += one.amount;
  if (running == nullptr) return out;
  // More than expected has come: that is what goes on.
  const double seen = ratio(past, past.size, at_the_moment, *running);
  const double load = usual(past, past.size - 1, *running);
  if (seen > 1 && load > 0 && seen * load > out.of(load)) out.factor = seen, out.amount = 0;
  return out;
}

std::vector<Events::Standing> Events::standings(const Past& past, UtcTime now) const {
  std::vector<Standing> out;
  if (learned_.empty()) return out;
  for (std::size_t i = 0; i < known_.size(); ++i) {
    const auto& event = known_[i];
    const auto found =
        std::ranges::find_if(occurrences_, [&](const auto& one) { return one.event == i && one.end > now; });
    auto begin = found != occurrences_.end() ? std::optional(found->begin) : event.start;
    if (!begin && crons_[i]) begin = crons_[i]->next(now, event.timezone);
    const auto end = found != occurrences_.end() ? found->end : begin.value_or(now) + event.duration;
    if (!begin || end <= now) continue;
    out.push_back({.event = &event,
                   .begin = *begin,
                   .end = end,
                   .in_force = *begin <= now,
                   .learned = learned_[i],
                   .expected = expected_text(i),
                   .why_aside = found != occurrences_.end() ? why_aside(past, *found) : ""});
  }
  std::ranges::stable_sort(out, {}, &Standing::begin);
  return out;
}

}  // namespace wave::forecast
