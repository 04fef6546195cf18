#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "definitions/common_keys.h"
#include "metrics/json_api.h"
#include "metrics/kinds.h"
#include "metrics/newrelic/nrql.h"
#include "metrics/rows.h"

namespace wave::metrics {
namespace {

using definitions::KeyType;
using nlohmann::json;

/// NRQL gives at most that many rows of a TIMESERIES.
constexpr std::int64_t rows_a_query = 366;
constexpr std::int64_t most_queries = 300;
constexpr Duration shortest_wait = 500ms;
constexpr Duration least_newrelic_step = 1min;

constexpr const char* result_fields = "results metadata{facets messages timeWindow{begin end}}";
constexpr const char* progress_fields = "queryProgress{queryId completed retryAfter retryDeadline}";

/// GraphQL's errors come with HTTP 200.
Error error_of(const JsonValue& one) {
  const auto extensions = one["extensions"];
  const auto error_class = extensions["errorClass"].text_or("");
  const auto code = extensions["error_code"].text_or(extensions["errorCode"].text_or(""));
  Error error =
      bad_answer("New Relic says: " + net::excerpt(one["message"].text_or("an error without a message")));
  error.retryable = false;
  if (error_class == "TOO_MANY_REQUESTS" || code == "TOO_MANY_REQUESTS") {
    error.code = ErrorCode::throttled;
    error.retryable = true;
  } else if (error_class == "TIMEOUT" || error_class == "NRDB:1109") {
    error.code = ErrorCode::timeout;
    error.retryable = true;
  } else if (error_class == "INTERNAL_SERVER_ERROR" || error_class == "SERVER_ERROR") {
    error.code = ErrorCode::unavailable;
    error.retryable = true;
  } else if (code == "BAD_API_KEY") {
    error.code = ErrorCode::unauthorized;
  }
  return error;
}

/// The rows: `beginTimeSeconds` and `endTimeSeconds` are their times, facets are labels also where they are
/// numbers, and `facet` says the facets again.
Result<std::vector<Row>> rows_of(const JsonValue& nrql) {
  auto results = nrql["results"].list();
  if (!results) return std::unexpected(results.error());
  std::vector<std::string> facets;
  if (const auto names = nrql["metadata"]["facets"].list(); names)
    for (const JsonValue& name : *names) facets.emplace_back(name.text_or(""));
  std::vector<Row> out;
  for (const JsonValue& result : *results) {
    auto row = row_of(result);
    if (!row) return std::unexpected(row.error());
    if (const JsonValue end = result["endTimeSeconds"]; end.is_number())
      row->at = from_epoch_seconds(*end.number());
    std::erase_if(row->cells, [&](const Cell& cell) {
      return cell.name == "beginTimeSeconds" || cell.name == "endTimeSeconds" ||
             (cell.name == "facet" && !facets.empty());
    });
    for (Cell& cell : row->cells)
      if (std::ranges::find(facets, cell.name) != facets.end()) cell.number.reset();
    out.push_back(std::move(*row));
  }
  return out;
}

class NewRelicSource final : public Source {
 public:
  NewRelicSource(std::unique_ptr<JsonApi> api, Runtime& runtime, const definitions::Settings& settings)
      : api_(std::move(api)),
        runtime_(runtime),
        picker_(settings),
        account_(static_cast<std::int64_t>(settings.number("account_id"))),
        nrql_(settings.text("nrql")),
        query_timeout_(settings.duration("query_timeout")),
        is_async_(settings.flag("async")) {}

  Task<Result<std::vector<Series>>> poll() override {
    api_->begin();
    auto rows = co_await run(nrql_);
    auto series = rows ? picker_.pick(*rows) : std::unexpected(rows.error());
    if (!series) co_return std::unexpected(std::move(series.error()));
    co_return complete(std::move(*series));
  }

  bool has_past() const override { return !nrql_has(nrql_, "compare"); }

  Task<Result<std::vector<PastSeries>>> past(PastRange range) override {
    const Duration length = rows_a_query * range.step;
    if (range.step < 1s || (range.to - range.from) / length >= most_queries)
      co_return fail(ErrorCode::invalid_argument, "no such range of the past can be asked for");
    std::vector<Series> all;
    for (UtcTime from = range.from; from < range.to; from += length) {
      api_->begin(least_newrelic_step);
      const auto edge = [](UtcTime at) { return at.time_since_epoch() / 1ms; };
      auto nrql = nrql_over(nrql_, edge(from), edge(std::min(from + length, range.to)), range.step / 1ms);
      if (!nrql) co_return fail(ErrorCode::invalid_argument, "a query that compares has no past");
      auto rows = co_await run(std::move(*nrql));
      auto series = rows ? picker_.pick(*rows) : std::unexpected(rows.error());
      if (!series) co_return std::unexpected(std::move(series.error()));
      for (Series& one : *series) {
        if (!one.at) co_return fail(ErrorCode::bad_response, "rows of the past have no time");
        // A row's time is its end; that of a point is where its step begins.
        one.at = *one.at - range.step;
        all.push_back(std::move(one));
      }
    }
    co_return past_of(std::move(all), range);
  }

 private:
  /// Of rows over time the newest; one that is not over yet only where there is no other.
  std::vector<Series> complete(std::vector<Series> series) const {
    const UtcTime now = runtime_.utc();
    const auto is_over = [now](const Series& one) { return !one.at || *one.at <= now; };
    if (std::ranges::any_of(series, is_over))
      std::erase_if(series, [&](const Series& one) { return !is_over(one); });
    return newest(std::move(series));
  }

  std::string question(const std::string& nrql) const {
    std::string arguments = "query:$query";
    if (query_timeout_ > Duration{0}) arguments += ",timeout:" + std::to_string(query_timeout_ / 1s);
    if (is_async_) arguments += ",async:true";
    const std::string fields =
        std::string(result_fields) + (is_async_ ? " " + std::string(progress_fields) : "");
    const json body = {{"query", "query($query:Nrql!,$accountId:Int!){actor{account(id:$accountId){nrql(" +
                                     arguments + "){" + fields + "}}}}"},
                       {"variables", {{"accountId", account_}, {"query", nrql}}}};
    return body.dump(-1, ' ', false, json::error_handler_t::replace);
  }

  std::string question_again(const std::string& id) const {
    const json body = {
        {"query",
         "query($queryId:ID!,$accountId:Int!){actor{account(id:$accountId){nrqlQueryProgress(queryId:$"
         "queryId){" +
             std::string(result_fields) + " " + progress_fields + "}}}}"},
        {"variables", {{"accountId", account_}, {"queryId", id}}}};
    return body.dump(-1, ' ', false, json::error_handler_t::replace);
  }

  Task<Result<std::vector<Row>>> run(std::string nrql) {
    std::string body = question(nrql);
    std::string field = "nrql";
    for (;;) {
      ApiRequest request{.method = "POST", .target = "", .body = std::move(body)};
      const std::string place = api_->place("POST", "");
      auto answer = co_await api_->ask(std::move(request));
      if (!answer) co_return std::unexpected(std::move(answer.error()));
      const JsonValue errors = (*answer)["errors"];
      if (errors.exists() && !errors.is_null()) co_return within(place, error_of(errors[0]));
      const JsonValue found = (*answer)["data"]["actor"]["account"][field];
      const JsonValue progress = found["queryProgress"];
      if (!is_async_ || !progress["completed"].is_false()) {
        auto rows = rows_of(found);
        if (!rows) co_return within(place, std::move(rows.error()));
        co_return rows;
      }
      auto id = progress["queryId"].text();
      if (!id) co_return within(place, std::move(id.error()));
      body = question_again(std::string(*id));
      field = "nrqlQueryProgress";
      const auto wait_for = progress["retryAfter"].number_or_text();
      const Duration asked = wait_for && *wait_for ? from_seconds(**wait_for) : shortest_wait;
      const Duration wait = std::max<Duration>(asked, shortest_wait);
      if (api_->left() <= wait)
        co_return fail(ErrorCode::timeout, "the query took longer than the metric's timeout", true);
      co_await runtime_.sleep(wait);
    }
  }

  std::unique_ptr<JsonApi> api_;
  Runtime& runtime_;
  RowPicker picker_;
  std::int64_t account_;
  std::string nrql_;
  Duration query_timeout_;
  bool is_async_;
};

Result<std::string> endpoint_of(const definitions::Settings& settings) {
  if (settings.has("endpoint")) return settings.text("endpoint");
  const std::string region = to_lower(settings.text("region"));
  if (region == "us") return "https://api.newrelic.com/graphql";
  if (region == "eu") return "https://api.eu.newrelic.com/graphql";
  if (region == "jp") return "https://api.jp.newrelic.com/graphql";
  if (region == "gov") return "https://gov-api.newrelic.com/graphql";
  return fail(ErrorCode::invalid_argument, "'region' is US, EU, JP or GOV");
}

Result<std::unique_ptr<Source>> create_new_relic(const definitions::MetricDefinition& metric,
                                                 const definitions::Settings& settings,
                                                 net::Services& services) {
  auto endpoint = endpoint_of(settings);
  if (!endpoint) return std::unexpected(endpoint.error());
  const Duration query_timeout = settings.duration("query_timeout");
  if (query_timeout != Duration{0} && (query_timeout < 5s || query_timeout > 120s))
    return fail(ErrorCode::invalid_argument, "'query_timeout' is from 5s to 120s");
  auto given = settings;
  given.set("endpoint", *endpoint);
  if (settings.has("api_key")) {
    auto headers = settings.map("headers");
    headers["Api-Key"] = settings.text("api_key");
    given.set("headers", std::move(headers));
  }
  auto api = JsonApi::create(metric, given, services);
  if (!api) return std::unexpected(api.error());
  return std::make_unique<NewRelicSource>(std::move(*api), services.runtime, settings);
}

std::vector<definitions::Key> keys_of_new_relic() {
  return {
      {.name = "account_id",
       .type = KeyType::integer,
       .help = "The account that is asked.",
       .required = true,
       .min = 1,
       .max = 2147483647,
       .example = "3957524"},
      {.name = "api_key", .help = "A user key (NRAK-...).", .required = true, .secret = true},
      {.name = "nrql",
       .help = "The query; its result is a number, or rows of them.",
       .required = true,
       .alias = "query",
       .example =
           "SELECT rate(count(*), 1 minute) FROM Transaction WHERE appName = 'web' SINCE 3 minutes ago"},
      {.name = "region", .help = "Where the account is: US, EU, JP or GOV.", .default_value = "US"},
      {.name = "endpoint", .type = KeyType::url, .help = "NerdGraph's address, instead of `region`."},
      {.name = "query_timeout",
       .type = KeyType::duration,
       .help = "How long New Relic may work on the query, 5s to 120s; 5s where it is not said.",
       .example = "20s"},
      {.name = "async",
       .type = KeyType::boolean,
       .help = "Lets the query run in the background and asks until it is done, within `timeout`.",
       .default_value = "false"},
  };
}

}  // namespace

const Kind& new_relic() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::metric,
           .name = "new-relic",
           .vendor = "newrelic",
           .summary = "An NRQL query of New Relic.",
           .keys = definitions::join(
               {keys_of_new_relic(), definitions::row_keys(), definitions::connection_keys()}),
           .delay = 1min,
           .permissions = "A user key of a user who may read the account's data.",
           .notes =
               "FACET gives a series for each row, TIMESERIES the newest row that is over. What is ingested "
               "is seen after some tens of seconds: look back 2 minutes or more, or end with `UNTIL 1 minute "
               "ago`.\n\nFor the past, the query's own SINCE, UNTIL and TIMESERIES are replaced; a query "
               "with "
               "COMPARE WITH has none.\n\nAn account may ask 3,000 NRQL queries a minute; "
               "`requests_per_minute` keeps below that."},
      .create = &create_new_relic};
  return kind;
}

}  // namespace wave::metrics
