#include "contract/aws/world.h"

#include <fstream>

#include <gtest/gtest.h>

#include "net/url.h"

namespace wave::test {
namespace {

constexpr const char* frozen = "2015-08-30T12:36:00Z";

/// The body with the value of a token's key replaced.
std::string with_token(std::string body, const std::string& token) {
  for (const char* key : {"\"clientRequestToken\": \"", "\"clientToken\": \""}) {
    const auto at = body.find(key);
    if (at == std::string::npos) continue;
    const auto begin = at + std::string(key).size();
    body.replace(begin, body.find('"', begin) - begin, token);
  }
  return body;
}

std::string token_of(const std::string& body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  for (const char* key : {"clientRequestToken", "clientToken"})
    if (json.is_object() && json.contains(key)) return json[key];
  return {};
}

}  // namespace

AwsWorld::AwsWorld() {
  auto& runtime = services.runtime;
  runtime.jump_utc(std::chrono::duration_cast<Duration>(*parse_time(frozen) - runtime.utc()));
  std::ifstream file(WAVE_SOURCE_DIR "/tests/contract/aws/aws-golden-requests.json");
  golden_ = nlohmann::json::parse(file);
  settings.set("region", std::string("us-east-1"));
  settings.set("access_key", golden_["access_key"].get<std::string>());
  settings.set("secret_key", golden_["secret_key"].get<std::string>());
  definition.id = "web";
  on("DescribeScalableTargets").reply(200, R"({"ScalableTargets":[]})");
}

bool AwsWorld::is(const net::HttpRequest& request, const std::string& operation) {
  if (const auto blank = operation.find(' '); blank != std::string::npos) {
    const auto url = net::Url::parse(request.url);
    return request.method == operation.substr(0, blank) && url &&
           url->path.starts_with(operation.substr(blank + 1));
  }
  const std::string_view target = net::find_header(request.headers, "X-Amz-Target");
  return target.ends_with("." + operation) || request.body.starts_with("Action=" + operation + "&");
}

FakeHttp::Rule& AwsWorld::on(const std::string& operation) {
  return services.http.on([operation](const net::HttpRequest& request) { return is(request, operation); });
}

int AwsWorld::asked(const std::string& operation) const {
  return static_cast<int>(std::ranges::count_if(services.http.requests(),
                                                [&](const auto& one) { return is(one.request, operation); }));
}

const FakeHttp::Recorded& AwsWorld::sent(const std::string& operation) const {
  const auto& all = services.http.requests();
  for (auto one = all.rbegin(); one != all.rend(); ++one)
    if (is(one->request, operation)) return *one;
  ADD_FAILURE() << operation << " was not sent";
  static const FakeHttp::Recorded none{};
  return none;
}

void AwsWorld::expect_golden(const std::string& service, const std::string& operation,
                             const std::string& rest) {
  const auto& seen = sent(rest.empty() ? operation : rest);
  std::string candidates;
  for (const auto& one : golden_["requests"]) {
    if (one["service"] != service || one["operation"] != operation) continue;
    const std::string wanted = one.value("body", "");
    candidates +=
        "\n  " + one["method"].get<std::string>() + " " + one["url"].get<std::string>() + " " + wanted;
    net::HttpRequest request = seen.request;
    request.body = with_token(request.body, token_of(wanted));
    if (one["url"] != request.url || one["method"] != request.method || request.body != wanted) continue;
    if (one["headers"].contains("X-Amz-Security-Token")) continue;
    std::string authorization = seen.header("Authorization");
    if (request.body != seen.request.body) {
      // Another token, another signature: signed again with the golden one.
      std::erase_if(request.headers, [](const auto& header) {
        return header.first == "Authorization" || header.first == "X-Amz-Date";
      });
      ASSERT_TRUE(net::aws::add_signature(
          request, {.access_key = golden_["access_key"], .secret_key = golden_["secret_key"]},
          {.region = one["region"], .service = one["signing_name"], .time = *parse_time(frozen)}));
      authorization = net::find_header(request.headers, "Authorization");
    }
    for (const auto& [name, value] : one["headers"].items())
      EXPECT_EQ(name == "Authorization" ? authorization : seen.header(name), value.get<std::string>())
          << name;
    return;
  }
  ADD_FAILURE() << "sent " << seen.request.method << " " << seen.request.url << " " << seen.request.body
                << "\nbut the golden requests are" << candidates;
}

std::unique_ptr<components::Component> AwsWorld::make(const components::Kind& kind) {
  definition.kind = &kind.table;
  testing::Test::RecordProperty("kind", std::string(kind.table.name));
  auto made = kind.create(definition, settings, services.services);
  if (made) return std::move(*made);
  ADD_FAILURE() << made.error().text();
  return nullptr;
}

Result<components::Observation> AwsWorld::observe(components::Component& component) {
  return services.run(component.observe());
}

Result<components::Applied> AwsWorld::apply(components::Component& component, components::Values values,
                                            components::Values basis, bool raise_floor) {
  components::Change change{.values = std::move(values), .basis = std::move(basis), .reason = "test"};
  change.raise_floor = raise_floor;
  return services.run(component.apply(std::move(change)));
}

}  // namespace wave::test
