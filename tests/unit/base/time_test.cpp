#include "base/time.h"

#include <gtest/gtest.h>

namespace wave {
namespace {

TEST(ParseDuration, ReadsUnitsAndTheirSums) {
  EXPECT_EQ(parse_duration("15s"), Duration(15s));
  EXPECT_EQ(parse_duration("1h30m"), Duration(90min));
  EXPECT_EQ(parse_duration("250ms"), Duration(250ms));
  EXPECT_EQ(parse_duration("1.5h"), Duration(90min));
  EXPECT_EQ(parse_duration("35d"), Duration(35 * 24h));
}

TEST(ParseDuration, RefusesWhatIsNoDuration) {
  for (const auto* text : {"", "15", "s", "-1s", "1 s", "1x", "1e3s", "101000w", "99999999999999999999s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(FormatDuration, IsWhatParseReads) {
  for (const auto* text : {"0s", "15s", "1m30s", "250ms", "1h", "14d", "1d2h3m4s5ms"}) {
    EXPECT_EQ(format_duration(*parse_duration(text)), text);
  }
}

TEST(ParseTime, ReadsZonesFractionsAndEpochs) {
  const auto noon = parse_time("2026-11-24T12:00:00Z");
  ASSERT_TRUE(noon);
  EXPECT_EQ(parse_time("2026-11-24T21:00:00+09:00"), noon);
  EXPECT_EQ(parse_time("2026-11-24 12:00Z"), noon);
  EXPECT_EQ(parse_time("1795521600"), noon);
  EXPECT_EQ(parse_time("2026-11-24T12:00:00.250Z"), *noon + 250ms);
  EXPECT_EQ(iso8601(*noon + 250ms), "2026-11-24T12:00:00.250Z");
}

TEST(ParseTime, RefusesWhatIsNoTime) {
  for (const auto* text : {"", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-24T12:00:00", "nan",
                           "-5", "1e300", "2026-11-24T25:00:00Z", "2026-11-24T12:00:00Zx"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

}  // namespace
}  // namespace wave
