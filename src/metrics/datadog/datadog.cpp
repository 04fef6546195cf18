#include <algorithm>

#include <nlohmann/json.hpp>

#include "definitions/common_keys.h"
#include "metrics/datadog/answer.h"
#include "metrics/json_api.h"
#include "metrics/kinds.h"
#include "metrics/rows.h"

namespace wave::metrics {
namespace {

using definitions::KeyType;
using nlohmann::json;

/// Fewer than Datadog gives in one answer before it makes the interval coarser (about 1,500).
constexpr std::int64_t points_a_request = 1000;
constexpr std::int64_t most_requests = 100;

std::int64_t milliseconds(UtcTime time) {
  return time.time_since_epoch() / 1ms;
}

class DatadogSource final : public Source {
 public:
  DatadogSource(std::unique_ptr<JsonApi> api, Runtime& runtime, const definitions::Settings& settings,
                definitions::Settings::Map queries)
      : api_(std::move(api)),
        runtime_(runtime),
        queries_(std::move(queries)),
        formula_(settings.text("formula")),
        reducer_(settings.text("reducer")),
        is_v1_(settings.text("api_version") == "v1"),
        is_scalar_(!is_v1_ && settings.text("value") == "window"),
        skip_(static_cast<std::size_t>(settings.number("last_point_offset"))),
        window_(settings.duration("duration")),
        end_offset_(settings.duration("end_offset")) {
    if (formula_.empty()) formula_ = queries_.begin()->first;
  }

  Task<Result<std::vector<Series>>> poll() override {
    api_->begin();
    // Whole seconds: metrics that ask the same at the same time share the request.
    const UtcTime to = std::chrono::floor<std::chrono::seconds>(runtime_.utc()) - end_offset_;
    if (is_scalar_) {
      ApiRequest request = scalar(to - window_, to);
      const std::string place = api_->place(request.method, request.target);
      auto answer = co_await api_->ask(std::move(request));
      auto series = answer ? datadog_api::scalar_of(answer->root()) : std::unexpected(answer.error());
      if (!series && answer) co_return within(place, std::move(series.error()));
      co_return series;
    }
    auto points = co_await read(to - window_, to, Duration{0});
    if (!points) co_return std::unexpected(std::move(points.error()));
    co_return newest_points(*points);
  }

  bool has_past() const override { return true; }

  Task<Result<std::vector<PastSeries>>> past(PastRange range) override {
    const Duration length = points_a_request * range.step;
    if (range.step < 1s || (range.to - range.from) / length >= most_requests)
      co_return fail(ErrorCode::invalid_argument, "no such range of the past can be asked for");
    std::vector<Series> all;
    for (UtcTime from = range.from; from < range.to; from += length) {
      api_->begin();
      auto part = co_await read(from, std::min(from + length, range.to), range.step);
      if (!part) co_return std::unexpected(std::move(part.error()));
      for (const auto& one : *part)
        for (const auto& [at, value] : one.points)
          all.push_back({.labels = one.labels, .value = value, .at = at});
    }
    co_return past_of(std::move(all), range);
  }

 private:
  json attributes(UtcTime from, UtcTime to) const {
    json queries = json::array();
    for (const auto& [name, query] : queries_)
      queries.push_back({{"data_source", "metrics"}, {"name", name}, {"query", query}});
    return {{"formulas", {{{"formula", formula_}}}},
            {"from", milliseconds(from)},
            {"queries", std::move(queries)},
            {"to", milliseconds(to)}};
  }

  static ApiRequest request_of(const char* target, const char* type, json attributes) {
    const json body = {{"data", {{"attributes", std::move(attributes)}, {"type", type}}}};
    return {.method = "POST",
            .target = target,
            .body = body.dump(-1, ' ', false, json::error_handler_t::replace)};
  }

  ApiRequest scalar(UtcTime from, UtcTime to) const {
    json asked = attributes(from, to);
    for (json& query : asked["queries"]) query["aggregator"] = reducer_;
    return request_of("/api/v2/query/scalar", "scalar_request", std::move(asked));
  }

  ApiRequest timeseries(UtcTime from, UtcTime to, Duration interval) const {
    if (is_v1_) {
      net::Headers fields = {{"from", std::to_string(milliseconds(from) / 1000)},
                             {"to", std::to_string(milliseconds(to) / 1000)}};
      return {.target = "/api/v1/query?" + net::form_encode(fields) +
                        "&query=" + net::percent_encode(queries_.begin()->second)};
    }
    json asked = attributes(from, to);
    if (interval > Duration{0}) asked["interval"] = interval / 1ms;
    return request_of("/api/v2/query/timeseries", "timeseries_request", std::move(asked));
  }

  Task<Result<std::vector<datadog_api::Points>>> read(UtcTime from, UtcTime to, Duration interval) {
    ApiRequest request = timeseries(from, to, interval);
    const std::string place = api_->place(request.method, request.target);
    auto answer = co_await api_->ask(std::move(request));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    auto points = is_v1_ ? datadog_api::v1_of(answer->root()) : datadog_api::timeseries_of(answer->root());
    if (!points) co_return within(place, std::move(points.error()));
    co_return points;
  }

  std::vector<Series> newest_points(const std::vector<datadog_api::Points>& all) const {
    std::vector<Series> out;
    for (const auto& one : all) {
      if (one.points.size() <= skip_) continue;
      const auto& [at, value] = one.points[one.points.size() - 1 - skip_];
      out.push_back({.labels = one.labels, .value = value, .at = at});
    }
    return out;
  }

  std::unique_ptr<JsonApi> api_;
  Runtime& runtime_;
  definitions::Settings::Map queries_;
  std::string formula_;
  std::string reducer_;
  bool is_v1_;
  bool is_scalar_;
  std::size_t skip_;
  Duration window_;
  Duration end_offset_;
};

/// The queries by name; one that stands alone is `a`.
Result<definitions::Settings::Map> queries_of(const definitions::Settings& settings) {
  auto queries = settings.map("queries");
  const std::string query = settings.text("query");
  if (queries.empty() == query.empty())
    return fail(ErrorCode::invalid_argument, "give one of 'query' and 'queries'");
  if (!query.empty()) queries.emplace("a", query);
  for (const auto& [name, text] : queries)
    if (text.find('{') == std::string::npos || text.find('}') == std::string::npos)
      return fail(ErrorCode::invalid_argument,
                  "query '" + name + "' has no scope; {*} after the metric's name means everything");
  if (queries.size() > 1 && settings.text("formula").empty()) {
    std::string names;
    for (const auto& [name, text] : queries) names += (names.empty() ? "" : ", ") + name;
    return fail(ErrorCode::invalid_argument,
                "several queries need a 'formula' that makes one number of " + names);
  }
  const bool is_v1 = settings.text("api_version") == "v1";
  if (is_v1 && (queries.size() > 1 || !settings.text("formula").empty()))
    return fail(ErrorCode::invalid_argument, "api_version v1 has no formulas: write it all in 'query'");
  return queries;
}

/// Both keys go as headers, where no token does.
Status add_keys(definitions::Settings& settings) {
  const bool has_token = settings.has("token") || settings.has("token_file") || settings.has("token_url") ||
                         settings.has("auth");
  const bool has_keys = !settings.text("api_key").empty() && !settings.text("app_key").empty();
  if (!has_keys && (!has_token || settings.has("api_key") || settings.has("app_key")))
    return fail(ErrorCode::invalid_argument, "reading needs both 'api_key' and 'app_key', or a 'token'");
  if (!has_keys) return {};
  auto headers = settings.map("headers");
  headers["DD-API-KEY"] = settings.text("api_key");
  headers["DD-APPLICATION-KEY"] = settings.text("app_key");
  settings.set("headers", std::move(headers));
  return {};
}

Result<std::unique_ptr<Source>> create_datadog(const definitions::MetricDefinition& metric,
                                               const definitions::Settings& settings,
                                               net::Services& services) {
  auto queries = queries_of(settings);
  if (!queries) return std::unexpected(queries.error());
  if (settings.duration("duration") <= Duration{0})
    return fail(ErrorCode::invalid_argument, "'duration' must be longer than 0");
  auto given = settings;
  if (!given.has("endpoint")) given.set("endpoint", "https://api." + settings.text("site"));
  if (auto ok = add_keys(given); !ok) return std::unexpected(ok.error());
  auto api = JsonApi::create(metric, given, services);
  if (!api) return std::unexpected(api.error());
  return std::make_unique<DatadogSource>(std::move(*api), services.runtime, settings, std::move(*queries));
}

std::vector<definitions::Key> keys_of_datadog() {
  return {
      {.name = "query",
       .help = "The metric query, with its scope in braces.",
       .example = "'avg:nginx.net.request_per_s{service:web}'"},
      {.name = "queries", .type = KeyType::map, .help = "Several queries by name, for `formula`."},
      {.name = "formula",
       .help = "What is made of the queries; a query that stands alone is called a.",
       .example = "a / b * 100"},
      {.name = "api_key", .help = "The API key (DD_API_KEY).", .secret = true},
      {.name = "app_key",
       .help = "The application key (DD_APP_KEY); it needs the scope timeseries_query.",
       .secret = true},
      {.name = "site",
       .help = "The Datadog site, as in the address of its pages.",
       .default_value = "datadoghq.com",
       .example = "datadoghq.eu"},
      {.name = "endpoint", .type = KeyType::url, .help = "The API's address, instead of `site`."},
      {.name = "api_version",
       .type = KeyType::choice,
       .help = "v1 is the older query API, which knows neither formulas nor reducers.",
       .default_value = "v2",
       .choices = "v2|v1"},
      {.name = "value",
       .type = KeyType::choice,
       .help = "window: the whole window made one number by `reducer`; last: the newest point (as v1 does).",
       .default_value = "window",
       .choices = "window|last"},
      {.name = "reducer",
       .type = KeyType::choice,
       .help = "How the window becomes one number.",
       .default_value = "avg",
       .choices = "avg|min|max|sum|last|percentile|mean|l2norm|area"},
      {.name = "duration",
       .type = KeyType::duration,
       .help = "How far back the query looks; less than 60s often finds nothing.",
       .default_value = "90s"},
      {.name = "end_offset",
       .type = KeyType::duration,
       .help = "How long before now the window ends; the newest points may still be filling.",
       .default_value = "0s"},
      {.name = "last_point_offset",
       .type = KeyType::integer,
       .help = "How many of the newest points that have a value are passed over, 0 to 100.",
       .default_value = "0",
       .min = 0,
       .max = 100},
  };
}

}  // namespace

const Kind& datadog() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::metric,
           .name = "datadog",
           .vendor = "datadog",
           .summary = "A metric query of Datadog, or a formula of several.",
           .keys = definitions::join({keys_of_datadog(), definitions::http_keys()}),
           .delay = 1min,
           .permissions = "The scope `timeseries_query`.",
           .notes =
               "Sign in with `api_key` and `app_key`, or with a `token` (OAuth or a personal access token)."
               "\n\nThe newest points of a window are often empty or not complete: `end_offset: 60s`, or "
               "`last_point_offset: 1` with `value: last`. For counts say the interval with "
               "`.rollup(sum, 60)`: the one that Datadog chooses makes the last bucket wrong.\n\n"
               "Datadog tells its limit in `X-RateLimit-*`; polling slows down before it is reached. Each "
               "metric is "
               "a request of its own, unless another asks the same in the same second."},
      .create = &create_datadog};
  return kind;
}

}  // namespace wave::metrics
