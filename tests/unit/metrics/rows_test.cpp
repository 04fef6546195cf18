#include "metrics/rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wave::metrics {
namespace {

using definitions::Settings;
using testing::AllOf;
using testing::HasSubstr;

Result<std::vector<Series>> pick(std::string_view json, const Settings& settings = {}, bool text = false) {
  const auto answer = JsonAnswer::parse(json);
  std::vector<Row> rows;
  const auto objects = answer->root().list();
  for (const JsonValue& object : *objects) rows.push_back(*row_of(object));
  return RowPicker(settings, text).pick(rows);
}

Settings with(std::string key, Settings::Value value) {
  Settings settings;
  settings.set(std::move(key), std::move(value));
  return settings;
}

TEST(Rows, TheOnlyNumberIsTheValueAndTextsAreLabels) {
  const auto series = pick(R"([{"app":"a","count":3},{"app":"b","count":4}])");
  ASSERT_TRUE(series) << series.error().text();
  ASSERT_EQ(series->size(), 2u);
  EXPECT_EQ(series->at(1).value, 4);
  EXPECT_EQ(series->at(1).labels, (Labels{{"app", "b"}}));
}

TEST(Rows, SeveralNumbersAreAnErrorThatNamesThem) {
  const auto refused = pick(R"([{"count":3,"p99":7}])");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("count"), HasSubstr("p99")));
  EXPECT_THAT(refused.error().hint, HasSubstr("value_field"));
  EXPECT_EQ(pick(R"([{"count":3,"p99":7}])", with("value_field", std::string("p99")))->front().value, 7);
  EXPECT_EQ(pick(R"([{"count":3,"port":80}])", with("label_as", Settings::List{"port"}))->front().value, 3);
}

TEST(Rows, ANullIsNoValueButMayBeWhatWasMeant) {
  EXPECT_TRUE(pick(R"([{"count":null}])")->empty());
  EXPECT_FALSE(pick(R"([{"p99_lag":null,"other":13.02}])"));
  EXPECT_TRUE(pick(R"([{"a":null,"b":1}])", with("value_field", std::string("a")))->empty());
  EXPECT_TRUE(pick("[]")->empty());
  EXPECT_TRUE(pick("[{}]")->empty());
}

TEST(Rows, AMisspeltColumnIsNamedWithTheOthers) {
  const auto refused = pick(R"([{"host":"a","count":62}])", with("value_field", std::string("cuont")));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text() + refused.error().hint, AllOf(HasSubstr("'cuont'"), HasSubstr("count")));
  EXPECT_THAT(pick(R"([{"host":"a"}])").error().hint, HasSubstr("host"));
}

TEST(Rows, TextIsANumberOnlyWhereTheSystemWritesItSo) {
  const auto settings = with("value_field", std::string("n"));
  EXPECT_EQ(pick(R"([{"n":"62","host":"a"}])", settings, true)->front().value, 62);
  EXPECT_FALSE(pick(R"([{"n":"62"}])", settings));
  EXPECT_FALSE(pick(R"([{"n":"many"}])", settings, true));
  EXPECT_TRUE(pick(R"([{"n":"NaN"}])", settings, true)->empty());
  EXPECT_TRUE(pick(R"([{"n":""}])", settings, true)->empty());
}

TEST(Rows, InnerObjectsAreFlattened) {
  const auto series = pick(R"([{"percentile.duration":{"95":12.3},"facet":["a","b"]}])");
  ASSERT_TRUE(series) << series.error().text();
  EXPECT_EQ(series->front().value, 12.3);
  EXPECT_EQ(series->front().labels.find("facet"), "a,b");
}

TEST(Rows, TheNewestOfEachSeriesAndThePastInOrder) {
  const auto at = [](int seconds) { return from_epoch_seconds(seconds); };
  const std::vector<Series> rows = {{.labels = {{"a", "1"}}, .value = 5, .at = at(20)},
                                    {.labels = {{"a", "1"}}, .value = 4, .at = at(10)},
                                    {.labels = {{"a", "2"}}, .value = 9, .at = at(10)}};
  const auto last = newest(rows);
  ASSERT_EQ(last.size(), 2u);
  EXPECT_EQ(last[0].value, 5);
  const auto past = past_of(rows, {.from = at(10), .to = at(20), .step = 10s});
  ASSERT_EQ(past.size(), 2u);
  EXPECT_EQ(past[0].points.size(), 1u);
  EXPECT_EQ(past[0].points[0].second, 4);
}

}  // namespace
}  // namespace wave::metrics
