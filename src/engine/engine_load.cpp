#include <algorithm>

#include "engine/engine.h"

namespace wave::engine {
namespace {

constexpr Duration least_observe_every = 15s;
constexpr Duration least_max_age = 60s;
/// First polls in a millisecond: ten thousand at once would be ten thousand requests in memory.
constexpr int starts_at_once = 10;

/// The shortest interval of the plans that name or read each component.
std::map<std::string, Duration> intervals(const definitions::Definitions& definitions) {
  std::map<std::string, Duration> out;
  for (const auto& plan : definitions.plans) {
    if (!plan.enabled) continue;
    for (const auto& item : plan.items) {
      for (const auto& wish : item.components) {
        const auto [at, is_new] = out.emplace(wish.component_id, plan.interval);
        if (!is_new) at->second = std::min(at->second, plan.interval);
      }
    }
  }
  return out;
}

const Plan* plan_of(const Generation& generation, const std::string& id) {
  const auto id_of = [](const std::unique_ptr<Plan>& plan) -> const std::string& {
    return plan->definition->id;
  };
  const auto found = std::ranges::lower_bound(generation.plans, id, {}, id_of);
  return found != generation.plans.end() && id_of(*found) == id ? found->get() : nullptr;
}

}  // namespace

Result<std::vector<definitions::Problem>> Engine::load(definitions::Definitions definitions) {
  std::vector<definitions::Problem> problems;
  auto next = build(std::move(definitions), problems);
  if (!next) return std::unexpected(next.error());
  if (!problems.empty()) return problems;
  const bool first = !generation_;
  if (generation_) {
    record_removed(**next);
    for (auto& [id, metric] : generation_->metrics) metric->stop();
    for (auto& [id, component] : generation_->components) {
      component->stop();
      const bool gone = (*next)->component(id) == nullptr || !(*next)->component(id)->same_target(*component);
      if (gone && component->definition().kind->ephemeral) retired_.push_back(component);
      if ((*next)->component(id) == nullptr) gone_[id] = component->to_json();
    }
    cancel_timers();
    past_.push_back(std::move(generation_));
    if (!turning_ && in_flight_ == 0) past_.clear();
  }
  generation_ = std::move(*next);
  due_.clear();
  loaded_ = true;
  if (parts_.store != nullptr) {
    Duration longest{0};
    for (const auto& column : generation_->columns) {
      if (column.read.what == plans::Read::What::window) longest = std::max(longest, column.read.window);
    }
    parts_.store->keep_samples(longest);
  }
  loaded_at_ = parts_.runtime.utc();
  if (!first) ++counters_.reloads;
  start(*generation_);
  return problems;
}

/// What is no longer named keeps its capacity, and a record says so.
void Engine::record_removed(const Generation& next) {
  for (const auto& [id, component] : generation_->components) {
    if (next.component(id) != nullptr) continue;
    parts_.log.info("component removed", {{"component", id}});
    if (!component->observation()) continue;
    for (const auto& [value, current] : component->observation()->current) {
      decisions::Decision decision{
          .component_id = id, .value = value, .at = parts_.runtime.utc(), .current = current};
      decision.final = decision.computed = current;
      decision.reasons.push_back({.rule = "removed",
                                  .from = current,
                                  .to = current,
                                  .text = "the definitions no longer have it; its capacity stays"});
      record(decision, {}, {}, nullptr);
    }
  }
}

Result<std::unique_ptr<Generation>> Engine::build(definitions::Definitions definitions,
                                                  std::vector<definitions::Problem>& problems) {
  auto next = std::make_unique<Generation>();
  next->definitions = std::make_shared<const definitions::Definitions>(std::move(definitions));
  auto expressions = parts_.make_expressions();
  if (!expressions) return std::unexpected(expressions.error());
  next->expressions = std::move(*expressions);
  next->compiled = plans::compile(*next->definitions, *next->expressions);
  problems = next->compiled.problems;
  if (!problems.empty()) return next;
  make_metrics(*next);
  make_components(*next);
  make_plans(*next);
  return next;
}

void Engine::make_metrics(Generation& next) {
  // One that is not enabled has no value, and what reads it must know.
  for (const auto& definition : next.definitions->metrics) {
    auto metric = std::make_shared<Metric>(
        parts_, std::shared_ptr<const definitions::MetricDefinition>(next.definitions, &definition),
        [this](const Metric& one) { sampled(one); });
    if (auto* earlier = generation_ ? generation_->metric(definition.id) : nullptr) metric->adopt(*earlier);
    next.metrics.emplace(definition.id, std::move(metric));
  }
}

void Engine::make_components(Generation& next) {
  const auto every = intervals(*next.definitions);
  std::map<std::string, std::string> stored;
  // One that comes back is as paused and as recently changed as it was.
  const bool has_new = std::ranges::any_of(next.definitions->components, [this](const auto& definition) {
    return definition.enabled && !gone_.contains(definition.id) &&
           (!generation_ || generation_->component(definition.id) == nullptr);
  });
  if (has_new && parts_.store != nullptr) {
    if (auto states = parts_.store->states()) {
      stored = std::move(*states);
    } else {
      parts_.log.error("stored state cannot be read", {{"error", states.error().text()}});
    }
  }
  for (const auto& definition : next.definitions->components) {
    if (!definition.enabled) continue;
    const auto named = every.find(definition.id);
    const Duration interval = named == every.end() ? Duration(60s) : named->second;
    auto component = std::make_shared<Component>(
        parts_, std::shared_ptr<const definitions::ComponentDefinition>(next.definitions, &definition),
        std::max(interval, least_observe_every), std::max(interval * 2, least_max_age),
        [this](const Component& one) { observed(one); });
    if (auto* earlier = generation_ ? generation_->component(definition.id) : nullptr) {
      component->adopt(*earlier);
    } else if (const auto left = gone_.extract(definition.id)) {
      component->restore(left.mapped());
    } else if (const auto state = stored.find(Component::state_key(definition.id)); state != stored.end()) {
      component->restore(state->second);
    }
    const auto retired = std::ranges::find_if(retired_, [&](const auto& one) {
      return one->definition().id == definition.id && component->same_target(*one);
    });
    if (retired != retired_.end()) {
      component->adopt(**retired);
      retired_.erase(retired);
    }
    if (options_.dry_run || definition.dry_run) component->only_watch();
    next.components.emplace(definition.id, std::move(component));
  }
}

void Engine::make_plans(Generation& next) {
  for (const auto& read : next.expressions->columns()) {
    Column column{.read = read};
    using What = plans::Read::What;
    if (read.what == What::current || read.what == What::ready) {
      column.component = next.component(read.id);
    } else {
      column.metric = next.metric(read.id);
      if (auto* metric = next.metric(read.id); metric != nullptr && read.what == What::window)
        metric->keep(read.window);
      if (auto* metric = next.metric(read.id);
          metric != nullptr && (read.what == What::forecast || read.what == What::forecast_max))
        metric->learn(events_of(*next.definitions, read.id));
    }
    next.columns.push_back(std::move(column));
  }
  std::size_t expressions = 0;
  for (const auto& compiled : next.compiled.plans) {
    for (const auto id : compiled.expressions) expressions = std::max<std::size_t>(expressions, id + 1);
    const auto* definition = next.definitions->plan(compiled.id);
    auto plan = std::make_unique<Plan>();
    plan->definition = definition;
    plan->compiled = &compiled;
    plan->memory.resize(definition->items.size());
    const auto index = static_cast<std::uint32_t>(next.plans.size());
    const auto reads = [&](const Metric* metric) {
      if (metric == nullptr) return;
      auto& readers = next.readers[metric];
      if (readers.empty() || readers.back() != index) readers.push_back(index);
    };
    const auto uses = [&](const Component* component) {
      if (component == nullptr) return;
      auto& users = next.users[component];
      if (users.empty() || users.back() != index) users.push_back(index);
    };
    for (std::uint32_t i = 0; i < definition->items.size(); ++i) {
      const auto& item = definition->items[i];
      if (item.schedule) {
        if (auto cron = Cron::parse(item.schedule->cron)) plan->memory[i].cron = *cron;
        plan->has_instants |= !item.schedule->duration;
        // A plan that is new has missed nothing.
        plan->memory[i].handled = parts_.runtime.utc();
      }
      if (!item.enabled) continue;
      plan->order.push_back(i);
      if (item.target) reads(next.metric(item.target->metric));
      if (item.proactive) {
        if (auto* metric = next.metric(item.target->metric))
          metric->learn(events_of(*next.definitions, metric->definition().id));
      }
      if (item.threshold) reads(next.metric(item.threshold->metric));
      for (const auto column : compiled.items[i].reads) {
        reads(next.columns[column].metric);
        uses(next.columns[column].component);
      }
      for (const auto& wish : item.components) {
        auto* component = next.component(wish.component_id);
        uses(component);
        if (component != nullptr &&
            std::ranges::find(plan->components, component) == plan->components.end()) {
          plan->components.push_back(component);
        }
      }
    }
    std::ranges::stable_sort(plan->order, [&](std::uint32_t a, std::uint32_t b) {
      return definition->items[a].priority > definition->items[b].priority;
    });
    std::ranges::sort(plan->components, {},
                      [](const Component* component) { return component->definition().id; });
    next.plans.push_back(std::move(plan));
  }
  next.evaluations.resize(expressions);
  restore_firings(next);
  restore_memory(next);
}

/// What items remember outlives a reload: a threshold that has been crossed for a while stays so.
void Engine::restore_memory(Generation& next) {
  if (!generation_) return;
  for (auto& plan : next.plans) {
    const Plan* earlier = plan_of(*generation_, plan->definition->id);
    if (earlier == nullptr) continue;
    for (std::size_t i = 0; i < plan->memory.size(); ++i) {
      const auto& items = earlier->definition->items;
      const auto same =
          std::ranges::find(items, plan->definition->items[i].id, &definitions::PlanItem::id) - items.begin();
      if (static_cast<std::size_t>(same) == items.size()) continue;
      const auto& from = earlier->memory[static_cast<std::size_t>(same)];
      auto& to = plan->memory[i];
      to.side = from.side;
      to.side_since = from.side_since;
      to.unfresh_since = from.unfresh_since;
      to.last = from.last;
    }
  }
}

/// What `cron_expression`s have fired outlives restarts and reloads, so that none is missed or fires twice.
void Engine::restore_firings(Generation& next) {
  std::map<std::string, std::string> stored;
  if (!generation_ && parts_.store != nullptr) {
    if (auto states = parts_.store->states()) stored = std::move(*states);
  }
  for (auto& plan : next.plans) {
    if (!plan->has_instants) continue;
    for (std::size_t i = 0; i < plan->memory.size(); ++i) {
      const auto key = firing_key(*plan, i);
      if (const auto at = stored.find(key); at != stored.end()) {
        if (const auto time = parse_time(at->second))
          plan->memory[i].handled = std::min(*time, parts_.runtime.utc());
      } else if (!generation_ && parts_.store != nullptr && plan->definition->items[i].schedule) {
        // What fires while the daemon is down is due when it is back.
        parts_.store->put_state(key, iso8601(plan->memory[i].handled));
      }
      if (!generation_) continue;
      const Plan* earlier = plan_of(*generation_, plan->definition->id);
      if (earlier == nullptr) continue;
      for (std::size_t j = 0; j < earlier->memory.size(); ++j) {
        if (firing_key(*earlier, j) == key) plan->memory[i].handled = earlier->memory[j].handled;
      }
    }
  }
}

std::string Engine::firing_key(const Plan& plan, std::size_t item) {
  const auto& definition = plan.definition->items[item];
  return "firing/" + plan.definition->id + "/" + definition.id + "/" +
         (definition.schedule ? definition.schedule->cron : "");
}

void Engine::start_metrics(Metrics::iterator next) {
  for (int started = 0; next != generation_->metrics.end() && started < starts_at_once; ++started, ++next)
    next->second->start();
  if (next == generation_->metrics.end()) return;
  start_timer_ = parts_.runtime.after(1ms, [this, next] { start_metrics(next); });
}

void Engine::start(Generation& generation) {
  if (!options_.self_driven) return;
  start_metrics(generation.metrics.begin());
  for (auto& [id, component] : generation.components) component->start();
  for (std::uint32_t i = 0; i < generation.plans.size(); ++i) {
    plan_due(i);
    arm(i);
    arm_edge(i);
  }
}

}  // namespace wave::engine
