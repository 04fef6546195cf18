#include <algorithm>

#include "definitions/common_keys.h"
#include "metrics/json_api.h"
#include "metrics/kinds.h"

namespace wave::metrics {
namespace {

using definitions::KeyType;

bool is_masters(std::string_view metric) {
  return metric == "cores_used_ratio" || metric == "waiting_apps";
}

bool is_streamings(std::string_view metric) {
  return metric.starts_with("streaming_") || metric == "scheduling_delay";
}

/// The members of a list, each an object.
Result<std::vector<JsonValue>> objects(const JsonValue& value) {
  auto list = value.list();
  if (!list) return list;
  for (const JsonValue& one : *list)
    if (!one.is_object()) return std::unexpected(one.wrong("an object"));
  return list;
}

/// Tasks of active and pending stages that nobody works on yet. A failed attempt is tried again, so it
/// counts.
Result<double> pending_tasks(const JsonValue& answer) {
  auto stages = objects(answer);
  if (!stages) return std::unexpected(stages.error());
  double sum = 0;
  for (const JsonValue& stage : *stages) {
    auto all = count_of(stage["numTasks"]);
    auto active = count_of(stage["numActiveTasks"]);
    auto complete = count_of(stage["numCompleteTasks"]);
    for (const auto* one : {&all, &active, &complete})
      if (!*one) return std::unexpected(one->error());
    sum += std::max(0.0, *all - *active - *complete);
  }
  return sum;
}

struct Executors {
  double count = 0;
  double active_tasks = 0;
  double most_tasks = 0;
};

/// A driver is among them with no room for tasks; in local mode it runs them.
Result<Executors> executors_of(const JsonValue& answer) {
  auto list = objects(answer);
  if (!list) return std::unexpected(list.error());
  if (list->empty()) return std::unexpected(bad_answer("there is not even a driver among the executors"));
  Executors out;
  for (const JsonValue& one : *list) {
    auto active = one["isActive"].flag();
    if (!active) return std::unexpected(active.error());
    auto most = count_of(one["maxTasks"]);
    if (!most) return std::unexpected(most.error());
    auto tasks = count_of(one["activeTasks"]);
    if (!tasks) return std::unexpected(tasks.error());
    if (!*active || *most == 0) continue;
    ++out.count;
    out.active_tasks += *tasks;
    out.most_tasks += *most;
  }
  return out;
}

class SparkSource final : public Source {
 public:
  SparkSource(std::unique_ptr<JsonApi> api, const definitions::Settings& settings)
      : api_(std::move(api)),
        metric_(settings.text("metric")),
        id_(settings.text("app_id")),
        name_(settings.text("app_name")),
        query_(settings.text("query_name")) {}

  Task<Result<std::vector<Series>>> poll() override {
    api_->begin();
    std::string target;
    if (is_masters(metric_)) {
      target = "/json/";
    } else if (!query_.empty()) {
      target = "/metrics/json/";
    } else {
      auto application = co_await find_application();
      if (!application) co_return std::unexpected(std::move(application.error()));
      target = "/api/v1/applications/" + *application + path();
    }
    auto answer = co_await api_->get(std::move(target));
    auto value = answer ? read(answer->root()) : std::unexpected(answer.error());
    if (!value) co_return std::unexpected(std::move(value.error()));
    std::vector<Series> out;
    if (!*value) co_return out;
    co_return one_series(**value);
  }

 private:
  /// The application that is named, else the newest that runs, as `id` or `id/attempt` (YARN).
  Task<Result<std::string>> find_application() {
    std::string target = "/api/v1/applications";
    target += id_.empty() ? "?status=running" : "/" + net::percent_encode(id_);
    auto answer = co_await api_->get(std::move(target));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    std::vector<JsonValue> applications;
    if (id_.empty()) {
      auto list = objects(answer->root());
      if (!list) co_return std::unexpected(std::move(list.error()));
      applications = std::move(*list);
    } else {
      applications.push_back(answer->root());
    }
    std::string best;
    double newest = 0;
    for (const JsonValue& one : applications) {
      if (!name_.empty() && one["name"].text_or("") != name_) continue;
      auto id = one["id"].text();
      if (!id) co_return std::unexpected(std::move(id.error()));
      auto attempts = objects(one["attempts"]);
      if (!attempts) co_return std::unexpected(std::move(attempts.error()));
      for (const JsonValue& attempt : *attempts) {
        auto begun = attempt["startTimeEpoch"].number();
        if (!begun) co_return std::unexpected(std::move(begun.error()));
        if (!best.empty() && *begun <= newest) continue;
        newest = *begun;
        best = net::percent_encode(*id);
        const auto number = attempt["attemptId"].text_or("");
        if (!number.empty()) best += "/" + net::percent_encode(number);
      }
    }
    if (best.empty())
      co_return fail(ErrorCode::not_found,
                     name_.empty() ? "no application runs" : "no application '" + name_ + "' runs", true);
    co_return best;
  }

  std::string path() const {
    if (is_streamings(metric_)) return "/streaming/statistics";
    if (metric_ == "pending_tasks") return "/stages?status=active&status=pending";
    if (metric_ == "pending_stages") return "/stages?status=pending";
    if (metric_ == "active_jobs") return "/jobs?status=running";
    return "/executors";
  }

  Result<std::optional<double>> read(const JsonValue& answer) const {
    if (is_masters(metric_)) return read_master(answer);
    if (is_streamings(metric_)) return query_.empty() ? read_batches(answer) : read_query(answer);
    if (metric_ == "pending_tasks") return pending_tasks(answer);
    if (metric_ == "pending_stages" || metric_ == "active_jobs") {
      auto list = objects(answer);
      if (!list) return std::unexpected(list.error());
      return static_cast<double>(list->size());
    }
    auto executors = executors_of(answer);
    if (!executors) return std::unexpected(executors.error());
    if (metric_ == "executors") return executors->count;
    if (metric_ == "active_tasks") return executors->active_tasks;
    if (executors->most_tasks == 0) return std::nullopt;
    return executors->active_tasks / executors->most_tasks;
  }

  Result<std::optional<double>> read_master(const JsonValue& answer) const {
    if (metric_ == "cores_used_ratio") {
      auto used = count_of(answer["coresused"]);
      if (!used) return std::unexpected(used.error());
      auto all = count_of(answer["cores"]);
      if (!all) return std::unexpected(all.error());
      if (*all == 0) return std::nullopt;
      return *used / *all;
    }
    auto applications = objects(answer["activeapps"]);
    if (!applications) return std::unexpected(applications.error());
    double waiting = 0;
    for (const JsonValue& one : *applications) {
      auto state = one["state"].text();
      if (!state) return std::unexpected(state.error());
      waiting += *state == "WAITING" ? 1 : 0;
    }
    return waiting;
  }

  /// DStreams: averages are absent before the first batch.
  Result<std::optional<double>> read_batches(const JsonValue& answer) const {
    if (!answer["batchDuration"].is_number())
      return std::unexpected(answer["batchDuration"].wrong("a number"));
    if (metric_ == "streaming_backlog") return count_of(answer["numActiveBatches"]);
    const JsonValue value = answer[metric_ == "scheduling_delay" ? "avgSchedulingDelay" : "avgInputRate"];
    if (!value.exists()) return std::nullopt;
    return value.number_or_null();
  }

  /// Structured Streaming shows its rates among the gauges of the driver only.
  Result<std::optional<double>> read_query(const JsonValue& answer) const {
    auto gauges = answer["gauges"].members();
    if (!gauges) return std::unexpected(gauges.error());
    const std::string name =
        ".driver.spark.streaming." + query_ +
        (metric_ == "streaming_input_rate" ? ".inputRate-total" : ".processingRate-total");
    std::optional<JsonValue> found;
    for (const auto& [key, gauge] : *gauges) {
      if (!key.ends_with(name)) continue;
      if (found) return std::unexpected(bad_answer("several applications have a query '" + query_ + "'"));
      found = gauge["value"];
    }
    if (found) return found->number_or_text();
    return std::unexpected(Error{.code = ErrorCode::not_found,
                                 .message = "the driver has no gauges of a query '" + query_ + "'",
                                 .retryable = true,
                                 .hint = "it has them with spark.sql.streaming.metricsEnabled=true"});
  }

  std::unique_ptr<JsonApi> api_;
  std::string metric_;
  std::string id_;
  std::string name_;
  std::string query_;
};

Result<std::unique_ptr<Source>> create_spark(const definitions::MetricDefinition& metric,
                                             const definitions::Settings& settings, net::Services& services) {
  const std::string what = settings.text("metric");
  const std::string source = settings.text("source");
  const bool has_application =
      settings.has("app_id") || settings.has("app_name") || settings.has("query_name");
  if (is_masters(what) && (has_application || (!source.empty() && source != "master")))
    return fail(ErrorCode::invalid_argument, "metric " + what + " is of the master, not of an application");
  if (!is_masters(what) && source == "master")
    return fail(ErrorCode::invalid_argument, "the master has the metrics cores_used_ratio and waiting_apps");
  if (settings.has("app_id") && settings.has("app_name"))
    return fail(ErrorCode::invalid_argument, "give either 'app_id' or 'app_name'");
  const bool is_query = settings.has("query_name");
  const bool has_rates = what == "streaming_input_rate" || what == "streaming_processing_rate";
  if (is_query && (!has_rates || source == "history"))
    return fail(ErrorCode::invalid_argument,
                "'query_name' gives streaming_input_rate and streaming_processing_rate, of a driver");
  if (!is_query && what == "streaming_processing_rate")
    return fail(ErrorCode::invalid_argument, "metric streaming_processing_rate needs 'query_name'");
  auto api = JsonApi::create(metric, settings, services);
  if (!api) return std::unexpected(api.error());
  return std::make_unique<SparkSource>(std::move(*api), settings);
}

}  // namespace

const Kind& spark() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::metric,
           .name = "spark",
           .vendor = "spark",
           .summary = "Tasks, executors and streams of an Apache Spark application, or a standalone master.",
           .keys = definitions::join(
               {{{.name = "endpoint",
                  .type = KeyType::url,
                  .help = "The driver's UI, a history server, or a master's UI.",
                  .required = true,
                  .example = "http://driver:4040"},
                 {.name = "source",
                  .type = KeyType::choice,
                  .help = "What `endpoint` is; without it, what the metric needs.",
                  .choices = "driver|history|master"},
                 {.name = "metric",
                  .type = KeyType::choice,
                  .help = "What is counted.",
                  .default_value = "pending_tasks",
                  .choices = "pending_tasks|active_tasks|pending_stages|active_jobs|executors|"
                             "executor_utilization|streaming_input_rate|streaming_processing_rate|"
                             "streaming_backlog|scheduling_delay|cores_used_ratio|waiting_apps"},
                 {.name = "app_id", .help = "The application; it changes at each start."},
                 {.name = "app_name",
                  .help = "The application by name; without either, the newest that runs.",
                  .example = "etl"},
                 {.name = "query_name",
                  .help =
                      "A query of Structured Streaming; without it the streaming metrics are of DStreams.",
                  .example = "orders"}},
                definitions::http_keys()}),
           .notes =
               "`pending_tasks` are the tasks of active and pending stages that nobody works on yet. "
               "`streaming_backlog` is the number of batches that wait or run, `scheduling_delay` is in "
               "milliseconds; both are of DStreams. Structured Streaming shows rates only, with "
               "`spark.sql.streaming.metricsEnabled=true`; its backlog is the lag of its source, such as of "
               "`kafka`.\n\nThe UI ends with its application: a refused connection is an error, not 0. A "
               "history "
               "server is late: do not scale on it. Scale workers (standalone, Kubernetes); Spark's dynamic "
               "allocation already moves executors."},
      .create = &create_spark};
  return kind;
}

}  // namespace wave::metrics
