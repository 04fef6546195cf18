// How many bytes of an answer a source takes in a second of one core: the whole poll of a metric but for the
// network, from the body of the answer to the sample that the engine gets.
#include <array>
#include <iostream>

#include <benchmark/benchmark.h>

#include "base/virtual_runtime.h"
#include "metrics/kinds.h"
#include "support/services.h"

namespace wave {
namespace {

using definitions::Settings;
using std::string;

constexpr std::size_t megabyte = 1'000'000;

/// Answers at once, always the same.
class OneAnswer final : public net::HttpClient {
 public:
  explicit OneAnswer(string body) : body_(std::move(body)) {}
  Task<Result<net::HttpResponse>> send(net::HttpRequest) override {
    co_return net::HttpResponse{.status = 200, .headers = {}, .body = body_};
  }

 private:
  string body_;
};

/// Digits as a load has them, the same in every run.
class Digits {
 public:
  std::uint64_t next(std::uint64_t below) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return (state_ >> 33) % below;
  }
  /// `37.482913`
  string number() { return std::to_string(next(100)) + "." + std::to_string(100000 + next(900000)); }

 private:
  std::uint64_t state_ = 1;
};

string prometheus_vector() {
  Digits digits;
  string out = R"({"status":"success","data":{"resultType":"vector","result":[)";
  for (std::size_t i = 0; out.size() < megabyte; ++i) {
    out += i == 0 ? "" : ",";
    out += R"({"metric":{"__name__":"http_requests_per_second","handler":"/api/v1/orders/)" +
           std::to_string(i % 97) + R"(","instance":"10.4.)" + std::to_string(i / 250) + "." +
           std::to_string(i % 250) + R"(:9100","job":"api","method":"GET","status":"200"},)" +
           R"("value":[1795457326.275,")" + digits.number() + R"("]})";
  }
  return out + "]}}";
}

string prometheus_matrix() {
  Digits digits;
  string out = R"({"status":"success","data":{"resultType":"matrix","result":[)";
  for (std::size_t i = 0; out.size() < megabyte; ++i) {
    out += i == 0 ? "" : ",";
    out += R"({"metric":{"instance":"10.4.0.)" + std::to_string(i) + R"(:9100","job":"api"},"values":[)";
    for (int at = 0; at < 240; ++at)
      out += (at == 0 ? "[" : ",[") + std::to_string(1795457325 + at * 15) + ",\"" + digits.number() + "\"]";
    out += "]}";
  }
  return out + "]}}";
}

/// 300 points for each of so many hosts.
string datadog_timeseries() {
  Digits digits;
  constexpr int points = 300;
  string series;
  string values;
  string times;
  for (int at = 0; at < points; ++at)
    times += (at == 0 ? "" : ",") + std::to_string(1711977645000 + at * 20000);
  for (std::size_t i = 0; series.size() + values.size() + times.size() < megabyte; ++i) {
    series += (i == 0 ? "" : ",") + string(R"({"group_tags":["host:i-0f3a)") + std::to_string(10000 + i) +
              R"(","service:web"],"query_index":0,"unit":null})";
    values += i == 0 ? "[" : ",[";
    for (int at = 0; at < points; ++at)
      values += (at == 0 ? "" : ",") + (digits.next(50) == 0 ? "null" : digits.number());
    values += "]";
  }
  return R"({"data":{"id":"0","type":"timeseries_response","attributes":{"series":[)" + series +
         R"(],"times":[)" + times + R"(],"values":[)" + values + "]}}}";
}

string datadog_scalar() {
  Digits digits;
  string hosts;
  string services;
  string values;
  for (std::size_t i = 0; hosts.size() + services.size() + values.size() < megabyte; ++i) {
    const string comma = i == 0 ? "" : ",";
    hosts += comma + R"(["i-0f3a)" + std::to_string(10000 + i) + R"("])";
    services += comma + R"(["checkout-)" + std::to_string(i % 40) + R"("])";
    values += comma + digits.number();
  }
  return R"({"data":{"type":"scalar_response","attributes":{"columns":[{"name":"host","type":"group","values":[)" +
         hosts + R"(]},{"name":"service","type":"group","values":[)" + services +
         R"(]},{"name":"a","type":"number","meta":{"unit":null},"values":[)" + values + "]}]}}}";
}

string datadog_v1() {
  Digits digits;
  string out = R"({"status":"ok","resp_version":1,"series":[)";
  for (std::size_t i = 0; out.size() < megabyte; ++i) {
    out += i == 0 ? "" : ",";
    out += R"({"metric":"system.cpu.idle","interval":20,"tag_set":["host:i-0f3a)" +
           std::to_string(10000 + i) + R"("],"pointlist":[)";
    for (int at = 0; at < 300; ++at)
      out +=
          (at == 0 ? "[" : ",[") + std::to_string(1711977645000 + at * 20000) + ".0," + digits.number() + "]";
    out += R"(],"expression":"system.cpu.idle{*} by {host}"})";
  }
  return out + R"(],"query":"system.cpu.idle{*} by {host}","message":"","res_type":"time_series"})";
}

struct Case {
  const char* name;
  const metrics::Kind& (*kind)();
  std::map<string, Settings::Value> keys;
  string (*answer)();
};

std::map<string, Settings::Value> datadog_keys(string version, string value) {
  return {{"query", string("avg:system.cpu.user{*} by {host}")},
          {"site", string("datadoghq.com")},
          {"api_key", string("k")},
          {"app_key", string("k")},
          {"api_version", std::move(version)},
          {"value", std::move(value)},
          {"reducer", string("avg")},
          {"duration", Duration(90s)}};
}

const std::array<Case, 5>& cases() {
  static const std::array<Case, 5> all{{
      {"prometheus vector", &metrics::prometheus, {{"query", string("up")}}, &prometheus_vector},
      {"prometheus matrix",
       &metrics::prometheus,
       {{"query", string("up")}, {"range", Duration(1h)}, {"step", Duration(15s)}},
       &prometheus_matrix},
      {"datadog timeseries", &metrics::datadog, datadog_keys("v2", "last"), &datadog_timeseries},
      {"datadog scalar", &metrics::datadog, datadog_keys("v2", "window"), &datadog_scalar},
      {"datadog v1", &metrics::datadog, datadog_keys("v1", "last"), &datadog_v1},
  }};
  return all;
}

void poll(benchmark::State& state, const Case& one) {
  const string body = one.answer();
  test::TestServices world;
  OneAnswer http(body);
  net::Services services{
      .runtime = world.runtime, .http = http, .aws = world.aws, .processes = world.processes};
  Settings settings;
  settings.set("endpoint", string("http://h"));
  for (const auto& [key, value] : one.keys) settings.set(key, value);
  definitions::MetricDefinition metric;
  metric.aggregate = definitions::Aggregate::sum;
  auto source = one.kind().create(metric, settings, services);
  if (!source) return state.SkipWithError(source.error().text().c_str());
  std::size_t series = 0;
  for (auto turn : state) {
    auto answer = world.run((*source)->poll());
    if (!answer) return state.SkipWithError(answer.error().text().c_str());
    auto sample = metrics::to_sample(metric, std::move(*answer), std::nullopt, world.runtime.utc());
    if (!sample) return state.SkipWithError(sample.error().text().c_str());
    series = sample->series.size();
    benchmark::DoNotOptimize(sample);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * body.size()));
  state.counters["series"] = static_cast<double>(series);
}

}  // namespace
}  // namespace wave

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  for (const auto& one : wave::cases())
    benchmark::RegisterBenchmark(one.name, [&one](benchmark::State& state) { wave::poll(state, one); });
  benchmark::RunSpecifiedBenchmarks();
}
