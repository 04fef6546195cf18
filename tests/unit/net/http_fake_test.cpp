#include <gtest/gtest.h>

#include "base/virtual_runtime.h"
#include "support/fake_http.h"

namespace wave::test {
namespace {

struct Outcome {
  std::optional<Result<net::HttpResponse>> result;
};

void start(FakeHttp& http, net::HttpRequest request, Outcome& outcome) {
  spawn(http.send(std::move(request)),
        [&outcome](Result<net::HttpResponse> result) { outcome.result = std::move(result); });
}

TEST(FakeHttp, AnswersInOrderAndRepeatsTheLast) {
  VirtualRuntime runtime;
  FakeHttp http(runtime);
  http.on("GET", "http://a/").reply(500, "first").reply(200, "then");
  std::string seen;
  for (int i = 0; i < 3; ++i) {
    Outcome outcome;
    start(http, {.url = "http://a/x"}, outcome);
    seen += outcome.result->value().body + " ";
  }
  EXPECT_EQ(seen, "first then then ");
  EXPECT_EQ(http.requests().size(), 3u);
}

TEST(FakeHttp, TheRuleAddedLastWins) {
  VirtualRuntime runtime;
  FakeHttp http(runtime);
  http.on("", "http://a/").reply(200, "old");
  http.on("", "http://a/").reply(200, "new");
  Outcome outcome;
  start(http, {.url = "http://a/"}, outcome);
  EXPECT_EQ(outcome.result->value().body, "new");
}

TEST(FakeHttp, NeverIsATimeoutAtTheRequestsOwnLimit) {
  VirtualRuntime runtime;
  FakeHttp http(runtime);
  http.on("GET", "http://a/").never();
  Outcome outcome;
  start(http, {.url = "http://a/p?token=x", .timeout = 2s}, outcome);
  runtime.advance(1999ms);
  EXPECT_FALSE(outcome.result.has_value());
  EXPECT_EQ(http.in_flight(), 1);
  runtime.advance(1ms);
  EXPECT_EQ(outcome.result->error().text(), "GET http://a/p: no answer within 2s");
}

TEST(FakeHttp, LatencyPassesOnTheClock) {
  VirtualRuntime runtime;
  FakeHttp http(runtime);
  http.on("GET", "http://a/").reply(200, "late").after(300ms);
  Outcome outcome;
  start(http, {.url = "http://a/"}, outcome);
  runtime.advance(300ms);
  EXPECT_EQ(outcome.result->value().elapsed, Duration(300ms));
}

TEST(FakeHttp, ARequestWithoutARuleIsAnError) {
  VirtualRuntime runtime;
  FakeHttp http(runtime);
  Outcome outcome;
  start(http, {.method = "PUT", .url = "http://a/?q=1"}, outcome);
  EXPECT_EQ(outcome.result->error().text(), "PUT http://a/: FakeHttp has no answer for this request");
}

TEST(RedactSecrets, AnAnswerThatRepeatsTheRequestShowsNoSecret) {
  VirtualRuntime runtime;
  FakeHttp http(runtime);
  http.on("GET", "http://a/")
      .reply(401, "you sent X-Key: s3cr3t and Authorization: Bearer t0ken-1, Accept: json");
  Outcome outcome;
  start(http,
        {.url = "http://a/x",
         .headers = {{"X-Key", "s3cr3t"}, {"Authorization", "Bearer t0ken-1"}, {"Accept", "json"}}},
        outcome);
  EXPECT_EQ(outcome.result->value().body, "you sent X-Key: *** and Authorization: ***, Accept: json");
}

TEST(RedactSecrets, AKeyInTheQueryIsBlottedToo) {
  VirtualRuntime runtime;
  FakeHttp http(runtime);
  http.on("GET", "http://a/").reply(500, "no: /hook?team=a&key=s3cr3t-url failed");
  Outcome outcome;
  start(http, {.url = "http://a/hook?team=a&key=s3cr3t-url"}, outcome);
  EXPECT_EQ(outcome.result->value().body, "no: /hook?team=a&key=*** failed");
}

TEST(RedactSecrets, ThePasswordInTheUrlIsBlottedPlainAndAsBasic) {
  VirtualRuntime runtime;
  FakeHttp http(runtime);
  // YWxpY2U6cEBzc3cwcmQ= is base64 of alice:p@ssw0rd.
  http.on("GET", "http://alice:p%40ssw0rd@a/")
      .reply(401, "Basic YWxpY2U6cEBzc3cwcmQ= of alice:p@ssw0rd, p%40ssw0rd");
  Outcome outcome;
  start(http, {.url = "http://alice:p%40ssw0rd@a/"}, outcome);
  EXPECT_EQ(outcome.result->value().body, "Basic *** of ***, ***");
}

}  // namespace
}  // namespace wave::test
