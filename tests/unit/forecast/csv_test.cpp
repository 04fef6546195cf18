#include "forecast/csv.h"

#include <cmath>

#include <gtest/gtest.h>

namespace wave::forecast {
namespace {

std::vector<NamedSeries> read(std::string_view text, std::optional<Duration> step = {}) {
  auto out = read_csv(text, {.file = "rps.csv", .id = "rps", .step = step});
  if (!out) ADD_FAILURE() << out.error().text();
  return out.value_or(std::vector<NamedSeries>{});
}

std::string refusal_of(std::string_view text) {
  const auto out = read_csv(text, {.file = "rps.csv", .id = "rps"});
  return out ? "read" : out.error().text();
}

TEST(Csv, ReadsIsoTimesWithAHeader) {
  const auto all = read("timestamp,value\n2026-01-01T00:00:00Z,1\n2026-01-01T00:05:00Z,2.5\r\n");
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].id, "rps");
  EXPECT_EQ(iso8601(all[0].series.start), "2026-01-01T00:00:00Z");
  EXPECT_EQ(all[0].series.step, Duration(5min));
  EXPECT_EQ(all[0].series.values, (std::vector<double>{1, 2.5}));
}

TEST(Csv, ReadsNamedSeriesAndRowNumbers) {
  const auto all = read("a,1,10\na,2,11\nb,1,7\nb,2,8\nb,3,9\n", 1h);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].series.values, (std::vector<double>{10, 11}));
  EXPECT_EQ(all[1].id, "b");
  EXPECT_EQ(all[1].series.values, (std::vector<double>{7, 8, 9}));
}

TEST(Csv, SortsAveragesDuplicatesAndLeavesHoles) {
  const auto all = read("1767225900,4\n1767225600,1\n1767225600,3\n1767226500,5\n1767226800,\n", 5min);
  ASSERT_EQ(all.size(), 1U);
  const auto& values = all[0].series.values;
  ASSERT_EQ(values.size(), 5U);
  EXPECT_EQ(values[0], 2);
  EXPECT_EQ(values[1], 4);
  EXPECT_TRUE(std::isnan(values[2]));
  EXPECT_EQ(values[3], 5);
  EXPECT_TRUE(std::isnan(values[4]));
}

TEST(Csv, NamesTheLineThatIsWrong) {
  EXPECT_EQ(refusal_of("2026-01-01T00:00:00Z,1\nyesterday,2\n"), "rps.csv:2: 'yesterday' is no timestamp");
  EXPECT_EQ(refusal_of("2026-01-01T00:00:00Z,1\n2026-01-01T00:05:00Z,many\n"),
            "rps.csv:2: 'many' is no number");
  EXPECT_EQ(refusal_of("2026-01-01T00:00:00Z,inf\n"), "rps.csv:1: 'inf' is no number");
  EXPECT_EQ(refusal_of("1,2,3,4\n"), "rps.csv:1: a row is timestamp,value or series,timestamp,value");
  EXPECT_EQ(refusal_of("1,10\n2,11\n"), "rps.csv:1: timestamps that are row numbers need --step");
  EXPECT_EQ(refusal_of(""), "rps.csv: there are no rows in it");
}

TEST(Csv, RefusesASpanThatWouldFillTheMemory) {
  const auto out = read_csv("2000-01-01T00:00:00Z,1\n2026-01-01T00:00:00Z,1\n",
                            {.file = "rps.csv", .id = "rps", .step = 1s});
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, ErrorCode::limit_exceeded);
}

}  // namespace
}  // namespace wave::forecast
