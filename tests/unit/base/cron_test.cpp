#include "base/cron.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace wave {
namespace {

struct Next {
  const char* cron;
  const char* zone;
  const char* after;
  const char* then;
};

TEST(Cron, FiresNextAtTheTimesThatPeopleExpect) {
  const Next table[] = {
      {"*/15 * * * *", "UTC", "2026-11-25T12:07:00Z", "2026-11-25T12:15:00Z"},
      {"0 9 * * MON-FRI", "Asia/Seoul", "2026-11-27T00:00:00Z",
       "2026-11-30T00:00:00Z"},                                                     // Friday, then Monday
      {"30 */10 12 * * *", "UTC", "2026-11-25T12:10:30Z", "2026-11-25T12:20:30Z"},  // seconds first
      {"0 0 0 1 1 ? 2030", "UTC", "2026-11-25T00:00:00Z", "2030-01-01T00:00:00Z"},  // year last
      {"0 0 29 2 *", "UTC", "2026-11-25T00:00:00Z", "2028-02-29T00:00:00Z"},
      {"0 12 L * *", "UTC", "2027-02-01T00:00:00Z", "2027-02-28T12:00:00Z"},
      {"0 12 * * 5#2", "UTC", "2026-11-01T00:00:00Z", "2026-11-13T12:00:00Z"},  // second Friday
      {"0 12 15W * *", "UTC", "2026-11-01T00:00:00Z", "2026-11-16T12:00:00Z"},  // the 15th is a Sunday
      {"0 0 13 * FRI", "UTC", "2026-11-10T00:00:00Z", "2026-11-13T00:00:00Z"},  // either day field matches
      {"0 22-2/2 * * *", "UTC", "2026-11-25T22:00:00Z", "2026-11-26T00:00:00Z"},
      {"@daily", "Europe/Berlin", "2026-11-25T12:00:00Z", "2026-11-25T23:00:00Z"},
      // Clocks go forward from 02:00 to 03:00: what stands in the gap fires at its end.
      {"30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"},
      // Clocks go back from 03:00 to 02:00: the first of the two, and not again.
      {"30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"},
      {"30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"},
  };
  for (const auto& one : table) {
    const auto cron = Cron::parse(one.cron);
    ASSERT_TRUE(cron) << one.cron << ": " << cron.error().message;
    const auto then = cron->next(*parse_time(one.after), one.zone);
    ASSERT_TRUE(then) << one.cron;
    EXPECT_EQ(iso8601(*then), one.then) << one.cron << " after " << one.after;
  }
}

TEST(Cron, WhatIsNoneIsRefusedWithItsField) {
  for (const char* text :
       {"", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "*/0 * * * *",
        "5-1-2 * * * *", "a * * * *", "* * * * * * * *", "0 0 30 2 * 2031 x"}) {
    const auto cron = Cron::parse(text);
    ASSERT_FALSE(cron) << text;
    EXPECT_EQ(cron.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(cron.error().message, "");
  }
}

RC_GTEST_PROP(CronProperties, PreviousOfNextIsNext, ()) {
  const char* const crons[] = {"*/7 * * * *", "0 3 * * *",  "30 2 * * *",     "15 */5 1,15 * *",
                               "0 0 * * SUN", "5 5 31 * *", "*/20 0 6 * * *", "0 12 L * *"};
  const char* const zones[] = {"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata",
                               "Australia/Lord_Howe"};
  const auto cron = Cron::parse(crons[*rc::gen::inRange(0, 8)]);
  const auto* zone = zones[*rc::gen::inRange(0, 5)];
  const UtcTime after = from_epoch_seconds(*rc::gen::inRange(1'700'000'000, 1'900'000'000));
  RC_ASSERT(cron.has_value());
  const auto next = cron->next(after, zone);
  RC_ASSERT(next.has_value());
  RC_ASSERT(*next > after);
  RC_ASSERT(cron->previous(*next, zone) == next);
  const auto before = cron->previous(after, zone);
  RC_ASSERT(before.has_value());
  RC_ASSERT(*before <= after);
  RC_ASSERT(cron->next(*before, zone) == next);
}

}  // namespace
}  // namespace wave
