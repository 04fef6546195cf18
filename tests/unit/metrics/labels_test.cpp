#include "metrics/labels.h"

#include <map>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace wave::metrics {
namespace {

using namespace std::string_literals;

TEST(Labels, AreInTheOrderOfTheirNamesAndKeepTheFirstOfEqualOnes) {
  Labels labels;
  EXPECT_TRUE(labels.empty());
  for (const auto& [name, value] :
       {std::pair{"m", "1"}, {"z", "2"}, {"a", "3"}, {"m", "4"}, {"", "5"}, {"b", ""}})
    labels.emplace(name, value);
  const Labels::value_type wanted[] = {{"", "5"}, {"a", "3"}, {"b", ""}, {"m", "1"}, {"z", "2"}};
  EXPECT_TRUE(std::ranges::equal(labels, wanted));
  EXPECT_EQ(labels.size(), 5u);
  EXPECT_EQ(labels.find("m"), "1");
  EXPECT_EQ(labels.find("n"), std::nullopt);
  EXPECT_EQ(labels, (Labels{{"z", "2"}, {"m", "1"}, {"b", ""}, {"a", "3"}, {"", "5"}}));
  EXPECT_EQ(nlohmann::json(labels).dump(), R"({"":"5","a":"3","b":"","m":"1","z":"2"})");
}

/// They compare as maps of texts do, whatever bytes and sizes they have.
TEST(Labels, CompareAsMapsDo) {
  const std::string texts[] = {"", "a", "a\0"s, "ab", "b", std::string(300, 'a'), "\xff"};
  std::map<std::string, std::string> last_map;
  Labels last;
  for (const auto& name : texts) {
    for (const auto& value : texts) {
      const std::map<std::string, std::string> map = {{name, value}, {"a", "x"}};
      Labels labels;
      for (const auto& [one, text] : map) labels.emplace(one, text);
      EXPECT_EQ(labels < last, map < last_map);
      EXPECT_EQ(labels == last, map == last_map);
      last_map = map;
      last = labels;
    }
  }
}

TEST(Labels, AnAnswerMayHave256OfASeries) {
  Labels labels;
  for (int i = 0; i < 256; ++i) EXPECT_TRUE(add_label(labels, std::to_string(i * 7919 % 1000), "x"));
  EXPECT_TRUE(add_label(labels, "0", "there already"));
  EXPECT_EQ(labels.size(), 256u);
  const auto first = add_label(labels, "!", "x");
  const auto last = add_label(labels, "~", "x");
  ASSERT_FALSE(first);
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().message, "a series has more than 256 labels");
  EXPECT_EQ(labels.size(), 256u);
}

TEST(Labels, CanBeUsedAgainAfterTheyWereMovedFrom) {
  Labels one{{"a", "1"}};
  const Labels other = std::move(one);
  one = Labels();
  one.emplace("b", "2");
  EXPECT_EQ(one, (Labels{{"b", "2"}}));
  EXPECT_EQ(other, (Labels{{"a", "1"}}));
}

}  // namespace
}  // namespace wave::metrics
