#include "engine/open.h"

#include <utility>

#include "base/text.h"

namespace wave::engine {
namespace {

/// `***` for each of `secrets` in every text of the error.
Error without(const std::vector<std::string>& secrets, Error error) {
  for (const std::string& secret : secrets) {
    replace_all(error.message, secret, "***");
    replace_all(error.hint, secret, "***");
    for (std::string& place : error.context) replace_all(place, secret, "***");
  }
  return error;
}

template <class T>
Result<T> cleared(const std::vector<std::string>& secrets, Result<T> result) {
  if (!result) result.error() = without(secrets, std::move(result.error()));
  return result;
}

/// A source whose errors hold none of `secrets`.
class DiscreetSource final : public metrics::Source {
 public:
  DiscreetSource(std::unique_ptr<metrics::Source> source, std::vector<std::string> secrets)
      : source_(std::move(source)), secrets_(std::move(secrets)) {}

  Task<Result<std::vector<metrics::Series>>> poll() override {
    auto answer = co_await source_->poll();
    co_return cleared(secrets_, std::move(answer));
  }
  bool has_past() const override { return source_->has_past(); }
  Task<Result<std::vector<metrics::PastSeries>>> past(metrics::PastRange range) override {
    auto answer = co_await source_->past(range);
    co_return cleared(secrets_, std::move(answer));
  }

 private:
  std::unique_ptr<metrics::Source> source_;
  std::vector<std::string> secrets_;
};

/// The same of a component.
class DiscreetComponent final : public components::Component {
 public:
  DiscreetComponent(std::unique_ptr<components::Component> component, std::vector<std::string> secrets)
      : component_(std::move(component)), secrets_(std::move(secrets)) {}

  Task<Result<components::Observation>> observe() override {
    auto seen = co_await component_->observe();
    co_return cleared(secrets_, std::move(seen));
  }
  Task<Result<components::Applied>> apply(components::Change change) override {
    auto done = co_await component_->apply(std::move(change));
    if (done)
      for (const std::string& secret : secrets_) replace_all(done->rest, secret, "***");
    co_return cleared(secrets_, std::move(done));
  }
  void recall(const components::Values& values) override { component_->recall(values); }

 private:
  std::unique_ptr<components::Component> component_;
  std::vector<std::string> secrets_;
};

/// `Discreet` stands before what is made only where there is something to hide.
template <class Discreet, class Kind, class Definition>
auto open_with(const Kind& kind, const Definition& definition,
               const definitions::Settings::Environment& environment, net::Services& services)
    -> decltype(kind.create(definition, definition.metadata, services)) {
  auto resolved = definition.metadata.resolve(environment);
  if (!resolved) return std::unexpected(std::move(resolved.error()));
  const auto& secrets = resolved->secrets();
  auto made = cleared(secrets, kind.create(definition, *resolved, services));
  if (made && !secrets.empty()) return std::make_unique<Discreet>(std::move(*made), secrets);
  return made;
}

}  // namespace

Result<std::unique_ptr<metrics::Source>> open(const metrics::Kind& kind,
                                              const definitions::MetricDefinition& definition,
                                              const definitions::Settings::Environment& environment,
                                              net::Services& services) {
  return open_with<DiscreetSource>(kind, definition, environment, services);
}

Result<std::unique_ptr<components::Component>> open(const components::Kind& kind,
                                                    const definitions::ComponentDefinition& definition,
                                                    const definitions::Settings::Environment& environment,
                                                    net::Services& services) {
  return open_with<DiscreetComponent>(kind, definition, environment, services);
}

}  // namespace wave::engine
