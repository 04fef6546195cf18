#include <algorithm>

#include <nlohmann/json.hpp>

#include "definitions/common_keys.h"
#include "metrics/json_api.h"
#include "metrics/kinds.h"

namespace wave::metrics {
namespace {

using definitions::KeyType;
using nlohmann::json;

constexpr int most_pages_of_history = 50;
constexpr int runs_a_page = 1000;
constexpr int points_a_page = 25'000;
constexpr std::string_view statuses[] = {"RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"};

/// One logged value.
struct Point {
  UtcTime at;
  double value = 0;
};

/// MLflow's JSON is protobuf's: a 64-bit integer is a number or a text, and so are NaN and infinities.
Result<std::optional<Point>> point_of(const JsonValue& metric) {
  auto value = metric["value"].number_or_text();
  if (!value) return std::unexpected(value.error());
  auto time = metric["timestamp"].number_or_text();
  if (!time) return std::unexpected(time.error());
  if (!*value) return std::nullopt;
  if (!*time) return std::unexpected(metric["timestamp"].wrong("a time"));
  return Point{.at = from_epoch_seconds(**time / 1000), .value = **value};
}

/// The value of a run that its metrics show: the newest at the largest step.
Result<std::optional<Point>> metric_of(const JsonValue& run, const std::string& key) {
  if (run["info"]["lifecycle_stage"].text_or("active") == "deleted")
    return fail(ErrorCode::not_found, "the run is deleted");
  if (!run["info"]["run_id"].is_text()) return std::unexpected(run["info"]["run_id"].wrong("text"));
  const JsonValue metrics = run["data"]["metrics"];
  // Protobuf's JSON leaves out what is empty.
  if (!metrics.exists()) return std::nullopt;
  auto list = metrics.list();
  if (!list) return std::unexpected(list.error());
  for (const JsonValue& one : *list)
    if (one["key"].text_or("") == key) return point_of(one);
  return std::nullopt;
}

class MlflowSource final : public Source {
 public:
  MlflowSource(std::unique_ptr<JsonApi> api, const Clock& clock, const definitions::Settings& settings)
      : api_(std::move(api)),
        clock_(clock),
        metric_(settings.text("metric")),
        key_(settings.text("metric_key")),
        run_id_(settings.text("run_id")),
        experiment_id_(settings.text("experiment_id")),
        experiment_name_(settings.text("experiment_name")),
        filter_(settings.text("filter")),
        order_by_(settings.text("order_by")),
        how_(settings.text("aggregation")),
        window_(settings.duration("history_window")),
        statuses_(settings.list("run_status")) {}

  Task<Result<std::vector<Series>>> poll() override {
    api_->begin();
    Result<std::optional<Point>> point;
    if (metric_ == "run_count") {
      point = co_await count_runs();
    } else if (metric_ == "best_metric") {
      point = co_await best();
    } else if (metric_ == "history_agg") {
      point = co_await aggregate();
    } else {
      point = co_await latest();
    }
    if (!point) co_return std::unexpected(std::move(point.error()));
    std::vector<Series> out;
    if (!*point) co_return out;
    std::optional<UtcTime> at;
    if (metric_ == "latest_metric") at = (*point)->at;
    co_return one_series((*point)->value, at);
  }

  bool has_past() const override { return metric_ == "latest_metric"; }

  /// Of the run, or of the newest of the experiment; the last point of each step.
  Task<Result<std::vector<PastSeries>>> past(PastRange range) override {
    if (range.step <= Duration{0}) co_return fail(ErrorCode::invalid_argument, "a step is above 0");
    api_->begin();
    auto run = co_await find_run();
    if (!run) co_return std::unexpected(std::move(run.error()));
    std::vector<PastSeries> out;
    if (run->empty()) co_return out;
    auto points = co_await history(*run, range.from, range.to);
    if (!points) co_return std::unexpected(std::move(points.error()));
    std::map<std::int64_t, Point> by_step;
    for (const Point& one : *points) {
      auto& place = by_step[(one.at - range.from) / range.step];
      if (one.at >= place.at) place = one;
    }
    PastSeries series;
    for (const auto& [step, point] : by_step) series.points.emplace_back(point.at, point.value);
    if (!series.points.empty()) out.push_back(std::move(series));
    co_return out;
  }

 private:
  Task<Result<JsonAnswer>> get(std::string path, net::Headers fields) {
    std::string target = "/api/2.0/mlflow/" + path + "?" + net::form_encode(fields);
    auto answer = co_await api_->get(std::move(target));
    co_return answer;
  }

  /// The id of the experiment that is named.
  Task<Status> find_experiment() {
    if (!experiment_id_.empty()) co_return Status{};
    net::Headers fields = {{"experiment_name", experiment_name_}};
    auto answer = co_await get("experiments/get-by-name", std::move(fields));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    const JsonValue found = (*answer)["experiment"];
    if (found["lifecycle_stage"].text_or("active") == "deleted")
      co_return fail(ErrorCode::not_found, "the experiment '" + experiment_name_ + "' is deleted");
    auto id = found["experiment_id"].text();
    if (!id) co_return std::unexpected(std::move(id.error()));
    experiment_id_ = *id;
    co_return Status{};
  }

  /// One page of the experiment's runs; `more` holds the token of the next.
  Task<Result<JsonAnswer>> search(std::string status, int count, std::string more) {
    std::string filter = filter_;
    if (!status.empty()) filter += (filter.empty() ? "" : " AND ") + ("attributes.status = '" + status + "'");
    json body = {{"experiment_ids", {experiment_id_}}, {"max_results", count}, {"order_by", {order_by_}}};
    if (!filter.empty()) body["filter"] = filter;
    if (!more.empty()) body["page_token"] = more;
    std::string text = body.dump(-1, ' ', false, json::error_handler_t::replace);
    auto answer = co_await api_->post("/api/2.0/mlflow/runs/search", std::move(text));
    co_return answer;
  }

  std::string status() const { return statuses_.empty() ? std::string() : statuses_.front(); }

  static Result<std::vector<JsonValue>> runs_of(const JsonAnswer& answer) {
    if (!answer.root().is_object()) return std::unexpected(answer.root().wrong("an object"));
    if (!answer["runs"].exists()) return std::vector<JsonValue>{};
    return answer["runs"].list();
  }

  Task<Result<std::optional<Point>>> latest() {
    if (!run_id_.empty()) {
      net::Headers fields = {{"run_id", run_id_}};
      auto answer = co_await get("runs/get", std::move(fields));
      if (!answer) co_return std::unexpected(std::move(answer.error()));
      co_return metric_of((*answer)["run"], key_);
    }
    auto found = co_await find_experiment();
    if (!found) co_return std::unexpected(std::move(found.error()));
    auto answer = co_await search(status(), 1, "");
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    auto runs = runs_of(*answer);
    if (!runs) co_return std::unexpected(std::move(runs.error()));
    if (runs->empty()) co_return std::nullopt;
    co_return metric_of(runs->front(), key_);
  }

  using Visit = std::function<Status(const JsonValue&)>;

  /// Every run with each of the statuses (no status: one search without).
  Task<Status> each_run(Visit visit) {
    auto found = co_await find_experiment();
    if (!found) co_return std::unexpected(std::move(found.error()));
    auto wanted = statuses_;
    if (wanted.empty()) wanted.emplace_back();
    for (const std::string& status : wanted) {
      std::string more;
      for (int page = 0; page == 0 || !more.empty(); ++page) {
        if (page == most_pages_of_history)
          co_return fail(ErrorCode::limit_exceeded, "more than 50,000 runs match");
        auto answer = co_await search(status, runs_a_page, more);
        auto runs = answer ? runs_of(*answer) : std::unexpected(answer.error());
        if (!runs) co_return std::unexpected(std::move(runs.error()));
        for (const JsonValue& run : *runs) {
          auto ok = visit(run);
          if (!ok) co_return std::unexpected(std::move(ok.error()));
        }
        more = (*answer)["next_page_token"].text_or("");
      }
    }
    co_return Status{};
  }

  Task<Result<std::optional<Point>>> count_runs() {
    Point count{.at = clock_.utc()};
    Visit visit = [&count](const JsonValue& run) -> Status {
      if (!run["info"]["run_id"].is_text()) return std::unexpected(run["info"]["run_id"].wrong("text"));
      ++count.value;
      return {};
    };
    auto ok = co_await each_run(std::move(visit));
    if (!ok) co_return std::unexpected(std::move(ok.error()));
    co_return count;
  }

  Task<Result<std::optional<Point>>> best() {
    std::optional<Point> best;
    Visit visit = [this, &best](const JsonValue& run) -> Status {
      auto point = metric_of(run, key_);
      if (!point) return std::unexpected(point.error());
      if (!*point) return {};
      const bool is_better =
          !best || (how_ == "min" ? (*point)->value < best->value : (*point)->value > best->value);
      if (is_better) best = **point;
      return {};
    };
    auto ok = co_await each_run(std::move(visit));
    if (!ok) co_return std::unexpected(std::move(ok.error()));
    co_return best;
  }

  /// The run of `run_id`, or the newest of the experiment; empty when there is none.
  Task<Result<std::string>> find_run() {
    if (!run_id_.empty()) co_return run_id_;
    auto found = co_await find_experiment();
    if (!found) co_return std::unexpected(std::move(found.error()));
    auto answer = co_await search(status(), 1, "");
    auto runs = answer ? runs_of(*answer) : std::unexpected(answer.error());
    if (!runs) co_return std::unexpected(std::move(runs.error()));
    if (runs->empty()) co_return std::string();
    auto id = runs->front()["info"]["run_id"].text();
    if (!id) co_return std::unexpected(std::move(id.error()));
    co_return std::string(*id);
  }

  /// The points in `[from, to)`, in the order in which they were logged.
  Task<Result<std::vector<Point>>> history(std::string run, UtcTime from, UtcTime to) {
    std::vector<Point> points;
    std::string more;
    for (int page = 0; page == 0 || !more.empty(); ++page) {
      if (page == most_pages_of_history)
        co_return fail(ErrorCode::limit_exceeded, "the metric's history is too long");
      net::Headers fields = {
          {"run_id", run}, {"metric_key", key_}, {"max_results", std::to_string(points_a_page)}};
      if (!more.empty()) fields.emplace_back("page_token", more);
      auto answer = co_await get("metrics/get-history", std::move(fields));
      if (!answer) co_return std::unexpected(std::move(answer.error()));
      if (!answer->root().is_object()) co_return std::unexpected(answer->root().wrong("an object"));
      more = (*answer)["next_page_token"].text_or("");
      if (!(*answer)["metrics"].exists()) continue;
      auto list = (*answer)["metrics"].list();
      if (!list) co_return std::unexpected(std::move(list.error()));
      for (const JsonValue& one : *list) {
        auto point = point_of(one);
        if (!point) co_return std::unexpected(std::move(point.error()));
        if (*point && (*point)->at >= from && (*point)->at < to) points.push_back(**point);
      }
    }
    co_return points;
  }

  Task<Result<std::optional<Point>>> aggregate() {
    auto run = co_await find_run();
    if (!run) co_return std::unexpected(std::move(run.error()));
    if (run->empty()) co_return std::nullopt;
    const UtcTime now = clock_.utc();
    auto points = co_await history(*run, now - window_, now + Duration(1s));
    if (!points) co_return std::unexpected(std::move(points.error()));
    if (points->empty()) co_return std::nullopt;
    Point out{.at = now, .value = points->front().value};
    for (std::size_t i = 1; i < points->size(); ++i) {
      const double value = (*points)[i].value;
      if (how_ == "min") out.value = std::min(out.value, value);
      if (how_ == "max") out.value = std::max(out.value, value);
      if (how_ == "sum" || how_ == "avg") out.value += value;
    }
    if (how_ == "avg") out.value /= static_cast<double>(points->size());
    co_return out;
  }

  std::unique_ptr<JsonApi> api_;
  const Clock& clock_;
  std::string metric_;
  std::string key_;
  std::string run_id_;
  std::string experiment_id_;
  std::string experiment_name_;
  std::string filter_;
  std::string order_by_;
  std::string how_;
  Duration window_;
  std::vector<std::string> statuses_;
};

Result<std::unique_ptr<Source>> create_mlflow(const definitions::MetricDefinition& metric,
                                              const definitions::Settings& settings,
                                              net::Services& services) {
  const std::string what = settings.text("metric");
  const int places =
      int(settings.has("run_id")) + int(settings.has("experiment_id")) + int(settings.has("experiment_name"));
  if (places != 1)
    return fail(ErrorCode::invalid_argument, "give one of 'run_id', 'experiment_id' and 'experiment_name'");
  if ((what == "run_count") == settings.has("metric_key"))
    return fail(ErrorCode::invalid_argument, "'metric_key' is needed by every metric but run_count");
  if (settings.has("run_id") && (what == "run_count" || what == "best_metric"))
    return fail(ErrorCode::invalid_argument, "metric " + what + " is of an experiment, not of a run");
  auto given = settings;
  const std::string how = settings.text("aggregation");
  if (how.empty()) given.set("aggregation", std::string(what == "best_metric" ? "max" : "avg"));
  if (what == "best_metric" && !how.empty() && how != "min" && how != "max")
    return fail(ErrorCode::invalid_argument, "the 'aggregation' of best_metric is min or max");
  for (const auto& status : settings.list("run_status")) {
    if (std::ranges::find(statuses, status) == std::end(statuses))
      return fail(ErrorCode::invalid_argument,
                  "'run_status' is RUNNING, SCHEDULED, FINISHED, FAILED or KILLED");
  }
  const bool takes_one = what == "latest_metric" || what == "history_agg";
  if (takes_one && settings.list("run_status").size() > 1)
    return fail(ErrorCode::invalid_argument, "metric " + what + " takes one 'run_status'");
  if (what == "run_count" && settings.list("run_status").empty())
    given.set("run_status", definitions::Settings::List{"RUNNING"});
  auto api = JsonApi::create(metric, settings, services);
  if (!api) return std::unexpected(api.error());
  return std::make_unique<MlflowSource>(std::move(*api), services.runtime, given);
}

}  // namespace

const Kind& mlflow() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::metric,
           .name = "mlflow",
           .vendor = "mlflow",
           .summary = "A metric that runs log to an MLflow tracking server, or how many runs there are.",
           .keys = definitions::join(
               {{{.name = "endpoint",
                  .type = KeyType::url,
                  .help = "The tracking server, with its static prefix where it has one.",
                  .required = true,
                  .alias = "tracking_uri",
                  .example = "http://mlflow:5000"},
                 {.name = "metric",
                  .type = KeyType::choice,
                  .help = "The value logged last; the best of an experiment's runs; an aggregate of a run's "
                          "newest history; the number of runs.",
                  .default_value = "latest_metric",
                  .choices = "latest_metric|best_metric|history_agg|run_count"},
                 {.name = "metric_key", .help = "The metric's name in MLflow.", .example = "queue_len"},
                 {.name = "run_id", .help = "One run."},
                 {.name = "experiment_id", .help = "An experiment: its newest run, or all of them."},
                 {.name = "experiment_name", .help = "The same by name.", .example = "train"},
                 {.name = "filter",
                  .help = "Only runs that this search expression finds.",
                  .example = "tags.stage = 'prod'"},
                 {.name = "order_by",
                  .help = "Which run of an experiment is the newest.",
                  .default_value = "attributes.start_time DESC"},
                 {.name = "run_status",
                  .type = KeyType::list,
                  .help = "Only runs of these statuses; `run_count` without it counts RUNNING ones.",
                  .example = "[RUNNING, SCHEDULED]"},
                 {.name = "aggregation",
                  .type = KeyType::choice,
                  .help = "How `history_agg` (avg without it) and `best_metric` (max) make one number.",
                  .choices = "avg|min|max|sum"},
                 {.name = "history_window",
                  .type = KeyType::duration,
                  .help = "How far back `history_agg` looks.",
                  .default_value = "5m"}},
                definitions::http_keys()}),
           .notes =
               "MLflow shows the newest value at the largest step, which need not be the latest in time; the "
               "sample's age is that value's.\n\nNaN and infinities count as no value. A server from 3.5 on "
               "answers 403 to host names that its `--allowed-hosts` does not hold."},
      .create = &create_mlflow};
  return kind;
}

}  // namespace wave::metrics
