#include "forecast/events.h"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

namespace wave::forecast {
namespace {

UtcTime at(const char* text) {
  return *parse_time(text);
}

/// A daily wave in minutes, times what `moved` says.
struct Load {
  UtcTime begin = at("2026-03-01T00:00:00Z");
  std::vector<double> values;

  static double usual(UtcTime when) {
    return 1000 + 400 * std::sin(2 * std::numbers::pi * epoch_seconds(when) / 86400);
  }
  Load(int minutes, const std::function<double(UtcTime)>& moved) {
    for (int i = 0; i < minutes; ++i) values.push_back(usual(time(i)) * moved(time(i)));
  }
  UtcTime time(std::int64_t place) const { return begin + Duration(1min) * place; }
  Past past() const {
    return {.begin = begin, .step = 1min, .size = values.size(), .value = [this](std::size_t i) {
              return values[i];
            }};
  }
};

constexpr int day = 1440;

/// On Saturdays from 20:00 UTC, two hours.
bool in_match(UtcTime when) {
  const auto local = local_time(when, "UTC");
  return local.weekday == 6 && local.hour >= 20 && local.hour < 22;
}

KnownEvent match(std::optional<double> factor) {
  return {
      .id = "match", .name = "match", .start = {}, .cron = "0 20 * * SAT", .duration = 2h, .factor = factor};
}

Effect asked(Events& events, const Load& load, const char* from, const char* to) {
  events.follow(load.past(), at(to));
  return events.effect(load.past(), at(from), at(to));
}

TEST(Events, AGivenFactorRaisesTheStepsInsideAndNoOthers) {
  Events events({match(2.5)});
  const Load load(6 * day, [](UtcTime) { return 1; });  // until Saturday 7th, 00:00
  const auto inside = asked(events, load, "2026-03-07T20:00:00Z", "2026-03-07T20:05:00Z");
  EXPECT_EQ(inside.factor, 2.5);
  EXPECT_TRUE(inside.expected);
  ASSERT_EQ(inside.texts.size(), 1u);
  EXPECT_EQ(inside.texts[0], "event 'match' from 2026-03-07 20:00 UTC for 2h, factor 2.5 as given");
  EXPECT_EQ(asked(events, load, "2026-03-07T19:55:00Z", "2026-03-07T20:00:00Z").factor, 1);
  EXPECT_EQ(asked(events, load, "2026-03-07T22:00:00Z", "2026-03-07T22:05:00Z").factor, 1);
}

TEST(Events, PastOnesTeachAndOneGivenNumberCountsAsOneOfThem) {
  Events events({match(2)});
  const Load load(27 * day, [](UtcTime when) { return in_match(when) ? 3 : 1; });  // three Saturdays
  const auto next = asked(events, load, "2026-03-28T20:00:00Z", "2026-03-28T20:05:00Z");
  EXPECT_NEAR(next.factor, std::exp((std::log(2) + 3 * std::log(3)) / 4), 0.03);
  ASSERT_EQ(next.texts.size(), 1u);
  EXPECT_NE(next.texts[0].find(", factor 2.71 learned from 3 times"), std::string::npos) << next.texts[0];
}

TEST(Events, OneStrangeOccurrenceDoesNotDecide) {
  Events events({match(2)});
  const Load load(34 * day, [](UtcTime when) {
    return !in_match(when) ? 1 : when < at("2026-03-08T00:00:00Z") ? 40 : 2;  // the first Saturday is off
  });
  EXPECT_NEAR(asked(events, load, "2026-04-04T20:00:00Z", "2026-04-04T20:05:00Z").factor, 2, 0.1);
}

TEST(Events, WithoutAGivenNumberTheyAreLearnedFromNothing) {
  Events events({match({})});
  const Load none(6 * day, [](UtcTime) { return 1; });
  const auto first = asked(events, none, "2026-03-07T20:00:00Z", "2026-03-07T20:05:00Z");
  EXPECT_EQ(first.factor, 1);
  EXPECT_NE(first.texts.at(0).find("nobody says"), std::string::npos) << first.texts[0];
  Events later({match({})});
  const Load three(27 * day, [](UtcTime when) { return in_match(when) ? 3 : 1; });
  EXPECT_NEAR(asked(later, three, "2026-03-28T20:00:00Z", "2026-03-28T20:05:00Z").factor, std::pow(3, 0.75),
              0.05);
}

TEST(Events, AnAmountIsLearnedAsAnAmount) {
  KnownEvent job = match({});
  job.amount = 200;
  Events events({job});
  Load load(27 * day, [](UtcTime) { return 1; });
  for (std::size_t i = 0; i < load.values.size(); ++i)
    if (in_match(load.time(static_cast<std::int64_t>(i)))) load.values[i] += 600;
  const auto next = asked(events, load, "2026-03-28T20:00:00Z", "2026-03-28T20:05:00Z");
  EXPECT_EQ(next.factor, 1);
  EXPECT_NEAR(next.amount, (200 + 3 * 600) / 4, 15);
}

TEST(Events, WhatIsLearnedOfTheSeasonHasThemDividedOut) {
  Events events({match(2)});
  const Load load(27 * day, [](UtcTime when) { return in_match(when) ? 3 : 1; });
  events.follow(load.past(), load.past().end());
  for (std::size_t i = 8 * day; i < load.values.size(); ++i) {
    const auto when = load.time(static_cast<std::int64_t>(i));
    ASSERT_NEAR(events.without(load.past(), i) / Load::usual(when), 1, 0.06) << iso8601(when);
  }
}

TEST(Events, OneThatDoesNotComeChangesNothingThatIsLearnedAndStandsAside) {
  Events events({match(2)});
  // Saturday 14th, 20:40: forty minutes into it, and nothing moves.
  const Load load(13 * day + 20 * 60 + 40, [](UtcTime) { return 1; });
  const auto now = asked(events, load, "2026-03-14T20:45:00Z", "2026-03-14T20:50:00Z");
  EXPECT_LT(now.factor, 1.05);
  ASSERT_EQ(now.texts.size(), 1u);
  EXPECT_NE(
      now.texts[0].find("stands aside: the load has been 1 times the usual since 15m and it began 40m ago"),
      std::string::npos)
      << now.texts[0];
  EXPECT_NEAR(events.without(load.past(), load.values.size() - 1), load.values.back(), 60);
  // In its first half hour it is still counted on.
  const Load before(13 * day + 20 * 60 + 20, [](UtcTime) { return 1; });
  Events same({match(2)});
  EXPECT_GT(asked(same, before, "2026-03-14T20:25:00Z", "2026-03-14T20:30:00Z").factor, 1.3);
}

TEST(Events, EachIsToldThatIsInForceOrComesNext) {
  KnownEvent over{
      .id = "over", .name = "over", .start = at("2026-03-02T00:00:00Z"), .cron = "", .duration = 1h};
  KnownEvent far{.id = "far", .name = "far", .start = at("2026-09-01T00:00:00Z"), .cron = "", .duration = 1h};
  far.amount = 300;
  Events events({far, match(2), over});
  EXPECT_TRUE(events.standings({}, at("2026-03-14T20:40:00Z")).empty());
  // Saturday 14th, 20:40: the match lasts, and nothing moves.
  const Load load(13 * day + 20 * 60 + 40, [](UtcTime) { return 1; });
  events.follow(load.past(), load.past().end());
  const auto now = events.standings(load.past(), load.past().end());
  ASSERT_EQ(now.size(), 2u);
  EXPECT_EQ(now[0].event->id, "match");
  EXPECT_TRUE(now[0].in_force);
  EXPECT_EQ(now[0].begin, at("2026-03-14T20:00:00Z"));
  EXPECT_EQ(now[0].end, at("2026-03-14T22:00:00Z"));
  EXPECT_EQ(now[0].learned.times, 1);
  EXPECT_EQ(now[0].expected, "factor 1.41 learned from 1 time");
  EXPECT_NE(now[0].why_aside.find("the load has been 1 times the usual"), std::string::npos);
  EXPECT_EQ(now[1].event->id, "far");
  EXPECT_FALSE(now[1].in_force);
  EXPECT_EQ(now[1].begin, at("2026-09-01T00:00:00Z"));
  EXPECT_EQ(now[1].expected, "amount 300 as given");
  EXPECT_EQ(now[1].why_aside, "");
  // When it is over, the next is told.
  const auto next = events.standings(load.past(), at("2026-03-14T22:00:00Z"));
  EXPECT_EQ(next.at(0).begin, at("2026-03-21T20:00:00Z"));
  EXPECT_FALSE(next.at(0).in_force);
}

TEST(Events, MoreThanExpectedGoesOn) {
  Events events({match(2)});
  const Load load(13 * day + 20 * 60 + 40,
                  [](UtcTime when) { return in_match(when) && when > at("2026-03-10T00:00:00Z") ? 5 : 1; });
  EXPECT_NEAR(asked(events, load, "2026-03-14T20:45:00Z", "2026-03-14T20:50:00Z").factor, 5, 0.2);
}

TEST(Events, FactorsOfTwoThatOverlapMultiplyAndAmountsAdd) {
  KnownEvent campaign{.id = "campaign",
                      .name = "campaign",
                      .start = at("2026-03-06T00:00:00Z"),
                      .cron = "",
                      .duration = 72h,
                      .factor = 1.5,
                      .amount = 100};
  KnownEvent twin = match(3);
  twin.id = "match-again";  // the same name: the same thing told twice
  Events events({match(2), campaign, twin});
  const Load load(5 * day, [](UtcTime) { return 1; });
  const auto both = asked(events, load, "2026-03-07T20:00:00Z", "2026-03-07T20:05:00Z");
  EXPECT_NEAR(both.factor, 1.5 * 3, 1e-9);
  EXPECT_EQ(both.amount, 100);
  EXPECT_EQ(both.texts.size(), 3u);
}

TEST(Events, ForecastsAreNeverLowered) {
  Events events({match(0.2)});
  const Load load(27 * day, [](UtcTime when) { return in_match(when) ? 0.2 : 1; });
  const auto next = asked(events, load, "2026-03-28T20:00:00Z", "2026-03-28T20:05:00Z");
  EXPECT_EQ(next.factor, 1);
  EXPECT_EQ(next.amount, 0);
}

TEST(Events, RecurrenceKeepsToTheClockOnTheWallOverDaylightSaving) {
  KnownEvent daily = match(2);
  daily.cron = "0 20 * * *";
  daily.timezone = "Europe/Berlin";
  Events events({daily});
  const Load load(28 * day, [](UtcTime) { return 1; });  // until 2026-03-29, when summer time begins
  // 20:00 is 19:00 UTC on the 28th and 18:00 UTC on the 29th.
  EXPECT_NEAR(asked(events, load, "2026-03-28T18:00:00Z", "2026-03-28T19:00:00Z").factor, 1, 1e-9);
  EXPECT_TRUE(asked(events, load, "2026-03-28T19:00:00Z", "2026-03-28T19:05:00Z").expected);
  const auto summer = asked(events, load, "2026-03-29T18:00:00Z", "2026-03-29T18:05:00Z");
  ASSERT_TRUE(summer.expected);
  EXPECT_NE(summer.texts.at(0).find("from 2026-03-29 20:00 Europe/Berlin"), std::string::npos);
  EXPECT_FALSE(asked(events, load, "2026-03-29T20:00:00Z", "2026-03-29T20:05:00Z").expected);
}

TEST(Events, FiringsWithinOneProlongItAndTheirNumberIsBounded) {
  KnownEvent always = match(2);
  always.cron = "* * * * *";
  always.duration = 5min;
  KnownEvent often = match(2);
  often.cron = "*/10 * * * *";
  often.duration = 5min;
  Events events({always, often});
  const Load load(30 * day, [](UtcTime) { return 1; });
  events.follow(load.past(), load.past().end());
  std::size_t of_always = 0;
  for (const auto& one : events.occurrences()) of_always += one.event == 0;
  EXPECT_EQ(of_always, 1u);
  EXPECT_EQ(events.occurrences().size(), 1u + Events::most_firings);
  EXPECT_TRUE(asked(events, load, "2026-03-31T00:01:00Z", "2026-03-31T00:02:00Z").expected);
}

TEST(Events, APastThatIsToldLaterIsLearnedFrom) {
  Events events({match(2)});
  const Load full(27 * day, [](UtcTime when) { return in_match(when) ? 3 : 1; });
  Load empty = full;
  empty.begin = full.time(27 * day);
  empty.values.clear();
  EXPECT_EQ(asked(events, empty, "2026-03-28T20:00:00Z", "2026-03-28T20:05:00Z").factor, 2);
  EXPECT_GT(asked(events, full, "2026-03-28T20:00:00Z", "2026-03-28T20:05:00Z").factor, 2.5);
}

TEST(Events, WhatOnesDidIsKnownWhenTheirSamplesAreGone) {
  Events first({match(2)});
  const Load load(27 * day, [](UtcTime when) { return in_match(when) ? 3 : 1; });
  first.follow(load.past(), load.past().end());
  ASSERT_EQ(first.remembered().size(), 3u);
  EXPECT_EQ(first.remembered()[0].name, "match");
  EXPECT_EQ(first.remembered()[0].begin, at("2026-03-07T20:00:00Z"));
  EXPECT_NEAR(first.remembered()[0].value, 3, 0.05);
  KnownEvent next{
      .id = "final", .name = "match", .start = at("2027-03-06T20:00:00Z"), .cron = "", .duration = 2h};
  Events later({next});
  later.remember(first.remembered());
  Load year_after(6 * day, [](UtcTime) { return 1; });
  year_after.begin = at("2027-02-28T00:00:00Z");
  EXPECT_NEAR(asked(later, year_after, "2027-03-06T20:00:00Z", "2027-03-06T20:05:00Z").factor,
              std::pow(3, 0.75), 0.05);
  EXPECT_EQ(later.remembered(), first.remembered());
  // One that the past still has and that was remembered, too, counts once.
  Events again({match(2)});
  again.remember(first.remembered());
  again.follow(load.past(), load.past().end());
  EXPECT_EQ(again.standings(load.past(), load.past().end()).at(0).learned.times, 3);
}

TEST(Events, TheNewestOfEachNameAreRemembered) {
  Events events({match(2)});
  std::vector<Events::Remembered> all;
  for (int i = 0; i < 25; ++i)
    all.push_back({.name = "match", .begin = at("2020-01-01T00:00:00Z") + Duration(24h) * i, .value = 3});
  for (int i = 0; i < 2000; ++i)
    all.push_back(
        {.name = "other " + std::to_string(i / 5), .begin = at("2021-01-01T00:00:00Z") + Duration(1h) * i});
  events.remember({all.begin(), all.begin() + 25});
  ASSERT_EQ(events.remembered().size(), 10u);
  EXPECT_EQ(events.remembered()[0].begin, at("2020-01-16T00:00:00Z"));
  events.remember(all);
  EXPECT_EQ(events.remembered().size(), Events::most_remembered);
}

TEST(Events, HolesAreNeitherFilledNorLearnedFrom) {
  Events events({match(2)});
  Load load(27 * day, [](UtcTime when) { return in_match(when) ? 3 : 1; });
  for (std::size_t i = 0; i < load.values.size(); ++i)
    if (in_match(load.time(static_cast<std::int64_t>(i)))) load.values[i] = std::nan("");
  EXPECT_EQ(asked(events, load, "2026-03-28T20:00:00Z", "2026-03-28T20:05:00Z").factor, 2);
  EXPECT_TRUE(std::isnan(events.without(load.past(), 6 * day + 20 * 60)));
}

}  // namespace
}  // namespace wave::forecast
