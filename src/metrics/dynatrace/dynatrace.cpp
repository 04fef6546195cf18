#include <algorithm>

#include <nlohmann/json.hpp>

#include "definitions/common_keys.h"
#include "metrics/json_api.h"
#include "metrics/kinds.h"
#include "metrics/rows.h"

namespace wave::metrics {
namespace {

using definitions::KeyType;
using nlohmann::json;

/// What metrics v2 gives for each series in one answer.
constexpr std::int64_t most_points = 10'080;
constexpr std::int64_t most_dynatrace_requests = 100;
constexpr std::size_t most_dynatrace_rows = 10'000;
/// What is left of the time-out for a query to be cancelled.
constexpr Duration spare_of_query = 1s;
constexpr Duration least_dynatrace_step = 1min;
constexpr const char* single_sign_on = "https://sso.dynatrace.com/sso/oauth2/token";
constexpr const char* grail = "/platform/storage/query/v1/query:";

/// `{"error":{"code":400,"message":...}}` may also come with a 200.
Status check_error(const JsonValue& answer) {
  if (!answer["error"].exists()) return {};
  return std::unexpected(
      bad_answer("Dynatrace says: " + net::excerpt(answer["error"]["message"].text_or("an error"))));
}

struct Stretch {
  Labels labels;
  std::vector<std::pair<UtcTime, double>> points;  ///< oldest first, without gaps' nulls
};

/// `timestamps` and `values` are parallel; null marks a gap.
Result<Stretch> stretch_of(const JsonValue& series) {
  Stretch out;
  if (const auto members = series["dimensionMap"].members(); members)
    for (const auto& [name, value] : *members) out.labels.emplace(name, value.text_or(""));
  auto times = series["timestamps"].list();
  if (!times) return std::unexpected(times.error());
  auto values = series["values"].list();
  if (!values) return std::unexpected(values.error());
  if (times->size() != values->size())
    return std::unexpected(bad_answer("a series has another number of values than of times"));
  for (std::size_t i = 0; i < times->size(); ++i) {
    auto time = (*times)[i].number();
    if (!time) return std::unexpected(time.error());
    auto value = (*values)[i].number_or_null();
    if (!value) return std::unexpected(value.error());
    if (*value) out.points.emplace_back(from_epoch_seconds(*time / 1000), **value);
  }
  if (!std::ranges::is_sorted(out.points, {}, &std::pair<UtcTime, double>::first))
    return std::unexpected(bad_answer("the points of a series are not in order"));
  return out;
}

/// All series of an answer; of several metrics each carries its name.
Result<std::vector<Stretch>> stretches_of(const JsonValue& answer) {
  if (auto ok = check_error(answer); !ok) return std::unexpected(ok.error());
  auto results = answer["result"].list();
  if (!results) return std::unexpected(results.error());
  std::vector<Stretch> out;
  for (const JsonValue& result : *results) {
    auto data = result["data"].list();
    if (!data) return std::unexpected(data.error());
    for (const JsonValue& series : *data) {
      auto stretch = stretch_of(series);
      if (!stretch) return std::unexpected(stretch.error());
      if (results->size() > 1) stretch->labels.emplace("metric", result["metricId"].text_or(""));
      out.push_back(std::move(*stretch));
    }
  }
  return out;
}

/// Grail may write long numbers as texts.
Result<std::vector<Row>> records_of(const JsonValue& result, const std::string& value_field) {
  auto records = result["records"].list();
  if (!records) return std::unexpected(records.error());
  if (records->size() > most_dynatrace_rows)
    return fail(ErrorCode::limit_exceeded, "more than 10000 records came back");
  std::vector<Row> out;
  for (const JsonValue& record : *records) {
    if (record.is_null()) continue;
    auto row = row_of(record);
    if (!row) return std::unexpected(row.error());
    for (Cell& cell : row->cells)
      if (!value_field.empty() && cell.name == value_field && !cell.number)
        cell.number = number_of_text(cell.text);
    out.push_back(std::move(*row));
  }
  return out;
}

class DynatraceSource final : public Source {
 public:
  DynatraceSource(std::unique_ptr<JsonApi> api, Runtime& runtime, const definitions::Settings& settings)
      : api_(std::move(api)),
        runtime_(runtime),
        picker_(settings),
        value_field_(settings.text("value_field")),
        query_(settings.text("query")),
        selector_(settings.text("metric_selector")),
        from_(settings.text("from")),
        to_(settings.text("to")),
        resolution_(settings.text("resolution")),
        query_timeout_(settings.duration("query_timeout")),
        poll_(settings.duration("poll_interval")) {
    if (settings.has("entity_selector"))
      filters_.emplace_back("entitySelector", settings.text("entity_selector"));
    if (settings.has("mz_selector")) filters_.emplace_back("mzSelector", settings.text("mz_selector"));
  }

  Task<Result<std::vector<Series>>> poll() override {
    api_->begin();
    if (!query_.empty()) {
      auto series = co_await run_query();
      co_return series;
    }
    auto stretches = co_await read(from_, to_, resolution_);
    if (!stretches) co_return std::unexpected(std::move(stretches.error()));
    std::vector<Series> out;
    for (const Stretch& one : *stretches)
      if (!one.points.empty())
        out.push_back(
            {.labels = one.labels, .value = one.points.back().second, .at = one.points.back().first});
    co_return out;
  }

  bool has_past() const override { return query_.empty(); }

  Task<Result<std::vector<PastSeries>>> past(PastRange range) override {
    // Slots are whole minutes.
    const Duration step = std::max<Duration>(std::chrono::ceil<std::chrono::minutes>(range.step), 1min);
    const Duration length = (most_points - 1) * step;
    if ((range.to - range.from) / length >= most_dynatrace_requests)
      co_return fail(ErrorCode::invalid_argument, "no such range of the past can be asked for");
    std::vector<Series> all;
    for (UtcTime from = range.from; from < range.to; from += length) {
      api_->begin(least_dynatrace_step);
      const auto edge = [](UtcTime at) { return std::to_string(at.time_since_epoch() / 1ms); };
      auto stretches = co_await read(edge(from), edge(std::min(from + length, range.to)),
                                     std::to_string(step / 1min) + "m");
      if (!stretches) co_return std::unexpected(std::move(stretches.error()));
      for (const Stretch& one : *stretches)
        for (const auto& [end, value] : one.points)
          // A slot's time is its end; that of a point is where its step begins.
          all.push_back({.labels = one.labels, .value = value, .at = end - step});
    }
    co_return past_of(std::move(all), range);
  }

 private:
  Task<Result<std::vector<Stretch>>> read(std::string from, std::string to, std::string resolution) {
    net::Headers fields = {
        {"metricSelector", selector_}, {"from", from}, {"to", to}, {"resolution", resolution}};
    fields.insert(fields.end(), filters_.begin(), filters_.end());
    ApiRequest request{.target = "/api/v2/metrics/query?" + net::form_encode(fields)};
    const std::string place = api_->place("GET", request.target);
    auto answer = co_await api_->ask(std::move(request));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    auto stretches = stretches_of(answer->root());
    if (!stretches) co_return within(place, std::move(stretches.error()));
    co_return stretches;
  }

  std::string question() const {
    json body = {{"query", query_},
                 {"requestTimeoutMilliseconds", poll_ / 1ms},
                 {"fetchTimeoutSeconds", std::max<std::int64_t>(query_timeout_ / 1s, 1)},
                 {"maxResultRecords", most_dynatrace_rows}};
    return body.dump(-1, ' ', false, json::error_handler_t::replace);
  }

  /// Executes, and asks until the answer is there; a query that takes too long is cancelled.
  Task<Result<std::vector<Series>>> run_query() {
    const Duration for_the_end = std::min(spare_of_query, api_->left() / 5);
    ApiRequest first{.method = "POST", .target = std::string(grail) + "execute", .body = question()};
    first.only_reads = false;
    std::string place = api_->place("POST", first.target);
    auto answer = co_await api_->ask(std::move(first));
    std::string token;
    for (;;) {
      if (!answer) co_return std::unexpected(std::move(answer.error()));
      auto ok = check_error(answer->root());
      if (!ok) co_return within(place, std::move(ok.error()));
      auto state = (*answer)["state"].text();
      if (!state) co_return within(place, std::move(state.error()));
      if (*state == "SUCCEEDED") {
        auto rows = records_of((*answer)["result"], value_field_);
        if (!rows) co_return within(place, std::move(rows.error()));
        auto series = picker_.pick(*rows);
        if (!series) co_return within(place, std::move(series.error()));
        co_return series;
      }
      if (*state != "RUNNING" && *state != "NOT_STARTED")
        co_return within(place, bad_answer("the query is " + net::excerpt(*state, 40)));
      if (token.empty()) token = (*answer)["requestToken"].text_or("");
      if (token.empty()) co_return within(place, bad_answer("the query runs, but has no requestToken"));
      const std::string by_token = "?request-token=" + net::percent_encode(token);
      if (api_->left() <= poll_ + for_the_end) {
        const std::string cancel = std::string(grail) + "cancel" + by_token;
        auto cancelled = co_await api_->send("POST", cancel);
        co_return fail(ErrorCode::timeout,
                       std::string("the query took longer than the metric's timeout") +
                           (cancelled ? " and was cancelled" : ""),
                       true);
      }
      co_await runtime_.sleep(poll_);
      ApiRequest next{.target = std::string(grail) + "poll" + by_token};
      next.only_reads = false;
      place = api_->place("GET", next.target);
      auto again = co_await api_->ask(std::move(next));
      answer = std::move(again);
    }
  }

  std::unique_ptr<JsonApi> api_;
  Runtime& runtime_;
  RowPicker picker_;
  std::string value_field_;
  std::string query_;
  std::string selector_;
  std::string from_;
  std::string to_;
  std::string resolution_;
  net::Headers filters_;
  Duration query_timeout_;
  Duration poll_;
};

/// Access tokens (dt0c01) go as `Api-Token`; platform tokens (dt0s...) and everything on the platform as
/// `Bearer`.
std::string scheme_of(const definitions::Settings& settings) {
  const bool is_platform = !settings.text("query").empty() || settings.text("token").starts_with("dt0s") ||
                           settings.text("endpoint").find("/platform/") != std::string::npos;
  return is_platform ? "Bearer" : "Api-Token";
}

Result<std::unique_ptr<Source>> create_dynatrace(const definitions::MetricDefinition& metric,
                                                 const definitions::Settings& settings,
                                                 net::Services& services) {
  if (settings.text("metric_selector").empty() == settings.text("query").empty())
    return fail(ErrorCode::invalid_argument, "give one of 'metric_selector' and 'query'");
  if (!settings.text("query").empty() && settings.duration("poll_interval") < 100ms)
    return fail(ErrorCode::invalid_argument, "'poll_interval' must be 100ms or longer");
  auto given = settings;
  if (settings.has("client_id") && !settings.has("token_url"))
    given.set("token_url", std::string(single_sign_on));
  net::SignInOptions options;
  options.scheme = scheme_of(settings);
  auto api = JsonApi::create(metric, given, services, std::move(options));
  if (!api) return std::unexpected(api.error());
  return std::make_unique<DynatraceSource>(std::move(*api), services.runtime, settings);
}

std::vector<definitions::Key> keys_of_dynatrace() {
  return {
      {.name = "endpoint",
       .type = KeyType::url,
       .help = "The environment: https://ENV.live.dynatrace.com or https://DOMAIN/e/ENV for metrics, "
               "https://ENV.apps.dynatrace.com for DQL.",
       .required = true,
       .alias = "host",
       .example = "https://abc12345.live.dynatrace.com"},
      {.name = "metric_selector",
       .help = "A selector of Metrics API v2.",
       .example = "'builtin:service.requestCount.total:splitBy():sum:rate(1m)'"},
      {.name = "query", .help = "A DQL query of Grail, instead of `metric_selector`."},
      {.name = "from", .help = "Where a selector's window begins.", .default_value = "now-5m"},
      {.name = "to", .help = "Where it ends.", .default_value = "now"},
      {.name = "resolution",
       .help = "The length of a slot, such as 1m; Inf makes the window one number.",
       .default_value = "Inf"},
      {.name = "entity_selector", .help = "Only entities that this selector finds."},
      {.name = "mz_selector", .help = "Only management zones that this selector finds."},
      {.name = "query_timeout",
       .type = KeyType::duration,
       .help = "How long Grail may read for a query.",
       .default_value = "10s"},
      {.name = "poll_interval",
       .type = KeyType::duration,
       .help = "How often a query that still runs is asked for, and how long the first answer may be held.",
       .default_value = "1s"},
  };
}

}  // namespace

const Kind& dynatrace() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::metric,
           .name = "dynatrace",
           .vendor = "dynatrace",
           .summary = "A metric selector of Dynatrace, or a DQL query of its Grail.",
           .keys =
               definitions::join({keys_of_dynatrace(), definitions::row_keys(), definitions::http_keys()}),
           .delay = 1min,
           .permissions =
               "`metrics.read` for an access token; `storage:buckets:read` and `storage:metrics:read` "
               "(or what the query reads) for DQL.",
           .notes =
               "Metrics take an access token (dt0c01...) in `token`; DQL takes a platform token (dt0s...) or "
               "OAuth 2 (`client_id`, `client_secret`, `scopes`). The other one gives 401 either "
               "way.\n\nSums "
               "and counts grow with the window: end such a selector with `:rate(1m)`. Without `Inf`, the "
               "newest slot that has a value counts, which is not over yet.\n\nA query that is not done "
               "within `timeout` is cancelled: give it 20 s. Dynatrace tells no limits; it answers 429."},
      .create = &create_dynatrace};
  return kind;
}

}  // namespace wave::metrics
