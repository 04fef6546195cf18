#include "definitions/load.h"

#include <gtest/gtest.h>

namespace wave::definitions {
namespace {

const KindTable metric_kind{.document = Document::metric,
                            .name = "prometheus",
                            .vendor = "prometheus",
                            .summary = "test",
                            .keys = {{.name = "endpoint", .type = KeyType::url, .required = true},
                                     {.name = "query", .required = true},
                                     {.name = "token", .secret = true},
                                     {.name = "step", .type = KeyType::duration}}};
const KindTable component_kind{
    .document = Document::component,
    .name = "aws-ec2-autoscaling",
    .vendor = "aws",
    .summary = "test",
    .keys = {{.name = "region"},
             {.name = "access_key", .secret = true},
             {.name = "secret_key", .secret = true},
             {.name = "asg_name", .required = true},
             {.name = "classes", .type = KeyType::list}},
    .values = {{.name = "desired", .highest = 1000},
               {.name = "max", .highest = 1000},
               {.name = "size", .lowest = 1, .highest = 100, .place_in = "classes"},
               {.name = "power", .lowest = 2, .highest = 8, .choices = "2|4|8"}}};
const Catalog catalog{.metrics = {&metric_kind}, .components = {&component_kind}};

Loaded load(const std::string& text) {
  return load_text("w.yaml", text, catalog);
}

constexpr const char* good = R"(kind: Metric
id: rps
metric_kind: prometheus
metadata: { endpoint: 'http://p:9090', query: up }
---
kind: ScalingComponent
id: web
component_kind: aws-ec2-autoscaling
metadata: { asg_name: web }
---
kind: ScalingPlan
id: p
plans:
  - id: i
    scaling_components: [{ component_id: web, desired: 3 }]
)";

std::string with(const std::string& from, const std::string& to) {
  std::string text = good;
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

/// The one problem of a text, as `line:column: message`.
std::string problem(const std::string& text) {
  const auto loaded = load(text);
  if (loaded.errors.size() != 1) {
    std::string all = std::to_string(loaded.errors.size()) + " errors:";
    for (const auto& one : loaded.errors) all += "\n" + one.text();
    return all;
  }
  return loaded.errors.front().text();
}

std::vector<std::string> problems(const std::string& text) {
  std::vector<std::string> out;
  for (const auto& one : load(text).errors) out.push_back(one.text());
  return out;
}

TEST(Load, WhatComesBehindBrokenYamlIsReadToo) {
  EXPECT_EQ(
      problems("kind: Metric\nid: [a\n---\nkind: Metrik\n---\nid: {\n---\nkind: Metric\nidd: b\n").size(),
      6u);
  const auto found = problems("kind: Metric\nid: 'a' 'b'\n---\nkind: Metrik\nid: c\n");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_TRUE(found[0].starts_with("w.yaml:2:")) << found[0];
  EXPECT_TRUE(found[1].starts_with("w.yaml:4:7: ")) << found[1];
}

TEST(Load, PlansAreNotBlamedForABrokenMetric) {
  const auto found = problems(with("id: rps", "id: [rps"));
  ASSERT_EQ(found.size(), 1u) << found[1];
  EXPECT_NE(found[0].find("broken YAML"), std::string::npos);
  // A broken plan hides no name: the others are checked.
  EXPECT_EQ(
      problems(with("kind: ScalingPlan",
                    "kind: ScalingPlan\nid: [x\n---\nkind: ScalingPlan\nidd: y\n---\nkind: ScalingPlan"))
          .size(),
      4u);
}

TEST(Load, FillsInTheDefaultsOfDesign) {
  const auto loaded = load(good);
  ASSERT_TRUE(loaded.ok()) << loaded.errors.front().text();
  const auto& metric = *loaded.definitions.metric("rps");
  EXPECT_EQ(metric.polling_interval, 15s);
  EXPECT_EQ(metric.timeout, 5s);
  EXPECT_EQ(metric.stale_after, 50s);
  const auto& component = *loaded.definitions.component("web");
  EXPECT_EQ(component.behavior.down.stabilization_window, 300s);
  EXPECT_TRUE(component.behavior.up.policies.empty());
  EXPECT_EQ(component.limits.at("desired").min, 1);
  EXPECT_EQ(component.limits.at("desired").max, 1000);
}

TEST(Load, ABareIntervalIsMilliseconds) {
  const auto loaded = load(with("query: up }", "query: up }\npolling_interval: 1000"));
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.definitions.metric("rps")->polling_interval, 1s);
}

TEST(Load, BehaviorThatIsPresentTakesTheDefaultsOfKubernetes) {
  const auto loaded = load(with("metadata: { asg_name: web }",
                                "metadata: { asg_name: web }\nbehavior: { scale_up: {}, scale_down: {} }"));
  ASSERT_TRUE(loaded.ok()) << loaded.errors.front().text();
  const auto& behavior = loaded.definitions.component("web")->behavior;
  EXPECT_EQ(behavior.up.policies.size(), 2u);
  EXPECT_EQ(behavior.down.policies.size(), 1u);
  EXPECT_EQ(behavior.down.stabilization_window, 300s);
}

TEST(Load, NamesUnknownKeysWithASuggestion) {
  EXPECT_EQ(problem(with("query: up", "query: up, tokn: x")),
            "w.yaml:4:51: unknown key 'tokn' (did you mean 'token'?)");
}

TEST(Load, SaysWhatIsWrongWhereItIs) {
  struct Case {
    std::string from, to, place, words;
  };
  const std::vector<Case> cases = {
      {"id: rps", "id: rps\nid: rps", "w.yaml:3:1", "duplicate"},
      {"metric_kind: prometheus", "metric_kind: prometeus", "w.yaml:3:14", "did you mean 'prometheus'"},
      {"kind: Metric", "kind: Metrik", "w.yaml:1:7", "did you mean 'Metric'"},
      {"query: up", "qury: up", "w.yaml:4:", "quer"},
      {"endpoint: 'http://p:9090'", "endpoint: 'ftp://p'", "w.yaml:4:", "URL"},
      {"component_id: web", "component_id: wep", "w.yaml:15:42", "did you mean 'web'"},
      {"desired: 3", "desired: -3", "w.yaml:15:56", "below 0"},
      {"query: up }", "query: up }\npolling_interval: soon", "w.yaml:5:19", "duration"},
      {"    scaling", "    schedule: { cron: '61 * * * *' }\n    scaling", "w.yaml:15:", "cron"},
      {"    scaling", "    schedule: { cron: '1 * * * *', lead: 5m }\n    scaling",
       "w.yaml:15:", "'lead' needs a 'duration'"},
      {"    scaling", "    schedule: { cron: '1 * * * *', timezone: Asia/Soul }\n    scaling",
       "w.yaml:15:", "Asia/Seoul"},
      {"{ asg_name: web }", "{ asg_name: web }\nlimits: { min: 5, max: 2 }", "w.yaml:10:", "below 'min'"},
      {"    scaling", "    target: { metric: rsp, per_unit: 3 }\n    scaling",
       "w.yaml:15:", "did you mean 'rps'"},
  };
  for (const auto& one : cases) {
    const auto loaded = load(with(one.from, one.to));
    ASSERT_FALSE(loaded.ok()) << one.to;
    bool found = false;
    for (const auto& error : loaded.errors)
      found |= error.text().starts_with(one.place) && error.message.find(one.words) != std::string::npos;
    EXPECT_TRUE(found) << one.to << " gave " << loaded.errors.front().text();
  }
}

TEST(Load, AValueOfAFewNumbersIsOneOfThem) {
  const std::string limits = "{ asg_name: web }\nlimits: { power: { min: 2, max: 5 } }";
  EXPECT_EQ(problem(with("{ asg_name: web }", limits)), "w.yaml:10:33: 'power' is 2, 4 or 8, not 5");
  EXPECT_EQ(problem(with("desired: 3", "power: 3")), "w.yaml:15:54: 'power' is 2, 4 or 8, not 3");
  EXPECT_EQ(problems(with("desired: 3", "power: 4")).size(), 0u);
}

TEST(Load, APlaceInAListNeedsTheListAndEndsWithIt) {
  EXPECT_EQ(problem(with("desired: 3", "size: 2")),
            "w.yaml:15:53: 'size' is a place in 'classes', a list that the metadata of 'web' does not have");
  const auto text = with("{ asg_name: web }", "{ asg_name: web, classes: [small, large] }");
  const auto loaded = load(std::string(text).replace(text.find("desired: 3"), 10, "size: 2"));
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.definitions.components[0].limits.at("size").max, 2);
  const std::string beyond = "{ asg_name: web, classes: [a] }\nlimits: { size: { max: 2 } }";
  EXPECT_EQ(problem(with("{ asg_name: web }", beyond)),
            "w.yaml:10:24: 'max' must be a whole number from 1 to 1, not '2'");
}

TEST(Load, ReportsEverythingAtOnceInOrder) {
  auto text = with("query: up", "query: up, wrong: 1");
  text.replace(text.find("asg_name: web"), 13, "asg_nam: web");
  const auto loaded = load(text);
  ASSERT_GE(loaded.errors.size(), 2u);
  EXPECT_LT(loaded.errors[0].line, loaded.errors[1].line);
}

TEST(Load, DuplicateIdsNameTheFirstPlace) {
  const std::string twice =
      std::string(good) + "---\n" + std::string(good).substr(0, std::string(good).find("---"));
  const auto loaded = load(twice);
  ASSERT_EQ(loaded.errors.size(), 1u);
  EXPECT_NE(loaded.errors[0].message.find("duplicate metric 'rps', also at w.yaml:1"), std::string::npos);
}

TEST(Load, ALiteralSecretIsAWarningThatDoesNotShowIt) {
  const auto loaded = load(with("asg_name: web", "asg_name: web, secret_key: hunter2"));
  ASSERT_TRUE(loaded.ok());
  ASSERT_EQ(loaded.warnings.size(), 1u);
  EXPECT_EQ(loaded.warnings[0].message.find("hunter2"), std::string::npos);
  EXPECT_NE(loaded.warnings[0].message.find("secret_key"), std::string::npos);
}

TEST(Load, HostileYamlIsAnErrorAndNothingElse) {
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    const std::string before(1, static_cast<char>(c - 1));
    bomb += std::string(1, c) + ": &" + c + " [*" + before + ",*" + before + ",*" + before + ",*" + before +
            ",*" + before + "]\n";
  }
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "[";
  for (const std::string& text :
       {bomb, deep, std::string("kind: \x01\x02"), std::string("\xff\xfe\x00x", 4), std::string("a: b: c"),
        std::string("- 1\n- 2"), std::string("kind: [Metric]"), std::string("*unknown"),
        std::string("kind: Metric\nid: {a: b}\n")}) {
    EXPECT_FALSE(load(text).ok()) << text.substr(0, 40);
  }
}

/// Found by fuzzing: yaml-cpp gave empty documents for ever.
TEST(Load, ACommaOutsideOfBracketsEnds) {
  EXPECT_EQ(problem("\n,]\n"), "w.yaml:2:1: broken YAML: a comma outside of brackets");
}

TEST(Load, TenThousandDocumentsAreNoSquare) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) {
    text += "kind: Metric\nid: m" + std::to_string(i) +
            "\nmetric_kind: prometheus\nmetadata: { endpoint: 'http://p:9090', query: up }\n---\n";
  }
  const auto loaded = load(text);
  EXPECT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.definitions.metrics.size(), 10'000u);
}

TEST(Schema, IsJsonThatNamesEveryKind) {
  const auto schema = json_schema(catalog);
  EXPECT_NE(schema.find("\"prometheus\""), std::string::npos);
  EXPECT_NE(schema.find("\"asg_name\""), std::string::npos);
}

TEST(Load, AnEventHasATimeOfItsOwnOrASchedule) {
  const auto loaded = load(std::string(good) + R"(---
kind: Event
id: final
name: match
metrics: [rps]
start: 2026-07-19T15:00:00-04:00
duration: 3h
factor: 2.5
---
kind: Event
id: weekly-sale
metrics: [rps]
schedule: { cron: '0 20 * * FRI', timezone: Asia/Seoul, duration: 2h }
amount: 300
)");
  ASSERT_TRUE(loaded.ok()) << loaded.errors[0].text();
  ASSERT_EQ(loaded.definitions.events.size(), 2u);
  const auto& match = loaded.definitions.events[0];
  EXPECT_EQ(match.name, "match");
  EXPECT_EQ(match.start, parse_time("2026-07-19T19:00:00Z"));
  EXPECT_EQ(match.duration, 3h);
  EXPECT_EQ(match.factor, 2.5);
  EXPECT_EQ(loaded.definitions.events[1].name, "weekly-sale");
  EXPECT_EQ(loaded.definitions.events[1].duration, 2h);
}

TEST(Load, AnEventThatSaysNothingOfItsTimeIsReported) {
  const std::string event = "---\nkind: Event\nid: e\nmetrics: [rps]\n";
  EXPECT_EQ(problem(good + event),
            "w.yaml:17:1: an Event needs either 'start' and 'duration', or a 'schedule' with a duration");
  EXPECT_EQ(problem(good + event + "start: tomorrow\nduration: 1h\n"),
            "w.yaml:20:8: 'start' must be a time such as 2026-11-27T09:00:00+09:00, not 'tomorrow'");
  EXPECT_EQ(problem(good + event + "start: 2026-01-01T00:00:00Z\n"),
            "w.yaml:20:8: 'start' needs a 'duration'");
  const std::string once = "start: 2026-01-01T00:00:00Z\nduration: 1h\n";
  EXPECT_EQ(problem(good + event + once + "factor: 0\n"),
            "w.yaml:22:9: 'factor' must be a number above 0 and at most 1000, not '0'");
  EXPECT_EQ(problem(good + event + once + "faktor: 2\n"),
            "w.yaml:22:1: unknown key 'faktor' (did you mean 'factor'?)");
  EXPECT_EQ(problem(good + event + "schedule: { cron: '0 9 * * *', timezone: Europe/Berln, duration: 1h }\n"),
            "w.yaml:20:42: unknown time zone 'Europe/Berln' (did you mean 'Europe/Berlin'?)");
  EXPECT_EQ(problem(good + event + "schedule: { cron: '0 9 * * *' }\n"),
            "w.yaml:20:11: the 'schedule' of an Event needs a 'duration'");
  EXPECT_EQ(problem(good + event + "schedule: { cron: '0 9 * * *', duration: 1h, lead: 5m }\n"),
            "w.yaml:20:11: an Event needs no 'lead': forecasts know how long new capacity takes to serve");
  EXPECT_EQ(problem(good + std::string("---\nkind: Event\nid: e\nmetrics: [rpx]\nduration: 1h\n"
                                       "start: 2026-01-01T00:00:00Z\n")),
            "w.yaml:19:11: there is no metric 'rpx' (did you mean 'rps'?)");
}

TEST(Load, AnEventThatNothingCanFeelIsWarnedOf) {
  const auto loaded = load(good + std::string("---\nkind: Event\nid: e\nmetrics: [rps]\nduration: 1h\n"
                                              "start: 2026-01-01T00:00:00Z\nfactor: 0.5\n"));
  ASSERT_TRUE(loaded.ok()) << loaded.errors[0].text();
  ASSERT_EQ(loaded.warnings.size(), 2u);
  EXPECT_NE(loaded.warnings[0].message.find("no plan forecasts the metric 'rps'"), std::string::npos);
  EXPECT_NE(loaded.warnings[1].message.find("forecasts are only raised"), std::string::npos);
}

TEST(Load, ProactiveTakesAPriceOrAQuantileAndNeedsATotal) {
  const auto item = [](const std::string& rest) {
    return with("scaling_components: [{ component_id: web, desired: 3 }]",
                "scaling_components: [{ component_id: web }]\n    " + rest);
  };
  const auto loaded = load(item("target: { metric: rps, per_unit: 5 }\n    proactive: { quantile: 0.95 }"));
  ASSERT_TRUE(loaded.ok()) << loaded.errors[0].text();
  const auto& proactive = loaded.definitions.plans[0].items[0].proactive;
  ASSERT_TRUE(proactive);
  EXPECT_EQ(proactive->quantile, 0.95);
  EXPECT_EQ(proactive->max_margin, 0.3);
  const auto told = [&item](const char* text) {
    const auto one = load(item(std::string("target: { metric: rps, per_unit: 5 }\n    proactive: ") + text));
    return *one.definitions.plans[0].items[0].proactive;
  };
  EXPECT_EQ(told("{ violation_cost: 3 }").violation_cost, 3);
  EXPECT_EQ(told("{ quantile: 0.9, max_margin: 0.5 }").max_margin, 0.5);
  EXPECT_EQ(told("{}").max_margin, std::nullopt);
  EXPECT_EQ(problem(item("target: { metric: rps, average: 5 }\n    proactive: { violation_cost: 3 }")),
            "w.yaml:17:16: 'proactive' needs a 'target' with 'per_unit'");
  EXPECT_EQ(problem(item("target: { metric: rps, per_unit: 5 }\n"
                         "    proactive: { violation_cost: 3, quantile: 0.9 }")),
            "w.yaml:17:47: 'violation_cost' and 'quantile' exclude each other");
}

}  // namespace
}  // namespace wave::definitions
