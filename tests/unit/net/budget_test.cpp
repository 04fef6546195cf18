#include "net/budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/sign_in.h"
#include "support/services.h"

namespace wave::net {
namespace {

using testing::HasSubstr;

class BudgetTest : public testing::Test {
 protected:
  std::unique_ptr<SignIn> sign_in(double per_minute, const std::string& user = "") {
    definitions::Settings settings;
    if (per_minute > 0) settings.set("requests_per_minute", per_minute);
    if (!user.empty()) settings.set("token", user);
    return std::move(SignIn::create(settings, world.services).value());
  }
  /// When a request went out, or nothing when it was refused; the error is in `refused`.
  std::optional<Duration> sent(SignIn& by) {
    world.http.forget_requests();
    auto answer = world.run(by.send({.url = "http://h/api", .timeout = 10s}));
    refused = answer ? Error{} : answer.error();
    if (world.http.requests().empty()) return std::nullopt;
    return world.http.last().at - MonoTime{};
  }

  test::TestServices world;
  Error refused;
};

TEST_F(BudgetTest, RequestsOfOneHostTakeTurnsAtAnEvenDistance) {
  world.http.on("", "http://h").reply(200, "{}");
  auto one = sign_in(20);
  auto two = sign_in(60);
  EXPECT_EQ(sent(*one), Duration(0s));
  EXPECT_EQ(sent(*two), Duration(3s)) << "the lower limit counts";
  EXPECT_EQ(sent(*one), Duration(6s));
}

TEST_F(BudgetTest, AnotherUserHasAnotherBudget) {
  world.http.on("", "http://h").reply(200, "{}");
  auto one = sign_in(1, "a");
  auto two = sign_in(1, "b");
  EXPECT_EQ(sent(*one), Duration(0s));
  EXPECT_EQ(sent(*two), Duration(0s));
}

TEST_F(BudgetTest, ATurnThatIsFarAwayIsSaidAndKept) {
  world.http.on("", "http://h").reply(200, "{}");
  auto one = sign_in(1);
  auto two = sign_in(1);
  EXPECT_EQ(sent(*one), Duration(0s));
  EXPECT_FALSE(sent(*two));
  EXPECT_EQ(refused.code, ErrorCode::throttled);
  EXPECT_EQ(refused.retry_after, Duration(60s));
  EXPECT_THAT(refused.text(), HasSubstr("polling slows down"));
  world.runtime.advance(60s);
  EXPECT_EQ(sent(*two), Duration(60s));
}

TEST_F(BudgetTest, A429HoldsEveryRequestOfThatUser) {
  world.http.on("", "http://h").reply(429, "", {{"Retry-After", "30"}}).reply(200, "{}");
  auto one = sign_in(0);
  auto two = sign_in(0);
  EXPECT_EQ(sent(*one), Duration(0s));
  EXPECT_FALSE(sent(*two));
  EXPECT_EQ(refused.retry_after, Duration(30s));
  world.runtime.advance(30s);
  EXPECT_EQ(sent(*two), Duration(30s));
}

TEST_F(BudgetTest, NearTheHostsOwnLimitWhatIsLeftIsSpread) {
  world.http.on("", "http://h")
      .reply(200, "{}",
             {{"X-RateLimit-Limit", "100"}, {"X-RateLimit-Remaining", "9"}, {"X-RateLimit-Reset", "40"}});
  auto one = sign_in(0);
  EXPECT_EQ(sent(*one), Duration(0s));
  EXPECT_EQ(sent(*one), Duration(4s));
  world.http.on("", "http://h")
      .reply(200, "{}",
             {{"X-RateLimit-Limit", "100"}, {"X-RateLimit-Remaining", "50"}, {"X-RateLimit-Reset", "40"}});
  EXPECT_EQ(sent(*one), Duration(8s));
  EXPECT_EQ(sent(*one), Duration(8s)) << "far from it nothing waits";
}

TEST_F(BudgetTest, HeadersThatSayNothingChangeNothing) {
  for (const char* wrong : {"", "x", "-1", "NaN", "1e999"}) {
    Budget budget(world.runtime);
    HttpResponse answer{.status = 200};
    answer.headers = {
        {"X-RateLimit-Limit", "100"}, {"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Reset", wrong}};
    budget.learn(answer);
    EXPECT_EQ(budget.reserve(), world.runtime.mono()) << wrong;
  }
}

}  // namespace
}  // namespace wave::net
