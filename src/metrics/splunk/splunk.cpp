#include <algorithm>

#include "definitions/common_keys.h"
#include "metrics/json_api.h"
#include "metrics/kinds.h"
#include "metrics/splunk/answer.h"

namespace wave::metrics {
namespace {

using definitions::KeyType;

constexpr std::size_t most_rows = 10'000;
constexpr int rows_a_page = 2000;
constexpr std::int64_t steps_a_search = 5000;
constexpr std::int64_t most_splunk_searches = 100;
/// What is left of the time-out for a job to be cancelled.
constexpr Duration spare = 1s;
constexpr Duration least_splunk_step = 1min;

/// SPL that does not begin with a command of its own searches.
std::string search_of(const std::string& query) {
  const auto begin = query.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return {};
  const std::string text = query.substr(begin);
  return text.starts_with('|') || text.starts_with("search ") ? text : "search " + text;
}

std::string saved_search(const std::string& name) {
  std::string out = "| savedsearch \"";
  for (const char c : name) out += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "\"";
}

struct Window {
  std::string earliest;
  std::string latest;
};

class SplunkSource final : public Source {
 public:
  SplunkSource(std::unique_ptr<JsonApi> api, Runtime& runtime, const definitions::Settings& settings)
      : api_(std::move(api)),
        runtime_(runtime),
        picker_(settings, true),
        value_field_(settings.text("value_field")),
        label_as_(settings.list("label_as")),
        saved_(settings.text("saved_search")),
        search_(saved_.empty() ? search_of(settings.text("query")) : saved_search(saved_)),
        past_search_(search_of(settings.text("past_query"))),
        window_{.earliest = settings.text("earliest_time"), .latest = settings.text("latest_time")},
        mode_(settings.text("mode")),
        poll_(settings.duration("poll_interval")) {
    const std::string place = "/servicesNS/" + net::percent_encode(settings.text("owner")) + "/" +
                              net::percent_encode(settings.text("app"));
    jobs_ = place + (settings.text("api_version") == "v1" ? "/search/jobs" : "/search/v2/jobs");
    dispatch_ = place + "/saved/searches/" + net::percent_encode(saved_) + "/dispatch";
    if (past_search_.empty() && search_.find("timechart") != std::string::npos) past_search_ = search_;
  }

  Task<Result<std::vector<Series>>> poll() override {
    api_->begin();
    Result<std::vector<Row>> rows = std::vector<Row>{};
    if (mode_ == "job") {
      rows = co_await run_job();
    } else {
      rows = co_await run(search_, window_);
    }
    if (!rows) co_return std::unexpected(std::move(rows.error()));
    auto series = pick(std::move(*rows));
    if (!series) co_return series;
    co_return newest(std::move(*series));
  }

  bool has_past() const override { return !past_search_.empty(); }

  Task<Result<std::vector<PastSeries>>> past(PastRange range) override {
    const Duration length = steps_a_search * range.step;
    if (range.step < 1s || (range.to - range.from) / length >= most_splunk_searches)
      co_return fail(ErrorCode::invalid_argument, "no such range of the past can be asked for");
    std::vector<Series> all;
    for (UtcTime from = range.from; from < range.to; from += length) {
      api_->begin(least_splunk_step);
      Window window{.earliest = iso8601(from), .latest = iso8601(std::min(from + length, range.to))};
      auto rows = co_await run(past_search_, std::move(window));
      auto series = rows ? pick(std::move(*rows)) : std::unexpected(rows.error());
      if (!series) co_return std::unexpected(std::move(series.error()));
      if (std::ranges::any_of(*series, [](const Series& one) { return !one.at; }))
        co_return fail(ErrorCode::bad_response, "the search for the past has rows without _time");
      std::ranges::move(*series, std::back_inserter(all));
    }
    co_return past_of(std::move(all), range);
  }

 private:
  static net::Headers fields_of(const std::string& search, const Window& window) {
    return {{"search", search},
            {"output_mode", "json"},
            {"earliest_time", window.earliest},
            {"latest_time", window.latest}};
  }

  static ApiRequest form(std::string target, const net::Headers& fields) {
    return {.method = "POST",
            .target = std::move(target),
            .body = net::form_encode(fields),
            .type = "application/x-www-form-urlencoded"};
  }

  /// One request that is answered when the search is done.
  Task<Result<std::vector<Row>>> run(std::string search, Window window) {
    const bool is_export = mode_ != "oneshot";
    net::Headers fields = fields_of(search, window);
    if (is_export) {
      fields.emplace_back("preview", "false");
    } else {
      fields.emplace_back("exec_mode", "oneshot");
      fields.emplace_back("count", "0");
    }
    ApiRequest request = form(is_export ? jobs_ + "/export" : jobs_, fields);
    const std::string place = api_->place("POST", request.target);
    auto body = co_await api_->text(std::move(request));
    if (!body) co_return std::unexpected(std::move(body.error()));
    auto rows = splunk_api::rows_of(*body);
    if (!rows) co_return within(place, std::move(rows.error()));
    co_return rows;
  }

  /// Starts a job, waits for it, takes its rows, and cancels it: it would count against the user's quota.
  Task<Result<std::vector<Row>>> run_job() {
    const Duration for_the_end = std::min(spare, api_->left() / 5);
    net::Headers fields = fields_of(search_, window_);
    if (!saved_.empty())
      fields = {{"output_mode", "json"},
                {"dispatch.earliest_time", window_.earliest},
                {"dispatch.latest_time", window_.latest},
                {"trigger_actions", "0"}};
    ApiRequest request = form(saved_.empty() ? jobs_ : dispatch_, fields);
    request.only_reads = false;
    const std::string place = api_->place("POST", request.target);
    auto body = co_await api_->text(std::move(request));
    auto sid = body ? splunk_api::sid_of(*body) : std::unexpected(body.error());
    if (!sid && body) co_return within(place, std::move(sid.error()));
    if (!sid) co_return std::unexpected(std::move(sid.error()));
    const std::string job = jobs_ + "/" + net::percent_encode(*sid);
    auto done = co_await wait_for(job, for_the_end);
    Result<std::vector<Row>> rows = std::vector<Row>{};
    if (done) rows = co_await rows_of_job(job);
    const net::Headers cancel_fields = {{"action", "cancel"}, {"output_mode", "json"}};
    ApiRequest cancel = form(job + "/control", cancel_fields);
    cancel.only_reads = false;
    // Whether it worked changes nothing: a job also ends on its own.
    auto cancelled = co_await api_->send(std::move(cancel));
    if (!done) {
      if (cancelled && done.error().code == ErrorCode::timeout) done.error().message += " and was cancelled";
      co_return std::unexpected(std::move(done.error()));
    }
    co_return rows;
  }

  Task<Status> wait_for(std::string job, Duration for_the_end) {
    const std::string target = job + "?output_mode=json";
    for (;;) {
      ApiRequest request{.target = target};
      auto answer = co_await api_->send(std::move(request));
      if (!answer) co_return std::unexpected(std::move(answer.error()));
      // A job that has just begun has nothing to say yet.
      if (answer->status != 204) {
        auto ok = net::check_status(*answer, runtime_.utc());
        if (!ok) co_return within(api_->place("GET", job), std::move(ok.error()));
        auto state = splunk_api::job_of(answer->body);
        if (!state) co_return within(api_->place("GET", job), std::move(state.error()));
        if (state->is_failed)
          co_return fail(ErrorCode::bad_response,
                         "the search failed" + (state->message.empty() ? "" : ": " + state->message));
        if (state->is_done) co_return Status{};
      }
      if (api_->left() <= poll_ + for_the_end)
        co_return fail(ErrorCode::timeout, "the search took longer than the metric's timeout", true);
      co_await runtime_.sleep(poll_);
    }
  }

  Task<Result<std::vector<Row>>> rows_of_job(std::string job) {
    std::vector<Row> out;
    while (out.size() < most_rows) {
      ApiRequest request{.target = job + "/results?output_mode=json&count=" + std::to_string(rows_a_page) +
                                   "&offset=" + std::to_string(out.size())};
      const std::string place = api_->place("GET", request.target);
      auto body = co_await api_->text(std::move(request));
      if (!body) co_return std::unexpected(std::move(body.error()));
      auto rows = splunk_api::rows_of(*body);
      if (!rows) co_return within(place, std::move(rows.error()));
      std::ranges::move(*rows, std::back_inserter(out));
      if (rows->size() < rows_a_page) co_return out;
    }
    co_return fail(ErrorCode::limit_exceeded, "the search gives 10000 rows or more");
  }

  /// Splunk's own fields (`_time`, `_span`) are no values, and in rows over time other numbers are no labels:
  /// each row would be a series of its own.
  Result<std::vector<Series>> pick(std::vector<Row> rows) const {
    for (Row& row : rows) {
      const bool is_over_time = row.at && !value_field_.empty() && label_as_.empty();
      std::erase_if(row.cells, [&](const Cell& cell) {
        if (cell.name == value_field_ || std::ranges::find(label_as_, cell.name) != label_as_.end())
          return false;
        return cell.name.starts_with('_') || (is_over_time && number_of_text(cell.text).has_value());
      });
    }
    return picker_.pick(rows);
  }

  std::unique_ptr<JsonApi> api_;
  Runtime& runtime_;
  RowPicker picker_;
  std::string value_field_;
  std::vector<std::string> label_as_;
  std::string saved_;
  std::string search_;
  std::string past_search_;
  Window window_;
  std::string mode_;
  Duration poll_;
  std::string jobs_;
  std::string dispatch_;
};

/// With a password: one sign-in, whose session key goes with each request.
net::SignInOptions session_of(const definitions::Settings& settings) {
  net::SignInOptions options;
  const bool wants = settings.flag("session") && !settings.has("auth") && !settings.has("token") &&
                     !settings.has("token_file") && !settings.has("token_url") && settings.has("username");
  if (!wants) return options;
  std::string endpoint = settings.text("endpoint");
  while (endpoint.ends_with('/')) endpoint.pop_back();
  options.scheme = "Splunk";
  options.login_url = endpoint + "/services/auth/login";
  options.login_form = net::form_encode({{"username", settings.text("username")},
                                         {"password", settings.text("password")},
                                         {"output_mode", "json"}});
  options.read_login = splunk_api::session_key_of;
  return options;
}

Result<std::unique_ptr<Source>> create_splunk(const definitions::MetricDefinition& metric,
                                              const definitions::Settings& settings,
                                              net::Services& services) {
  if (search_of(settings.text("query")).empty() == settings.text("saved_search").empty())
    return fail(ErrorCode::invalid_argument, "give one of 'query' and 'saved_search'");
  auto api = JsonApi::create(metric, settings, services, session_of(settings));
  if (!api) return std::unexpected(api.error());
  return std::make_unique<SplunkSource>(std::move(*api), services.runtime, settings);
}

std::vector<definitions::Key> keys_of_splunk() {
  return {
      {.name = "endpoint",
       .type = KeyType::url,
       .help = "The management port.",
       .required = true,
       .example = "https://splunk:8089"},
      {.name = "query",
       .help = "The search in SPL; `search` is put before what begins with no command.",
       .example = "index=web | stats count"},
      {.name = "saved_search", .help = "The name of a saved search, instead of `query`."},
      {.name = "earliest_time", .help = "Where the search begins.", .default_value = "-5m"},
      {.name = "latest_time", .help = "Where the search ends.", .default_value = "now"},
      {.name = "mode",
       .type = KeyType::choice,
       .help = "export streams the rows; oneshot answers with all of them; job starts a search job, waits "
               "for it and cancels it.",
       .default_value = "export",
       .choices = "export|oneshot|job"},
      {.name = "poll_interval",
       .type = KeyType::duration,
       .help = "How often a search job is asked whether it is done.",
       .default_value = "500ms"},
      {.name = "past_query",
       .help = "A search whose rows are the metric over time, for forecasts; without it a `query` with "
               "timechart is that.",
       .example = "index=web | timechart span=1m count"},
      {.name = "owner", .help = "The user in whose name space the search runs.", .default_value = "nobody"},
      {.name = "app", .help = "The app in whose name space the search runs.", .default_value = "search"},
      {.name = "api_version",
       .type = KeyType::choice,
       .help = "v2 since Splunk 9; v1 before.",
       .default_value = "v2",
       .choices = "v2|v1"},
      {.name = "session",
       .type = KeyType::boolean,
       .help = "Signs in once with `username` and `password`; otherwise each request carries them.",
       .default_value = "true"},
  };
}

}  // namespace

const Kind& splunk() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::metric,
           .name = "splunk",
           .vendor = "splunk",
           .summary = "A search of Splunk Enterprise or Splunk Cloud Platform.",
           .keys = definitions::join({keys_of_splunk(), definitions::row_keys(), definitions::http_keys()}),
           .permissions = "The capability `search` and the indexes that the search reads.",
           .notes =
               "Sign in with a `token` (authentication tokens of Splunk), or with `username` and `password`: "
               "a session key is then asked for, and once more after a 401.\n\nSplunk writes numbers as "
               "text. With several columns say which is the value with `value_field`; rows over time "
               "(timechart) give the newest.\n\nEach poll is a search that counts against the user's "
               "quota. For heavy searches let Splunk run a scheduled one, and read it with "
               "`| loadjob savedsearch=\"owner:app:name\"`. Splunk Cloud opens its management port on "
               "request only."},
      .create = &create_splunk};
  return kind;
}

}  // namespace wave::metrics
