#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "definitions/common_keys.h"
#include "metrics/aws/cloudwatch_batch.h"
#include "metrics/kinds.h"

namespace wave::metrics {
namespace {

using definitions::KeyType;
using nlohmann::json;

/// How long each period of points is kept (CloudWatch's documentation, "Metrics retention").
struct Tier {
  std::int64_t period;
  std::int64_t kept;
};
constexpr std::int64_t day = 86'400;
constexpr Tier tiers[] = {
    {.period = 60, .kept = 15 * day}, {.period = 300, .kept = 63 * day}, {.period = 3600, .kept = 455 * day}};

std::int64_t whole_seconds(Duration duration) {
  return static_cast<std::int64_t>(std::llround(seconds(duration)));
}

std::int64_t round_up(std::int64_t value, std::int64_t to) {
  return (value + to - 1) / to * to;
}

/// The newest point of each step: what a poll at that time would have seen.
CloudWatchBatch::Points thin(const CloudWatchBatch::Points& points, PastRange range) {
  CloudWatchBatch::Points kept;
  const auto step_of = [&](UtcTime at) { return (at - range.from) / range.step; };
  for (const auto& point : points) {
    if (point.first < range.from || point.first >= range.to) continue;
    if (!kept.empty() && step_of(kept.back().first) == step_of(point.first)) kept.pop_back();
    kept.push_back(point);
  }
  return kept;
}

class CloudWatchSource final : public Source {
 public:
  CloudWatchSource(const definitions::MetricDefinition& metric, const definitions::Settings& settings,
                   net::Services& services, std::shared_ptr<CloudWatchBatch> batch)
      : services_(services),
        batch_(std::move(batch)),
        gather_(std::min({metric.polling_interval / 20, metric.timeout / 5, Duration(1s)})),
        period_(whole_seconds(settings.duration("period"))),
        window_(whole_seconds(settings.duration("duration"))),
        offset_(whole_seconds(settings.duration("end_offset"))) {
    if (settings.has("account_id")) query_["AccountId"] = settings.text("account_id");
    if (settings.has("expression")) {
      query_["Expression"] = settings.text("expression");
      return;
    }
    json dimensions = json::array();
    for (const auto& [name, value] : settings.map("dimensions"))
      dimensions.push_back({{"Name", name}, {"Value", value}});
    json stat = {{"Metric",
                  {{"Namespace", settings.text("namespace")},
                   {"MetricName", settings.text("metric_name")},
                   {"Dimensions", dimensions}}},
                 {"Stat", settings.text("statistic")}};
    if (settings.has("unit")) stat["Unit"] = settings.text("unit");
    adds_up_ = settings.text("statistic") == "Sum" || settings.text("statistic") == "SampleCount";
    query_["MetricStat"] = std::move(stat);
  }

  Task<Result<std::vector<Series>>> poll() override {
    // The window ends on a multiple of the period: one that ends now often has no newest point.
    const std::int64_t now = whole_seconds(services_.runtime.utc().time_since_epoch()) - offset_;
    const std::int64_t end = now - now % period_;
    const CloudWatchWindow window{.start = end - window_, .end = end};
    auto answer = co_await batch_->ask(query(period_), window, gather_);
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    std::vector<Series> out;
    for (const auto& [labels, points] : *answer) {
      if (points.empty()) continue;
      out.push_back({.labels = labels, .value = points.back().second, .at = points.back().first});
    }
    co_return out;
  }

  bool has_past() const override { return true; }

  /// Each age at the finest period that is still kept, from old to new.
  Task<Result<std::vector<PastSeries>>> past(PastRange range) override {
    if (range.step <= Duration{0}) co_return fail(ErrorCode::invalid_argument, "a step is above 0");
    const std::int64_t now = whole_seconds(services_.runtime.utc().time_since_epoch());
    std::int64_t start = std::max(whole_seconds(range.from.time_since_epoch()), now - tiers[2].kept);
    const std::int64_t end = whole_seconds(range.to.time_since_epoch());
    std::map<Labels, CloudWatchBatch::Points> found;
    for (int i = 2; i >= 0 && start < end; --i) {
      const auto finer = i == 0 ? end : std::min(end, now - tiers[i - 1].kept);
      if (start >= finer) continue;
      const auto period = round_up(std::max<std::int64_t>(period_, 60), tiers[i].period);
      const CloudWatchWindow window{.start = start - start % period, .end = round_up(finer, period)};
      auto answer = co_await batch_->ask(query(period), window, gather_);
      if (!answer) co_return std::unexpected(std::move(answer.error()));
      // A sum over a longer period is brought to the period that polls have.
      const double factor = adds_up_ ? static_cast<double>(period_) / static_cast<double>(period) : 1;
      for (const auto& [labels, points] : *answer) {
        auto& all = found[labels];
        for (const auto& [at, value] : points) all.emplace_back(at, value * factor);
      }
      start = window.end;
    }
    std::vector<PastSeries> out;
    for (const auto& [labels, points] : found) {
      auto kept = thin(points, range);
      if (!kept.empty()) out.push_back({.labels = labels, .points = std::move(kept)});
    }
    co_return out;
  }

 private:
  std::string query(std::int64_t period) const {
    json out = query_;
    (out.contains("MetricStat") ? out["MetricStat"] : out)["Period"] = period;
    return out.dump(-1, ' ', false, json::error_handler_t::replace);
  }

  net::Services& services_;
  std::shared_ptr<CloudWatchBatch> batch_;
  Duration gather_;  ///< how long a query waits for others to share its call
  std::int64_t period_;
  std::int64_t window_;
  std::int64_t offset_;
  bool adds_up_ = false;
  json query_ = json::object();
};

/// Who asks where: metrics with equal keys share calls.
std::string identity_of(const definitions::Settings& settings) {
  std::string out = format_duration(settings.duration("timeout"));
  for (const auto& key : definitions::aws_keys()) {
    const std::string value = settings.text(key.name);
    out += '\n' + std::to_string(value.size()) + ':' + value;
  }
  return out;
}

Result<std::unique_ptr<Source>> create_cloudwatch(const definitions::MetricDefinition& metric,
                                                  const definitions::Settings& settings,
                                                  net::Services& services) {
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
  Status made;
  auto batch = services.shared.get<CloudWatchBatch>(identity_of(given), [&] {
    auto client = services.aws.client(net::aws::cloudwatch, given);
    if (!client) made = std::unexpected(client.error());
    return client ? std::make_shared<CloudWatchBatch>(services.runtime, std::move(*client)) : nullptr;
  });
  if (!batch) return std::unexpected(made.error());
  return std::make_unique<CloudWatchSource>(metric, settings, services, std::move(batch));
}

}  // namespace

const Kind& cloudwatch() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::metric,
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
                 {.name = "account_id", .help = "The account to read, for cross-account observability."}},
                definitions::aws_keys()}),
           .delay = 6min,
           .permissions = "`cloudwatch:GetMetricData`.",
           .notes = "AWS' own metrics arrive 1 to 5 minutes late, and each metric asked for is billed: "
                    "do not poll more often than `period`.\n\nMetrics of one account, region and window "
                    "share calls of up to 500 queries; a query that CloudWatch refuses fails alone.\n\n"
                    "A forecast reads the past at the finest period that CloudWatch still keeps (1 minute "
                    "for 15 days, 5 minutes for 63, 1 hour for 455). `Sum` and `SampleCount` are brought "
                    "to `period`; an expression that adds up over its period is not."},
      .create = &create_cloudwatch};
  return kind;
}

}  // namespace wave::metrics
