#include "engine/discreet.h"

#include <gtest/gtest.h>

#include "base/virtual_runtime.h"

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

TEST(Discreet, NoErrorOfASourceOrComponentHoldsASecret) {
  const auto source = discreet(std::unique_ptr<metrics::Source>(std::make_unique<Telling>()), {secret});
  const auto component =
      discreet(std::unique_ptr<components::Component>(std::make_unique<Telling>()), {secret});
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
