#include "components/aws/aws_component.h"

#include <algorithm>

#include "base/text.h"
#include "net/aws/endpoints.h"
#include "net/url.h"

namespace wave::components {
namespace {

/// How long an answer about who else steers counts; before a change it must be newer.
constexpr Duration steering_lasts = 5min;
constexpr Duration steering_lasts_for_a_change = 1min;

}  // namespace

definitions::Settings without_own_endpoint(definitions::Settings settings) {
  const auto url = net::Url::parse(settings.text("endpoint"));
  if (url && net::aws::is_aws_host(url->host)) settings.set("endpoint", std::string());
  return settings;
}

Result<Applied> in_part(Applied applied, Values reached, Error error) {
  if (reached.empty()) return std::unexpected(std::move(error));
  applied.reached = std::move(reached);
  applied.rest = error.text();
  return applied;
}

Status AwsComponent::watch_targets(std::vector<Steered> steered, const definitions::Settings& settings,
                                   net::Services& services) {
  auto targets = ScalableTargets::create(without_own_endpoint(settings), services);
  if (!targets) return std::unexpected(targets.error());
  targets_ = std::move(*targets);
  watched_ = std::move(steered);
  return {};
}

Task<Result<Observation>> AwsComponent::observe() {
  auto seen = co_await observe_with(steering_lasts);
  co_return seen;
}

Task<Result<Observation>> AwsComponent::observe_with(Duration steering_max_age) {
  auto seen = co_await look();
  if (!seen) co_return std::unexpected(std::move(seen.error()));
  co_await look_for_targets(&*seen, steering_max_age);
  co_return seen;
}

Task<void> AwsComponent::look_for_targets(Observation* seen, Duration max_age) {
  if (ignores_steering()) co_return;
  for (auto& watched : watched_) {
    auto found = co_await targets_->find(watched.target, max_age);
    if (found) {
      watched.found = *found;
      add_target(watched, *seen);
    } else if (found.error().retryable || raises_floor()) {
      // Who wants a floor raised, knows that there is one.
      seen->blocks.push_back(
          {.value = watched.value,
           .reason = "whether Application Auto Scaling steers it is not known: " + found.error().text()});
    } else {
      seen->warnings.push_back("whether Application Auto Scaling steers " + watched.value +
                               " is not known: " + found.error().text());
    }
  }
}

void AwsComponent::add_target(const Steered& watched, Observation& seen) const {
  if (!watched.found || watched.found->suspended) return;
  const std::string& value = watched.value;
  const auto& bounds = *watched.found;
  seen.steering.push_back({.who = "Application Auto Scaling target " + watched.target.resource + " (" +
                                  value + " " + whole(bounds.min) + " to " + whole(bounds.max) + ")",
                           .advice = "let on_conflict be raise_floor, or suspend the target's scaling",
                           .can_raise_floor = true,
                           .value = value});
  if (!raises_floor()) return;
  // Of several targets of one value the lowest floor and the lowest ceiling count.
  const bool first = std::ranges::count(seen.steering, value, &Steering::value) == 1;
  auto& floor = seen.current[value];
  auto& ceiling = seen.system_max[value];
  floor = first ? bounds.min : std::min(floor, bounds.min);
  ceiling = first ? bounds.max : std::min(ceiling, bounds.max);
  seen.system_min.erase(value);
}

Task<Result<Applied>> AwsComponent::apply(Change change) {
  auto seen = co_await observe_with(steering_lasts_for_a_change);
  if (!seen) co_return std::unexpected(std::move(seen.error()));
  Values wanted;
  for (const auto& [value, number] : change.values) {
    const auto now = seen->current.find(value);
    const auto was = change.basis.find(value);
    const double current = now == seen->current.end() ? 0 : now->second;
    if (was != change.basis.end() && was->second != current)
      co_return fail(ErrorCode::conflict,
                     title_ + ": " + value + " is " + whole(current) + " now, not " + whole(was->second),
                     true);
    if (now == seen->current.end() || current != number) wanted[value] = number;
    for (const auto& block : seen->blocks) {
      // What was just seen still stands.
      if (!block.stops(value, current, number, UtcTime::min())) continue;
      const std::string until = block.until ? ", until " + iso8601(*block.until) : "";
      co_return fail(ErrorCode::busy, title_ + ": " + block.reason + until, true);
    }
  }
  if (wanted.empty()) co_return Applied{.changed = false};
  for (const auto& [value, number] : wanted)
    if (const auto* other = seen->steers(value);
        other != nullptr && on_conflict_ == definitions::OnConflict::refuse)
      co_return fail(ErrorCode::conflict, title_ + " is steered by " + other->who + ": " + other->advice);
  if (!seen->steering.empty() && raises_floor() && !watched_.empty()) {
    auto raised = co_await raise(std::move(*seen), std::move(wanted));
    co_return raised;
  }
  auto written = co_await order(std::move(*seen), std::move(wanted));
  co_return written;
}

Task<Result<Applied>> AwsComponent::order(Observation seen, Values wanted) {
  const Values ordered = wanted;
  auto written = co_await write(std::move(seen), std::move(wanted));
  if (written)
    for (const auto& [value, number] : written->reached.value_or(ordered)) ordered_[value] = number;
  co_return written;
}

void AwsComponent::show_ordered(std::initializer_list<const char*> values, bool under_way,
                                Observation& seen) {
  if (!under_way) ordered_.clear();
  for (const char* value : values)
    if (const auto ordered = ordered_.find(value); ordered != ordered_.end())
      seen.current[value] = ordered->second;
}

/// Moves the floors of the targets; what nobody steers is set as ever.
Task<Result<Applied>> AwsComponent::raise(Observation seen, Values wanted) {
  Applied applied{.changed = false};
  Values raised;
  Values rest = wanted;
  for (auto& watched : watched_) {
    const auto floor = wanted.find(watched.value);
    if (floor == wanted.end() || !watched.found || watched.found->suspended) continue;
    rest.erase(watched.value);
    // More for the one with the lowest floor takes nothing from the others.
    const bool grows = floor->second > seen.current.at(watched.value);
    if (grows && watched.found->min >= floor->second) continue;
    auto set = co_await targets_->set_bounds(watched.target, floor->second, std::nullopt);
    if (!set) co_return in_part(std::move(applied), std::move(raised), std::move(set.error()));
    watched.found->min = floor->second;
    applied = {.request_id = std::move(*set)};
    raised[watched.value] = floor->second;
  }
  if (rest.empty()) co_return applied;
  auto written = co_await order(std::move(seen), std::move(rest));
  if (!written) co_return in_part(std::move(applied), std::move(raised), std::move(written.error()));
  if (written->reached) written->reached->insert(raised.begin(), raised.end());
  co_return written;
}

}  // namespace wave::components
