#include <algorithm>
#include <charconv>
#include <cmath>

#include <nlohmann/json.hpp>

#include "definitions/common_keys.h"
#include "metrics/kinds.h"
#include "net/sign_in.h"

namespace wave::metrics {
namespace {

using definitions::KeyType;
using nlohmann::json;

/// A longer query goes as a form body: servers and proxies limit the length of a URL.
constexpr std::size_t longest_url = 2000;
/// What one range query may give for each series (Prometheus' HTTP API); a request stays just below.
constexpr std::int64_t most_points = 10'900;
constexpr std::int64_t most_requests = 100;

/// Prometheus writes numbers as text: `1`, `1.5e+06`, `NaN`, `+Inf`.
std::optional<double> number_of(const json& value) {
  if (!value.is_string()) return std::nullopt;
  std::string_view text = value.get_ref<const std::string&>();
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Error bad(std::string message) {
  return {.code = ErrorCode::bad_response, .message = std::move(message), .retryable = true};
}

/// `[1795457326.275, "1"]`; nullopt inside for NaN and infinities.
Result<std::optional<Series>> point_of(const json& pair) {
  if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number())
    return std::unexpected(bad("a point is not [time, \"value\"]"));
  const auto value = number_of(pair[1]);
  if (!value) return std::unexpected(bad("a value is not a number in quotes"));
  if (!std::isfinite(*value)) return std::nullopt;
  return Series{.labels = {}, .value = *value, .at = from_epoch_seconds(pair[0].get<double>())};
}

Labels labels_of(const json& metric) {
  Labels labels;
  if (!metric.is_object()) return labels;
  for (const auto& [name, value] : metric.items())
    if (value.is_string()) labels.emplace(name, value.get<std::string>());
  return labels;
}

using Points = std::vector<std::pair<UtcTime, double>>;

/// Adds what a range query answered; an earlier part of the same series is there already.
Status add_past(const json& data, std::map<Labels, Points>& out) {
  if (!data.is_object() || !data.contains("resultType") || data["resultType"] != json("matrix") ||
      !data.contains("result") || !data["result"].is_array())
    return std::unexpected(bad("the answer to a range query is not a matrix"));
  for (const json& one : data["result"]) {
    if (!one.is_object() || !one.contains("values") || !one["values"].is_array())
      return std::unexpected(bad("a series has no values"));
    Points& points = out[labels_of(one.contains("metric") ? one["metric"] : json())];
    for (const json& pair : one["values"]) {
      auto point = point_of(pair);
      if (!point) return std::unexpected(point.error());
      if (!*point) continue;
      const UtcTime at = *(*point)->at;
      if (!points.empty() && at <= points.back().first)
        return std::unexpected(bad("the points of a series are not in order"));
      points.emplace_back(at, (*point)->value);
    }
  }
  return {};
}

/// The newest point of a matrix' series that is a number.
Result<std::optional<Series>> newest_of(const json& values) {
  if (!values.is_array()) return std::unexpected(bad("a series has no values"));
  for (auto pair = values.rbegin(); pair != values.rend(); ++pair) {
    auto point = point_of(*pair);
    if (!point || *point) return point;
  }
  return std::nullopt;
}

Result<std::vector<Series>> series_of(const json& data) {
  if (!data.is_object() || !data.contains("resultType") || !data["resultType"].is_string() ||
      !data.contains("result"))
    return std::unexpected(bad("no resultType and result in the answer"));
  const auto& type = data["resultType"].get_ref<const std::string&>();
  const json& result = data["result"];
  std::vector<Series> out;
  if (type == "scalar") {
    auto point = point_of(result);
    if (!point) return std::unexpected(point.error());
    // The time of a scalar and of a vector is that of the query, by the server's clock: it says nothing.
    if (*point) out.push_back({.labels = {}, .value = (*point)->value, .at = {}});
    return out;
  }
  if (type != "vector" && type != "matrix")
    return std::unexpected(bad("the result is a " + type.substr(0, 32) + ", not numbers"));
  if (!result.is_array()) return std::unexpected(bad("the result is not a list"));
  for (const json& one : result) {
    if (!one.is_object()) return std::unexpected(bad("a series is not an object"));
    if (type == "vector" && !one.contains("value"))
      return std::unexpected(bad("a series has no value (native histograms are not numbers)"));
    auto point = type == "vector" ? point_of(one["value"])
                                  : newest_of(one.contains("values") ? one["values"] : json());
    if (!point) return std::unexpected(point.error());
    if (!*point) continue;
    (*point)->labels = labels_of(one.contains("metric") ? one["metric"] : json());
    if (type == "vector") (*point)->at.reset();
    out.push_back(std::move(**point));
  }
  return out;
}

class PrometheusSource final : public Source {
 public:
  PrometheusSource(const definitions::MetricDefinition& metric, const definitions::Settings& settings,
                   net::Services& services, std::unique_ptr<net::SignIn> sign_in)
      : services_(services), sign_in_(std::move(sign_in)), timeout_(metric.timeout) {
    endpoint_ = settings.text("endpoint");
    while (endpoint_.ends_with('/')) endpoint_.pop_back();
    range_ = settings.duration("range");
    step_ = settings.duration("step");
    accept_partial_ = settings.flag("accept_partial");
    fields_ = {{"query", settings.text("query")}};
    if (settings.has("namespace")) fields_.emplace_back("namespace", settings.text("namespace"));
    for (const auto& [name, value] : settings.map("query_parameters")) fields_.emplace_back(name, value);
    place_ = "query " + net::redacted_url(endpoint_);
    form_ = net::form_encode(fields_);
  }

  Task<Result<std::vector<Series>>> poll() override {
    auto answer = co_await sign_in_->send(request());
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    auto data = read(*answer);
    auto series = data ? series_of(*data) : std::unexpected(data.error());
    if (!series) co_return within(place_, std::move(series.error()));
    co_return series;
  }

  bool has_past() const override { return true; }

  Task<Result<std::vector<PastSeries>>> past(PastRange range) override {
    const std::int64_t steps = range.step > Duration{0} ? (range.to - range.from) / range.step + 1 : 0;
    if (steps <= 0 || steps > most_points * most_requests)
      co_return fail(ErrorCode::invalid_argument, "no such range of the past can be asked for");
    std::map<Labels, Points> found;
    for (UtcTime from = range.from; from < range.to; from += most_points * range.step) {
      // On the grid: Prometheus rounds an end to the millisecond.
      const std::int64_t later = std::min(most_points - 1, (range.to - from - Duration(1)) / range.step);
      const UtcTime last = from + later * range.step;
      auto answer = co_await sign_in_->send(range_request(from, last, range.step));
      if (!answer) co_return std::unexpected(std::move(answer.error()));
      auto data = read(*answer);
      auto ok = data ? add_past(*data, found) : std::unexpected(data.error());
      if (!ok) co_return within(place_, std::move(ok.error()));
    }
    std::vector<PastSeries> out;
    for (auto& [labels, points] : found)
      if (!points.empty()) out.push_back({.labels = labels, .points = std::move(points)});
    co_return out;
  }

 private:
  net::HttpRequest request() const {
    if (range_ == Duration{0}) return send_form("/api/v1/query", form_);
    const UtcTime now = services_.runtime.utc();
    return range_request(now - range_, now, step_);
  }

  net::HttpRequest range_request(UtcTime from, UtcTime to, Duration step) const {
    net::Headers fields = fields_;
    fields.emplace_back("start", std::to_string(epoch_seconds(from)));
    fields.emplace_back("end", std::to_string(epoch_seconds(to)));
    fields.emplace_back("step", std::to_string(seconds(step)));
    return send_form("/api/v1/query_range", net::form_encode(fields));
  }

  net::HttpRequest send_form(std::string_view path, std::string form) const {
    net::HttpRequest request{.url = endpoint_, .timeout = timeout_, .max_redirects = 3};
    request.url += path;
    request.single_flight = true;
    if (request.url.size() + form.size() < longest_url) {
      request.url += '?' + form;
      return request;
    }
    request.method = "POST";
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
    request.body = std::move(form);
    return request;
  }

  /// The data of an answer that is a whole success.
  Result<json> read(const net::HttpResponse& answer) const {
    const auto status = net::check_status(answer, services_.runtime.utc());
    const json body = json::parse(answer.body, nullptr, false);
    const bool is_error = body.is_object() && body.contains("status") && body["status"].is_string() &&
                          body["status"] == "error";
    if (!status || is_error) {
      Error error = status ? bad("the answer is an error") : status.error();
      if (is_error && body.contains("error") && body["error"].is_string()) {
        error.message = "Prometheus says: " + body["error"].get<std::string>().substr(0, 300);
        if (answer.status == 400 || answer.status == 422) error.retryable = false;
      }
      return std::unexpected(error);
    }
    if (!body.is_object()) return std::unexpected(bad("the answer is not JSON"));
    const bool partial =
        (body.contains("isPartial") && body["isPartial"] == json(true)) ||
        (body.contains("warnings") && body["warnings"].is_array() && !body["warnings"].empty());
    if (partial && !accept_partial_) {
      std::string why = "the answer is partial";
      if (body.contains("warnings") && body["warnings"].is_array() && !body["warnings"].empty() &&
          body["warnings"][0].is_string())
        why += ": " + body["warnings"][0].get<std::string>().substr(0, 200);
      return std::unexpected(Error{.code = ErrorCode::bad_response,
                                   .message = why,
                                   .retryable = true,
                                   .hint = "accept_partial: true takes such answers"});
    }
    return body.contains("data") ? body["data"] : json();
  }

  net::Services& services_;
  std::unique_ptr<net::SignIn> sign_in_;
  Duration timeout_;
  std::string endpoint_;
  std::string place_;
  net::Headers fields_;
  std::string form_;  ///< of an instant query
  Duration range_{0};
  Duration step_{0};
  bool accept_partial_ = false;
};

Result<std::unique_ptr<Source>> create(const definitions::MetricDefinition& metric,
                                       const definitions::Settings& settings, net::Services& services) {
  if (settings.has("range") && settings.duration("step") <= Duration{0})
    return fail(ErrorCode::invalid_argument, "'range' needs a 'step' above 0");
  auto sign_in = net::SignIn::create(settings, services);
  if (!sign_in) return std::unexpected(sign_in.error());
  return std::make_unique<PrometheusSource>(metric, settings, services, std::move(*sign_in));
}

}  // namespace

const Kind& prometheus() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::metric,
           .name = "prometheus",
           .vendor = "prometheus",
           .summary = "A PromQL query of Prometheus, Thanos, Mimir, Cortex or VictoriaMetrics.",
           .keys = definitions::join(
               {{{.name = "endpoint",
                  .type = KeyType::url,
                  .help = "The server, with its path prefix where it has one.",
                  .required = true,
                  .alias = "prometheus_url",
                  .example = "http://prometheus:9090"},
                 {.name = "query",
                  .help = "The PromQL; its result must be one number, or several with `aggregate`.",
                  .required = true,
                  .example = "sum(rate(http_requests_total[1m]))"},
                 {.name = "range",
                  .type = KeyType::duration,
                  .help = "Asks for a range that long until now and takes the newest point of each series.",
                  .example = "5m"},
                 {.name = "step",
                  .type = KeyType::duration,
                  .help = "The step of a range query.",
                  .default_value = "15s"},
                 {.name = "namespace", .help = "The namespace parameter of a Thanos querier."},
                 {.name = "query_parameters",
                  .type = KeyType::map,
                  .help = "More parameters that every query carries."},
                 {.name = "accept_partial",
                  .type = KeyType::boolean,
                  .help = "Takes an answer that the server itself calls partial.",
                  .default_value = "false"}},
                definitions::http_keys_with_sigv4(),
                definitions::aws_credential_keys()}),
           .notes = "An instant query looks back 5 minutes (`--query.lookback-delta`): a target that died "
                    "less than that ago still answers. Use a function of a short range, such as "
                    "`rate(x[1m])`, where that matters.\n\nNaN and infinities count as no value."},
      .create = &create};
  return kind;
}

}  // namespace wave::metrics
