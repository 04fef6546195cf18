#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "definitions/load.h"
#include "metrics/metric.h"
#include "support/services.h"

namespace wave::metrics {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* base = "http://contract.example";

/// Every case of tests/contract/answers: what is asked, byte for byte, and what is made of the answer. Each
/// file says whose published form it follows. tests/integration replays the same files over a socket.
std::vector<fs::path> cases() {
  std::vector<fs::path> out;
  for (const auto& entry : fs::recursive_directory_iterator(WAVE_SOURCE_DIR "/tests/contract/answers"))
    if (entry.path().extension() == ".json") out.push_back(entry.path());
  std::ranges::sort(out);
  return out;
}

std::string with_base(std::string text) {
  constexpr std::string_view place = "$ENDPOINT";
  for (auto at = text.find(place); at != std::string::npos; at = text.find(place, at))
    text.replace(at, place.size(), base);
  return text;
}

class AnswersContract : public testing::TestWithParam<fs::path> {
 protected:
  void SetUp() override {
    one = json::parse(std::ifstream(GetParam()));
    definitions::Catalog catalog;
    for (const Kind* kind : registry()) catalog.metrics.push_back(&kind->table);
    json definition = one["metric"];
    definition["kind"] = "Metric";
    definition["id"] = "m";
    // JSON is YAML.
    auto loaded = definitions::load_text("case", with_base(definition.dump()), catalog);
    ASSERT_TRUE(loaded.ok()) << definition.dump();
    metric = loaded.definitions.metrics.front();
    for (const Kind* kind : registry()) {
      if (&kind->table != metric.kind) continue;
      auto made = kind->create(metric, metric.metadata, world.services);
      ASSERT_TRUE(made) << made.error().text();
      source = std::move(*made);
    }
    world.http.on("", base).reply_with([this](const net::HttpRequest& asked) { return answer(asked); });
  }

  Result<net::HttpResponse> answer(const net::HttpRequest& asked) {
    if (next == one["exchanges"].size()) return fail(ErrorCode::internal, "one request too many");
    const json& exchange = one["exchanges"][next++];
    const json& wanted = exchange["request"];
    EXPECT_EQ(asked.method, wanted["method"].get<std::string>());
    EXPECT_EQ(asked.url, base + wanted["target"].get<std::string>());
    EXPECT_EQ(asked.body, wanted.value("body", ""));
    const json headers = wanted.value("headers", json::object());
    for (const auto& [name, value] : headers.items())
      EXPECT_EQ(net::find_header(asked.headers, name), value.get<std::string>()) << name;
    net::HttpResponse out{.status = exchange["response"]["status"]};
    for (const auto& [name, value] : exchange["response"]["headers"].items())
      out.headers.emplace_back(name, with_base(value));
    out.body = with_base(exchange["response"]["body"]);
    return out;
  }

  void expect_error(const Error& error) const {
    ASSERT_TRUE(one.contains("error")) << error.text() << " " << error.hint;
    EXPECT_EQ(name(error.code), one["error"]["code"].get<std::string>()) << error.text();
    EXPECT_THAT(error.text() + " " + error.hint, testing::HasSubstr(one["error"]["text"].get<std::string>()));
    EXPECT_THAT(error.text() + " " + error.hint, testing::Not(testing::HasSubstr("very-secret")));
  }

  void expect_past() {
    const json& wanted = one["past"];
    ASSERT_TRUE(source->has_past());
    const auto past = world.run(source->past({.from = from_epoch_seconds(wanted["from"]),
                                              .to = from_epoch_seconds(wanted["to"]),
                                              .step = from_seconds(wanted["step"])}));
    ASSERT_TRUE(past) << past.error().text();
    ASSERT_EQ(past->size(), 1u);
    json points = json::array();
    for (const auto& [at, value] : past->front().points) points.push_back({epoch_seconds(at), value});
    EXPECT_EQ(points, wanted["points"]);
  }

  void expect_value() {
    auto series = world.run(source->poll());
    if (!series) return expect_error(series.error());
    if (one.contains("series")) {
      ASSERT_EQ(series->size(), one["series"].size());
      for (std::size_t i = 0; i < series->size(); ++i) {
        const json& wanted = one["series"][i];
        EXPECT_EQ(json((*series)[i].labels), wanted["labels"]);
        EXPECT_EQ((*series)[i].value, wanted["value"].get<double>());
        if (wanted.contains("at")) {
          EXPECT_EQ(epoch_seconds((*series)[i].at.value()), wanted["at"].get<double>());
        }
      }
    }
    const auto sample = to_sample(metric, std::move(*series), std::nullopt, world.runtime.utc());
    if (!sample) return expect_error(sample.error());
    ASSERT_TRUE(one.contains("value")) << "it made " << sample->value << " of it";
    EXPECT_EQ(sample->value, one["value"].get<double>());
  }

  json one;
  std::size_t next = 0;
  test::TestServices world;
  definitions::MetricDefinition metric;
  std::unique_ptr<Source> source;
};

TEST_P(AnswersContract, AsksAndReadsAsPublished) {
  if (one.contains("past")) {
    expect_past();
  } else {
    expect_value();
  }
  EXPECT_EQ(next, one["exchanges"].size()) << "fewer requests than the case has";
}

INSTANTIATE_TEST_SUITE_P(Published, AnswersContract, testing::ValuesIn(cases()), [](const auto& of) {
  std::string out = of.param.parent_path().filename().string() + "_" + of.param.stem().string();
  std::ranges::replace(out, '-', '_');
  return out;
});

}  // namespace
}  // namespace wave::metrics
