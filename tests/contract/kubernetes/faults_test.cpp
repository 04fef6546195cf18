#include <cmath>
#include <fstream>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/kubernetes/fault_cases.h"

namespace wave::test {
namespace {

using components::Values;
using nlohmann::json;
using testing::HasSubstr;

const char* const html_page = "<html><body><h1>Service Unavailable</h1></body></html>";

/// What every kind of Kubernetes must do when the API server or the way to it is not well.
class KubernetesFault : public testing::TestWithParam<KubernetesFaultCase> {
 protected:
  void SetUp() override {
    const auto& param = GetParam();
    for (const auto& [key, value] : param.keys) world.settings.set(key, value);
    world.objects[param.path] = param.object;
    const json ready = json::parse(R"({"status":{"conditions":[{"type":"Ready","status":"True"}]}})");
    for (const char* claim : {"a", "b"})
      world.objects["/apis/karpenter.sh/v1/nodeclaims/" + std::string(claim)] = ready;
    component = world.make(param.kind());
    ASSERT_NE(component, nullptr);
  }
  FakeHttp::Rule& on_read() { return world.on("GET", GetParam().read); }
  FakeHttp::Rule& on_write() { return world.on("PATCH", GetParam().read); }
  FakeHttp::Answer as_ever() {
    return [this](const net::HttpRequest& request) { return world.serve(request); };
  }
  Result<components::Applied> apply() { return world.apply(*component, GetParam().wanted, GetParam().now); }
  int reads() const {
    int count = 0;
    for (const auto& one : world.services.http.requests())
      count += one.request.method == "GET" && one.request.url.ends_with(GetParam().read);
    return count;
  }
  int writes() const { return world.asked("PATCH"); }
  json written() const { return json::parse(world.sent("PATCH").request.body)["spec"]; }

  KubeWorld world;
  std::unique_ptr<components::Component> component;
};

/// How an error must look.
void expect(const Error& error, ErrorCode code, bool retryable) {
  EXPECT_EQ(error.code, code) << error.text();
  EXPECT_EQ(error.retryable, retryable) << error.text();
}

TEST_P(KubernetesFault, AllIsWell) {
  const auto seen = world.observe(*component);
  ASSERT_TRUE(seen) << seen.error().text();
  EXPECT_EQ(seen->current, GetParam().now);
  EXPECT_FALSE(seen->changing);
  const auto applied = apply();
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_TRUE(applied->changed);
  EXPECT_EQ(applied->request_id, "8");
  EXPECT_EQ(writes(), 1);
  const auto& sent = world.sent("PATCH");
  EXPECT_EQ(sent.request.url, "https://kube" + GetParam().read + "?fieldManager=wave-autoscale");
  EXPECT_EQ(sent.header("Content-Type"), "application/merge-patch+json");
  EXPECT_EQ(json::parse(sent.request.body),
            json({{"metadata", {{"resourceVersion", "7"}}}, {"spec", GetParam().written}}));
}

TEST_P(KubernetesFault, WhatIsNotThereIsNotFoundInEachOfItsDisguises) {
  for (const auto& body : {status_of(404, "NotFound", "\"it\" not found"),
                           std::string("404 page not found\n"), std::string(html_page), std::string()}) {
    on_read().reply(404, body);
    const auto seen = world.observe(*component);
    ASSERT_FALSE(seen) << body;
    expect(seen.error(), ErrorCode::not_found, false);
    EXPECT_FALSE(apply());
  }
  EXPECT_EQ(writes(), 0);
}

TEST_P(KubernetesFault, AReadThatIsDeniedIsSaidAndNotTriedAgain) {
  on_read().reply(403, status_of(403, "Forbidden", "cannot get resource"));
  const auto seen = world.observe(*component);
  ASSERT_FALSE(seen);
  expect(seen.error(), ErrorCode::forbidden, false);
  EXPECT_THAT(seen.error().text(), HasSubstr("cannot get resource"));
  EXPECT_EQ(reads(), 1);
}

TEST_P(KubernetesFault, AWriteThatIsDeniedIsSaidAndNotTriedAgain) {
  on_write().reply(403, status_of(403, "Forbidden", "cannot patch resource"));
  const auto applied = apply();
  ASSERT_FALSE(applied);
  expect(applied.error(), ErrorCode::forbidden, false);
  EXPECT_THAT(applied.error().text(), HasSubstr("cannot patch resource"));
  EXPECT_THAT(applied.error().hint, HasSubstr("Role"));
  EXPECT_EQ(writes(), 1);
  EXPECT_EQ(world.objects[GetParam().path], GetParam().object);
}

TEST_P(KubernetesFault, AQuotaIsNoMissingRight) {
  on_write().reply(
      403, status_of(403, "Forbidden",
                     "\"it\" is forbidden: exceeded quota: small, requested: 5, used: 2, limited: 4"));
  const auto applied = apply();
  ASSERT_FALSE(applied);
  expect(applied.error(), ErrorCode::limit_exceeded, false);
  EXPECT_THAT(applied.error().text(), HasSubstr("exceeded quota: small"));
  EXPECT_THAT(applied.error().hint, HasSubstr("ResourceQuota"));
  EXPECT_EQ(writes(), 1);
}

TEST_P(KubernetesFault, WhoIsAskedTooMuchSaysWhenToComeAgain) {
  on_read().reply(429, status_of(429, "TooManyRequests", "too many requests"), {{"Retry-After", "7"}});
  const auto seen = world.observe(*component);
  ASSERT_FALSE(seen);
  expect(seen.error(), ErrorCode::throttled, true);
  EXPECT_EQ(seen.error().retry_after, 7s);
  EXPECT_EQ(reads(), 1);
}

TEST_P(KubernetesFault, AThrottledWriteIsNotSentAgainWithinTheCall) {
  on_write()
      .reply(
          429,
          R"({"kind":"Status","reason":"TooManyRequests","message":"x","details":{"retryAfterSeconds":9}})")
      .reply_with(as_ever());
  const auto refused = apply();
  ASSERT_FALSE(refused);
  expect(refused.error(), ErrorCode::throttled, true);
  EXPECT_EQ(refused.error().retry_after, 9s);
  EXPECT_EQ(writes(), 1);
  EXPECT_TRUE(apply());
  EXPECT_EQ(written(), GetParam().written);
}

TEST_P(KubernetesFault, ANumberThatTheServerRefusesIsNotSentAgain) {
  on_write().reply(422, status_of(422, "Invalid", "spec: Invalid value"));
  const auto applied = apply();
  ASSERT_FALSE(applied);
  expect(applied.error(), ErrorCode::invalid_argument, false);
  EXPECT_THAT(applied.error().text(), HasSubstr("Invalid: spec: Invalid value"));
  EXPECT_EQ(writes(), 1);
}

TEST_P(KubernetesFault, AServerThatIsIllIsUnavailable) {
  for (const int status : {500, 502, 503, 504}) {
    on_read().reply(status, html_page).reply_with(as_ever());
    const auto seen = world.observe(*component);
    ASSERT_FALSE(seen) << status;
    EXPECT_TRUE(seen.error().retryable) << seen.error().text();
    EXPECT_TRUE(world.observe(*component));
    on_write().reply(status, html_page).reply_with(as_ever());
    const auto applied = apply();
    ASSERT_FALSE(applied) << status;
    EXPECT_TRUE(applied.error().retryable) << applied.error().text();
  }
  EXPECT_EQ(writes(), 4);
  EXPECT_EQ(world.objects[GetParam().path], GetParam().object);
}

TEST_P(KubernetesFault, ACutConnectionIsAnErrorAndTheNextCallMaySucceed) {
  on_read().fail(ErrorCode::unavailable, "connection reset").reply_with(as_ever());
  EXPECT_FALSE(world.observe(*component));
  EXPECT_TRUE(world.observe(*component));
}

TEST_P(KubernetesFault, ASlowAnswerEndsAtTheTimeLimit) {
  on_read().never();
  const auto begun = world.services.runtime.mono();
  const auto seen = world.observe(*component);
  ASSERT_FALSE(seen);
  expect(seen.error(), ErrorCode::timeout, true);
  EXPECT_LE(world.services.runtime.mono() - begun, 11s);
  EXPECT_FALSE(apply());
  EXPECT_EQ(writes(), 0);
}

TEST_P(KubernetesFault, AWriteThatWasDoneWithoutAnAnswerIsNotDoneTwice) {
  on_write().reply_with([this](const net::HttpRequest& request) -> Result<net::HttpResponse> {
    world.serve(request);
    return fail(ErrorCode::unavailable, "connection reset", true);
  });
  EXPECT_FALSE(apply());
  const auto again = world.apply(*component, GetParam().wanted);
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_FALSE(again->changed);
  EXPECT_EQ(writes(), 1);
}

TEST_P(KubernetesFault, AnAnswerThatIsNoneDoesNotSayThatItIsDone) {
  on_write().reply(200, html_page);
  const auto applied = apply();
  ASSERT_FALSE(applied);
  expect(applied.error(), ErrorCode::bad_response, true);
}

TEST_P(KubernetesFault, AnAnswerThatCannotBeOneIsBadAndNothingIsWritten) {
  for (const char* body :
       {"", "{", "[]", "null", html_page, R"({"x":1})", R"({"spec":[]})", R"({"spec":null})", "\xff\xfe"}) {
    on_read().reply(200, body);
    const auto seen = world.observe(*component);
    ASSERT_FALSE(seen) << body;
    expect(seen.error(), ErrorCode::bad_response, true);
    EXPECT_FALSE(apply()) << body;
    EXPECT_FALSE(world.apply(*component, GetParam().wanted)) << body;
  }
  EXPECT_EQ(writes(), 0);
}

TEST_P(KubernetesFault, ADamagedAnswerIsAnErrorOrFiniteNumbers) {
  std::mt19937 random(7);
  std::string body;
  const std::string healthy = world.serve({.method = "GET", .url = "https://kube" + GetParam().read}).body;
  on_read().reply_with(
      [&](const net::HttpRequest&) { return net::HttpResponse{.status = 200, .headers = {}, .body = body}; });
  on_write().reply(200, "{}");
  for (int round = 0; round < 300; ++round) {
    body = healthy;
    if (round % 3 == 0) body.resize(random() % body.size());
    for (int i = 0; i < round % 3 && !body.empty(); ++i)
      body[random() % body.size()] = "\0\"{}[]<>-9e.\xff"[random() % 14];
    const int before = writes();
    // What is written was decided on what is there.
    if (apply() && writes() > before) {
      EXPECT_EQ(written(), GetParam().written) << body;
    }
    const auto seen = world.observe(*component);
    if (!seen) {
      EXPECT_EQ(writes(), before) << body;
      continue;
    }
    for (const auto& [value, number] : seen->current)
      EXPECT_TRUE(std::isfinite(number) && number >= 0) << value << body;
    EXPECT_TRUE(std::isfinite(seen->ready.value_or(0))) << body;
  }
}

TEST_P(KubernetesFault, AnEqualWishSendsNothing) {
  const auto applied = world.apply(*component, GetParam().now, GetParam().now);
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_FALSE(applied->changed);
  EXPECT_EQ(writes(), 0);
}

TEST_P(KubernetesFault, WhatWasDecidedOnAnotherNumberIsAConflict) {
  Values before;
  for (const auto& [value, number] : GetParam().now) before[value] = number + 1000;
  const auto applied = world.apply(*component, GetParam().wanted, before);
  ASSERT_FALSE(applied);
  expect(applied.error(), ErrorCode::conflict, true);
  EXPECT_EQ(writes(), 0);
}

TEST_P(KubernetesFault, OfTwoChangesAtOnceTheSecondIsAConflict) {
  const auto other = world.make(GetParam().kind());
  on_write().reply_with(as_ever()).after(2s);
  Values more = GetParam().wanted;
  for (auto& [value, number] : more) ++number;
  std::vector<Result<components::Applied>> results;
  const auto keep = [&](Result<components::Applied> result) { results.push_back(std::move(result)); };
  spawn(component->apply({.values = GetParam().wanted, .basis = GetParam().now, .reason = ""}), keep);
  spawn(other->apply({.values = more, .basis = GetParam().now, .reason = ""}), keep);
  for (int i = 0; i < 1000 && results.size() < 2; ++i) {
    world.services.runtime.settle();
    if (results.size() < 2 && !world.services.runtime.advance_to_next(24h)) break;
  }
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(writes(), 2);
  ASSERT_TRUE(results[0]) << results[0].error().text();
  ASSERT_FALSE(results[1]);
  expect(results[1].error(), ErrorCode::conflict, true);
  json expected = GetParam().object;
  expected.merge_patch({{"spec", GetParam().written}, {"metadata", {{"resourceVersion", "8"}}}});
  EXPECT_EQ(world.objects[GetParam().path], expected);
}

TEST_P(KubernetesFault, AConflictIsDecidedAnew) {
  on_write().reply(409, status_of(409, "Conflict", "the object has been modified")).reply_with(as_ever());
  const auto refused = apply();
  ASSERT_FALSE(refused);
  expect(refused.error(), ErrorCode::conflict, true);
  EXPECT_EQ(writes(), 1);
  EXPECT_TRUE(apply());
}

TEST_P(KubernetesFault, ADaemonThatDiedBetweenAcceptAndReadyGoesOn) {
  ASSERT_TRUE(apply());
  component = world.make(GetParam().kind());
  const auto seen = world.observe(*component);
  ASSERT_TRUE(seen) << seen.error().text();
  EXPECT_EQ(seen->current, GetParam().wanted);
  EXPECT_EQ(seen->changing, GetParam().is_watched);
  EXPECT_EQ(seen->ready, GetParam().is_watched ? std::optional(2.0) : std::nullopt);
  const auto again = world.apply(*component, GetParam().wanted, GetParam().wanted);
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_FALSE(again->changed);
  EXPECT_EQ(writes(), 1);
}

TEST_P(KubernetesFault, ACredentialThatExpiresDuringACallIsReadAgain) {
  const std::string file = testing::TempDir() + "wave-token-" + GetParam().name;
  const auto write_token = [&](const std::string& token) { std::ofstream(file) << token << "\n"; };
  const auto expire = [&](const net::HttpRequest&) {
    write_token("the-newer-token");
    return net::HttpResponse{
        .status = 401, .headers = {}, .body = status_of(401, "Unauthorized", "Unauthorized")};
  };
  world.settings.set("token", std::string());
  world.settings.set("token_file", file);
  component = world.make(GetParam().kind());
  write_token("an-older-token");
  on_read().reply_with(expire).reply_with(as_ever());
  ASSERT_TRUE(world.observe(*component));
  EXPECT_EQ(reads(), 2);
  EXPECT_EQ(world.sent("GET").header("Authorization"), "Bearer the-newer-token");
  write_token("an-older-token");
  on_write().reply_with(expire).reply_with(as_ever());
  const auto applied = apply();
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_EQ(writes(), 2);
  EXPECT_EQ(world.sent("PATCH").header("Authorization"), "Bearer the-newer-token");
}

TEST_P(KubernetesFault, WrongCredentialsAreOneClearErrorAndNoStorm) {
  on_read().reply(401, status_of(401, "Unauthorized", "Unauthorized"));
  const auto seen = world.observe(*component);
  ASSERT_FALSE(seen);
  expect(seen.error(), ErrorCode::unauthorized, false);
  EXPECT_THAT(seen.error().text(), testing::Not(HasSubstr("a-token-of-the-test")));
  EXPECT_EQ(reads(), 2);
}

INSTANTIATE_TEST_SUITE_P(Kinds, KubernetesFault, testing::ValuesIn(kubernetes_fault_cases()),
                         [](const auto& one) { return one.param.name; });

/// What only workloads have.
class KubernetesWorkload : public testing::Test {
 protected:
  KubernetesWorkload() {
    world.settings.set("namespace", std::string("shop"));
    world.settings.set("name", std::string("it"));
    component = world.make(components::kubernetes_deployment());
  }
  KubeWorld world;
  std::unique_ptr<components::Component> component;
};

TEST_F(KubernetesWorkload, PodsThatAQuotaRefusesAreAWarning) {
  world.objects["/apis/apps/v1/namespaces/shop/deployments/it"] = json::parse(R"({
    "metadata":{"resourceVersion":"7"},"spec":{"replicas":5},
    "status":{"replicas":2,"readyReplicas":2,"conditions":[{"type":"ReplicaFailure","status":"True",
      "reason":"FailedCreate","message":"pods \"it-5d\" is forbidden: exceeded quota: small, used: pods=2"}]}})");
  const auto seen = world.observe(*component);
  ASSERT_TRUE(seen) << seen.error().text();
  EXPECT_TRUE(seen->changing);
  EXPECT_EQ(seen->ready, 2);
  EXPECT_THAT(seen->warnings, testing::ElementsAre(HasSubstr("exceeded quota: small")));
}

TEST_F(KubernetesWorkload, MoreThan32BitsAreNotSent) {
  const auto applied = world.apply(*component, {{"desired", 1e30}});
  ASSERT_FALSE(applied);
  expect(applied.error(), ErrorCode::invalid_argument, false);
  EXPECT_TRUE(world.services.http.requests().empty());
}

}  // namespace
}  // namespace wave::test
