#include "definitions/settings.h"

#include <gtest/gtest.h>

namespace wave::definitions {
namespace {

std::vector<std::string> secrets_of(std::string text, std::string value) {
  Settings settings;
  settings.set("endpoint", std::move(text));
  const Settings::Environment environment{
      .variable = [&](const std::string&) { return std::optional(value); },
      .file = [](const std::string&) { return Result<std::string>(fail(ErrorCode::io, "no files here")); }};
  return settings.resolve(environment)->secrets();
}

using Texts = std::vector<std::string>;

TEST(Settings, WhatAReferencePutsBehindTheHostOfAUrlIsASecret) {
  EXPECT_EQ(secrets_of("https://hooks/${env:X}/send", "T0/s3cr3t-path"), Texts{"T0/s3cr3t-path"});
  EXPECT_EQ(secrets_of("https://hooks/?key=${env:X}", "s3cr3t-key"), Texts{"s3cr3t-key"});
}

TEST(Settings, WhatAReferencePutsBeforeTheAtOfAUrlIsASecret) {
  EXPECT_EQ(secrets_of("https://${env:X}@prometheus/", "me:s3cr3t"), Texts{"me:s3cr3t"});
}

TEST(Settings, OfAUrlThatIsAReferenceTheHostIsShown) {
  EXPECT_EQ(secrets_of("${env:X}", "https://me:s3cr3t@prometheus:9090/tenant-7"),
            (Texts{"me:s3cr3t", "/tenant-7"}));
  EXPECT_EQ(secrets_of("${env:X}", "https://prometheus:9090"), Texts{});
  EXPECT_EQ(secrets_of("https://${env:X}/api", "prometheus"), Texts{});
}

TEST(Settings, WordsAndTextsThatAreNoUrlAreNoSecrets) {
  EXPECT_EQ(secrets_of("https://hooks/${env:X}", "v1"), Texts{});
  EXPECT_EQ(secrets_of("${env:X}", "ap-northeast-2"), Texts{});
  EXPECT_EQ(secrets_of("https://hooks/written-out", ""), Texts{});
}

}  // namespace
}  // namespace wave::definitions
