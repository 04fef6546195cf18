#include "subjects.h"

#include "metrics/kinds.h"

namespace wave::test {
namespace {

using namespace wave::metrics;
using definitions::Settings;
using std::string;

/// Seeds of the fuzz target name a subject by its place: new ones go to the end.
std::vector<Subject> self_hosted() {
  return {
      {.name = "prometheus",
       .kind = prometheus(),
       .keys = {{"query", string("up")}, {"step", Duration(15s)}},
       .good =
           R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"7"]}]}})",
       .error_inside = R"({"status":"error","errorType":"execution","error":"query timed out"})",
       .two =
           R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"1"},"value":[1,"3"]},{"metric":{"a":"2"},"value":[1,"7"]}]}})"},
      {.name = "cloudwatch",
       .kind = cloudwatch(),
       .keys = {{"region", string("us-east-1")},
                {"access_key", string("A")},
                {"secret_key", string("very-secret")},
                {"namespace", string("AWS/EC2")},
                {"metric_name", string("CPUUtilization")},
                {"statistic", string("Average")},
                {"period", Duration(60s)},
                {"duration", Duration(300s)},
                {"end_offset", Duration(0s)}},
       .takes_oauth2 = false},
      {.name = "aws-sqs",
       .kind = aws_sqs(),
       .keys = {{"queue_url", string("http://h/1/q")},
                {"region", string("us-east-1")},
                {"access_key", string("A")},
                {"secret_key", string("very-secret")},
                {"attributes", Settings::List{"ApproximateNumberOfMessages"}}},
       .good = R"({"Attributes":{"ApproximateNumberOfMessages":"7"}})",
       .takes_oauth2 = false},
      {.name = "luigi tasks",
       .kind = luigi(),
       .keys = {{"metric", string("pending_tasks")}},
       .good = R"({"response":{"num_tasks":7}})"},
      {.name = "luigi resource",
       .kind = luigi(),
       .keys = {{"metric", string("resource_free")}, {"resource", string("gpu")}},
       .good = R"({"response":[{"name":"gpu","num_total":9,"num_used":2}]})"},
      {.name = "luigi worker",
       .kind = luigi(),
       .keys = {{"metric", string("worker_pending")}, {"worker", string("w")}}},
      {.name = "mlflow latest",
       .kind = mlflow(),
       .keys = {{"metric", string("latest_metric")}, {"metric_key", string("q")}, {"run_id", string("r")}},
       .good =
           R"({"run":{"info":{"run_id":"r"},"data":{"metrics":[{"key":"q","value":7,"timestamp":"1"}]}}})"},
      {.name = "mlflow history",
       .kind = mlflow(),
       .keys = {{"metric", string("history_agg")},
                {"metric_key", string("q")},
                {"run_id", string("r")},
                {"history_window", Duration(1h)}},
       .good = R"({"metrics":[{"key":"q","value":7,"timestamp":1767225599000}]})"},
      {.name = "airflow tasks",
       .kind = airflow(),
       .keys = {{"metric", string("queued_tasks")}, {"api_version", string("v2")}, {"dag_id", string("~")}},
       .good = R"({"task_instances":[],"total_entries":7})"},
      {.name = "airflow pool",
       .kind = airflow(),
       .keys = {{"metric", string("pool_queued")}, {"api_version", string("v1")}, {"pool", string("p")}},
       .good = R"({"slots":9,"queued_slots":3,"scheduled_slots":4})"},
      {.name = "spark tasks", .kind = spark(), .keys = {{"metric", string("pending_tasks")}}},
      {.name = "spark master",
       .kind = spark(),
       .keys = {{"metric", string("cores_used_ratio")}},
       .good = R"({"cores":1,"coresused":7})"},
      {.name = "spark stream",
       .kind = spark(),
       .keys = {{"metric", string("streaming_input_rate")}, {"query_name", string("o")}},
       .good = R"({"gauges":{"app-1.driver.spark.streaming.o.inputRate-total":{"value":7}}})"},
      {.name = "databricks runs", .kind = databricks(), .keys = {{"metric", string("job_queued_runs")}}},
      {.name = "databricks warehouse",
       .kind = databricks(),
       .keys = {{"metric", string("warehouse_clusters")}, {"warehouse_id", string("w")}},
       .good = R"({"id":"w","state":"RUNNING","num_clusters":7})"},
      {.name = "databricks sql",
       .kind = databricks(),
       .keys = {{"metric", string("sql")},
                {"warehouse_id", string("w")},
                {"query", string("SELECT 1")},
                {"allow_start", true},
                {"wait_timeout", Duration(0s)},
                {"poll_interval", Duration(500ms)}},
       .good =
           R"({"statement_id":"1","status":{"state":"SUCCEEDED"},"manifest":{"schema":{"columns":[{"name":"n","type_name":"LONG"}]}},"result":{"data_array":[["7"]]}})",
       .error_inside =
           R"({"statement_id":"1","status":{"state":"FAILED","error":{"message":"no such table"}}})"},
  };
}

std::vector<Subject> hosted() {
  return {
      {.name = "datadog window",
       .kind = datadog(),
       .keys = {{"query", string("avg:a{*}")},
                {"api_version", string("v2")},
                {"value", string("window")},
                {"reducer", string("avg")},
                {"duration", Duration(90s)}},
       .good = R"({"data":{"attributes":{"columns":[{"name":"a","type":"number","values":[7]}]}}})",
       .two =
           R"({"data":{"attributes":{"columns":[{"name":"h","type":"group","values":[["a"],["b"]]},{"name":"a","type":"number","values":[3,7]}]}}})"},
      {.name = "datadog last",
       .kind = datadog(),
       .keys = {{"query", string("avg:a{*}")},
                {"api_version", string("v2")},
                {"value", string("last")},
                {"duration", Duration(90s)}},
       .good =
           R"({"data":{"attributes":{"series":[{"group_tags":[]}],"times":[1767225500000],"values":[[7]]}}})",
       .two =
           R"({"data":{"attributes":{"series":[{"group_tags":["a:1"]},{"group_tags":["a:2"]}],"times":[1767225500000],"values":[[3],[7]]}}})"},
      {.name = "datadog v1",
       .kind = datadog(),
       .keys = {{"query", string("avg:a{*}")}, {"api_version", string("v1")}, {"duration", Duration(90s)}},
       .good = R"({"status":"ok","series":[{"tag_set":[],"pointlist":[[1767225500000,7]]}]})",
       .error_inside = R"({"status":"error","series":[],"error":"Error parsing query"})",
       .two =
           R"({"status":"ok","series":[{"tag_set":["a:1"],"pointlist":[[1767225500000,3]]},{"tag_set":["a:2"],"pointlist":[[1767225500000,7]]}]})"},
      {.name = "splunk export",
       .kind = splunk(),
       .keys = {{"query", string("| stats count")}, {"mode", string("export")}},
       .good = R"({"preview":false,"lastrow":true,"result":{"n":"7"}})",
       .error_inside = R"({"messages":[{"type":"FATAL","text":"Unknown search command"}]})",
       .two = R"({"preview":false,"result":{"h":"a","n":"3"}}
{"preview":false,"lastrow":true,"result":{"h":"b","n":"7"}})"},
      {.name = "splunk oneshot",
       .kind = splunk(),
       .keys = {{"query", string("| stats count")}, {"mode", string("oneshot")}},
       .good = R"({"preview":false,"messages":[],"results":[{"n":"7"}]})",
       .error_inside =
           R"(<response><messages><msg type="FATAL">Error in command</msg></messages></response>)",
       .two = R"({"preview":false,"results":[{"h":"a","n":"3"},{"h":"b","n":"7"}]})"},
      {.name = "splunk job",
       .kind = splunk(),
       .keys = {{"query", string("| stats count")},
                {"mode", string("job")},
                {"poll_interval", Duration(500ms)}}},
  };
}

std::vector<Subject> searches() {
  return {
      {.name = "http-json",
       .kind = http_json(),
       .keys = {{"value_location", string("queue.depth")},
                {"method", string("GET")},
                {"format", string("json")}},
       .good = R"({"queue":{"depth":7}})"},
      {.name = "http-json list",
       .kind = http_json(),
       .keys = {{"value_location", string("queues[].depth")},
                {"label_as", Settings::List{"name"}},
                {"method", string("GET")},
                {"format", string("json")}},
       .good = R"({"queues":[{"name":"a","depth":7}]})",
       .two = R"({"queues":[{"name":"a","depth":3},{"name":"b","depth":7}]})"},
      {.name = "http-json xml",
       .kind = http_json(),
       .keys = {{"value_location", string("//queue/@depth")},
                {"method", string("GET")},
                {"format", string("xml")}},
       .good = R"(<queues><queue name="a" depth="7"/></queues>)",
       .two = R"(<queues><queue name="a" depth="3"/><queue name="b" depth="7"/></queues>)"},
      {.name = "http-json prometheus",
       .kind = http_json(),
       .keys = {{"value_location", string("jobs{state=\"queued\"}")},
                {"method", string("GET")},
                {"format", string("prometheus")}},
       .good = "# TYPE jobs gauge\njobs{state=\"done\"} 3\njobs{state=\"queued\"} 7",
       .two = "jobs{state=\"queued\",q=\"a\"} 3\njobs{state=\"queued\",q=\"b\"} 7\n"},
      {.name = "elastic-apm preset",
       .kind = elastic_apm(),
       .keys = {{"endpoint", Settings::List{"http://h"}},
                {"preset", string("latency_avg")},
                {"duration", Duration(5min)}},
       .good = R"({"timed_out":false,"_shards":{"failed":0},"aggregations":{"value":{"value":7}}})",
       .error_inside = R"({"timed_out":true,"_shards":{"failed":0},"aggregations":{"value":{"value":7}}})"},
      {.name = "elastic-apm query",
       .kind = elastic_apm(),
       .keys = {{"endpoint", Settings::List{"http://h"}},
                {"query", string("{}")},
                {"index", Settings::List{"a"}},
                {"value_location", string("aggregations.h.buckets[].v.value")}},
       .good = R"({"_shards":{"failed":0},"aggregations":{"h":{"buckets":[{"key":"a","v":{"value":7}}]}}})",
       .error_inside =
           R"({"_shards":{"total":2,"failed":1},"aggregations":{"h":{"buckets":[{"key":"a","v":{"value":7}}]}}})",
       .two =
           R"({"aggregations":{"h":{"buckets":[{"key":"a","v":{"value":3}},{"key":"b","v":{"value":7}}]}}})"},
      {.name = "elastic-apm esql",
       .kind = elastic_apm(),
       .keys = {{"endpoint", Settings::List{"http://h"}}, {"esql", string("FROM a | STATS n = COUNT(*)")}},
       .good = R"({"columns":[{"name":"n","type":"long"}],"values":[[7]]})",
       .error_inside = R"({"is_partial":true,"columns":[{"name":"n","type":"long"}],"values":[[7]]})",
       .two =
           R"({"columns":[{"name":"n","type":"long"},{"name":"h","type":"keyword"}],"values":[[3,"a"],[7,"b"]]})"},
      {.name = "new-relic",
       .kind = new_relic(),
       .keys = {{"nrql", string("SELECT count(*) FROM Transaction")},
                {"account_id", 1.0},
                {"api_key", string("very-secret")}},
       .good =
           R"({"data":{"actor":{"account":{"nrql":{"metadata":{"facets":null},"results":[{"count":7}]}}}}})",
       .error_inside =
           R"({"data":{"actor":{"account":{"nrql":null}}},"errors":[{"message":"NRQL Syntax Error"}]})",
       .two =
           R"({"data":{"actor":{"account":{"nrql":{"metadata":{"facets":["a"]},"results":[{"a":1,"facet":"1","count":3},{"a":2,"facet":"2","count":7}]}}}}})",
       .takes_oauth2 = false},
      {.name = "dynatrace selector",
       .kind = dynatrace(),
       .keys = {{"metric_selector", string("builtin:host.cpu.usage")},
                {"from", string("now-5m")},
                {"to", string("now")},
                {"resolution", string("Inf")}},
       .good = R"({"result":[{"metricId":"m","data":[{"dimensionMap":{},"timestamps":[1],"values":[7]}]}]})",
       .error_inside = R"({"error":{"code":500,"message":"down"},"result":[]})",
       .two =
           R"({"result":[{"metricId":"m","data":[{"dimensionMap":{"h":"1"},"timestamps":[1],"values":[3]},{"dimensionMap":{"h":"2"},"timestamps":[1],"values":[7]}]}]})"},
      {.name = "dynatrace query",
       .kind = dynatrace(),
       .keys = {{"query", string("fetch logs | summarize count()")},
                {"poll_interval", Duration(1s)},
                {"query_timeout", Duration(10s)}},
       .good = R"({"state":"SUCCEEDED","result":{"records":[{"r":7}]}})",
       .error_inside = R"({"state":"FAILED","result":{"records":[{"r":7}]}})",
       .two = R"({"state":"SUCCEEDED","result":{"records":[{"h":"a","r":3},{"h":"b","r":7}]}})"},
      {.name = "appdynamics",
       .kind = appdynamics(),
       .keys = {{"application", string("a")},
                {"metric_path", string("b|c")},
                {"duration_in_mins", 5.0},
                {"rollup", true},
                {"value_field", string("value")}},
       .good = R"([{"metricName":"m","metricPath":"p","metricValues":[{"startTimeInMillis":1,"value":7}]}])",
       .two =
           R"([{"metricName":"m","metricPath":"p","metricValues":[{"startTimeInMillis":1,"value":3}]},{"metricName":"m","metricPath":"q","metricValues":[{"startTimeInMillis":1,"value":7}]}])"},
  };
}

}  // namespace

std::vector<Subject> subjects() {
  auto all = self_hosted();
  for (auto&& part : {hosted(), searches()})
    for (const auto& one : part) all.push_back(one);
  return all;
}

Settings settings_of(const Subject& subject) {
  Settings settings;
  settings.set("endpoint", string("http://h"));
  settings.set("token", string("very-secret"));
  for (const auto& [key, value] : subject.keys) settings.set(key, value);
  return settings;
}

}  // namespace wave::test
