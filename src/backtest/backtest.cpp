#include "backtest/backtest.h"

#include <algorithm>
#include <cmath>

#include "backtest/figures.h"
#include "base/virtual_runtime.h"
#include "engine/engine.h"
#include "net/aws/aws_client.h"
#include "net/process.h"
#include "plans/compiled.h"

namespace wave::backtest {
namespace {

/// A row is fresh for so many steps after it is known.
constexpr int fresh_steps = 3;
/// What a turn may wait before it begins.
constexpr Duration after_rows = 10ms;

class NoHttp final : public net::HttpClient {
 public:
  Task<Result<net::HttpResponse>> send(net::HttpRequest) override {
    co_return fail(ErrorCode::unavailable, "there is no network in a backtest");
  }
};

class NoProcesses final : public net::ProcessRunner {
 public:
  Task<Result<Output>> run(Command) override {
    co_return fail(ErrorCode::unavailable, "there are no programs in a backtest");
  }
  Result<ProcessId> start(Command, std::function<void(int)>) override {
    return fail(ErrorCode::unavailable, "there are no programs in a backtest");
  }
  void signal(ProcessId, int) override {}
};

/// The production engine with recorded metrics and simulated components.
class World {
 public:
  World(definitions::Definitions definitions, const Question& question)
      : question_(question),
        runtime_(question.from),
        log_(runtime_, LogLevel::error),
        aws_(runtime_, http_, processes_, {}),
        services_{.runtime = runtime_, .http = http_, .aws = aws_, .processes = processes_},
        definitions_(std::move(definitions)) {}

  Result<Answer> run();

 private:
  Status prepare();
  void make_kinds();
  double start_of(const definitions::ComponentDefinition& component) const;
  void push_rows(UtcTime at);

  const Question& question_;
  VirtualRuntime runtime_;
  Log log_;
  NoHttp http_;
  NoProcesses processes_;
  net::AwsClients aws_;
  net::Services services_;
  definitions::Definitions definitions_;
  const Recording* load_ = nullptr;
  std::vector<std::unique_ptr<metrics::Kind>> metric_kinds_;
  std::vector<std::unique_ptr<components::Kind>> component_kinds_;
  std::map<std::string, Simulated*> components_;
  std::unique_ptr<engine::Engine> engine_;
};

Status World::prepare() {
  load_ = find_recording(question_.recordings, question_.load_metric);
  if (load_ == nullptr)
    return fail(ErrorCode::invalid_argument,
                "there is no recording of the load '" + question_.load_metric + "'");
  for (const auto& recording : question_.recordings) {
    if (definitions_.metric(recording.metric_id) == nullptr)
      return fail(ErrorCode::invalid_argument,
                  "the definitions have no metric '" + recording.metric_id + "'");
  }
  if (definitions_.component(question_.component_id) == nullptr)
    return fail(ErrorCode::invalid_argument,
                "the definitions have no scaling component '" + question_.component_id + "'");
  if (question_.from >= question_.to || question_.from < load_->begin() || question_.to > load_->end())
    return fail(ErrorCode::invalid_argument, "from " + iso8601(question_.from) + " to " +
                                                 iso8601(question_.to) + " is not within the recording, " +
                                                 iso8601(load_->begin()) + " to " + iso8601(load_->end()));
  make_kinds();
  return {};
}

/// Metrics arrive as rows do; every kind of component is simulated.
void World::make_kinds() {
  for (auto& metric : definitions_.metrics) {
    const auto* recording = find_recording(question_.recordings, metric.id);
    auto kind = std::make_unique<metrics::Kind>();
    kind->table = *metric.kind;
    kind->table.name = metric.id;
    kind->table.polled = false;
    kind->table.delay = Duration{0};
    if (recording != nullptr) {
      const Duration step = recording->series.step;
      metric.stale_after = step * (fresh_steps + 1);
      metric.learning.step = std::max(metric.learning.step, step);
      kind->create = [this, recording](const definitions::MetricDefinition&, const definitions::Settings&,
                                       net::Services&) -> Result<std::unique_ptr<metrics::Source>> {
        return std::make_unique<RecordedSource>(*recording, runtime_);
      };
    }
    metric.metadata = {};
    metric_kinds_.push_back(std::move(kind));
    metric.kind = &metric_kinds_.back()->table;
  }
  for (auto& component : definitions_.components) {
    auto kind = std::make_unique<components::Kind>();
    kind->table = *component.kind;
    kind->table.vendor = "simulated";
    kind->create = [this](const definitions::ComponentDefinition& definition, const definitions::Settings&,
                          net::Services&) -> Result<std::unique_ptr<components::Component>> {
      auto made = std::make_unique<Simulated>(runtime_, std::string(definition.kind->main_value()),
                                              start_of(definition),
                                              definition.ready_after.value_or(definition.kind->ready_after));
      components_[definition.id] = made.get();
      return made;
    };
    kind->table.name = component.id;
    component.metadata = {};
    component.on_conflict = definitions::OnConflict::ignore;
    component_kinds_.push_back(std::move(kind));
    component.kind = &component_kinds_.back()->table;
  }
}

double World::start_of(const definitions::ComponentDefinition& component) const {
  if (component.id == question_.component_id)
    return need_of(load_->value(question_.from), question_.per_unit());
  const auto limits = component.limits.find(std::string(component.kind->main_value()));
  return limits == component.limits.end() ? 1 : std::max(1.0, limits->second.min);
}

void World::push_rows(UtcTime at) {
  for (const auto& recording : question_.recordings) {
    const auto since = at - recording.begin();
    if (since < recording.series.step || since % recording.series.step != Duration{0}) continue;
    const UtcTime row = at - recording.series.step;
    const double value = recording.value(row);
    if (std::isfinite(value)) (void)engine_->push(recording.metric_id, {}, value, row);
  }
}

Result<Answer> World::run() {
  if (auto ready = prepare(); !ready) return std::unexpected(ready.error());
  Answer answer{.tick = std::min<Duration>(load_->series.step, 1min)};
  // Rows decide when plans are evaluated; the interval only stands in where one is missing.
  for (auto& plan : definitions_.plans) plan.interval = std::max(plan.interval, answer.tick) + 1s;
  engine::Parts parts{.runtime = runtime_,
                      .log = log_,
                      .services = services_,
                      .store = nullptr,
                      .make_expressions = [] { return plans::make_expressions(nullptr); },
                      .environment = {}};
  for (const auto& kind : metric_kinds_) parts.metric_kinds.push_back(kind.get());
  for (const auto& kind : component_kinds_) parts.component_kinds.push_back(kind.get());
  engine_ = std::make_unique<engine::Engine>(std::move(parts), engine::Options{});
  auto problems = engine_->load(definitions_);
  if (!problems) return std::unexpected(problems.error());
  if (!problems->empty()) return fail(ErrorCode::invalid_argument, problems->front().text());
  runtime_.settle();
  const auto judged = components_.find(question_.component_id);
  if (judged == components_.end())
    return fail(ErrorCode::invalid_argument, "'" + question_.component_id + "' is not enabled");
  const auto& definition = *definitions_.component(question_.component_id);
  answer.ready_after = definition.ready_after.value_or(definition.kind->ready_after);
  const auto ticks = static_cast<std::size_t>((question_.to - question_.from) / answer.tick);
  answer.ticks.reserve(ticks);
  for (std::size_t i = 0; i < ticks; ++i) {
    const UtcTime at = question_.from + answer.tick * static_cast<std::int64_t>(i);
    if (at > runtime_.utc()) runtime_.advance(at - runtime_.utc());
    push_rows(at);
    runtime_.advance(after_rows);
    answer.ticks.push_back({.at = at,
                            .load = load_->value(at),
                            .desired = judged->second->desired(),
                            .ready = judged->second->ready()});
    if (question_.progress && i % std::max<std::size_t>(ticks / 100, 1) == 0)
      question_.progress(static_cast<double>(i) / static_cast<double>(ticks));
  }
  answer.changes = std::move(judged->second->changes());
  return answer;
}

}  // namespace

Result<Answer> run(definitions::Definitions definitions, const Question& question) {
  World world(std::move(definitions), question);
  return world.run();
}

}  // namespace wave::backtest
