#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "components/kinds.h"
#include "definitions/load.h"
#include "support/services.h"

namespace wave::components {
namespace {

using testing::HasSubstr;

class WebhookTest : public testing::Test {
 protected:
  /// With the keys' defaults, as a definition file gives them.
  std::unique_ptr<Component> component(const std::string& metadata) {
    const definitions::Catalog catalog{.metrics = {}, .components = {&webhook().table}};
    loaded = definitions::load_text("w.yaml",
                                    "kind: ScalingComponent\nid: game\ncomponent_kind: webhook\n"
                                    "limits: { max: 50 }\nmetadata: { url: 'http://hook/scale'" +
                                        metadata + " }\n",
                                    catalog);
    EXPECT_TRUE(loaded.ok()) << loaded.errors.front().text();
    const auto& definition = loaded.definitions.components.front();
    auto made = webhook().create(definition, definition.metadata, world.services);
    EXPECT_TRUE(made) << made.error().text();
    return std::move(*made);
  }
  static Change change(double from, double to) {
    return {.values = {{"desired", to}}, .basis = {{"desired", from}}, .reason = "rps = 40"};
  }

  test::TestServices world;
  definitions::Loaded loaded;
};

std::string hmac(const std::string& key, const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", digest[i]);
    out += two;
  }
  return out;
}

TEST_F(WebhookTest, SendsTheNumberSignedAndRemembersWhatWasAccepted) {
  world.http.on("POST", "http://hook/scale").reply(202, "", {{"X-Request-Id", "r-7"}});
  auto made = component(", hmac_secret: key");
  EXPECT_TRUE(world.run(made->observe())->current.empty());
  const auto applied = world.run(made->apply(change(2, 5)));
  ASSERT_TRUE(applied) << applied.error().text();
  EXPECT_EQ(applied->request_id, "r-7");
  const auto& sent = world.http.last();
  const auto body = nlohmann::json::parse(sent.request.body);
  EXPECT_EQ(body["component_id"], "game");
  EXPECT_EQ(body["target"], 5);
  EXPECT_EQ(body["current"], 2);
  EXPECT_EQ(body["reason"], "rps = 40");
  EXPECT_EQ(sent.header("X-Wave-Signature"), "sha256=" + hmac("key", sent.request.body));
  EXPECT_EQ(world.run(made->observe())->current.at("desired"), 5);
}

TEST_F(WebhookTest, EqualRequestsCarryEqualKeysAndOthersDoNot) {
  world.http.on("POST", "http://hook/scale").reply(200, "");
  auto made = component("");
  (void)world.run(made->apply(change(2, 5)));
  const auto first = world.http.last().header("Idempotency-Key");
  (void)world.run(made->apply(change(2, 5)));
  EXPECT_EQ(world.http.last().header("Idempotency-Key"), first);
  EXPECT_EQ(world.http.last().header("X-Wave-Signature"), "");
  (void)world.run(made->apply(change(2, 6)));
  EXPECT_NE(world.http.last().header("Idempotency-Key"), first);
}

TEST_F(WebhookTest, NotNowIsTriedAgainAndNoIsNot) {
  struct Case {
    int status;
    bool retryable;
    std::optional<Duration> retry_after;
  };
  for (const auto& one : {Case{409, true, {}}, Case{429, true, 7s}, Case{503, true, 7s}, Case{400, false, {}},
                          Case{403, false, {}}}) {
    world.http.on("POST", "http://hook/scale")
        .reply(one.status, "", one.retry_after ? net::Headers{{"Retry-After", "7"}} : net::Headers{});
    auto made = component("");
    const auto applied = world.run(made->apply(change(2, 5)));
    ASSERT_FALSE(applied) << one.status;
    EXPECT_EQ(applied.error().retryable, one.retryable) << one.status;
    EXPECT_EQ(applied.error().retry_after, one.retry_after) << one.status;
    EXPECT_THAT(applied.error().text(), HasSubstr("POST http://hook/..."));
    // What was refused is not there.
    EXPECT_TRUE(world.run(made->observe())->current.empty()) << one.status;
  }
}

TEST_F(WebhookTest, ObservesThroughPointers) {
  auto made = component(", observe_url: 'http://hook/state', desired_at: /pool/want, ready_at: /pool/up");
  world.http.on("GET", "http://hook/state").reply(200, R"({"pool":{"want":4,"up":3}})");
  const auto seen = world.run(made->observe());
  ASSERT_TRUE(seen) << seen.error().text();
  EXPECT_EQ(seen->current.at("desired"), 4);
  EXPECT_EQ(seen->ready, 3);
  EXPECT_TRUE(seen->changing);
}

TEST_F(WebhookTest, AnAnswerWithoutANumberIsAnErrorAndNeverZero) {
  auto made = component(", observe_url: 'http://hook/state'");
  for (const char* body : {"", "{}", "null", R"({"desired":null})", R"({"desired":"4"})", R"({"desired":-1})",
                           R"({"desired":1e999})", "<html>", R"({"desired":4)"}) {
    world.http.on("GET", "http://hook/state").reply(200, body);
    EXPECT_FALSE(world.run(made->observe())) << body;
  }
}

}  // namespace
}  // namespace wave::components
