#include <cmath>

#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

#include "conformance/recordings.h"
#include "metrics/kinds.h"
#include "support/services.h"

namespace wave::conformance {
namespace {

using definitions::Settings;
using nlohmann::json;

/// A cassette: one request as the vendor's client sent it, and the answer that Datadog gave.
struct Recorded {
  std::string name;
  std::string url;
  std::string request;
  int status = 0;
  std::string answer;
};

Recorded load(const std::filesystem::path& file) {
  const YAML::Node one = YAML::LoadFile(file.string())["interactions"][0];
  return {.name = file.stem(),
          .url = one["request"]["url"].as<std::string>(),
          .request = one["request"]["body"].as<std::string>(),
          .status = one["response"]["code"].as<int>(),
          .answer = one["response"]["body"].as<std::string>()};
}

/// What the answer says, worked out here without the connector: the first number of a scalar, the last that
/// is not null of a series. NaN: nothing, or an error.
double expected(const Recorded& one) {
  if (one.status != 200) return std::nan("");
  const json answer = json::parse(one.answer);
  json values = json::array();
  if (answer.contains("series")) {
    for (const json& pair : answer["series"][0]["pointlist"]) values.push_back(pair[1]);
  } else if (answer["data"]["type"] == "scalar_response") {
    values = answer["data"]["attributes"]["columns"][0]["values"];
  } else if (!answer["data"]["attributes"]["values"].empty()) {
    values = answer["data"]["attributes"]["values"][0];
  }
  for (auto value = values.rbegin(); value != values.rend(); ++value)
    if (value->is_number()) return value->get<double>();
  return std::nan("");
}

Settings settings_of(const Recorded& one) {
  const bool is_v1 = one.request.empty();
  Settings settings;
  settings.set("endpoint", std::string("https://api.datadoghq.com"));
  settings.set("api_key", std::string("k"));
  settings.set("app_key", std::string("k"));
  settings.set("api_version", std::string(is_v1 ? "v1" : "v2"));
  settings.set("value", std::string(one.url.ends_with("scalar") ? "window" : "last"));
  settings.set("reducer", std::string("avg"));
  std::string query = "system.cpu.idle{*}";
  Duration window = 86'400s;
  if (!is_v1) {
    const json asked = json::parse(one.request)["data"]["attributes"];
    query = asked["queries"][0].value("query", "other.source{*}");
    window = std::chrono::milliseconds(asked["to"].get<std::int64_t>() - asked["from"].get<std::int64_t>());
    if (one.status != 200) window = 1h;
  }
  settings.set("query", query);
  settings.set("duration", window);
  return settings;
}

/// Our request where it asks for metrics, but for the limit of rows, which a metric has no use for.
bool same_request(const Recorded& one, const net::HttpRequest& ours, UtcTime now) {
  if (one.request.empty())
    return ours.url.substr(ours.url.rfind("&query=")) == one.url.substr(one.url.rfind("&query="));
  json theirs = json::parse(one.request);
  json& asked = theirs["data"]["attributes"];
  if (asked["queries"][0]["data_source"] != "metrics" || one.status != 200) return true;
  for (json& formula : asked["formulas"]) formula.erase("limit");
  const auto span = asked["to"].get<std::int64_t>() - asked["from"].get<std::int64_t>();
  asked["to"] = now.time_since_epoch() / std::chrono::milliseconds(1);
  asked["from"] = asked["to"].get<std::int64_t>() - span;
  return json::parse(ours.body) == theirs && ours.url == one.url;
}

}  // namespace

Count datadog(const std::filesystem::path& folder) {
  Count count;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const Recorded one = load(entry.path());
    test::TestServices world;
    world.http.on("", "https://api.datadoghq.com").reply(one.status, one.answer);
    auto source = metrics::datadog().create({}, settings_of(one), world.services);
    if (!source) {
      count.add(false, one.name + ": " + source.error().text());
      continue;
    }
    const auto series = world.run((*source)->poll());
    const double wanted = expected(one);
    const double found = series && !series->empty() ? series->front().value : std::nan("");
    const bool is_right =
        std::isnan(wanted) ? std::isnan(found) && series.has_value() == (one.status == 200) : found == wanted;
    count.add(is_right, one.name + ": " + std::to_string(found) + ", not " + std::to_string(wanted));
    count.add(same_request(one, world.http.last().request, world.runtime.utc()), one.name + ": the request");
  }
  return count;
}

}  // namespace wave::conformance
