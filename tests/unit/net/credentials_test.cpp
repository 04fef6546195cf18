#include "net/aws/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/services.h"

namespace wave::net::aws {
namespace {

using testing::HasSubstr;

constexpr const char* sts_answer =
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>"
    "<SecretAccessKey>rs</SecretAccessKey><SessionToken>rt</SessionToken>"
    "<Expiration>2026-01-01T01:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";

class CredentialChainTest : public testing::Test {
 protected:
  CredentialChainTest() {
    world.variables["HOME"] = "/home/w";
    world.http.on("", "").fail(ErrorCode::unavailable, "nobody there");
  }
  std::shared_ptr<CredentialChain> chain(Identity identity = {}) {
    definitions::Settings::Environment environment{
        .variable = [this](const std::string& name) -> std::optional<std::string> {
          const auto found = world.variables.find(name);
          return found == world.variables.end() ? std::nullopt : std::optional(found->second);
        },
        .file = [this](const std::string& path) -> Result<std::string> {
          const auto found = world.files.find(path);
          if (found == world.files.end()) return fail(ErrorCode::not_found, path + " is not there");
          return found->second;
        }};
    Surroundings around{world.runtime, world.http, world.processes, std::move(environment)};
    return std::make_shared<CredentialChain>(std::move(around), std::move(identity));
  }
  Result<Credentials> get(Identity identity = {}) { return world.run(chain(std::move(identity))->get()); }

  test::TestServices world;
};

TEST_F(CredentialChainTest, OwnKeysComeFirstAndBelongTogether) {
  world.variables["AWS_ACCESS_KEY_ID"] = "AKIAENV";
  world.variables["AWS_SECRET_ACCESS_KEY"] = "es";
  EXPECT_EQ(get({.access_key = "AKIAOWN", .secret_key = "s"})->access_key, "AKIAOWN");
  EXPECT_EQ(get()->access_key, "AKIAENV");
  const auto half = get({.access_key = "AKIAOWN"});
  ASSERT_FALSE(half);
  EXPECT_THAT(half.error().text(), HasSubstr("belong together"));
}

TEST_F(CredentialChainTest, AProfileIsReadFromTheCredentialsFileThenTheConfiguration) {
  world.files["/home/w/.aws/credentials"] =
      "[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = fs\n";
  world.files["/home/w/.aws/config"] =
      "[profile ops]\naws_access_key_id = AKIAOPS\naws_secret_access_key = os\n";
  EXPECT_EQ(get()->access_key, "AKIAFILE");
  EXPECT_EQ(get({.profile = "ops"})->access_key, "AKIAOPS");
  world.variables["AWS_PROFILE"] = "absent";
  const auto absent = get();
  ASSERT_FALSE(absent);
  EXPECT_THAT(absent.error().text(), HasSubstr("there is no profile 'absent'"));
}

TEST_F(CredentialChainTest, ARoleIsAssumedWithSignedStsAndRenewedBeforeItExpires) {
  auto& sts = world.http.on("POST", "https://sts.eu-west-1.amazonaws.com/").reply(200, sts_answer);
  auto one = chain({.access_key = "AKIAOWN",
                    .secret_key = "s",
                    .role_arn = "arn:aws:iam::123456789012:role/autoscaler",
                    .external_id = "x1",
                    .region = "eu-west-1"});
  EXPECT_EQ(world.run(one->get())->session_token, "rt");
  EXPECT_THAT(world.http.last().request.body, HasSubstr("Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam"));
  EXPECT_THAT(world.http.last().request.body, HasSubstr("ExternalId=x1"));
  EXPECT_THAT(world.http.last().header("Authorization"), HasSubstr("/eu-west-1/sts/aws4_request"));
  EXPECT_EQ(world.run(one->get())->access_key, "ASIAROLE");
  EXPECT_EQ(sts.count(), 1);
  world.runtime.advance(51min);
  EXPECT_EQ(world.run(one->get())->access_key, "ASIAROLE");
  EXPECT_EQ(sts.count(), 2);
}

TEST_F(CredentialChainTest, KeysThatAreStillValidServeWhenRenewingFails) {
  world.http.on("POST", "https://sts.").reply(200, sts_answer).reply(503, "down");
  auto one = chain({.access_key = "A", .secret_key = "s", .role_arn = "arn:r", .region = "us-east-1"});
  ASSERT_TRUE(world.run(one->get()));
  world.runtime.advance(55min);
  EXPECT_TRUE(world.run(one->get()));
  world.runtime.advance(10min);
  EXPECT_FALSE(world.run(one->get()));
}

TEST_F(CredentialChainTest, AProfileMayNameItsSource) {
  world.files["/home/w/.aws/config"] =
      "[profile role]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\n"
      "[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = bs\n"
      "[profile loop]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = loop2\n"
      "[profile loop2]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = loop\n";
  world.http.on("POST", "https://sts.").reply(200, sts_answer);
  EXPECT_EQ(get({.profile = "role"})->access_key, "ASIAROLE");
  EXPECT_THAT(world.http.last().header("Authorization"), HasSubstr("Credential=AKIABASE/"));
  EXPECT_THAT(get({.profile = "loop"}).error().text(), HasSubstr("circle"));
}

TEST_F(CredentialChainTest, AWebIdentityIsSentUnsigned) {
  world.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/var/run/token";
  world.variables["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/pod";
  world.files["/var/run/token"] = "the.token\n";
  world.http.on("POST", "https://sts.").reply(200, sts_answer);
  EXPECT_EQ(get({.region = "us-east-1"})->access_key, "ASIAROLE");
  EXPECT_THAT(world.http.last().request.body, HasSubstr("WebIdentityToken=the.token&"));
  EXPECT_EQ(world.http.last().header("Authorization"), "");
}

TEST_F(CredentialChainTest, AContainerMustBeNearby) {
  world.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/1";
  world.http.on("GET", "http://169.254.170.2/v2/credentials/1")
      .reply(
          200,
          R"({"AccessKeyId":"ASIATASK","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-01T06:00:00Z"})");
  EXPECT_EQ(get()->session_token, "t");
  world.variables.erase("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  for (const char* far : {"http://10.0.0.1/creds", "http://127.evil.example/creds"}) {
    world.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = far;
    const auto refused = get();
    ASSERT_FALSE(refused) << far;
    EXPECT_THAT(refused.error().text(), HasSubstr("must not come from"));
  }
}

TEST_F(CredentialChainTest, AnInstanceIsAskedByTheSecondVersionOfItsProtocol) {
  world.http.on("PUT", "http://169.254.169.254/latest/api/token").reply(200, "tok");
  world.http.on("GET", "http://169.254.169.254/latest/meta-data/iam/security-credentials/")
      .reply(200, "web-role");
  world.http.on("GET", "http://169.254.169.254/latest/meta-data/iam/security-credentials/web-role")
      .reply(
          200,
          R"({"Code":"Success","AccessKeyId":"ASIAIMDS","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-01T06:00:00Z"})");
  EXPECT_EQ(get()->access_key, "ASIAIMDS");
  EXPECT_EQ(world.http.last().header("x-aws-ec2-metadata-token"), "tok");
  world.variables["AWS_EC2_METADATA_DISABLED"] = "true";
  EXPECT_FALSE(get());
}

TEST_F(CredentialChainTest, NoErrorNamesASecret) {
  world.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/var/run/token";
  world.variables["AWS_ROLE_ARN"] = "arn:r";
  world.files["/var/run/token"] = "s3cr3t";
  world.http.on("POST", "https://sts.")
      .reply(400, "<Error><Code>InvalidIdentityToken</Code><Message>s3cr3t is no token</Message></Error>");
  const auto refused = get({.region = "us-east-1"});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), HasSubstr("InvalidIdentityToken"));
  EXPECT_THAT(refused.error().text(), testing::Not(HasSubstr("s3cr3t")));
}

TEST_F(CredentialChainTest, ManyAskAndOneIsAsked) {
  auto& sts = world.http.on("POST", "https://sts.").reply(200, sts_answer).after(1s);
  auto one = chain({.access_key = "A", .secret_key = "s", .role_arn = "arn:r", .region = "us-east-1"});
  int answered = 0;
  for (int i = 0; i < 5; ++i)
    spawn(one->get(), [&](Result<Credentials> got) { answered += got.has_value() ? 1 : 0; });
  world.runtime.advance(2s);
  EXPECT_EQ(answered, 5);
  EXPECT_EQ(sts.count(), 1);
}

}  // namespace
}  // namespace wave::net::aws
