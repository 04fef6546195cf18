#include "contract/aws/faults.h"

#include <cmath>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wave::test {
namespace {

using components::Values;
using testing::HasSubstr;

const char* const html = "<html><body><h1>Internal Server Error</h1></body></html>";

/// What every AWS kind must do when AWS or the way to it is not well.
class AwsFault : public testing::TestWithParam<FaultCase> {
 protected:
  void SetUp() override {
    const auto& param = GetParam();
    for (const auto& [key, value] : param.keys) world.settings.set(key, value);
    for (const auto& [key, values] : param.lists) world.settings.set(key, values);
    for (const auto& kind : components::registry())
      if (kind->table.name == param.kind) component = world.make(*kind);
    ASSERT_NE(component, nullptr);
    for (const auto& [operation, reply] : param.others) answer(operation, reply);
    answer(param.read, param.healthy);
    answer(param.write, param.written);
  }
  FakeHttp::Rule& answer(const std::string& operation, const Reply& reply) {
    return world.on(operation).reply(reply.status, reply.body, reply.headers);
  }
  Reply error(int status, const std::string& code) const {
    return GetParam().error(status, code, "said AWS");
  }
  /// The first read gets `reply`, later ones what is healthy.
  void once(const Reply& reply) {
    const auto& healthy = GetParam().healthy;
    world.on(GetParam().read)
        .reply(reply.status, reply.body, reply.headers)
        .reply(healthy.status, healthy.body, healthy.headers);
  }
  int reads() const { return world.asked(GetParam().read); }
  int writes() const { return world.asked(GetParam().write); }

  AwsWorld world;
  std::unique_ptr<components::Component> component;
};

TEST_P(AwsFault, AllIsWell) {
  const auto seen = world.observe(*component);
  ASSERT_TRUE(seen) << seen.error().text();
  for (const auto& [value, number] : GetParam().now) EXPECT_EQ(seen->current.at(value), number) << value;
  const auto applied = world.apply(*component, GetParam().wanted, GetParam().now);
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_TRUE(applied->changed);
  EXPECT_EQ(writes(), 1);
}

TEST_P(AwsFault, WhatIsNotThereIsNotFoundInEachOfItsDisguises) {
  for (const auto& reply : GetParam().missing) {
    answer(GetParam().read, reply);
    const auto seen = world.observe(*component);
    ASSERT_FALSE(seen) << reply.body;
    EXPECT_EQ(seen.error().code, ErrorCode::not_found) << seen.error().text();
    const auto applied = world.apply(*component, GetParam().wanted);
    ASSERT_FALSE(applied);
    EXPECT_EQ(writes(), 0);
  }
}

TEST_P(AwsFault, AccessDeniedIsSaidAndNotTriedAgain) {
  answer(GetParam().read, error(403, "AccessDeniedException"));
  const auto seen = world.observe(*component);
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, ErrorCode::forbidden);
  EXPECT_FALSE(seen.error().retryable);
  EXPECT_THAT(seen.error().text(), HasSubstr("said AWS"));
  EXPECT_EQ(reads(), 1);
}

TEST_P(AwsFault, AThrottledCallIsTriedAgainWithinTheCall) {
  once(error(400, "ThrottlingException"));
  EXPECT_TRUE(world.observe(*component));
  EXPECT_EQ(reads(), 2);
}

TEST_P(AwsFault, ThreeAttemptsAreEnough) {
  answer(GetParam().read, error(400, "ThrottlingException"));
  const auto seen = world.observe(*component);
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, ErrorCode::throttled);
  EXPECT_TRUE(seen.error().retryable);
  EXPECT_EQ(reads(), 3);
}

TEST_P(AwsFault, AnHtmlPageIsNoAnswer) {
  once({.status = 500, .body = html});
  EXPECT_TRUE(world.observe(*component));
  answer(GetParam().read, {.status = 502, .body = html});
  const auto seen = world.observe(*component);
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, ErrorCode::unavailable);
}

TEST_P(AwsFault, AnAnswerThatCannotBeOneIsBad) {
  for (const char* body : {"", "{", "[]", "null", html, "<a/>", "{\"x\":1}", "\xff\xfe"}) {
    answer(GetParam().read, {.body = body});
    const auto seen = world.observe(*component);
    ASSERT_FALSE(seen) << body;
    EXPECT_TRUE(seen.error().code == ErrorCode::bad_response || seen.error().code == ErrorCode::not_found)
        << body << ": " << seen.error().text();
    EXPECT_FALSE(world.apply(*component, GetParam().wanted));
    EXPECT_EQ(writes(), 0) << body;
  }
}

TEST_P(AwsFault, ADamagedAnswerIsAnErrorOrFiniteNumbers) {
  std::mt19937 random(7);
  std::string body;
  world.on(GetParam().read).reply_with([&](const net::HttpRequest&) {
    return net::HttpResponse{.status = 200, .headers = {}, .body = body};
  });
  for (int round = 0; round < 300; ++round) {
    body = GetParam().healthy.body;
    if (round % 3 == 0) body.resize(random() % body.size());
    for (int i = 0; i < round % 3 && !body.empty(); ++i)
      body[random() % body.size()] = "\0\"{}[]<>-9e.\xff"[random() % 14];
    const auto seen = world.observe(*component);
    if (!seen) {
      EXPECT_FALSE(world.apply(*component, GetParam().wanted));
      EXPECT_EQ(writes(), 0) << body;
      continue;
    }
    for (const auto& [value, number] : seen->current) EXPECT_TRUE(std::isfinite(number)) << value << body;
    EXPECT_TRUE(std::isfinite(seen->ready.value_or(0))) << body;
  }
}

TEST_P(AwsFault, ACutConnectionIsTriedAgain) {
  const auto& healthy = GetParam().healthy;
  world.on(GetParam().read)
      .fail(ErrorCode::unavailable, "connection reset")
      .reply(healthy.status, healthy.body, healthy.headers);
  EXPECT_TRUE(world.observe(*component));
}

TEST_P(AwsFault, ASlowAnswerEndsAtTheTimeLimit) {
  world.on(GetParam().read).never();
  const auto begun = world.services.runtime.mono();
  const auto seen = world.observe(*component);
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, ErrorCode::timeout);
  EXPECT_LE(world.services.runtime.mono() - begun, 11s);
}

TEST_P(AwsFault, CredentialsThatExpireDuringACallAreRenewed) {
  once(error(400, "ExpiredTokenException"));
  EXPECT_TRUE(world.observe(*component));
  EXPECT_EQ(reads(), 2);
}

TEST_P(AwsFault, WrongKeysAreOneClearErrorAndNoStorm) {
  answer(GetParam().read, error(403, "InvalidSignatureException"));
  const auto seen = world.observe(*component);
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, ErrorCode::unauthorized);
  EXPECT_EQ(reads(), 1);
}

TEST_P(AwsFault, AClockTenMinutesOffIsCorrected) {
  auto reply = error(403, "InvalidSignatureException");
  reply.headers.emplace_back("Date", "Sun, 30 Aug 2015 12:46:00 GMT");
  once(reply);
  EXPECT_TRUE(world.observe(*component));
  EXPECT_EQ(world.sent(GetParam().read).header("X-Amz-Date"), "20150830T124600Z");
}

TEST_P(AwsFault, AnEqualWishSendsNothing) {
  const auto applied = world.apply(*component, GetParam().now, GetParam().now);
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_FALSE(applied->changed);
  EXPECT_EQ(writes(), 0);
}

TEST_P(AwsFault, OfTwoChangesAtOnceTheSecondIsAConflict) {
  Values before;
  for (const auto& [value, number] : GetParam().wanted) before[value] = number + 1000;
  const auto applied = world.apply(*component, GetParam().wanted, before);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::conflict);
  EXPECT_EQ(writes(), 0);
}

TEST_P(AwsFault, WhatTheServiceRefusesIsSaidAndNotTriedAgainWithinTheCall) {
  ASSERT_FALSE(GetParam().refusals.empty());
  for (const auto& [reply, code] : GetParam().refusals) {
    answer(GetParam().write, reply);
    const int before = writes();
    const auto applied = world.apply(*component, GetParam().wanted, GetParam().now);
    ASSERT_FALSE(applied) << reply.body;
    EXPECT_EQ(applied.error().code, code) << applied.error().text();
    // A quota of the day is retryable, one of the account is not.
    const bool is_quota = code == ErrorCode::limit_exceeded;
    EXPECT_TRUE(is_quota || applied.error().retryable == (code == ErrorCode::busy)) << applied.error().text();
    EXPECT_EQ(writes() - before, 1);
  }
}

TEST_P(AwsFault, AWriteThatGotNoAnswerIsSentOnceMoreWithTheSameContent) {
  const auto& written = GetParam().written;
  world.on(GetParam().write)
      .fail(ErrorCode::unavailable, "connection reset")
      .reply(written.status, written.body, written.headers);
  ASSERT_TRUE(world.apply(*component, GetParam().wanted, GetParam().now));
  EXPECT_EQ(writes(), 2);
  std::vector<std::string> bodies;
  for (const auto& one : world.services.http.requests())
    if (one.request.body == world.sent(GetParam().write).request.body) bodies.push_back(one.request.body);
  EXPECT_GE(bodies.size(), 2u);
}

INSTANTIATE_TEST_SUITE_P(Kinds, AwsFault, testing::ValuesIn(fault_cases()), [](const auto& one) {
  std::string name = one.param.kind + one.param.form;
  std::erase(name, '-');
  return name;
});

}  // namespace

}  // namespace wave::test
