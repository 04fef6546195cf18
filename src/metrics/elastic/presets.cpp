#include "metrics/elastic/presets.h"

#include <nlohmann/json.hpp>

namespace wave::metrics::elastic {
namespace {

using nlohmann::json;

constexpr const char* transactions = "traces-apm*,apm-*-transaction-*";
constexpr const char* runtime_metrics = "metrics-apm*,apm-*-metric-*";

bool is_of_the_host(const std::string& preset) {
  return preset == "cpu_pct" || preset == "memory_pct";
}

json average_of(const char* field) {
  return {{"avg", {{"field", field}}}};
}

json percentile(double percent) {
  return {{"percentiles", {{"field", "transaction.duration.us"}, {"percents", {percent}}, {"keyed", false}}}};
}

/// The aggregations of a preset, by name; none needs a script, which a cluster may not allow.
json aggregations_of(const std::string& preset) {
  if (preset == "latency_avg") return {{"value", average_of("transaction.duration.us")}};
  if (preset == "latency_p95") return {{"value", percentile(95)}};
  if (preset == "latency_p99") return {{"value", percentile(99)}};
  if (preset == "failed_rate")
    return {{"all", {{"value_count", {{"field", "event.outcome"}}}}},
            {"failed", {{"filter", {{"term", {{"event.outcome", "failure"}}}}}}}};
  if (preset == "cpu_pct") return {{"value", average_of("system.process.cpu.total.norm.pct")}};
  if (preset == "memory_pct")
    return {{"free", average_of("system.memory.actual.free")}, {"total", average_of("system.memory.total")}};
  return {{"value", {{"value_count", {{"field", "transaction.duration.us"}}}}}};
}

json filters_of(const definitions::Settings& settings, const std::string& from, const std::string& to) {
  const std::string preset = settings.text("preset");
  json range = {{"gte", from}, {"lt", to}};
  if (from.find("now") == std::string::npos) range["format"] = "epoch_millis";
  json filters = {{{"range", {{"@timestamp", std::move(range)}}}}};
  const auto equals = [&filters](const char* field, const std::string& value) {
    if (!value.empty()) filters.push_back({{"term", {{field, value}}}});
  };
  equals("service.name", settings.text("service_name"));
  equals("service.environment", settings.text("environment"));
  if (is_of_the_host(preset)) {
    equals("metricset.name", "app");
    return filters;
  }
  equals("processor.event", "transaction");
  equals("transaction.type", settings.text("transaction_type"));
  if (preset == "failed_rate") filters.push_back({{"terms", {{"event.outcome", {"success", "failure"}}}}});
  return filters;
}

}  // namespace

std::string index_of(const definitions::Settings& settings) {
  return is_of_the_host(settings.text("preset")) ? runtime_metrics : transactions;
}

Result<std::optional<double>> value_of(const definitions::Settings& settings, const JsonValue& aggregations,
                                       Duration span) {
  const std::string preset = settings.text("preset");
  const auto number = [&](const char* path) { return aggregations.at(path).number_or_text(); };
  const bool is_share = preset == "failed_rate" || preset == "memory_pct";
  if (!is_share) {
    auto value = number(preset.starts_with("latency_p") ? "value.values[0].value" : "value.value");
    if (value && *value && preset == "throughput_per_minute") **value *= 60 / seconds(span);
    return value;
  }
  auto part = number(preset == "failed_rate" ? "failed.doc_count" : "free.value");
  if (!part || !*part) return part;
  auto whole = number(preset == "failed_rate" ? "all.value" : "total.value");
  if (!whole || !*whole) return whole;
  if (**whole <= 0) return std::nullopt;
  const double share = **part / **whole;
  return preset == "failed_rate" ? share : 1 - share;
}

std::string search_of(const definitions::Settings& settings, const std::string& from, const std::string& to,
                      std::int64_t step) {
  json aggregations = aggregations_of(settings.text("preset"));
  if (step > 0)
    aggregations = {
        {"past",
         {{"date_histogram",
           {{"field", "@timestamp"}, {"fixed_interval", std::to_string(step) + "ms"}, {"min_doc_count", 1}}},
          {"aggs", std::move(aggregations)}}}};
  const json search = {{"size", 0},
                       {"track_total_hits", true},
                       {"query", {{"bool", {{"filter", filters_of(settings, from, to)}}}}},
                       {"aggs", std::move(aggregations)}};
  return search.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace wave::metrics::elastic
