#include <algorithm>

#include "definitions/common_keys.h"
#include "metrics/json_api.h"
#include "metrics/kinds.h"
#include "metrics/rows.h"

namespace wave::metrics {
namespace {

using definitions::KeyType;

/// One value a minute for this long; older than four hours the controller keeps ten minutes, then an hour.
constexpr Duration a_request = 4h;
constexpr std::int64_t most_rollups = 250;
constexpr Duration least_appdynamics_step = 1min;
/// What older controllers write where there was nothing.
constexpr double no_minimum = 2147483647;
constexpr double no_maximum = -2147483648;

bool is_sentinel(const JsonValue& entry) {
  const auto least = entry["min"].number();
  const auto most = entry["max"].number();
  return least && most && *least == no_minimum && *most == no_maximum;
}

struct Preset {
  std::string_view name;
  std::string_view path;
};
constexpr Preset presets[] = {
    {"calls_per_minute", "Overall Application Performance|Calls per Minute"},
    {"average_response_time", "Overall Application Performance|Average Response Time (ms)"},
    {"errors_per_minute", "Overall Application Performance|Errors per Minute"},
    {"cpu_busy", "Application Infrastructure Performance|{tier}|Hardware Resources|CPU|%Busy"},
};

/// A tier's name stands for itself in a path.
std::string escaped(const std::string& name) {
  std::string out;
  for (const char c : name) out += c == '|' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out;
}

class AppDynamicsSource final : public Source {
 public:
  AppDynamicsSource(std::unique_ptr<JsonApi> api, const definitions::Settings& settings,
                    const std::string& path)
      : api_(std::move(api)),
        minutes_(std::to_string(static_cast<std::int64_t>(settings.number("duration_in_mins")))),
        rollup_(settings.flag("rollup")),
        field_(settings.text("value_field")),
        target_("/controller/rest/applications/" + net::percent_encode(settings.text("application")) +
                "/metric-data?output=JSON&metric-path=" + net::percent_encode(path)) {}

  Task<Result<std::vector<Series>>> poll() override {
    api_->begin();
    std::string more = "&time-range-type=BEFORE_NOW&duration-in-mins=" + minutes_ +
                       (rollup_ ? "&rollup=true" : "&rollup=false");
    auto all = co_await read(std::move(more));
    if (!all) co_return all;
    // The time of a rolled up value is where its window begins.
    if (rollup_)
      for (Series& one : *all) one.at.reset();
    co_return newest(std::move(*all));
  }

  bool has_past() const override { return true; }

  Task<Result<std::vector<PastSeries>>> past(PastRange range) override {
    if ((range.to - range.from) / a_request >= most_rollups)
      co_return fail(ErrorCode::invalid_argument, "no such range of the past can be asked for");
    std::vector<Series> all;
    for (UtcTime from = range.from; from < range.to; from += a_request) {
      api_->begin(least_appdynamics_step);
      const auto edge = [](UtcTime at) { return std::to_string(at.time_since_epoch() / 1ms); };
      std::string more = "&time-range-type=BETWEEN_TIMES&start-time=" + edge(from) +
                         "&end-time=" + edge(std::min(from + a_request, range.to)) + "&rollup=false";
      auto part = co_await read(std::move(more));
      if (!part) co_return std::unexpected(std::move(part.error()));
      std::ranges::move(*part, std::back_inserter(all));
    }
    co_return past_of(std::move(all), range);
  }

 private:
  Task<Result<std::vector<Series>>> read(std::string more) {
    ApiRequest request{.target = target_ + more};
    const std::string place = api_->place("GET", request.target);
    auto answer = co_await api_->ask(std::move(request));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    auto series = series_of(answer->root());
    if (!series) co_return within(place, std::move(series.error()));
    co_return series;
  }

  /// One element for each path that matched; METRIC DATA NOT FOUND is none.
  Result<std::vector<Series>> series_of(const JsonValue& answer) const {
    auto metrics = answer.list();
    if (!metrics) return std::unexpected(metrics.error());
    std::vector<Series> out;
    for (const JsonValue& metric : *metrics) {
      auto path = metric["metricPath"].text();
      if (!path) return std::unexpected(path.error());
      auto entries = metric["metricValues"].list();
      if (!entries) return std::unexpected(entries.error());
      if (metric["metricName"].text_or("") == "METRIC DATA NOT FOUND") continue;
      for (const JsonValue& entry : *entries) {
        auto at = entry["startTimeInMillis"].number();
        if (!at) return std::unexpected(at.error());
        auto value = entry[field_].number_or_null();
        if (!value) return std::unexpected(value.error());
        if (!*value || is_sentinel(entry)) continue;
        out.push_back({.labels = {{"metric_path", std::string(*path)}},
                       .value = **value,
                       .at = from_epoch_seconds(*at / 1000)});
      }
    }
    return out;
  }

  std::unique_ptr<JsonApi> api_;
  std::string minutes_;
  bool rollup_;
  std::string field_;
  std::string target_;
};

Result<std::string> path_of(const definitions::Settings& settings) {
  std::string path = settings.text("metric_path");
  const std::string name = settings.text("preset");
  if (path.empty() == name.empty())
    return fail(ErrorCode::invalid_argument, "give one of 'metric_path' and 'preset'");
  for (const Preset& preset : presets)
    if (preset.name == name) path = preset.path;
  if (const auto tier = path.find("{tier}"); !name.empty() && tier != std::string::npos) {
    if (settings.text("tier").empty())
      return fail(ErrorCode::invalid_argument, "preset " + name + " needs 'tier'");
    path.replace(tier, 6, escaped(settings.text("tier")));
  }
  if (path.starts_with("*|*|*"))
    return fail(ErrorCode::invalid_argument,
                "a 'metric_path' that begins with *|*|* makes the controller read nearly everything");
  return path;
}

Result<std::unique_ptr<Source>> create_appdynamics(const definitions::MetricDefinition& metric,
                                                   const definitions::Settings& settings,
                                                   net::Services& services) {
  auto path = path_of(settings);
  if (!path) return std::unexpected(path.error());
  auto given = settings;
  const std::string at_account = "@" + settings.text("account");
  const auto with_account = [&](const char* key) {
    const std::string name = settings.text(key);
    const bool is_whole = name.empty() || name.ends_with(at_account);
    if (!is_whole) given.set(key, name + at_account);
  };
  with_account("username");
  with_account("client_id");
  net::SignInOptions options;
  if (settings.has("client_id") && !settings.has("token_url")) {
    std::string endpoint = settings.text("endpoint");
    while (endpoint.ends_with('/')) endpoint.pop_back();
    given.set("token_url", endpoint + "/controller/api/oauth/access_token");
  }
  options.other_form_type = "application/vnd.appd.cntrl+protobuf;v=1";
  auto api = JsonApi::create(metric, given, services, std::move(options));
  if (!api) return std::unexpected(api.error());
  return std::make_unique<AppDynamicsSource>(std::move(*api), settings, *path);
}

std::vector<definitions::Key> keys_of_appdynamics() {
  return {
      {.name = "endpoint",
       .type = KeyType::url,
       .help = "The controller.",
       .required = true,
       .alias = "controller_url",
       .example = "https://acme.saas.appdynamics.com"},
      {.name = "account",
       .help = "The account, put behind the user or client where it is not there already.",
       .default_value = "customer1",
       .example = "acme"},
      {.name = "application", .help = "The application's name or id.", .required = true, .example = "shop"},
      {.name = "metric_path",
       .help = "The metric's path with `|` between its parts; `*` is any part, a `\\` makes `|` and `\\` "
               "stand for themselves.",
       .example = "Overall Application Performance|*|Errors per Minute"},
      {.name = "preset",
       .type = KeyType::choice,
       .help = "A path that every application has, instead of `metric_path`.",
       .choices = "calls_per_minute|average_response_time|errors_per_minute|cpu_busy"},
      {.name = "tier", .help = "The tier of the preset cpu_busy."},
      {.name = "duration_in_mins",
       .type = KeyType::integer,
       .help = "How many minutes back; metrics come 1 to 3 minutes late, so 1 is often empty.",
       .default_value = "5",
       .min = 1,
       .max = 525600},
      {.name = "rollup",
       .type = KeyType::boolean,
       .help = "Makes these minutes one value; otherwise the newest minute counts.",
       .default_value = "true"},
      {.name = "value_field",
       .type = KeyType::choice,
       .help = "Which number of a value: `value` is the average or the sum, as the metric rolls up.",
       .default_value = "value",
       .choices = "value|current|min|max|sum|count"},
  };
}

}  // namespace

const Kind& appdynamics() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::metric,
           .name = "appdynamics",
           .vendor = "appdynamics",
           .summary = "A metric of an AppDynamics controller.",
           .keys = definitions::join({keys_of_appdynamics(), definitions::http_keys()}),
           .delay = 3min,
           .permissions = "The view permission on the application.",
           .notes =
               "Sign in with `username` and `password`, an API client (`client_id` and `client_secret`, "
               "whose "
               "token is renewed before its 5 minutes are over), or a `token`.\n\nA path that matches "
               "several "
               "metrics gives a series each, labelled `metric_path`. The controller answers success for a "
               "path that it does not know: that is no value, as is METRIC DATA NOT FOUND.\n\nWildcards over "
               "many nodes are expensive for the controller."},
      .create = &create_appdynamics};
  return kind;
}

}  // namespace wave::metrics
