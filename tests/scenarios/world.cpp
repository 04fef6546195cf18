#include "world.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "metrics/kinds.h"
#include "net/process.h"
#include "plans/compiled.h"

namespace wave::test {
namespace {

class SimulatedComponent final : public components::Component {
 public:
  SimulatedComponent(Runtime& runtime, Simulated& state) : runtime_(runtime), state_(state) {}

  Task<Result<components::Observation>> observe() override {
    ++state_.observed;
    components::Observation seen{.current = {}, .blocks = state_.blocks, .steering = state_.steering};
    seen.current["other"] = 1;
    if (ordered_ && runtime_.mono() >= ordered_->first) {
      state_.desired = ordered_->second;
      ordered_.reset();
    }
    if (!state_.has_a_number) co_return seen;
    seen.current["desired"] = state_.desired;
    if (state_.desired != known_) {
      ready_before_ = known_;
      known_ = state_.desired;
      changed_ = runtime_.mono();
    }
    const bool serves = runtime_.mono() - changed_ >= state_.ready_after || state_.desired < ready_before_;
    seen.ready = serves ? state_.desired : ready_before_;
    if (state_.ready) seen.ready = state_.ready;
    seen.changing = *seen.ready != state_.desired;
    co_return seen;
  }

  Task<Result<components::Applied>> apply(components::Change change) override {
    if (state_.fails) co_return fail(ErrorCode::unavailable, "the system is down", true);
    ++state_.applied;
    if (state_.is_set_back) co_return components::Applied{};
    const double wanted = change.values["desired"];
    const double told = std::clamp(wanted, state_.desired - state_.at_once, state_.desired + state_.at_once);
    if (state_.shown_after > 0s) {
      ordered_ = {runtime_.mono() + state_.shown_after, told};
    } else {
      state_.desired = told;
    }
    components::Applied applied;
    if (told != wanted) {
      applied.reached = {{"desired", told}};
      applied.rest = "so many at once";
    }
    co_return applied;
  }

 private:
  Runtime& runtime_;
  Simulated& state_;
  double known_ = 0;
  double ready_before_ = 0;
  MonoTime changed_{};
  std::optional<std::pair<MonoTime, double>> ordered_;
};

/// The real ones, until there are none.
class BreakableExpressions final : public plans::Expressions {
 public:
  BreakableExpressions(std::unique_ptr<plans::Expressions> real, const bool& broken)
      : real_(std::move(real)), broken_(broken) {}

  void declare_metrics(const std::set<std::string>& ids) override { real_->declare_metrics(ids); }
  Result<std::vector<std::variant<plans::Compiled, std::vector<plans::CompileProblem>>>> compile(
      std::vector<plans::Source> sources) override {
    return real_->compile(std::move(sources));
  }
  const std::vector<plans::Read>& columns() const override { return real_->columns(); }
  Task<Result<std::vector<plans::Evaluation>>> evaluate(Batch batch) override {
    if (broken_) co_return fail(ErrorCode::unavailable, "the process for expressions does not start", true);
    co_return co_await real_->evaluate(std::move(batch));
  }

 private:
  std::unique_ptr<plans::Expressions> real_;
  const bool& broken_;
};

}  // namespace

class SimulatedWorld::NoProcesses final : public net::ProcessRunner {
 public:
  Task<Result<Output>> run(Command) override { co_return fail(ErrorCode::not_found, "none here"); }
  Result<ProcessId> start(Command, std::function<void(int)>) override {
    return fail(ErrorCode::not_found, "none here");
  }
  void signal(ProcessId, int) override {}
};

SimulatedWorld::SimulatedWorld(UtcTime start, std::string definitions)
    : runtime(start),
      definitions_(std::move(definitions)),
      log_(runtime, LogLevel::error),
      http_(runtime),
      processes_(std::make_unique<NoProcesses>()),
      aws_(runtime, http_, *processes_, definitions::Settings::Environment::process()),
      services_{.runtime = runtime, .http = http_, .aws = aws_, .processes = *processes_} {
  kind_.table = {.document = definitions::Document::component,
                 .name = "simulated",
                 .vendor = "test",
                 .summary = "A number.",
                 .keys = {},
                 .values = {{.name = "desired", .highest = 1e6}, {.name = "other", .highest = 1e6}},
                 .ready_after = 30s};
  kind_.create = [this](const definitions::ComponentDefinition& component, const definitions::Settings&,
                        net::Services&) -> Result<std::unique_ptr<components::Component>> {
    return std::make_unique<SimulatedComponent>(runtime, components_[component.id]);
  };
  catalog_ = {.metrics = {}, .components = {&kind_.table}};
}

SimulatedWorld::~SimulatedWorld() = default;

void SimulatedWorld::start() {
  engine_.reset();
  if (std::ranges::find(metric_kinds, &metrics::push()) == metric_kinds.end())
    metric_kinds.push_back(&metrics::push());
  engine::Parts parts{.runtime = runtime,
                      .log = log_,
                      .services = services_,
                      .store = &store,
                      .metric_kinds = metric_kinds,
                      .component_kinds = {&kind_},
                      .make_expressions = [this]() -> Result<std::unique_ptr<plans::Expressions>> {
                        auto real = plans::make_expressions(nullptr);
                        if (!real) return std::unexpected(real.error());
                        return std::make_unique<BreakableExpressions>(std::move(*real), no_expressions);
                      },
                      .environment = definitions::Settings::Environment::process()};
  engine_ = std::make_unique<engine::Engine>(std::move(parts), engine::Options{});
  for (const auto* kind : metric_kinds)
    if (std::ranges::find(catalog_.metrics, &kind->table) == catalog_.metrics.end())
      catalog_.metrics.push_back(&kind->table);
  auto loaded = definitions::load_text("scenario", definitions_, catalog_);
  for (const auto& problem : loaded.errors) ADD_FAILURE() << problem.text();
  if (prepare) prepare(loaded.definitions);
  auto problems = engine_->load(std::move(loaded.definitions));
  ASSERT_TRUE(problems);
  for (const auto& problem : *problems) ADD_FAILURE() << problem.text();
  runtime.settle();
}

}  // namespace wave::test
