#include <algorithm>

#include "definitions/common_keys.h"
#include "metrics/databricks/statement.h"
#include "metrics/kinds.h"

namespace wave::metrics {
namespace {

using definitions::KeyType;

constexpr int most_pages_of_runs = 100;
/// Azure Databricks as a resource of Entra ID, in every tenant.
constexpr const char* azure_scope = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default";

/// Which key a metric is about.
std::string_view subject_of(std::string_view metric) {
  if (metric.starts_with("warehouse_") || metric == "sql") return "warehouse_id";
  if (metric == "cluster_workers") return "cluster_id";
  if (metric.starts_with("pool_")) return "instance_pool_id";
  return "";
}

/// Databricks leaves out fields that are zero, so a missing count is 0 where the thing itself is told.
Result<double> count_or_zero(const JsonValue& value) {
  return value.exists() ? count_of(value) : 0.0;
}

class DatabricksSource final : public Source {
 public:
  DatabricksSource(std::unique_ptr<JsonApi> api, Runtime& runtime, const definitions::Settings& settings,
                   DatabricksStatement statement, Duration timeout)
      : api_(std::move(api)),
        runtime_(runtime),
        statement_(std::move(statement)),
        timeout_(timeout),
        metric_(settings.text("metric")),
        job_(settings.text("job_id")),
        states_(settings.list("states")),
        subject_(net::percent_encode(settings.text(subject_of(metric_)))) {
    if (metric_ == "job_queued_runs" && states_.empty()) states_.emplace_back("QUEUED");
  }

  Task<Result<std::vector<Series>>> poll() override {
    api_->begin();
    if (metric_ == "sql") {
      auto series = co_await statement_.run(*api_, runtime_, timeout_);
      co_return series;
    }
    if (metric_.starts_with("job_") || metric_.ends_with("_queries")) {
      auto count = co_await count_pages();
      if (!count) co_return std::unexpected(std::move(count.error()));
      std::vector<Series> none;
      if (!*count) co_return none;
      co_return one_series(**count);
    }
    std::string target = "/api/2.0/sql/warehouses/" + subject_;
    if (metric_ == "cluster_workers") target = "/api/2.1/clusters/get?cluster_id=" + subject_;
    if (metric_.starts_with("pool_")) target = "/api/2.0/instance-pools/get?instance_pool_id=" + subject_;
    auto answer = co_await api_->get(std::move(target));
    auto value = answer ? read(answer->root()) : std::unexpected(answer.error());
    if (!value) co_return std::unexpected(std::move(value.error()));
    co_return one_series(*value);
  }

 private:
  std::string list_target() const {
    if (metric_.starts_with("job_")) {
      std::string out = "/api/2.2/jobs/runs/list?active_only=true&limit=24";
      return job_.empty() ? out : out + "&job_id=" + net::percent_encode(job_);
    }
    const char* status = metric_ == "warehouse_queued_queries" ? "QUEUED" : "RUNNING";
    return "/api/2.0/sql/history/queries?filter_by.warehouse_ids=" + subject_ +
           "&filter_by.statuses=" + status + "&max_results=1000";
  }

  /// How many entries of all pages count; none: an answer that says nothing (`{}`).
  Task<Result<std::optional<double>>> count_pages() {
    const bool is_jobs = metric_.starts_with("job_");
    double count = 0;
    std::string more;
    for (int page = 0; page < most_pages_of_runs; ++page) {
      std::string target = list_target();
      if (!more.empty()) target += "&page_token=" + net::percent_encode(more);
      auto answer = co_await api_->get(std::move(target));
      if (!answer) co_return std::unexpected(std::move(answer.error()));
      const JsonValue root = answer->root();
      if (!root.is_object()) co_return std::unexpected(root.wrong("an object"));
      const JsonValue entries = root[is_jobs ? "runs" : "res"];
      const JsonValue next = root[is_jobs ? "has_more" : "has_next_page"];
      more = root["next_page_token"].text_or("");
      if (!entries.exists() && !next.exists() && more.empty()) co_return std::nullopt;
      auto added = entries.exists() ? count_entries(entries) : Result<double>(0.0);
      if (!added) co_return std::unexpected(std::move(added.error()));
      count += *added;
      if (more.empty() && next.is_true()) co_return std::unexpected(bad_answer("the next page has no token"));
      if (more.empty() || next.is_false()) co_return count;
    }
    co_return fail(ErrorCode::limit_exceeded, "the list has more than 100 pages");
  }

  Result<double> count_entries(const JsonValue& entries) const {
    auto list = entries.list();
    if (!list) return std::unexpected(list.error());
    double count = 0;
    for (const JsonValue& one : *list) {
      const bool is_run = metric_.starts_with("job_");
      // Runs have a state of version 2 and one of before.
      const JsonValue newer = is_run ? one["status"]["state"] : one["status"];
      const JsonValue older = one["state"]["life_cycle_state"];
      auto state = is_run && !newer.exists() ? older.text() : newer.text();
      if (!state) return std::unexpected(state.error());
      const bool is_counted =
          !is_run || states_.empty() || std::ranges::find(states_, *state) != states_.end();
      count += is_counted ? 1 : 0;
    }
    return count;
  }

  Result<double> read(const JsonValue& answer) const {
    const bool is_warehouse = metric_ == "warehouse_clusters";
    const JsonValue id = answer[is_warehouse ? std::string_view("id") : subject_of(metric_)];
    if (!id.is_text()) return std::unexpected(id.wrong("text"));
    auto state = answer["state"].text();
    if (!state) return std::unexpected(state.error());
    if (is_warehouse) return count_or_zero(answer["num_clusters"]);
    if (metric_ == "cluster_workers") {
      if (*state == "TERMINATED" || *state == "TERMINATING") return 0.0;
      // num_workers is what is wanted, executors are what is there.
      if (!answer["executors"].exists()) return count_or_zero(answer["num_workers"]);
      auto executors = answer["executors"].list();
      if (!executors) return std::unexpected(executors.error());
      return static_cast<double>(executors->size());
    }
    const JsonValue stats = answer["stats"];
    if (!stats.exists()) return 0.0;
    if (!stats.is_object()) return std::unexpected(stats.wrong("an object"));
    return count_or_zero(stats[metric_ == "pool_idle" ? "idle_count" : "used_count"]);
  }

  std::unique_ptr<JsonApi> api_;
  Runtime& runtime_;
  DatabricksStatement statement_;
  Duration timeout_;
  std::string metric_;
  std::string job_;
  std::vector<std::string> states_;
  std::string subject_;
};

/// Which of Databricks' ways to sign in the keys mean, as those that every connector has.
Status add_sign_in(definitions::Settings& settings) {
  const bool is_azure = settings.has("azure_tenant_id") || settings.has("azure_client_id");
  const bool is_principal = settings.has("client_id") && !settings.has("token_url");
  if (is_azure) {
    for (const char* key : {"azure_tenant_id", "azure_client_id", "azure_client_secret"})
      if (settings.text(key).empty())
        return fail(ErrorCode::invalid_argument, std::string("a principal of Azure needs '") + key + "'");
    std::string authority = settings.text("azure_authority");
    while (authority.ends_with('/')) authority.pop_back();
    settings.set("token_url", authority + "/" + net::percent_encode(settings.text("azure_tenant_id")) +
                                  "/oauth2/v2.0/token");
    settings.set("client_id", settings.text("azure_client_id"));
    settings.set("client_secret", settings.text("azure_client_secret"));
    settings.set("scopes", definitions::Settings::List{azure_scope});
  } else if (is_principal) {
    settings.set("token_url", settings.text("endpoint") + "/oidc/v1/token");
    settings.set("token_auth", std::string("basic"));
    if (settings.list("scopes").empty()) settings.set("scopes", definitions::Settings::List{"all-apis"});
  }
  if (!settings.has("auth") && (is_azure || is_principal)) settings.set("auth", std::string("oauth2"));
  return {};
}

Result<std::unique_ptr<Source>> create_databricks(const definitions::MetricDefinition& metric,
                                                  const definitions::Settings& settings,
                                                  net::Services& services) {
  const std::string what = settings.text("metric");
  const auto subject = subject_of(what);
  if (!subject.empty() && settings.text(subject).empty())
    return fail(ErrorCode::invalid_argument, "metric " + what + " needs '" + std::string(subject) + "'");
  if ((what == "sql") == settings.text("query").empty())
    return fail(ErrorCode::invalid_argument, "'query' and the metric sql come together");
  auto given = settings;
  std::string host = settings.text("endpoint");
  if (host.find("://") == std::string::npos) host = "https://" + host;
  while (host.ends_with('/')) host.pop_back();
  given.set("endpoint", host);
  if (auto ok = add_sign_in(given); !ok) return std::unexpected(ok.error());
  auto statement = DatabricksStatement::create(settings);
  if (!statement) return std::unexpected(statement.error());
  auto api = JsonApi::create(metric, given, services);
  if (!api) return std::unexpected(api.error());
  return std::make_unique<DatabricksSource>(std::move(*api), services.runtime, settings,
                                            std::move(*statement), metric.timeout);
}

std::vector<definitions::Key> keys_of_databricks() {
  return {
      {.name = "endpoint",
       .help = "The workspace, with or without https://.",
       .required = true,
       .alias = "host",
       .example = "dbc-a1b2c3d4-5678.cloud.databricks.com"},
      {.name = "metric",
       .type = KeyType::choice,
       .help = "What is counted, or the number of a SQL statement.",
       .required = true,
       .choices = "job_queued_runs|job_active_runs|warehouse_queued_queries|warehouse_running_queries|"
                  "warehouse_clusters|cluster_workers|pool_idle|pool_used|sql",
       .example = "warehouse_queued_queries"},
      {.name = "job_id", .help = "Only runs of this job.", .example = "42"},
      {.name = "states",
       .type = KeyType::list,
       .help = "Which runs count: QUEUED for job_queued_runs, every active one for job_active_runs.",
       .example = "[QUEUED, PENDING]"},
      {.name = "warehouse_id", .help = "The SQL warehouse.", .example = "1234567890abcdef"},
      {.name = "cluster_id", .help = "The cluster of cluster_workers."},
      {.name = "instance_pool_id", .help = "The pool of pool_idle and pool_used."},
      {.name = "query", .help = "The statement of `metric: sql`; its result is a number, or rows of them."},
      {.name = "catalog", .help = "The statement's catalog."},
      {.name = "schema", .help = "The statement's schema."},
      {.name = "wait_timeout",
       .type = KeyType::duration,
       .help = "How long Databricks may hold the first answer: 0s, or 5s to 50s and less than `timeout`.",
       .default_value = "10s"},
      {.name = "poll_interval",
       .type = KeyType::duration,
       .help = "How often a statement that still runs is asked for.",
       .default_value = "500ms"},
      {.name = "allow_start",
       .type = KeyType::boolean,
       .help = "A statement may start a stopped warehouse, which costs money.",
       .default_value = "false"},
      {.name = "azure_tenant_id", .help = "The tenant of a service principal of Azure."},
      {.name = "azure_client_id", .help = "Its application id."},
      {.name = "azure_client_secret", .help = "Its secret.", .secret = true},
      {.name = "azure_authority",
       .type = KeyType::url,
       .help = "Where Azure gives tokens; another one in sovereign clouds.",
       .default_value = "https://login.microsoftonline.com"},
  };
}

}  // namespace

const Kind& databricks() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::metric,
           .name = "databricks",
           .vendor = "databricks",
           .summary = "Job runs, queries, clusters and pools of a Databricks workspace, or a SQL statement.",
           .keys =
               definitions::join({keys_of_databricks(), definitions::row_keys(), definitions::http_keys()}),
           .permissions = "`CAN VIEW` on the job, warehouse or cluster that is read; `CAN MONITOR` on a "
                          "warehouse for the queries of others; `CAN USE` on it for `metric: sql`.",
           .notes =
               "Sign in with a personal access token (`token`), a service principal (`client_id` and "
               "`client_secret`), or one of Azure (`azure_*`).\n\nA statement on a stopped warehouse would "
               "start it and keep it running, so it is refused unless `allow_start` says otherwise; the "
               "other metrics never start anything. A statement that is not done within `timeout` is "
               "cancelled: give it 30 s.\n\nDo not scale what Databricks scales itself by these numbers."},
      .create = &create_databricks};
  return kind;
}

}  // namespace wave::metrics
