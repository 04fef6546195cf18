#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "net/aws/signer.h"

namespace wave::net::aws {
namespace {

using nlohmann::json;

/// What botocore signed at a frozen clock (see `about` in the file).
json golden() {
  std::ifstream file(WAVE_SOURCE_DIR "/tests/contract/aws/aws-golden-requests.json");
  return json::parse(file);
}

TEST(AwsSignature, EqualsBotocoresForEveryRequestOfTheGoldenFile) {
  const json all = golden();
  ASSERT_EQ(all["requests"].size(), 86u);
  for (const json& one : all["requests"]) {
    HttpRequest request{
        .method = one["method"], .url = one["url"], .headers = {}, .body = one.value("body", "")};
    std::string wanted;
    std::string token;
    for (const auto& [name, value] : one["headers"].items()) {
      if (name == "Authorization") {
        wanted = value;
      } else if (name == "X-Amz-Security-Token") {
        token = value;
      } else if (name != "X-Amz-Date") {
        request.headers.emplace_back(name, value.get<std::string>());
      }
    }
    const Credentials credentials{
        .access_key = all["access_key"], .secret_key = all["secret_key"], .session_token = token};
    const SigningScope scope{
        .region = one["region"], .service = one["signing_name"], .time = *parse_time("2015-08-30T12:36:00Z")};
    ASSERT_TRUE(add_signature(request, credentials, scope));
    const std::string where = one["service"].get<std::string>() + " " + one["operation"].get<std::string>();
    EXPECT_EQ(find_header(request.headers, "authorization"), wanted) << where;
    std::erase_if(request.headers, [](const auto& header) { return header.first == "Authorization"; });
    const auto signature = sign(request, credentials, scope);
    EXPECT_EQ(signature.canonical_request, one["canonical_request"].get<std::string>()) << where;
    EXPECT_EQ(signature.string_to_sign, one["string_to_sign"].get<std::string>()) << where;
  }
}

/// What botocore 1.43.127 (Apache-2.0) makes of the same URL with SigV4QueryAuth at the same clock.
TEST(AwsSignature, APresignedUrlEqualsBotocores) {
  const std::string url = "https://kafka.us-east-1.amazonaws.com/?Action=kafka-cluster%3AConnect";
  const SigningScope scope{
      .region = "us-east-1", .service = "kafka-cluster", .time = *parse_time("2015-08-30T12:36:00Z")};
  Credentials credentials{.access_key = "AKIDEXAMPLE",
                          .secret_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                          .session_token = ""};
  const std::string common = url +
                             "&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
                             "AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fkafka-cluster%2Faws4_request"
                             "&X-Amz-Date=20150830T123600Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host";
  EXPECT_EQ(presigned(url, credentials, scope, 15min),
            common + "&X-Amz-Signature=c413a83bc64a339e31a5e5e9ed99d778ff843206b427540cafa5122c01e3e993");
  credentials.session_token = "a/session+token==";
  EXPECT_EQ(presigned(url, credentials, scope, 15min),
            common +
                "&X-Amz-Security-Token=a%2Fsession%2Btoken%3D%3D"
                "&X-Amz-Signature=8fd2bbd43613fa33441b9c4cb6fbed5113d8d04376c6bfff8ee35b83282e7d2d");
}

}  // namespace
}  // namespace wave::net::aws
