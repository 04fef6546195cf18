#include "engine/open.h"

#include <gtest/gtest.h>

#include "support/services.h"

namespace wave::engine {
namespace {

const std::string secret = "s3cr3t-path";

Error told() {
  return {.code = ErrorCode::unauthorized,
          .message = "no " + secret + " and no " + secret,
          .hint = "look at " + secret,
          .context = {"GET http://a/" + secret}};
}

class Telling final : public metrics::Source, public components::Component {
 public:
  Task<Result<std::vector<metrics::Series>>> poll() override { co_return std::unexpected(told()); }
  bool has_past() const override { return true; }
  Task<Result<std::vector<metrics::PastSeries>>> past(metrics::PastRange) override {
    co_return std::unexpected(told());
  }
  Task<Result<components::Observation>> observe() override { co_return std::unexpected(told()); }
  Task<Result<components::Applied>> apply(components::Change) override { co_return std::unexpected(told()); }
};

template <class T>
Task<void> keep_error(Task<Result<T>> task, std::vector<std::string>& out) {
  auto result = co_await std::move(task);
  out.push_back(result.error().text() + "; " + result.error().hint);
}

/// Whose endpoint holds the secret behind its host.
template <class Definition>
Definition pointing_there() {
  Definition out;
  out.metadata.set("endpoint", "http://a/${env:X}");
  return out;
}

const definitions::Settings::Environment environment{
    .variable = [](const std::string&) { return std::optional(secret); },
    .file = [](const std::string&) { return Result<std::string>(fail(ErrorCode::io, "no files here")); }};

TEST(Open, NoErrorOfMakingASourceHoldsASecret) {
  test::TestServices world;
  const metrics::Kind kind{.table = {}, .create = [](const auto&, const auto&, auto&) {
                             return Result<std::unique_ptr<metrics::Source>>(std::unexpected(told()));
                           }};
  const auto source =
      open(kind, pointing_there<definitions::MetricDefinition>(), environment, world.services);
  EXPECT_EQ(source.error().text(), "GET http://a/***: no *** and no ***");
}

TEST(Open, NoErrorOfASourceOrComponentHoldsASecret) {
  test::TestServices world;
  const metrics::Kind metric_kind{
      .table = {}, .create = [](const auto&, const auto&, auto&) {
        return Result<std::unique_ptr<metrics::Source>>(std::make_unique<Telling>());
      }};
  const components::Kind component_kind{
      .table = {}, .create = [](const auto&, const auto&, auto&) {
        return Result<std::unique_ptr<components::Component>>(std::make_unique<Telling>());
      }};
  const auto source =
      *open(metric_kind, pointing_there<definitions::MetricDefinition>(), environment, world.services);
  const auto component =
      *open(component_kind, pointing_there<definitions::ComponentDefinition>(), environment, world.services);
  std::vector<std::string> errors;
  spawn(keep_error(source->poll(), errors));
  spawn(keep_error(source->past({}), errors));
  spawn(keep_error(component->observe(), errors));
  spawn(keep_error(component->apply({}), errors));
  EXPECT_TRUE(source->has_past());
  EXPECT_EQ(errors, std::vector<std::string>(4, "GET http://a/***: no *** and no ***; look at ***"));
}

}  // namespace
}  // namespace wave::engine
