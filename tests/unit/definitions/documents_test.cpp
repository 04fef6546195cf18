#include "definitions/documents.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/text.h"
#include "definitions/describe.h"
#include "definitions/load.h"
#include "definitions/reader.h"

namespace wave::definitions {
namespace {

const KindTable listed_metric{
    .document = Document::metric, .name = "push", .vendor = "push", .summary = "test", .keys = {}};
const KindTable listed_component{.document = Document::component,
                                 .name = "logger",
                                 .vendor = "local",
                                 .summary = "test",
                                 .keys = {},
                                 .values = {{.name = "desired", .highest = 1000, .integral = false}}};
const Catalog listed{.metrics = {&listed_metric}, .components = {&listed_component}};

/// A place in a document where a block stands: text before and behind its keys.
struct Place {
  const Block* block;
  std::string before;
  std::string behind;

  /// The messages about the document with these keys there.
  std::vector<std::string> messages(const std::string& keys) const {
    const std::string known =
        "{ kind: Metric, id: rps, metric_kind: push }\n---\n"
        "{ kind: ScalingComponent, id: web, component_kind: logger }\n---\n";
    std::vector<std::string> out;
    for (const auto& one : load_text("w.yaml", known + before + keys + behind + "\n", listed).errors)
      out.push_back(one.message);
    return out;
  }
};

bool any(const std::vector<std::string>& messages, auto&& fits) {
  return std::ranges::any_of(messages, fits);
}

bool begins(const std::vector<std::string>& messages, const std::string& text) {
  return any(messages, [&](const std::string& one) { return one.starts_with(text); });
}

/// Every place of every document, by what the tables say.
std::vector<Place> places() {
  std::vector<Place> out;
  for (const Block* document : documents())
    out.push_back({document, "{ kind: " + std::string(document->title) + ", ", " }"});
  for (std::size_t i = 0; i < out.size(); ++i) {
    const Place at = out[i];
    for (const auto* fields : {&at.block->fields, &at.block->others}) {
      for (const Field& field : *fields) {
        if (field.inside == nullptr) continue;
        const bool list = field.type == FieldType::inner_list;
        const std::string name = fields == &at.block->others ? "desired" : std::string(field.name);
        // Limits are read only of a component whose kind is known.
        const std::string kind = field.inside == &blocks::limits() ? "component_kind: logger, " : "";
        out.push_back({field.inside, at.before + kind + name + (list ? ": [{ " : ": { "),
                       (list ? " }]" : " }") + at.behind});
      }
    }
  }
  return out;
}

/// The keys without which reading ends before it comes to this one.
std::string beside(const Block& block, const Field& field) {
  return &block == &blocks::wish() && field.name != "component_id" ? "component_id: web, " : "";
}

/// Each key at each place where it may stand.
void each(auto&& check) {
  for (const Place& place : places())
    for (const Field& field : place.block->fields)
      if (field.type != FieldType::constant) check(place, field, std::string(field.name));
}

std::string joined(std::string_view choices, std::string last = "") {
  std::vector<std::string> words;
  while (!choices.empty()) {
    const auto bar = std::min(choices.find('|'), choices.size());
    words.emplace_back(choices.substr(0, bar));
    choices.remove_prefix(std::min(bar + 1, choices.size()));
  }
  if (!last.empty()) words.push_back(last);
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i)
    out += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  return out;
}

TEST(Documents, EveryBlockIsReached) {
  EXPECT_EQ(places().size(), 22u);  // the rules, policies and schedules twice
}

TEST(Documents, EveryKeyOfTheTablesIsReadAndNoOther) {
  each([](const Place& place, const Field& field, const std::string& key) {
    EXPECT_FALSE(
        begins(place.messages(beside(*place.block, field) + key + ": 1"), "unknown key '" + key + "'"))
        << place.before << key;
  });
  for (const Place& place : places())
    EXPECT_TRUE(begins(place.messages(beside(*place.block, {.name = ""}) + "zzz: 1"), "unknown key 'zzz'"))
        << place.before;
}

TEST(Documents, WhatIsRequiredIsMissedAndNothingElseIs) {
  each([](const Place& place, const Field& field, const std::string& key) {
    const bool missed = any(place.messages(""),
                            [&](const std::string& one) { return one.ends_with(" needs '" + key + "'"); });
    EXPECT_EQ(missed, field.required) << place.before << key;
  });
}

TEST(Documents, NumbersHaveTheRangeThatIsTold) {
  each([](const Place& place, const Field& field, const std::string& key) {
    if (field.type != FieldType::number && field.type != FieldType::whole) return;
    const auto refused = [&](double value) {
      return begins(place.messages(key + ": " + shortest(value)), "'" + key + "' must be ");
    };
    if (field.min > -1e308) {
      EXPECT_TRUE(refused(field.min - 1)) << place.before << key;
      EXPECT_EQ(refused(field.min), field.above_min) << place.before << key;
    }
    if (field.max < 1e308) {
      EXPECT_TRUE(refused(field.max * 2)) << place.before << key;
      EXPECT_FALSE(refused(field.max)) << place.before << key;
    }
    EXPECT_EQ(refused(1.5), field.type == FieldType::whole || field.max < 1.5) << place.before << key;
  });
}

TEST(Documents, DurationsHaveTheRangeThatIsTold) {
  each([](const Place& place, const Field& field, const std::string& key) {
    if (field.type != FieldType::duration) return;
    EXPECT_TRUE(begins(place.messages(key + ": 9999d"), "'" + key + "' must be from " +
                                                            format_duration(field.shortest) + " to " +
                                                            format_duration(field.longest) + ","))
        << place.before << key;
    if (field.choices.empty()) return;
    EXPECT_FALSE(begins(place.messages(key + ": " + std::string(field.choices)), "'" + key)) << key;
  });
}

TEST(Documents, ChoicesAndFlagsAreThoseThatAreTold) {
  each([](const Place& place, const Field& field, const std::string& key) {
    const bool or_number = field.type == FieldType::choice_or_number;
    std::string expected;
    if (or_number || field.type == FieldType::choice)
      expected = joined(field.choices, or_number ? "a number" : "");
    else if (field.type == FieldType::flag)
      expected = "true or false";
    else
      return;
    EXPECT_TRUE(begins(place.messages(key + ": zzz"), "'" + key + "' must be " + expected + ", not"))
        << place.before << key;
  });
}

TEST(Documents, ExamplesAreDocuments) {
  std::string all;
  for (const Block* document : documents()) all += "---\n" + std::string(document->example);
  for (const auto& error : load_text("w.yaml", all, listed).errors)
    EXPECT_TRUE(error.message.starts_with("unknown metric_kind") ||
                error.message.starts_with("unknown component_kind") ||
                error.message.starts_with("there is no "))
        << error.text();
}

TEST(Documents, PagesNameEveryKeyAndLinkOnlyToHeadingsThatTheyHave) {
  const auto page = document_markdown(blocks::component());
  EXPECT_NE(page.find("| `on_conflict` | `refuse`, `raise_floor`, `ignore` | `refuse` |"), std::string::npos);
  EXPECT_NE(page.find("[map](#scale_up-and-scale_down)"), std::string::npos);
  EXPECT_NE(page.find("\n## scale_up and scale_down\n"), std::string::npos);
  EXPECT_EQ(page.find("## scale_up"), page.rfind("## scale_up"));
}

}  // namespace
}  // namespace wave::definitions
