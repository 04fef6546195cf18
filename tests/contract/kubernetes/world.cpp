#include "contract/kubernetes/world.h"

#include <gtest/gtest.h>

namespace wave::test {
namespace {

using nlohmann::json;

const std::string server = "https://kube";

net::HttpResponse answer(int status, std::string body) {
  return {.status = status, .headers = {}, .body = std::move(body)};
}

/// What the scale subresource shows of an object.
json scale_of(const json& object) {
  json scale = {{"kind", "Scale"}, {"apiVersion", "autoscaling/v1"}, {"metadata", object["metadata"]}};
  scale["spec"] = json::object();
  if (const auto replicas = object["spec"].value("replicas", 0); replicas != 0)
    scale["spec"]["replicas"] = replicas;
  scale["status"] = {{"replicas", object["status"].value("replicas", 0)}};
  return scale;
}

}  // namespace

std::string status_of(int code, const std::string& reason, const std::string& message) {
  return json{{"kind", "Status"}, {"apiVersion", "v1"}, {"status", "Failure"},
              {"code", code},     {"reason", reason},   {"message", message}}
      .dump();
}

KubeWorld::KubeWorld() {
  settings.set("api_server_endpoint", server);
  settings.set("token", std::string("a-token-of-the-test"));
  settings.set("field_manager", std::string("wave-autoscale"));
  definition.id = "api";
  listed = {"horizontalpodautoscalers", "nodeclaims"};
  services.http.on([](const net::HttpRequest&) { return true; })
      .reply_with([this](const net::HttpRequest& request) { return serve(request); });
}

FakeHttp::Rule& KubeWorld::on(const std::string& method, const std::string& path) {
  return services.http.on(method, server + path);
}

net::HttpResponse KubeWorld::serve(const net::HttpRequest& request) {
  std::string path = request.url.substr(server.size());
  path = path.substr(0, path.find('?'));
  const std::string last = path.substr(path.rfind('/') + 1);
  if (path == "/apis/apps/v1")
    return answer(200, R"({"kind":"APIResourceList","resources":[)"
                       R"({"name":"statefulsets","kind":"StatefulSet"},)"
                       R"({"name":"statefulsets/scale","kind":"Scale"}]})");
  if (listed.contains(last)) return answer(200, list(path));
  const bool is_scale = last == "scale";
  if (is_scale) path.resize(path.size() - std::string("/scale").size());
  // As for a group that is not installed.
  if (!objects.contains(path)) return answer(404, "404 page not found\n");
  if (request.method == "PATCH")
    if (auto refused = patch(path, json::parse(request.body)); refused.status != 200) return refused;
  return answer(200, (is_scale ? scale_of(objects[path]) : objects[path]).dump());
}

std::string KubeWorld::list(const std::string& folder) const {
  json items = json::array();
  for (const auto& [path, object] : objects)
    if (path.starts_with(folder + "/")) items.push_back(object);
  return json{{"metadata", {{"resourceVersion", "900"}}}, {"items", items}}.dump();
}

net::HttpResponse KubeWorld::patch(const std::string& path, const json& changes) {
  json& object = objects[path];
  const std::string version = object["metadata"]["resourceVersion"];
  if (changes.value("metadata", json::object()).value("resourceVersion", version) != version)
    return answer(409, status_of(409, "Conflict", "the object has been modified"));
  object.merge_patch(changes);
  object["metadata"]["resourceVersion"] = std::to_string(std::stoi(version) + 1);
  return answer(200, "");
}

int KubeWorld::asked(const std::string& method, const std::string& part) const {
  int count = 0;
  for (const auto& one : services.http.requests())
    count += one.request.method == method && one.request.url.find(part) != std::string::npos;
  return count;
}

const FakeHttp::Recorded& KubeWorld::sent(const std::string& method) const {
  const auto& all = services.http.requests();
  for (auto one = all.rbegin(); one != all.rend(); ++one)
    if (one->request.method == method) return *one;
  ADD_FAILURE() << "nothing was sent with " << method;
  return all.front();
}

std::unique_ptr<components::Component> KubeWorld::make(const components::Kind& kind) {
  definition.kind = &kind.table;
  testing::Test::RecordProperty("kind", std::string(kind.table.name));
  auto made = kind.create(definition, settings, services.services);
  EXPECT_TRUE(made) << made.error().text();
  return made ? std::move(*made) : nullptr;
}

Result<components::Observation> KubeWorld::observe(components::Component& component) {
  return services.run(component.observe());
}

Result<components::Applied> KubeWorld::apply(components::Component& component, components::Values values,
                                             components::Values basis) {
  return services.run(
      component.apply({.values = std::move(values), .basis = std::move(basis), .reason = ""}));
}

}  // namespace wave::test
