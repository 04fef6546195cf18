#include "metrics/json_answer.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wave::metrics {
namespace {

using testing::HasSubstr;

JsonAnswer parse(std::string_view text) {
  auto answer = JsonAnswer::parse(text);
  EXPECT_TRUE(answer) << answer.error().text();
  return std::move(*answer);
}

TEST(NumberOfText, TakesWholeNumbersOnly) {
  EXPECT_EQ(number_of_text("12"), 12);
  EXPECT_EQ(number_of_text("+1.5e+06"), 1.5e6);
  EXPECT_EQ(number_of_text("-0.25"), -0.25);
  EXPECT_TRUE(std::isnan(*number_of_text("NaN")));
  EXPECT_TRUE(std::isinf(*number_of_text("+Inf")));
  for (const char* text : {"", " 1", "1 ", "1,5", "0x10", "+-1", "1e", "--1", "1e999", "12px"})
    EXPECT_FALSE(number_of_text(text)) << text;
}

TEST(JsonAnswer, ReadsEachType) {
  const auto answer = parse(R"({"n":-1,"u":18446744073709551615,"d":2.5,"t":"x","yes":true,"l":[1,[2]]})");
  EXPECT_EQ(answer["n"].number(), -1);
  EXPECT_EQ(answer["u"].number(), 18446744073709551615.0);
  EXPECT_EQ(answer["d"].number(), 2.5);
  EXPECT_EQ(answer["t"].text(), "x");
  EXPECT_EQ(answer["yes"].flag(), true);
  EXPECT_EQ(answer["l"][1][0].number(), 2);
  EXPECT_EQ(answer["l"].list()->size(), 2u);
  EXPECT_EQ(answer.root().members()->size(), 6u);
}

TEST(JsonAnswer, NullIsNotZero) {
  const auto answer = parse(R"({"v":null,"s":"NaN","t":"7"})");
  EXPECT_FALSE(answer["v"].number());
  EXPECT_FALSE(answer["v"].number_or_null().value());
  EXPECT_FALSE(answer["s"].number_or_text().value());
  EXPECT_EQ(answer["t"].number_or_text().value(), 7);
  EXPECT_FALSE(answer["t"].number());
  EXPECT_FALSE(answer["missing"].number_or_null());
}

TEST(JsonAnswer, ErrorsSayWhere) {
  const auto answer = parse(R"({"data":{"result":[{"value":1},{"value":"a\tbc"},{}]}})");
  const auto result = answer["data"]["result"];
  EXPECT_EQ(result[1]["value"].number().error().message,
            "data.result[1].value is text (\"a bc\"), not a number");
  EXPECT_EQ(result[2]["value"].number().error().message, "data.result[2] has no 'value'");
  EXPECT_EQ(result[7]["value"].number().error().message, "data.result has no element 7");
  EXPECT_EQ(answer["data"]["results"][0]["x"].text().error().message, "data has no 'results'");
  EXPECT_EQ(result["x"].list().error().message, "data.result is a list and has no 'x'");
  EXPECT_EQ(answer.root().text().error().message, "the answer is an object, not text");
  EXPECT_TRUE(result[1]["value"].number().error().retryable);
}

TEST(JsonAnswer, PathsReachNamesWithDots) {
  const auto answer = parse(R"({"a":{"values":{"95.0":12,"9":1}},"rows":[{"n":1},{"n":2}]})");
  EXPECT_EQ(answer.root().at("a.values.95.0").number(), 12);
  EXPECT_EQ(answer.root().at("rows[1].n").number(), 2);
  EXPECT_EQ(answer.root().at("rows.0.n").number(), 1);
  EXPECT_TRUE(answer.root().at("").is_object());
  EXPECT_THAT(answer.root().at("a.value.95").number().error().message, HasSubstr("a has no 'value'"));
  EXPECT_FALSE(answer.root().at("rows[x].n").number());
}

TEST(JsonAnswer, WhatIsNotJsonIsAnError) {
  EXPECT_THAT(JsonAnswer::parse("").error().message, HasSubstr("empty"));
  EXPECT_THAT(JsonAnswer::parse("<html>\nbusy").error().message, HasSubstr("<html> busy"));
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  for (const std::string& body : {std::string("{"), std::string("{\"a\":1}x"), std::string("[1,]"), deep,
                                  std::string("\"\xff\""), std::string("[1e999]"), std::string("NaN")})
    EXPECT_FALSE(JsonAnswer::parse(body)) << body.substr(0, 40);
}

}  // namespace
}  // namespace wave::metrics
