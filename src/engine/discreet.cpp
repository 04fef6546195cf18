#include "engine/discreet.h"

#include <utility>

namespace wave::engine {
namespace {

void blot(std::string& text, const std::string& secret) {
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3))
    text.replace(at, secret.size(), "***");
}

template <class T>
Result<T> cleared(const std::vector<std::string>& secrets, Result<T> result) {
  if (!result) result.error() = engine::without(secrets, std::move(result.error()));
  return result;
}

class DiscreetSource : public metrics::Source {
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

class DiscreetComponent : public components::Component {
 public:
  DiscreetComponent(std::unique_ptr<components::Component> component, std::vector<std::string> secrets)
      : component_(std::move(component)), secrets_(std::move(secrets)) {}

  Task<Result<components::Observation>> observe() override {
    auto seen = co_await component_->observe();
    co_return cleared(secrets_, std::move(seen));
  }
  Task<Result<components::Applied>> apply(components::Change change) override {
    auto done = co_await component_->apply(std::move(change));
    co_return cleared(secrets_, std::move(done));
  }
  void recall(const components::Values& values) override { component_->recall(values); }

 private:
  std::unique_ptr<components::Component> component_;
  std::vector<std::string> secrets_;
};

}  // namespace

Error without(const std::vector<std::string>& secrets, Error error) {
  for (const std::string& secret : secrets) {
    blot(error.message, secret);
    blot(error.hint, secret);
    for (std::string& place : error.context) blot(place, secret);
  }
  return error;
}

std::unique_ptr<metrics::Source> discreet(std::unique_ptr<metrics::Source> source,
                                          std::vector<std::string> secrets) {
  if (secrets.empty()) return source;
  return std::make_unique<DiscreetSource>(std::move(source), std::move(secrets));
}

std::unique_ptr<components::Component> discreet(std::unique_ptr<components::Component> component,
                                                std::vector<std::string> secrets) {
  if (secrets.empty()) return component;
  return std::make_unique<DiscreetComponent>(std::move(component), std::move(secrets));
}

}  // namespace wave::engine
