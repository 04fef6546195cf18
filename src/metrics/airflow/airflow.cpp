#include <nlohmann/json.hpp>

#include "definitions/common_keys.h"
#include "metrics/json_api.h"
#include "metrics/kinds.h"

namespace wave::metrics {
namespace {

using definitions::KeyType;

/// Airflow 3 serves /api/v2 and gives tokens; Airflow 2 serves /api/v1 and takes passwords.
enum class Version { unknown, v1, v2 };

constexpr int most_pages_of_dags = 100;

class AirflowSource final : public Source {
 public:
  /// `passwords` signs in with each request, `tokens` asks /auth/token first; the same where neither is used.
  AirflowSource(std::unique_ptr<JsonApi> open, std::unique_ptr<JsonApi> passwords,
                std::unique_ptr<JsonApi> tokens, const definitions::Settings& settings,
                std::vector<std::string> states)
      : open_(std::move(open)),
        passwords_(std::move(passwords)),
        tokens_(std::move(tokens)),
        metric_(settings.text("metric")),
        dag_(settings.text("dag_id")),
        pool_(settings.text("pool")),
        queue_(settings.text("queue")),
        states_(std::move(states)) {
    if (settings.text("api_version") == "v1") version_ = Version::v1;
    if (settings.text("api_version") == "v2") version_ = Version::v2;
  }

  Task<Result<std::vector<Series>>> poll() override {
    for (JsonApi* api : {open_.get(), passwords_.get(), tokens_.get()}) api->begin();
    if (version_ == Version::unknown) {
      auto found = co_await find_version();
      if (!found) co_return std::unexpected(std::move(found.error()));
      version_ = *found;
    }
    const bool is_slashed = metric_.starts_with("pool_") && pool_.find('/') != std::string::npos;
    if (version_ == Version::v1 && is_slashed) {
      auto value = co_await find_pool();
      if (!value) co_return std::unexpected(std::move(value.error()));
      co_return one_series(*value);
    }
    std::string target = (version_ == Version::v1 ? "/api/v1" : "/api/v2") + path();
    JsonApi& api = version_ == Version::v1 ? *passwords_ : *tokens_;
    auto answer = co_await api.get(std::move(target));
    auto value = answer ? read(answer->root()) : std::unexpected(answer.error());
    if (!value) co_return std::unexpected(std::move(value.error()));
    co_return one_series(*value);
  }

 private:
  Task<Result<Version>> find_version() {
    auto answer = co_await open_->send("GET", "/api/v2/version");
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    if (answer->status == 200) co_return Version::v2;
    if (answer->status == 404) co_return Version::v1;
    co_return std::unexpected(Error{.code = ErrorCode::bad_response,
                                    .message = "/api/v2/version answers " + std::to_string(answer->status),
                                    .retryable = true,
                                    .hint = "say which Airflow it is with api_version: v1 or v2"});
  }

  /// Airflow 2 finds no pool whose name has a slash by its name: such a pool is looked up in the list.
  Task<Result<double>> find_pool() {
    for (int page = 0; page < most_pages_of_dags; ++page) {
      std::string target = "/api/v1/pools?limit=100&offset=" + std::to_string(page * 100);
      auto answer = co_await passwords_->get(std::move(target));
      auto pools = answer ? (*answer)["pools"].list() : std::unexpected(answer.error());
      if (!pools) co_return std::unexpected(std::move(pools.error()));
      for (const JsonValue& one : *pools)
        if (one["name"].text_or("") == pool_) co_return read(one);
      if (pools->empty()) break;
    }
    co_return fail(ErrorCode::not_found, "there is no pool '" + pool_ + "' that this user may see");
  }

  std::string path() const {
    if (metric_.starts_with("pool_")) return "/pools/" + net::percent_encode(pool_);
    const bool is_runs = metric_ == "dag_runs";
    std::string out = "/dags/" + net::percent_encode(dag_) + "/dagRuns";
    out += is_runs ? "?limit=1" : "/~/taskInstances?limit=1";
    for (const auto& state : states_) out += "&state=" + net::percent_encode(state);
    if (!is_runs && !pool_.empty()) out += "&pool=" + net::percent_encode(pool_);
    if (!is_runs && !queue_.empty()) out += "&queue=" + net::percent_encode(queue_);
    return out;
  }

  Result<double> read(const JsonValue& answer) const {
    if (!metric_.starts_with("pool_")) return count_of(answer["total_entries"]);
    if (metric_ == "pool_running") return count_of(answer["running_slots"]);
    if (metric_ == "pool_open_slots") {
      auto slots = answer["slots"].number();
      if (slots && *slots < 0)
        return fail(ErrorCode::invalid_argument, "pool " + pool_ + " has no limit, so no open slots");
      return slots ? count_of(answer["open_slots"]) : slots;
    }
    double sum = 0;
    for (const auto& state : states_) {
      const std::string field = state + "_slots";
      auto count = count_of(answer[field]);
      if (!count) return count;
      sum += *count;
    }
    return sum;
  }

  std::unique_ptr<JsonApi> open_;
  std::unique_ptr<JsonApi> passwords_;
  std::unique_ptr<JsonApi> tokens_;
  std::string metric_;
  std::string dag_;
  std::string pool_;
  std::string queue_;
  std::vector<std::string> states_;
  Version version_ = Version::unknown;
};

Result<std::vector<std::string>> states_of(const definitions::Settings& settings) {
  const std::string metric = settings.text("metric");
  auto states = settings.list("states");
  if (metric == "pool_queued") {
    for (const auto& state : states)
      if (state != "queued" && state != "scheduled")
        return fail(ErrorCode::invalid_argument, "the 'states' of pool_queued are queued and scheduled");
  } else if (metric.starts_with("pool_") && !states.empty()) {
    return fail(ErrorCode::invalid_argument, "metric " + metric + " has no 'states'");
  }
  if (!states.empty()) return states;
  if (metric == "running_tasks") return std::vector<std::string>{"running"};
  if (metric == "dag_runs") return std::vector<std::string>{"queued", "running"};
  return std::vector<std::string>{"queued", "scheduled"};
}

Result<std::unique_ptr<Source>> create_airflow(const definitions::MetricDefinition& metric,
                                               const definitions::Settings& settings,
                                               net::Services& services) {
  const std::string what = settings.text("metric");
  if (what.starts_with("pool_") && settings.text("pool").empty())
    return fail(ErrorCode::invalid_argument, "metric " + what + " needs 'pool'");
  auto states = states_of(settings);
  if (!states) return std::unexpected(states.error());
  auto passwords = JsonApi::create(metric, settings, services);
  if (!passwords) return std::unexpected(passwords.error());
  const bool has_password = settings.has("username") && settings.has("password");
  const bool is_basic = settings.has("auth") ? settings.text("auth") == "basic" : !settings.has("token");
  net::SignInOptions login;
  auto open = settings;
  if (has_password && is_basic) {
    const nlohmann::json form = {{"username", settings.text("username")},
                                 {"password", settings.text("password")}};
    login.login_url = (*passwords)->base() + "/auth/token";
    login.login_form = form.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    login.login_type = "application/json";
    login.read_login = [](std::string_view body) {
      const auto answer = JsonAnswer::parse(body);
      return answer ? std::string((*answer)["access_token"].text_or("")) : std::string();
    };
    // Which version it is can be asked without a password.
    open.set("auth", std::string("none"));
  }
  auto tokens = JsonApi::create(metric, settings, services, std::move(login));
  if (!tokens) return std::unexpected(tokens.error());
  auto anybody = JsonApi::create(metric, open, services);
  if (!anybody) return std::unexpected(anybody.error());
  return std::make_unique<AirflowSource>(std::move(*anybody), std::move(*passwords), std::move(*tokens),
                                         settings, std::move(*states));
}

}  // namespace

const Kind& airflow() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::metric,
           .name = "airflow",
           .vendor = "airflow",
           .summary = "Waiting and running tasks, DAG runs and pool slots of Apache Airflow 2 or 3.",
           .keys = definitions::join(
               {{{.name = "endpoint",
                  .type = KeyType::url,
                  .help = "The web server (Airflow 2) or API server (Airflow 3), with its path prefix.",
                  .required = true,
                  .example = "http://airflow:8080"},
                 {.name = "api_version",
                  .type = KeyType::choice,
                  .help = "v1 is Airflow 2, v2 is Airflow 3; auto asks the server.",
                  .default_value = "auto",
                  .choices = "auto|v1|v2"},
                 {.name = "metric",
                  .type = KeyType::choice,
                  .help = "What is counted.",
                  .default_value = "queued_tasks",
                  .choices = "queued_tasks|running_tasks|dag_runs|pool_queued|pool_running|pool_open_slots"},
                 {.name = "dag_id",
                  .help = "Only this DAG; ~ is all of them, which is slow on a large database.",
                  .default_value = "~",
                  .example = "etl"},
                 {.name = "pool",
                  .help = "The pool; for tasks, only those in it.",
                  .example = "default_pool"},
                 {.name = "queue", .help = "Only tasks of this executor queue.", .example = "default"},
                 {.name = "states",
                  .type = KeyType::list,
                  .help = "What counts; without it queued and scheduled for what waits, running for running "
                          "tasks, queued and running for DAG runs.",
                  .example = "[queued, scheduled, up_for_retry]"}},
                definitions::http_keys()}),
           .permissions = "The role Viewer; with less, Airflow shows fewer pools and DAGs without saying so.",
           .notes =
               "`scheduled` tasks wait for a slot as `queued` ones wait for a worker, so both count.\n\n"
               "With `username` and `password`, Airflow 3 is asked for a token at `/auth/token`, which is "
               "renewed once after a 401; Airflow 2 needs `basic_auth` among its `auth_backends`. A managed "
               "Airflow (MWAA, Composer, Astronomer) takes a `token`.\n\nWorkers to run for a queue: "
               "`(queued + running) / worker_concurrency`. Poll `~` every 15 s or slower."},
      .create = &create_airflow};
  return kind;
}

}  // namespace wave::metrics
