#include <algorithm>

#include <nlohmann/json.hpp>

#include "definitions/common_keys.h"
#include "metrics/json_api.h"
#include "metrics/kinds.h"

namespace wave::metrics {
namespace {

using definitions::KeyType;
using nlohmann::json;

class LuigiSource final : public Source {
 public:
  LuigiSource(std::unique_ptr<JsonApi> api, const definitions::Settings& settings)
      : api_(std::move(api)),
        metric_(settings.text("metric")),
        family_(settings.text("task_family")),
        search_(settings.text("search")),
        upstream_(settings.text("upstream_status")),
        resource_(settings.text("resource")),
        worker_(settings.text("worker")) {}

  Task<Result<std::vector<Series>>> poll() override {
    api_->begin();
    if (metric_ == "workers" || metric_ == "worker_pending") {
      auto answer = co_await call("worker_list", json::object());
      auto count = answer ? count_workers((*answer)["response"]) : std::unexpected(answer.error());
      if (!count) co_return std::unexpected(std::move(count.error()));
      if (metric_ == "workers") co_return one_series(*count);
      json who = {{"worker", worker_}};
      auto pending = co_await call("count_pending", std::move(who));
      auto value =
          pending ? count_of((*pending)["response"]["n_pending_tasks"]) : std::unexpected(pending.error());
      if (!value) co_return std::unexpected(std::move(value.error()));
      co_return one_series(*value);
    }
    const bool is_resource = metric_.starts_with("resource_");
    std::string method = is_resource ? "resource_list" : "task_list";
    json what = arguments(is_resource);
    auto answer = co_await call(std::move(method), std::move(what));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    const JsonValue response = (*answer)["response"];
    auto value = is_resource ? resource(response) : count_tasks(response);
    if (!value) co_return std::unexpected(std::move(value.error()));
    co_return one_series(*value);
  }

 private:
  Task<Result<JsonAnswer>> call(std::string method, json arguments) {
    const std::string data = arguments.dump(-1, ' ', false, json::error_handler_t::replace);
    std::string target = "/api/" + method + "?data=" + net::percent_encode(data);
    auto answer = co_await api_->get(std::move(target));
    co_return answer;
  }

  json arguments(bool is_resource) const {
    if (is_resource) return json::object();
    const char* status = metric_ == "running_tasks" ? "RUNNING" : "PENDING";
    if (metric_ == "failed_tasks") status = "FAILED";
    json out = {{"status", status}, {"upstream_status", upstream_}};
    if (!search_.empty()) out["search"] = search_;
    // luigid counts cheaply where it need not look at the tasks; with an upstream status its count is -1.
    if (family_.empty() && upstream_.empty()) {
      out["max_shown_tasks"] = 1;
    } else {
      out["limit"] = false;
    }
    return out;
  }

  /// Tasks by their id, or their number where they are many.
  Result<double> count_tasks(const JsonValue& response) const {
    if (response["num_tasks"].is_number()) {
      if (!family_.empty()) return std::unexpected(bad_answer("luigid listed no tasks, only their number"));
      return count_of(response["num_tasks"]);
    }
    auto tasks = response.members();
    if (!tasks) return std::unexpected(tasks.error());
    double count = 0;
    for (const auto& [id, task] : *tasks) {
      if (!task["status"].is_text()) return std::unexpected(task["status"].wrong("text"));
      if (!family_.empty() && task["name"].text_or("") != family_) continue;
      ++count;
    }
    return count;
  }

  /// The active ones. A worker that is asked for must be there: asking luigid for its tasks would make it.
  Result<double> count_workers(const JsonValue& response) const {
    auto workers = response.list();
    if (!workers) return std::unexpected(workers.error());
    double active = 0;
    bool is_there = worker_.empty();
    for (const JsonValue& one : *workers) {
      auto name = one["name"].text();
      if (!name) return std::unexpected(name.error());
      is_there = is_there || *name == worker_;
      active += one["state"].text_or("active") == "active" ? 1 : 0;
    }
    if (!is_there) return fail(ErrorCode::not_found, "luigid knows no worker '" + worker_ + "'", true);
    return active;
  }

  Result<double> resource(const JsonValue& response) const {
    auto resources = response.list();
    if (!resources) return std::unexpected(resources.error());
    std::string known;
    for (const JsonValue& one : *resources) {
      auto name = one["name"].text();
      if (!name) return std::unexpected(name.error());
      if (*name != resource_) {
        if (known.size() < 200) known += (known.empty() ? "" : ", ") + std::string(*name);
        continue;
      }
      auto used = count_of(one["num_used"]);
      if (!used || metric_ == "resource_used") return used;
      auto total = count_of(one["num_total"]);
      if (!total) return total;
      return std::max(0.0, *total - *used);
    }
    return fail(ErrorCode::not_found, "luigid knows no resource '" + resource_ + "', only: " + known, true);
  }

  std::unique_ptr<JsonApi> api_;
  std::string metric_;
  std::string family_;
  std::string search_;
  std::string upstream_;
  std::string resource_;
  std::string worker_;
};

Result<std::unique_ptr<Source>> create_luigi(const definitions::MetricDefinition& metric,
                                             const definitions::Settings& settings, net::Services& services) {
  const std::string what = settings.text("metric");
  if (what.starts_with("resource_") == settings.text("resource").empty())
    return fail(ErrorCode::invalid_argument, "'resource' and the metrics resource_* come together");
  if ((what == "worker_pending") == settings.text("worker").empty())
    return fail(ErrorCode::invalid_argument, "'worker' and the metric worker_pending come together");
  if (settings.has("upstream_status") && what != "pending_tasks")
    return fail(ErrorCode::invalid_argument, "'upstream_status' is of the metric pending_tasks");
  auto api = JsonApi::create(metric, settings, services);
  if (!api) return std::unexpected(api.error());
  return std::make_unique<LuigiSource>(std::move(*api), settings);
}

}  // namespace

const Kind& luigi() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::metric,
           .name = "luigi",
           .vendor = "luigi",
           .summary = "Tasks, workers and resources of a Luigi scheduler (luigid).",
           .keys = definitions::join(
               {{{.name = "endpoint",
                  .type = KeyType::url,
                  .help = "The scheduler.",
                  .default_value = "http://localhost:8082",
                  .example = "http://luigid:8082"},
                 {.name = "metric",
                  .type = KeyType::choice,
                  .help = "What is counted.",
                  .default_value = "pending_tasks",
                  .choices = "pending_tasks|running_tasks|failed_tasks|workers|resource_used|resource_free|"
                             "worker_pending"},
                 {.name = "task_family", .help = "Only tasks of this class.", .example = "Build"},
                 {.name = "search", .help = "Only tasks in whose id all of these words are."},
                 {.name = "upstream_status",
                  .type = KeyType::choice,
                  .help = "Only pending tasks whose dependencies are in this state.",
                  .choices = "UPSTREAM_RUNNING|UPSTREAM_MISSING_INPUT|UPSTREAM_FAILED|UPSTREAM_DISABLED"},
                 {.name = "resource", .help = "The resource of `resource_used` and `resource_free`."},
                 {.name = "worker", .help = "The worker of `worker_pending`."}},
                definitions::http_keys()}),
           .notes =
               "The scheduler knows only tasks that a living worker has announced: a worker that is silent "
               "for "
               "a minute is dropped, and its tasks with it ten minutes later. Pending tasks are therefore no "
               "backlog that survives the workers: keep at least one.\n\nTasks that wait for others count as "
               "pending. luigid itself has no sign-in; the keys are for a proxy in front of it."},
      .create = &create_luigi};
  return kind;
}

}  // namespace wave::metrics
