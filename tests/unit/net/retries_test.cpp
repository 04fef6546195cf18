#include "net/aws/retries.h"

#include <gtest/gtest.h>

#include "net/aws/errors.h"

namespace wave::net::aws {
namespace {

Error error(ErrorCode code, bool retryable = true) {
  return {.code = code, .message = "x", .retryable = retryable};
}

TEST(AwsRetries, ThreeAttemptsWithGrowingBackOff) {
  Retries retries;
  EXPECT_EQ(retries.wait(error(ErrorCode::unavailable), 1, 0.5), Duration(500ms));
  EXPECT_EQ(retries.wait(error(ErrorCode::throttled), 2, 0.5), Duration(1s));
  EXPECT_EQ(retries.wait(error(ErrorCode::throttled), 3, 0.5), std::nullopt);
}

TEST(AwsRetries, BusyAndQuotaAndRefusalsWaitForTheNextTurn) {
  Retries retries;
  for (const auto code : {ErrorCode::busy, ErrorCode::limit_exceeded, ErrorCode::conflict})
    EXPECT_EQ(retries.wait(error(code), 1, 0.5), std::nullopt);
  EXPECT_EQ(retries.wait(error(ErrorCode::unavailable, false), 1, 0.5), std::nullopt);
  EXPECT_EQ(retries.tokens(), 500);
}

TEST(AwsRetries, WhatTheOtherSideAsksForIsTheLeastWait) {
  Retries retries;
  auto asked = error(ErrorCode::throttled);
  asked.retry_after = 4s;
  EXPECT_EQ(retries.wait(asked, 1, 0.5), Duration(4s));
}

TEST(AwsRetries, AnApiInTroubleIsNotAskedThreeTimesAsOften) {
  Retries retries;
  int granted = 0;
  while (retries.wait(error(ErrorCode::unavailable), 1, 0)) ++granted;
  EXPECT_EQ(granted, 100);
  retries.succeeded(true);
  EXPECT_TRUE(retries.wait(error(ErrorCode::unavailable), 1, 0));
  EXPECT_FALSE(retries.wait(error(ErrorCode::unavailable), 1, 0));
}

TEST(AwsErrors, AWaitThatAwsAsksForIsAtMostFiveSeconds) {
  const HttpResponse answer{
      .status = 400, .headers = {{"x-amz-retry-after", "90000"}}, .body = R"({"__type":"Throttling"})"};
  EXPECT_EQ(error_of(answer, UtcTime{}).retry_after, Duration(5s));
}

}  // namespace
}  // namespace wave::net::aws
