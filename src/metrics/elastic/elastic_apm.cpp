#include <algorithm>

#include <nlohmann/json.hpp>

#include "definitions/common_keys.h"
#include "metrics/elastic/presets.h"
#include "metrics/json_api.h"
#include "metrics/json_series.h"
#include "metrics/kinds.h"
#include "metrics/rows.h"
#include "net/url.h"

namespace wave::metrics {
namespace {

using definitions::KeyType;
using nlohmann::json;

/// Below Elasticsearch's own limit of buckets (65,536, and 10,000 in older ones).
constexpr std::int64_t buckets_a_request = 5000;
constexpr std::int64_t most_searches = 100;
constexpr std::size_t most_elastic_rows = 10'000;
constexpr Duration least_elastic_step = 1min;

std::string in_seconds(Duration duration) {
  return std::to_string(duration / 1s) + "s";
}

/// A 200 that holds only a part of the answer.
Status check_whole(const JsonValue& answer) {
  if (answer["error"].exists())
    return std::unexpected(bad_answer("Elasticsearch says: " + answer["error"]["reason"].excerpt(200)));
  if (answer["timed_out"].is_true() || answer["is_partial"].is_true())
    return std::unexpected(bad_answer("the search timed out and the answer is partial"));
  const JsonValue failed = answer["_shards"]["failed"];
  if (failed.is_number() && *failed.number() > 0) {
    const JsonValue reason = answer["_shards"]["failures"][0]["reason"]["reason"];
    return std::unexpected(bad_answer(failed.excerpt() + " shards failed and the answer is partial: " +
                                      net::excerpt(reason.text_or("no reason given"))));
  }
  return {};
}

/// An index pattern that matches nothing answers without aggregations.
bool is_about_nothing(const JsonValue& answer) {
  const JsonValue total = answer["hits"]["total"];
  const JsonValue count = total.is_object() ? total["value"] : total;
  return count.is_number() && *count.number() == 0 && !answer["aggregations"].exists();
}

class ElasticSource final : public Source {
 public:
  ElasticSource(std::vector<std::unique_ptr<JsonApi>> nodes, const definitions::Settings& settings)
      : nodes_(std::move(nodes)), settings_(settings), picker_(settings) {
    std::string index;
    for (const std::string& one : settings.list("index")) index += (index.empty() ? "" : ",") + one;
    places_ = {.path = settings.text("value_location"), .label_as = settings.list("label_as")};
    if (settings.has("preset") && index.empty()) index = elastic::index_of(settings);
    target_ = settings.has("esql") ? "/_query" : "/" + net::percent_encode(index) + "/_search";
    if (settings.has("search_template")) target_ += "/template";
    if (!settings.has("esql")) {
      target_ +=
          settings.flag("ignore_unavailable") ? "?ignore_unavailable=true" : "?ignore_unavailable=false";
      target_ += settings.has("search_template") ? "" : "&allow_partial_search_results=false";
    }
    if (places_.label_as.empty()) places_.label_as = {"key"};
  }

  Task<Result<std::vector<Series>>> poll() override {
    JsonApi& api = *nodes_[node_];
    api.begin();
    std::string text = body();
    auto answer = co_await ask(api, std::move(text));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    auto series = read(answer->root());
    if (!series) co_return within(api.place("POST", target_), std::move(series.error()));
    co_return series;
  }

  bool has_past() const override { return settings_.has("preset"); }

  Task<Result<std::vector<PastSeries>>> past(PastRange range) override {
    const Duration length = buckets_a_request * range.step;
    if (range.step < 1s || (range.to - range.from) / length >= most_searches)
      co_return fail(ErrorCode::invalid_argument, "no such range of the past can be asked for");
    std::vector<Series> all;
    for (UtcTime from = range.from; from < range.to; from += length) {
      JsonApi& api = *nodes_[node_];
      api.begin(least_elastic_step);
      const auto edge = [](UtcTime at) { return std::to_string(at.time_since_epoch() / 1ms); };
      std::string text = elastic::search_of(settings_, edge(from), edge(std::min(from + length, range.to)),
                                            range.step / 1ms);
      auto answer = co_await ask(api, std::move(text));
      if (!answer) co_return std::unexpected(std::move(answer.error()));
      auto ok = add_past(answer->root(), range, all);
      if (!ok) co_return within(api.place("POST", target_), std::move(ok.error()));
    }
    co_return past_of(std::move(all), range);
  }

 private:
  /// A node that does not answer: the next one is asked at the next poll.
  Task<Result<JsonAnswer>> ask(JsonApi& api, std::string text) {
    ApiRequest request{.method = "POST", .target = target_, .body = std::move(text)};
    auto answer = co_await api.ask(std::move(request));
    const bool is_down = !answer && (answer.error().code == ErrorCode::unavailable ||
                                     answer.error().code == ErrorCode::timeout);
    if (is_down) node_ = (node_ + 1) % nodes_.size();
    co_return answer;
  }

  std::string body() const {
    if (settings_.has("query")) return settings_.text("query");
    if (settings_.has("esql")) {
      const json asked = {{"query", settings_.text("esql")}};
      return asked.dump(-1, ' ', false, json::error_handler_t::replace);
    }
    if (settings_.has("search_template")) {
      json asked = {{"id", settings_.text("search_template")}, {"params", json::object()}};
      for (const auto& [name, value] : settings_.map("parameters")) asked["params"][name] = value;
      return asked.dump(-1, ' ', false, json::error_handler_t::replace);
    }
    const Duration end = settings_.duration("end_offset");
    return elastic::search_of(settings_, "now-" + in_seconds(end + settings_.duration("duration")),
                              "now-" + in_seconds(end));
  }

  Result<std::vector<Series>> read(const JsonValue& answer) const {
    if (auto ok = check_whole(answer); !ok) return std::unexpected(ok.error());
    if (settings_.has("esql")) return rows_of(answer);
    const bool is_preset = settings_.has("preset");
    if (is_about_nothing(answer) && (is_preset || places_.path.starts_with("aggregations")))
      return std::vector<Series>{};
    if (!is_preset) return series_at(answer, places_);
    auto value = elastic::value_of(settings_, answer["aggregations"], settings_.duration("duration"));
    if (!value) return std::unexpected(value.error());
    return *value ? one_series(**value) : std::vector<Series>{};
  }

  /// ES|QL answers columns, and rows of as many cells.
  Result<std::vector<Series>> rows_of(const JsonValue& answer) const {
    auto columns = answer["columns"].list();
    if (!columns) return std::unexpected(columns.error());
    auto values = answer["values"].list();
    if (!values) return std::unexpected(values.error());
    if (values->size() > most_elastic_rows)
      return fail(ErrorCode::limit_exceeded, "more than 10000 rows came back");
    std::vector<Row> rows;
    for (const JsonValue& cells : *values) {
      auto list = cells.list();
      if (!list) return std::unexpected(list.error());
      if (list->size() != columns->size())
        return std::unexpected(bad_answer("a row has another number of cells than there are columns"));
      Row row;
      for (std::size_t i = 0; i < list->size(); ++i) {
        const JsonValue& value = (*list)[i];
        auto name = (*columns)[i]["name"].text();
        if (!name) return std::unexpected(name.error());
        Cell cell{.name = std::string(*name), .text = value.is_null() ? "" : value.excerpt(200)};
        if (value.is_number()) cell.number = *value.number();
        cell.empty = cell.text.empty();
        row.cells.push_back(std::move(cell));
      }
      rows.push_back(std::move(row));
    }
    return picker_.pick(rows);
  }

  Status add_past(const JsonValue& answer, const PastRange& range, std::vector<Series>& all) const {
    if (auto ok = check_whole(answer); !ok) return ok;
    if (is_about_nothing(answer)) return {};
    auto buckets = answer["aggregations"]["past"]["buckets"].list();
    if (!buckets) return std::unexpected(buckets.error());
    for (const JsonValue& bucket : *buckets) {
      auto at = bucket["key"].number();
      if (!at) return std::unexpected(at.error());
      auto value = elastic::value_of(settings_, bucket, range.step);
      if (!value) return std::unexpected(value.error());
      if (*value) all.push_back({.labels = {}, .value = **value, .at = from_epoch_seconds(*at / 1000)});
    }
    return {};
  }

  std::vector<std::unique_ptr<JsonApi>> nodes_;
  std::size_t node_ = 0;
  definitions::Settings settings_;
  RowPicker picker_;
  JsonPlaces places_;
  std::string target_;
};

/// `name:base64(host$elasticsearch$kibana)`; the host may carry a port.
Result<std::string> cloud_endpoint(const std::string& cloud_id) {
  const auto colon = cloud_id.rfind(':');
  const auto decoded = net::base64_decode(colon == std::string::npos ? cloud_id : cloud_id.substr(colon + 1));
  const auto first = decoded ? decoded->find('$') : std::string::npos;
  if (first == std::string::npos || first == 0)
    return fail(ErrorCode::invalid_argument, "'cloud_id' is not one: copy it from the deployment's page");
  const auto second = decoded->find('$', first + 1);
  std::string host = decoded->substr(0, first);
  std::string port = "443";
  if (const auto at = host.find(':'); at != std::string::npos) {
    port = host.substr(at + 1);
    host.resize(at);
  }
  const std::string id =
      decoded->substr(first + 1, second == std::string::npos ? second : second - first - 1);
  return "https://" + id + "." + host + ":" + port;
}

Status check_keys(const definitions::Settings& settings) {
  int ways = 0;
  for (const char* key : {"query", "esql", "search_template", "preset"}) ways += settings.has(key) ? 1 : 0;
  if (ways != 1)
    return fail(ErrorCode::invalid_argument, "give one of 'preset', 'query', 'esql' and 'search_template'");
  const bool needs_place = settings.has("query") || settings.has("search_template");
  if (needs_place && settings.text("value_location").empty())
    return fail(ErrorCode::invalid_argument,
                "'query' and 'search_template' need 'value_location', such as aggregations.latency.value");
  if (needs_place && settings.list("index").empty())
    return fail(ErrorCode::invalid_argument, "'query' and 'search_template' need 'index'");
  if (settings.has("query") && !json::accept(settings.text("query")))
    return fail(ErrorCode::invalid_argument, "'query' is not JSON: it is the body of a _search request");
  if (settings.has("preset") && settings.duration("duration") < 1s)
    return fail(ErrorCode::invalid_argument, "'duration' must be 1s or longer");
  if (settings.list("endpoint").empty() == settings.text("cloud_id").empty())
    return fail(ErrorCode::invalid_argument, "give one of 'endpoint' and 'cloud_id'");
  return {};
}

Result<std::unique_ptr<Source>> create_elastic_apm(const definitions::MetricDefinition& metric,
                                                   const definitions::Settings& settings,
                                                   net::Services& services) {
  if (auto ok = check_keys(settings); !ok) return std::unexpected(ok.error());
  auto endpoints = settings.list("endpoint");
  if (endpoints.empty()) {
    auto cloud = cloud_endpoint(settings.text("cloud_id"));
    if (!cloud) return std::unexpected(cloud.error());
    endpoints.push_back(std::move(*cloud));
  }
  net::SignInOptions options;
  auto given = settings;
  if (!settings.text("api_key").empty()) {
    options.scheme = "ApiKey";
    given.set("auth", std::string("bearer"));
    given.set("token", settings.text("api_key"));
  }
  std::vector<std::unique_ptr<JsonApi>> nodes;
  for (const std::string& endpoint : endpoints) {
    if (auto url = net::Url::parse(endpoint); !url) return within("endpoint", url.error());
    given.set("endpoint", endpoint);
    auto api = JsonApi::create(metric, given, services, options);
    if (!api) return std::unexpected(api.error());
    nodes.push_back(std::move(*api));
  }
  return std::make_unique<ElasticSource>(std::move(nodes), settings);
}

std::vector<definitions::Key> keys_of_elastic_apm() {
  return {
      {.name = "endpoint",
       .type = KeyType::list,
       .help = "The cluster's address, or several: the next one is asked when one does not answer.",
       .example = "[https://es-1:9200, https://es-2:9200]"},
      {.name = "cloud_id", .help = "The id of an Elastic Cloud deployment, instead of `endpoint`."},
      {.name = "api_key", .help = "An API key in its encoded form.", .secret = true},
      {.name = "preset",
       .type = KeyType::choice,
       .help = "A number that APM keeps: transactions a minute, latency in microseconds, the share (0 to 1) "
               "of those that failed, of CPU or of memory.",
       .choices = "throughput_per_minute|latency_avg|latency_p95|latency_p99|failed_rate|cpu_pct|memory_pct"},
      {.name = "service_name", .help = "Only this service.", .example = "web"},
      {.name = "environment", .help = "Only this environment.", .example = "production"},
      {.name = "transaction_type",
       .help = "Only transactions of this type; of no use to cpu_pct and memory_pct.",
       .default_value = "request"},
      {.name = "duration",
       .type = KeyType::duration,
       .help = "How far back a preset looks.",
       .default_value = "5m"},
      {.name = "end_offset",
       .type = KeyType::duration,
       .help = "How long before now a preset's window ends: what is newer may not be searchable yet.",
       .default_value = "30s"},
      {.name = "query", .help = "The body of a `_search` request, instead of a preset."},
      {.name = "search_template", .help = "The id of a stored search template, instead of a preset."},
      {.name = "parameters", .type = KeyType::map, .help = "The parameters of the search template."},
      {.name = "esql", .help = "An ES|QL query, instead of a preset (Elasticsearch 8.11 and newer)."},
      {.name = "index",
       .type = KeyType::list,
       .help = "The indices to search; a preset knows its own.",
       .example = "[traces-apm*]"},
      {.name = "value_location",
       .help = "Where the number of `query` and `search_template` is; `[]` takes each bucket, labelled by "
               "its key.",
       .example = "aggregations.hosts.buckets[].latency.value"},
      {.name = "ignore_unavailable",
       .type = KeyType::boolean,
       .help = "Passes over indices that are not there.",
       .default_value = "false"},
  };
}

}  // namespace

const Kind& elastic_apm() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::metric,
           .name = "elastic-apm",
           .vendor = "elastic",
           .summary = "What Elastic APM keeps in Elasticsearch or OpenSearch, or any search there.",
           .keys =
               definitions::join({keys_of_elastic_apm(), definitions::row_keys(), definitions::http_keys()}),
           .delay = 1min,
           .permissions = "The privileges `read` and `view_index_metadata` on the indices.",
           .notes =
               "Sign in with `username` and `password`, an `api_key`, a `token`, or a client's certificate."
               "\n\nAn answer of which a part is missing (a shard that failed, a time-out) is an error. "
               "Averages and percentiles over nothing are no value; counts over nothing are 0, but not where "
               "the index pattern matches no index at all.\n\nIn a `query`, `hits.total.value` stops at "
               "10,000 without `track_total_hits: true`. APM's own metric documents come once a minute."},
      .create = &create_elastic_apm};
  return kind;
}

}  // namespace wave::metrics
