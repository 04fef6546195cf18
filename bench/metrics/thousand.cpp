#include "thousand.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace wave::bench {
namespace {

using definitions::Settings;
using nlohmann::json;

constexpr std::size_t slow_endpoints = 10;
constexpr std::size_t metrics_of_each = 500;  // quick, and slow

std::string at(std::string text, const std::string& base) {
  return text.starts_with("http://h") ? base + text.substr(8) : text;
}

json value_of(const Settings::Value& value, const std::string& base) {
  json out;
  if (const auto* text = std::get_if<std::string>(&value)) out = at(*text, base);
  if (const auto* number = std::get_if<double>(&value)) out = *number;
  if (const auto* flag = std::get_if<bool>(&value)) out = *flag;
  if (const auto* duration = std::get_if<Duration>(&value)) out = std::to_string(*duration / 1ms) + "ms";
  if (const auto* map = std::get_if<Settings::Map>(&value)) out = *map;
  if (const auto* list = std::get_if<Settings::List>(&value))
    for (const auto& one : *list) out.push_back(at(one, base));
  return out;
}

bool takes(const metrics::Kind& kind, std::string_view key) {
  return std::ranges::any_of(kind.table.keys, [&](const auto& one) { return one.name == key; });
}

std::string metric(const Endpoint& endpoint, std::size_t index) {
  const auto& kind = endpoint.subject.kind;
  json keys;
  for (const auto& [name, value] : endpoint.subject.keys) keys[name] = value_of(value, endpoint.base);
  if (!keys.contains("endpoint")) keys["endpoint"] = endpoint.base;
  if (takes(kind, "token")) keys["token"] = "t";
  if (takes(kind, "headers")) keys["headers"]["X-Metric"] = std::to_string(index);
  // YAML reads JSON.
  return "kind: Metric\nid: m" + std::to_string(index) + "\nmetric_kind: " + std::string(kind.table.name) +
         "\nmetadata: " + keys.dump() + "\npolling_interval: 1s\ntimeout: 5s\naggregate: first\n---\n";
}

}  // namespace

std::vector<Endpoint> endpoints() {
  std::vector<Endpoint> out;
  for (auto& subject : test::subjects())
    if (!subject.good.empty()) out.push_back({.subject = subject, .base = {}});
  const std::size_t quick = out.size();
  for (std::size_t i = 0; i < slow_endpoints; ++i)
    out.push_back({.subject = out[i * quick / slow_endpoints].subject, .is_slow = true, .base = {}});
  return out;
}

std::string thousand_metrics(const std::vector<Endpoint>& endpoints, std::string_view component_kind) {
  std::string out;
  std::size_t index = 0;
  const std::size_t quick = endpoints.size() - slow_endpoints;
  for (std::size_t i = 0; i < metrics_of_each; ++i) {
    out += metric(endpoints[i % quick], index++);
    out += metric(endpoints[quick + i % slow_endpoints], index++);
  }
  for (std::size_t i = 0; i < index; ++i) {
    const std::string n = std::to_string(i);
    out += "kind: ScalingComponent\nid: c" + n + "\ncomponent_kind: " + std::string(component_kind) +
           "\nlimits: { min: 0, max: 99 }\n---\nkind: ScalingPlan\nid: p" + n +
           "\nplans: [{ id: i, scaling_components: [{ component_id: c" + n + ", desired: m" + n +
           " }] }]\n---\n";
  }
  return out;
}

}  // namespace wave::bench
