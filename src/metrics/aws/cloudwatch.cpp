#include <cmath>

#include <nlohmann/json.hpp>

#include "definitions/common_keys.h"
#include "metrics/kinds.h"
#include "net/aws/aws_client.h"

namespace wave::metrics {
namespace {

using definitions::KeyType;
using nlohmann::json;

/// Pages of one answer; each holds up to 100,800 points.
constexpr int most_pages = 10;

Error bad(std::string message) {
  return {.code = ErrorCode::bad_response, .message = std::move(message), .retryable = true};
}

/// One MetricDataResult: the newest point that is a number.
Result<std::optional<Series>> series_of(const json& result) {
  if (!result.is_object()) return std::unexpected(bad("a result is not an object"));
  const bool has_status = result.contains("StatusCode") && result["StatusCode"].is_string();
  const std::string status = has_status ? result["StatusCode"].get<std::string>() : "Complete";
  if (status == "Forbidden")
    return std::unexpected(
        Error{.code = ErrorCode::forbidden, .message = "CloudWatch says Forbidden for this metric"});
  if (status == "InternalError")
    return std::unexpected(
        Error{.code = ErrorCode::unavailable, .message = "CloudWatch says InternalError", .retryable = true});
  const json none = json::array();
  const json& values = result.contains("Values") ? result["Values"] : none;
  const json& times = result.contains("Timestamps") ? result["Timestamps"] : none;
  if (!values.is_array() || !times.is_array() || values.size() != times.size())
    return std::unexpected(bad("values and timestamps do not belong together"));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i].is_number() || !times[i].is_number())
      return std::unexpected(bad("a point is not a number"));
    if (!std::isfinite(values[i].get<double>())) continue;
    Series out{
        .labels = {}, .value = values[i].get<double>(), .at = from_epoch_seconds(times[i].get<double>())};
    if (result.contains("Label") && result["Label"].is_string())
      out.labels["label"] = result["Label"].get<std::string>();
    return out;
  }
  return std::nullopt;
}

class CloudWatchSource final : public Source {
 public:
  CloudWatchSource(const definitions::Settings& settings, net::Services& services,
                   std::unique_ptr<net::AwsClient> client)
      : services_(services),
        client_(std::move(client)),
        period_(static_cast<std::int64_t>(std::llround(seconds(settings.duration("period"))))),
        window_(static_cast<std::int64_t>(std::llround(seconds(settings.duration("duration"))))),
        offset_(static_cast<std::int64_t>(std::llround(seconds(settings.duration("end_offset"))))) {
    query_ = {{"Id", "q1"}};
    if (settings.has("account_id")) query_["AccountId"] = settings.text("account_id");
    if (settings.has("expression")) {
      query_["Expression"] = settings.text("expression");
      query_["Period"] = period_;
      return;
    }
    json dimensions = json::array();
    for (const auto& [name, value] : settings.map("dimensions"))
      dimensions.push_back({{"Name", name}, {"Value", value}});
    json stat = {{"Metric",
                  {{"Namespace", settings.text("namespace")},
                   {"MetricName", settings.text("metric_name")},
                   {"Dimensions", dimensions}}},
                 {"Period", period_},
                 {"Stat", settings.text("statistic")}};
    if (settings.has("unit")) stat["Unit"] = settings.text("unit");
    query_["MetricStat"] = std::move(stat);
  }

  Task<Result<std::vector<Series>>> poll() override {
    std::vector<Series> out;
    json body = request();
    for (int page = 0; page < most_pages; ++page) {
      auto answer = co_await client_->json("GetMetricData", body.dump());
      if (!answer) co_return std::unexpected(std::move(answer.error()));
      const json parsed = json::parse(answer->body, nullptr, false);
      auto added = add_results(parsed, out);
      if (!added) co_return within("GetMetricData", std::move(added.error()));
      if (!parsed.contains("NextToken") || !parsed["NextToken"].is_string()) co_return out;
      body["NextToken"] = parsed["NextToken"];
    }
    co_return within("GetMetricData", bad("the answer has more than 10 pages"));
  }

 private:
  /// The window ends on a multiple of the period: one that ends now often has no newest point.
  json request() const {
    const auto now = static_cast<std::int64_t>(epoch_seconds(services_.runtime.utc())) - offset_;
    const std::int64_t end = now - now % period_;
    return {{"MetricDataQueries", json::array({query_})},
            {"StartTime", end - window_},
            {"EndTime", end},
            {"ScanBy", "TimestampDescending"}};
  }

  static Status add_results(const json& parsed, std::vector<Series>& out) {
    if (!parsed.is_object() || !parsed.contains("MetricDataResults") ||
        !parsed["MetricDataResults"].is_array())
      return std::unexpected(bad("no MetricDataResults in the answer"));
    for (const json& result : parsed["MetricDataResults"]) {
      auto series = series_of(result);
      if (!series) return std::unexpected(series.error());
      if (!*series) continue;
      // A later page of the same series holds older points.
      const bool known =
          std::ranges::any_of(out, [&](const Series& one) { return one.labels == (*series)->labels; });
      if (!known) out.push_back(std::move(**series));
    }
    return {};
  }

  net::Services& services_;
  std::unique_ptr<net::AwsClient> client_;
  std::int64_t period_;
  std::int64_t window_;
  std::int64_t offset_;
  json query_;
};

Result<std::unique_ptr<Source>> create(const definitions::MetricDefinition& metric,
                                       const definitions::Settings& settings, net::Services& services) {
  const bool has_metric = settings.has("namespace") && settings.has("metric_name");
  if (settings.has("expression") == has_metric)
    return fail(ErrorCode::invalid_argument, "give either 'expression', or 'namespace' and 'metric_name'");
  const auto period = seconds(settings.duration("period"));
  const bool fine = period == 1 || period == 5 || period == 10 || period == 30 ||
                    (period > 0 && std::fmod(period, 60) == 0);
  if (!fine) return fail(ErrorCode::invalid_argument, "'period' must be 1s, 5s, 10s, 30s or whole minutes");
  const auto window = seconds(settings.duration("duration"));
  if (window < period || std::fmod(window, period) != 0)
    return fail(ErrorCode::invalid_argument, "'duration' must be a multiple of 'period'");
  auto given = settings;
  given.set("timeout", metric.timeout);
  auto client = services.aws.client(net::aws::cloudwatch, given);
  if (!client) return std::unexpected(client.error());
  return std::make_unique<CloudWatchSource>(settings, services, std::move(*client));
}

}  // namespace

const Kind& cloudwatch() {
  static const Kind kind{
      .table = {.document = definitions::Document::metric,
                .name = "cloudwatch",
                .vendor = "aws",
                .summary = "A metric of Amazon CloudWatch, or an expression over several.",
                .keys = definitions::join(
                    {{{.name = "namespace", .help = "The metric's namespace.", .example = "AWS/SQS"},
                      {.name = "metric_name",
                       .help = "The metric's name.",
                       .example = "ApproximateNumberOfMessagesVisible"},
                      {.name = "dimensions",
                       .type = KeyType::map,
                       .help = "All of the metric's dimensions; a wrong or missing one finds nothing.",
                       .example = "{ QueueName: jobs }"},
                      {.name = "statistic",
                       .help = "Average, Sum, Minimum, Maximum, SampleCount, or p95, tm90 and the like.",
                       .default_value = "Average"},
                      {.name = "unit", .help = "Only points of this unit."},
                      {.name = "expression",
                       .help = "Metric math, SEARCH or Metrics Insights SQL instead of one metric."},
                      {.name = "period",
                       .type = KeyType::duration,
                       .help = "What one point covers.",
                       .default_value = "60s"},
                      {.name = "duration",
                       .type = KeyType::duration,
                       .help = "How far back the newest point is searched; a multiple of `period`.",
                       .default_value = "5m"},
                      {.name = "end_offset",
                       .type = KeyType::duration,
                       .help = "Ends that long before now.",
                       .default_value = "0s"},
                      {.name = "account_id",
                       .help = "The account to read, for cross-account observability."}},
                     definitions::aws_keys()}),
                .delay = 6min,
                .permissions = "`cloudwatch:GetMetricData`.",
                .notes = "AWS' own metrics arrive 1 to 5 minutes late, and each metric asked for is billed: "
                         "do not poll "
                         "more often than `period`."},
      .create = &create};
  return kind;
}

}  // namespace wave::metrics
