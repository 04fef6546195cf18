// What scaled systems answer: the first line names a kind, the rest is one answer after the other, each read
// as what its own API speaks. An observation is an error or finite numbers, and so is a change made on it.
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>

#include "../contract/aws/faults.h"

namespace {

using wave::components::Observation;
using wave::components::Values;

/// Ends an answer and begins the next one.
constexpr char separator = '\x1e';

struct Subject {
  std::string kind;
  std::map<std::string, std::string> keys;
  std::vector<std::string> answers;  ///< to start from
};

std::vector<Subject> all_subjects() {
  std::vector<Subject> out;
  for (const auto& one : wave::test::fault_cases()) {
    Subject subject{.kind = one.kind, .keys = one.keys, .answers = {one.healthy.body}};
    subject.keys["region"] = "us-east-1";
    subject.keys["access_key"] = "AKIDEXAMPLE";
    subject.keys["secret_key"] = "an-example-secret";
    for (const auto& [operation, reply] : one.others) subject.answers.push_back(reply.body);
    subject.answers.push_back(one.written.body);
    out.push_back(std::move(subject));
  }
  const std::map<std::string, std::string> cluster = {
      {"api_server_endpoint", "https://kube"}, {"token", "t"}, {"namespace", "shop"}, {"name", "api"}};
  const std::string scale =
      R"({"metadata":{"resourceVersion":"7","generation":2},"spec":{"replicas":3},)"
      R"("status":{"replicas":3,"readyReplicas":2,"observedGeneration":2,)"
      R"("conditions":[{"type":"Progressing","status":"False","reason":"ProgressDeadlineExceeded"}]}})";
  const std::string autoscalers =
      R"({"metadata":{"continue":""},"items":[{"metadata":{"name":"h"},"spec":{"minReplicas":2,"maxReplicas":9,)"
      R"("scaleTargetRef":{"kind":"Deployment","name":"api"}}}]})";
  out.push_back({.kind = "kubernetes-deployment", .keys = cluster, .answers = {scale, scale, autoscalers}});
  const std::string pool =
      R"({"metadata":{"resourceVersion":"7"},"spec":{"replicas":3,"limits":{"cpu":"100","memory":"400Gi"}},)"
      R"("status":{"resources":{"cpu":"12500m","memory":"64Gi","nodes":"3"},)"
      R"("conditions":[{"type":"Ready","status":"True"}]}})";
  const std::string claims =
      R"({"metadata":{"continue":""},"items":[{"metadata":{"deletionTimestamp":"2026-11-27T09:46:00Z"}},)"
      R"({"metadata":{},"status":{"conditions":[{"type":"Ready","status":"True"}]}}]})";
  auto of_pool = cluster;
  of_pool.erase("namespace");
  out.push_back({.kind = "kubernetes-karpenter", .keys = of_pool, .answers = {pool, claims}});
  return out;
}

const std::vector<Subject>& subjects() {
  static const auto all = all_subjects();
  return all;
}

const wave::components::Kind& kind_of(const std::string& name) {
  for (const auto* one : wave::components::registry())
    if (one->table.name == name) return *one;
  std::abort();
}

void check(const Values& values) {
  for (const auto& [name, number] : values)
    if (!std::isfinite(number)) std::abort();
}

void try_it(const Subject& subject, std::string_view text) {
  std::vector<std::string> answers;
  while (true) {
    const auto end = text.find(separator);
    answers.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  std::size_t asked = 0;
  wave::test::TestServices world;
  world.http.on("", "http").reply_with([&](const wave::net::HttpRequest&) {
    return wave::net::HttpResponse{
        .status = 200, .headers = {}, .body = answers[std::min(asked++, answers.size() - 1)]};
  });
  wave::definitions::Settings settings;
  for (const auto& [key, value] : subject.keys) settings.set(key, value);
  wave::definitions::ComponentDefinition definition;
  definition.id = "it";
  auto made = kind_of(subject.kind).create(definition, settings, world.services);
  if (!made) std::abort();
  const auto seen = world.run((*made)->observe());
  if (!seen) return;
  check(seen->current);
  check(seen->system_min);
  check(seen->system_max);
  if (seen->ready && !std::isfinite(*seen->ready)) std::abort();
  wave::components::Change change{.values = seen->current, .basis = seen->current};
  if (change.values.empty()) return;
  ++change.values.begin()->second;
  (void)world.run((*made)->apply(std::move(change)));
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = text.find('\n');
  if (line == std::string_view::npos) return 0;
  const auto name = text.substr(0, line);
  for (const auto& one : subjects())
    if (one.kind == name) try_it(one, text.substr(line + 1));
  return 0;
}

/// With WAVE_SEEDS=FOLDER the answers of the contract tests are written there, to start from.
// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* folder = std::getenv("WAVE_SEEDS");
  if (folder == nullptr) return 0;
  for (const auto& one : subjects()) {
    std::ofstream seed(std::string(folder) + "/" + one.kind);
    seed << one.kind << '\n';
    for (std::size_t i = 0; i < one.answers.size(); ++i)
      seed << (i == 0 ? "" : std::string(1, separator)) << one.answers[i];
  }
  return 0;
}
