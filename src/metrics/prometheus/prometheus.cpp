#include <algorithm>
#include <cmath>

#include "definitions/common_keys.h"
#include "metrics/json_answer.h"
#include "metrics/kinds.h"
#include "net/sign_in.h"

namespace wave::metrics {
namespace {

using definitions::KeyType;

/// A longer query goes as a form body: servers and proxies limit the length of a URL.
constexpr std::size_t longest_url = 2000;
/// What one range query may give for each series (Prometheus' HTTP API); a request stays just below.
constexpr std::int64_t most_range_points = 10'900;
constexpr std::int64_t most_range_queries = 100;

struct Pair {
  double seconds = 0;  ///< since 1970
  double value = 0;
  UtcTime at() const { return from_epoch_seconds(seconds); }
};

/// `[1795457326.275, "1"]`; nullopt inside for NaN and infinities. Prometheus writes numbers as text: `1`,
/// `1.5e+06`, `NaN`, `+Inf`.
Result<std::optional<Pair>> pair_of(const JsonValue& pair) {
  auto elements = pair.each_element();
  if (elements.size() != 2 || !elements.next() || !elements.value().is_number())
    return std::unexpected(bad_answer("a point is not [time, \"value\"]"));
  Pair point{.seconds = *elements.value().number()};
  elements.next();
  const auto value = elements.value().is_text() ? number_of_text(elements.value().text_or("")) : std::nullopt;
  if (!value) return std::unexpected(bad_answer("a value is not a number in quotes"));
  if (!std::isfinite(*value)) return std::nullopt;
  point.value = *value;
  return point;
}

Result<Labels> labels_of(const JsonValue& metric) {
  Labels labels;
  auto members = metric.each_member();
  while (members.next()) {
    const JsonValue value = members.value();
    if (!value.is_text()) continue;
    if (auto ok = add_label(labels, members.key(), value.text_or("")); !ok)
      return std::unexpected(ok.error());
  }
  return labels;
}

using Points = std::vector<std::pair<UtcTime, double>>;

/// Adds what a range query answered; an earlier part of the same series is there already.
Status add_past(const JsonValue& data, std::map<Labels, Points>& out) {
  auto result = data["result"].elements();
  if (data["resultType"].text_or("") != "matrix" || !result)
    return std::unexpected(bad_answer("the answer to a range query is not a matrix"));
  while (result->next()) {
    auto pairs = result->value()["values"].elements();
    if (!pairs) return std::unexpected(bad_answer("a series has no values"));
    auto labels = labels_of(result->value()["metric"]);
    if (!labels) return std::unexpected(labels.error());
    Points& points = out[std::move(*labels)];
    points.reserve(points.size() + pairs->size());
    while (pairs->next()) {
      auto point = pair_of(pairs->value());
      if (!point) return std::unexpected(point.error());
      if (!*point) continue;
      const UtcTime at = (*point)->at();
      if (!points.empty() && at <= points.back().first)
        return std::unexpected(bad_answer("the points of a series are not in order"));
      points.emplace_back(at, (*point)->value);
    }
  }
  return {};
}

/// The newest point of a matrix' series that is a number.
Result<std::optional<Pair>> newest_of(const JsonValue& series) {
  const auto values = series["values"].list();
  if (!values) return std::unexpected(bad_answer("a series has no values"));
  for (auto pair = values->rbegin(); pair != values->rend(); ++pair) {
    auto point = pair_of(*pair);
    if (!point || *point) return point;
  }
  return std::nullopt;
}

Result<std::vector<Series>> series_of(const JsonValue& data) {
  const auto type = data["resultType"].text();
  const JsonValue result = data["result"];
  if (!type || !result.exists()) return std::unexpected(bad_answer("no resultType and result in the answer"));
  std::vector<Series> out;
  if (*type == "scalar") {
    auto point = pair_of(result);
    if (!point) return std::unexpected(point.error());
    // The time of a scalar and of a vector is that of the query, by the server's clock: it says nothing.
    if (*point) out.push_back({.labels = {}, .value = (*point)->value, .at = {}});
    return out;
  }
  const bool is_vector = *type == "vector";
  if (!is_vector && *type != "matrix")
    return std::unexpected(
        bad_answer("the result is a " + std::string(type->substr(0, 32)) + ", not numbers"));
  auto list = result.elements();
  if (!list) return std::unexpected(bad_answer("the result is not a list"));
  out.reserve(list->size());
  while (list->next()) {
    const JsonValue one = list->value();
    if (!one.is_object()) return std::unexpected(bad_answer("a series is not an object"));
    const JsonValue value = is_vector ? one["value"] : one;
    if (!value.exists())
      return std::unexpected(bad_answer("a series has no value (native histograms are not numbers)"));
    const auto point = is_vector ? pair_of(value) : newest_of(one);
    if (!point) return std::unexpected(point.error());
    if (!*point) continue;
    auto labels = labels_of(one["metric"]);
    if (!labels) return std::unexpected(labels.error());
    out.push_back({.labels = std::move(*labels), .value = (*point)->value, .at = {}});
    if (!is_vector) out.back().at = (*point)->at();
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
    auto body = read(*answer);
    auto series = body ? series_of((*body)["data"]) : std::unexpected(body.error());
    if (!series) co_return within(place_, std::move(series.error()));
    co_return series;
  }

  bool has_past() const override { return true; }

  Task<Result<std::vector<PastSeries>>> past(PastRange range) override {
    const std::int64_t steps = range.step > Duration{0} ? (range.to - range.from) / range.step + 1 : 0;
    if (steps <= 0 || steps > most_range_points * most_range_queries)
      co_return fail(ErrorCode::invalid_argument, "no such range of the past can be asked for");
    std::map<Labels, Points> found;
    for (UtcTime from = range.from; from < range.to; from += most_range_points * range.step) {
      // On the grid: Prometheus rounds an end to the millisecond.
      const std::int64_t later =
          std::min(most_range_points - 1, (range.to - from - Duration(1)) / range.step);
      const UtcTime last = from + later * range.step;
      auto answer = co_await sign_in_->send(range_request(from, last, range.step));
      if (!answer) co_return std::unexpected(std::move(answer.error()));
      auto body = read(*answer);
      auto ok = body ? add_past((*body)["data"], found) : std::unexpected(body.error());
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

  /// An answer that is a whole success.
  Result<JsonAnswer> read(const net::HttpResponse& answer) const {
    const auto status = net::check_status(answer, services_.runtime.utc());
    auto body = JsonAnswer::parse(answer.body);
    const bool is_error = body && (*body)["status"].text_or("") == "error";
    if (!status || is_error) {
      Error error = status ? bad_answer("the answer is an error") : status.error();
      if (is_error && (*body)["error"].is_text()) {
        error.message = "Prometheus says: " + std::string((*body)["error"].text_or("").substr(0, 300));
        if (answer.status == 400 || answer.status == 422) error.retryable = false;
      }
      return std::unexpected(error);
    }
    if (!body) return body;
    const JsonValue warning = (*body)["warnings"][0];
    if (((*body)["isPartial"].is_true() || warning.exists()) && !accept_partial_) {
      std::string why = "the answer is partial";
      if (warning.is_text()) why += ": " + std::string(warning.text_or("").substr(0, 200));
      return std::unexpected(Error{.code = ErrorCode::bad_response,
                                   .message = why,
                                   .retryable = true,
                                   .hint = "accept_partial: true takes such answers"});
    }
    return body;
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

Result<std::unique_ptr<Source>> create_prometheus(const definitions::MetricDefinition& metric,
                                                  const definitions::Settings& settings,
                                                  net::Services& services) {
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
      .create = &create_prometheus};
  return kind;
}

}  // namespace wave::metrics
