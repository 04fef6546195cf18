#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "metrics/kinds.h"
#include "support/services.h"

namespace wave::metrics {
namespace {

using definitions::Settings;
using testing::HasSubstr;

/// Databricks publishes no recorded answers: these are built from the field names and omission rules of the
/// models in databricks/databricks-sdk-go (Apache-2.0): service/jobs/model.go (ListRunsResponse, RunStatus),
/// service/sql/model.go (ListQueriesResponse, GetWarehouseResponse, StatementResponse),
/// service/compute/model.go (ClusterDetails, GetInstancePool), config/auth_m2m_test.go and
/// apierr/errors_test.go.
class DatabricksContract : public testing::Test {
 protected:
  DatabricksContract() {
    settings.set("endpoint", std::string("dbc-1.cloud.databricks.com"));
    settings.set("token", std::string("dapi-very-secret"));
    settings.set("warehouse_id", std::string("abc"));
    settings.set("wait_timeout", Duration(10s));
    settings.set("poll_interval", Duration(500ms));
    settings.set("azure_authority", std::string("https://login.microsoftonline.com"));
    metric.timeout = 30s;
  }
  Result<std::vector<Series>> poll(const std::string& what) {
    settings.set("metric", what);
    auto source = databricks().create(metric, settings, world.services);
    if (!source) return std::unexpected(source.error());
    return world.run((*source)->poll());
  }
  test::FakeHttp::Rule& on(const std::string& method, const std::string& path) {
    return world.http.on(method, "https://dbc-1.cloud.databricks.com" + path);
  }
  void running_warehouse() { on("GET", "/api/2.0/sql/warehouses/abc").reply(200, running); }

  const std::string running = R"({"id":"abc","name":"w","state":"RUNNING","num_clusters":2})";
  const std::string done =
      R"({"statement_id":"01f1","status":{"state":"SUCCEEDED"},"manifest":{"format":"JSON_ARRAY","schema":{"column_count":1,"columns":[{"name":"n","position":0,"type_name":"LONG"}]},"total_row_count":1},"result":{"chunk_index":0,"row_count":1,"row_offset":0,"data_array":[["17"]]}})";
  test::TestServices world;
  definitions::MetricDefinition metric;
  Settings settings;
};

TEST_F(DatabricksContract, RunsAreCountedOverAllPages) {
  settings.set("job_id", std::string("42"));
  on("GET", "/api/2.2/jobs/runs/list")
      .reply(
          200,
          R"({"runs":[{"run_id":1,"job_id":42,"status":{"state":"QUEUED","queue_details":{"code":"MAX_CONCURRENT_RUNS_REACHED"}},"state":{"life_cycle_state":"QUEUED"}},{"run_id":2,"status":{"state":"RUNNING"}}],"has_more":true,"next_page_token":"a+b"})")
      .reply(200, R"({"runs":[{"run_id":3,"state":{"life_cycle_state":"QUEUED"}}],"has_more":false})");
  const auto queued = poll("job_queued_runs");
  ASSERT_TRUE(queued) << queued.error().text();
  EXPECT_EQ(queued->front().value, 2);
  EXPECT_EQ(world.http.requests()[0].request.url,
            "https://dbc-1.cloud.databricks.com/api/2.2/jobs/runs/list?active_only=true&limit=24&job_id=42");
  EXPECT_THAT(world.http.last().request.url, HasSubstr("page_token=a%2Bb"));
  EXPECT_EQ(world.http.last().header("Authorization"), "Bearer dapi-very-secret");
  on("GET", "/api/2.2/jobs/runs/list").reply(200, R"({"has_more":false})");
  EXPECT_EQ(poll("job_active_runs")->front().value, 0);
  on("GET", "/api/2.2/jobs/runs/list").reply(200, "{}");
  EXPECT_TRUE(poll("job_active_runs")->empty()) << "an answer that says nothing is no value";
}

TEST_F(DatabricksContract, QueriesAreCountedByStatus) {
  on("GET", "/api/2.0/sql/history/queries")
      .reply(
          200,
          R"({"res":[{"query_id":"1","status":"QUEUED"},{"query_id":"2","status":"QUEUED"}],"has_next_page":false})");
  EXPECT_EQ(poll("warehouse_queued_queries")->front().value, 2);
  EXPECT_EQ(world.http.last().request.url,
            "https://dbc-1.cloud.databricks.com/api/2.0/sql/history/queries?filter_by.warehouse_ids=abc"
            "&filter_by.statuses=QUEUED&max_results=1000");
  on("GET", "/api/2.0/sql/history/queries").reply(200, R"({"has_next_page":true,"res":[]})");
  EXPECT_FALSE(poll("warehouse_running_queries")) << "a next page without its token";
}

TEST_F(DatabricksContract, AZeroThatIsLeftOutIsZeroOnlyInAnAnswerOfTheThingItself) {
  running_warehouse();
  EXPECT_EQ(poll("warehouse_clusters")->front().value, 2);
  on("GET", "/api/2.0/sql/warehouses/abc").reply(200, R"({"id":"abc","state":"STOPPED"})");
  EXPECT_EQ(poll("warehouse_clusters")->front().value, 0);
  on("GET", "/api/2.0/sql/warehouses/abc").reply(200, "{}");
  EXPECT_FALSE(poll("warehouse_clusters"));
}

TEST_F(DatabricksContract, ClustersAndPoolsTellWhatIsThere) {
  settings.set("cluster_id", std::string("c-1"));
  const auto workers = [&](const char* body) {
    on("GET", "/api/2.1/clusters/get?cluster_id=c-1").reply(200, body);
    return poll("cluster_workers")->front().value;
  };
  EXPECT_EQ(workers(R"({"cluster_id":"c-1","state":"RUNNING","num_workers":4,"executors":[{},{},{}]})"), 3);
  EXPECT_EQ(workers(R"({"cluster_id":"c-1","state":"RUNNING","num_workers":4})"), 4);
  EXPECT_EQ(workers(R"({"cluster_id":"c-1","state":"TERMINATED","num_workers":4})"), 0);
  settings.set("instance_pool_id", std::string("p-1"));
  on("GET", "/api/2.0/instance-pools/get?instance_pool_id=p-1")
      .reply(200, R"({"instance_pool_id":"p-1","state":"ACTIVE","stats":{"used_count":5}})");
  EXPECT_EQ(poll("pool_used")->front().value, 5);
  EXPECT_EQ(poll("pool_idle")->front().value, 0);
}

TEST_F(DatabricksContract, AStatementIsWaitedFor) {
  settings.set("query", std::string("SELECT count(*) AS n FROM q"));
  running_warehouse();
  on("POST", "/api/2.0/sql/statements").reply(200, R"({"statement_id":"01f1","status":{"state":"PENDING"}})");
  auto& asked = on("GET", "/api/2.0/sql/statements/01f1")
                    .reply(200, R"({"statement_id":"01f1","status":{"state":"RUNNING"}})")
                    .reply(200, done);
  const auto series = poll("sql");
  ASSERT_TRUE(series) << series.error().text();
  EXPECT_EQ(series->front().value, 17);
  EXPECT_EQ(asked.count(), 2);
  const auto body = nlohmann::json::parse(world.http.requests()[1].request.body);
  EXPECT_EQ(body, nlohmann::json::parse(
                      R"({"warehouse_id":"abc","statement":"SELECT count(*) AS n FROM q","wait_timeout":"10s",
                          "on_wait_timeout":"CONTINUE","format":"JSON_ARRAY","disposition":"INLINE"})"));
}

TEST_F(DatabricksContract, AStatementThatIsTooSlowIsCancelled) {
  metric.timeout = 5s;
  settings.set("query", std::string("SELECT 1"));
  running_warehouse();
  on("POST", "/api/2.0/sql/statements").reply(200, R"({"statement_id":"01f1","status":{"state":"PENDING"}})");
  on("GET", "/api/2.0/sql/statements/01f1")
      .reply(200, R"({"statement_id":"01f1","status":{"state":"RUNNING"}})");
  auto& cancelled = on("POST", "/api/2.0/sql/statements/01f1/cancel").reply(200, "{}");
  const auto series = poll("sql");
  ASSERT_FALSE(series);
  EXPECT_EQ(series.error().code, ErrorCode::timeout);
  EXPECT_EQ(cancelled.count(), 1);
  EXPECT_LE(world.runtime.mono() - MonoTime{}, Duration(5s));
}

TEST_F(DatabricksContract, AStoppedWarehouseIsNotStarted) {
  settings.set("query", std::string("SELECT 1"));
  on("GET", "/api/2.0/sql/warehouses/abc").reply(200, R"({"id":"abc","state":"STOPPED"})");
  auto& sent = on("POST", "/api/2.0/sql/statements").reply(200, done);
  EXPECT_THAT(poll("sql").error().text(), HasSubstr("would start it"));
  EXPECT_EQ(sent.count(), 0);
  settings.set("allow_start", true);
  EXPECT_EQ(poll("sql")->front().value, 17);
}

TEST_F(DatabricksContract, RowsAreSeriesAndNullsAreNoValue) {
  settings.set("query", std::string("SELECT q, n FROM t"));
  running_warehouse();
  const auto rows = [&](const std::string& data, const std::string& more = "") {
    on("POST", "/api/2.0/sql/statements")
        .reply(
            200,
            R"({"statement_id":"s","status":{"state":"SUCCEEDED"},"manifest":{"schema":{"columns":[{"name":"q","type_name":"STRING"},{"name":"n","type_name":"DECIMAL"}]}},"result":{"data_array":)" +
                data + more + "}}");
    return poll("sql");
  };
  const auto two = rows(R"([["a","1.5"],["b",null],["c","NaN"],["d","-2"]])");
  ASSERT_TRUE(two) << two.error().text();
  ASSERT_EQ(two->size(), 2u);
  EXPECT_EQ((*two)[0].labels, (Labels{{"q", "a"}}));
  EXPECT_EQ((*two)[1].value, -2);
  for (const char* data : {R"([["a","many"]])", R"([["a",1]])", R"([["a"]])", R"(["a"])", "{}", "null"})
    EXPECT_FALSE(rows(data)) << data;
  EXPECT_FALSE(rows(R"([["a","1"]])", R"(,"next_chunk_index":1)"));
}

TEST_F(DatabricksContract, AFailureComesWithStatus200) {
  settings.set("query", std::string("SELEC 1"));
  running_warehouse();
  for (const char* state : {"FAILED", "CANCELED", "CLOSED"}) {
    on("POST", "/api/2.0/sql/statements")
        .reply(200, std::string(R"({"statement_id":"s","status":{"state":")") + state +
                        R"(","error":{"error_code":"BAD_REQUEST","message":"[PARSE_SYNTAX_ERROR]"}}})");
    const auto failed = poll("sql");
    ASSERT_FALSE(failed) << state;
    EXPECT_THAT(failed.error().text(), HasSubstr("PARSE_SYNTAX_ERROR"));
  }
}

TEST_F(DatabricksContract, AServicePrincipalGetsATokenOfTheWorkspace) {
  settings = {};
  settings.set("endpoint", std::string("https://dbc-1.cloud.databricks.com/"));
  settings.set("client_id", std::string("id"));
  settings.set("client_secret", std::string("very-secret"));
  settings.set("wait_timeout", Duration(0));
  on("POST", "/oidc/v1/token").reply(200, R"({"access_token":"t1","token_type":"Bearer","expires_in":3600})");
  on("GET", "/api/2.2/jobs/runs/list").reply(200, R"({"has_more":false})");
  ASSERT_TRUE(poll("job_active_runs"));
  const auto& token = world.http.requests()[0];
  EXPECT_EQ(token.header("Authorization"), "Basic " + net::base64_encode("id:very-secret"));
  EXPECT_EQ(token.request.body, "grant_type=client_credentials&scope=all-apis");
  EXPECT_EQ(world.http.last().header("Authorization"), "Bearer t1");
}

TEST_F(DatabricksContract, APrincipalOfAzureGetsATokenForDatabricks) {
  settings.set("azure_tenant_id", std::string("tenant"));
  settings.set("azure_client_id", std::string("app"));
  settings.set("azure_client_secret", std::string("very-secret"));
  world.http.on("POST", "https://login.microsoftonline.com/tenant/oauth2/v2.0/token")
      .reply(200, R"({"access_token":"t2","expires_in":3600})");
  on("GET", "/api/2.2/jobs/runs/list").reply(200, R"({"has_more":false})");
  ASSERT_TRUE(poll("job_active_runs"));
  EXPECT_THAT(world.http.requests()[0].request.body,
              HasSubstr("scope=2ff814a6-3304-4ab8-85cb-cd0e6f879c1d%2F.default"));
  EXPECT_EQ(world.http.last().header("Authorization"), "Bearer t2");
}

TEST_F(DatabricksContract, RefusalsSayWhatDatabricksSays) {
  on("GET", "/api/2.0/sql/warehouses/abc")
      .reply(404, R"({"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Warehouse abc does not exist"})");
  EXPECT_THAT(poll("warehouse_clusters").error().text(), HasSubstr("Warehouse abc does not exist"));
  on("GET", "/api/2.0/sql/warehouses/abc")
      .reply(302, "", {{"Location", "https://x/login.html?error=private-link-validation-error"}});
  EXPECT_FALSE(poll("warehouse_clusters"));
  on("GET", "/api/2.0/sql/warehouses/abc")
      .reply(429, R"({"error_code":"REQUEST_LIMIT_EXCEEDED"})", {{"Retry-After", "7"}});
  EXPECT_EQ(poll("warehouse_clusters").error().retry_after, Duration(7s));
  settings.set("warehouse_id", std::string());
  EXPECT_THAT(poll("warehouse_clusters").error().text(), HasSubstr("needs 'warehouse_id'"));
}

}  // namespace
}  // namespace wave::metrics
