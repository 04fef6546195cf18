#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

#include "conformance/protocols.h"
#include "conformance/recordings.h"
#include "net/aws/endpoints.h"
#include "net/aws/signer.h"

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using namespace wave;
using namespace wave::net;
using conformance::Count;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  std::string out;
  for (const char c : text.str())
    if (c != '\r') out += c;
  return out;
}

/// A request as it would go over the wire; a line that begins with a blank continues the header before.
HttpRequest parse_request(const std::string& text) {
  HttpRequest out;
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  out.method = line.substr(0, line.find(' '));
  const auto begin = line.find(' ') + 1;
  out.url = line.substr(begin, line.rfind(' ') - begin);
  while (std::getline(lines, line) && !line.empty()) {
    if (line.front() == ' ' || line.front() == '\t') {
      out.headers.back().second += " " + line.substr(line.find_first_not_of(" \t"));
    } else {
      out.headers.emplace_back(line.substr(0, line.find(':')), line.substr(line.find(':') + 1));
    }
  }
  std::ostringstream body;
  body << lines.rdbuf();
  out.body = body.str();
  return out;
}

Count signatures(const fs::path& folder) {
  Count count;
  const aws::Credentials keys{.access_key = "AKIDEXAMPLE",
                              .secret_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".req") continue;
    auto file = entry.path();
    auto request = parse_request(read(file));
    // The token's case holds it only in the signed request.
    auto signed_file = file;
    auto canonical_file = file;
    const bool in_canonical =
        read(canonical_file.replace_extension(".creq")).find("x-amz-security-token") != std::string::npos;
    for (const auto& [name, value] : parse_request(read(signed_file.replace_extension(".sreq"))).headers)
      if (name == "X-Amz-Security-Token" && in_canonical && find_header(request.headers, name).empty())
        request.headers.emplace_back(name, value);
    const auto signature =
        aws::sign(request, keys,
                  {.region = "us-east-1", .service = "service", .time = *parse_time("2015-08-30T12:36:00Z")});
    const bool ok = signature.canonical_request == read(file.replace_extension(".creq")) &&
                    signature.string_to_sign == read(file.replace_extension(".sts")) &&
                    signature.authorization == read(file.replace_extension(".authz"));
    count.add(ok, entry.path().stem().string());
  }
  return count;
}

/// What the endpoint rules of each service say beyond the common rule.
aws::Service service_of(const std::string& name) {
  aws::Service out{.id = name, .prefix = name, .signing_name = name};
  static const std::map<std::string, std::string_view> prefixes = {{"cloudwatch", "monitoring"},
                                                                   {"docdb", "rds"},
                                                                   {"neptune", "rds"},
                                                                   {"emr", "elasticmapreduce"},
                                                                   {"sagemaker", "api.sagemaker"}};
  if (const auto found = prefixes.find(name); found != prefixes.end()) out.prefix = found->second;
  if (name == "autoscaling") out = aws::autoscaling;
  if (name == "cloudwatch") out = aws::cloudwatch;
  if (name == "sts") out = aws::sts;
  static const std::set<std::string> gov = {
      "sqs", "elasticache", "rds", "eks", "kafka", "neptune", "application-autoscaling", "docdb", "emr"};
  out.gov_is_fips = out.gov_is_fips || gov.contains(name);
  if (name == "sagemaker") out.fips = "api-fips.sagemaker";
  if (name == "eks") out.fips = "fips.eks";
  if (name == "kafka") out.dual_stack = "kafka-api";
  if (name == "kafka") out.gov_dual_stack_is_fips = true;
  return out;
}

Count endpoints(const fs::path& folder) {
  Count count;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string service = entry.path().filename();
    const aws::Service asked = service_of(service);
    const json tests = json::parse(read(entry.path() / "endpoint-tests-1.json"));
    for (const auto& one : tests["testCases"]) {
      const json params = one.value("params", json::object());
      const std::string region = params.value("Region", "");
      Result<std::string> got = fail(ErrorCode::invalid_argument, "");
      const aws::EndpointOptions options{.fips = params.value("UseFIPS", false),
                                         .dual_stack = params.value("UseDualStack", false),
                                         .legacy_sts = params.value("UseGlobalEndpoint", false)};
      if (params.contains("Endpoint")) {
        got = options.fips || options.dual_stack ? got
                                                 : Result<std::string>(params["Endpoint"].get<std::string>());
      } else {
        got = aws::endpoint(asked, region, options);
      }
      const bool wants_error = one["expect"].contains("error");
      const std::string wanted =
          wants_error ? "an error" : one["expect"]["endpoint"]["url"].get<std::string>();
      const bool ok = wants_error ? !got : got && *got == wanted;
      count.add(ok, service + ": " + one.value("documentation", "") + ": " + (got ? *got : "an error") +
                        ", not " + wanted);
    }
  }
  return count;
}

/// The environment and the profile files of one case of profile-tests.json.
std::string configured(const json& suite, const json& one, const aws::Service& service) {
  std::string config;
  for (const auto& [name, section] : suite["profiles"].items()) {
    config += "[profile " + name + "]\n";
    for (const auto& [key, value] : section.items()) config += key + " = " + value.get<std::string>() + "\n";
  }
  for (const auto& [name, section] : suite["services"].items()) {
    config += "[services " + name + "]\n";
    for (const auto& [inner, keys] : section.items()) {
      config += inner + " =\n";
      for (const auto& [key, value] : keys.items())
        config += "  " + key + " = " + value.get<std::string>() + "\n";
    }
  }
  const json environment = suite["environments"][one["environment"].get<std::string>()];
  const json client = suite["client_configs"][one["client_config"].get<std::string>()];
  if (client.contains("endpoint_url")) return client["endpoint_url"];
  if (client.value("ignore_configured_endpoint_urls", false)) return {};
  const definitions::Settings::Environment around{
      .variable = [environment](const std::string& name) -> std::optional<std::string> {
        if (!environment.contains(name)) return std::nullopt;
        return environment[name].get<std::string>();
      },
      .file = nullptr};
  return aws::configured_endpoint(service, around, aws::Profiles::parse(config, ""), one["profile"]);
}

Count profiles(const fs::path& file) {
  Count count;
  const json tests = json::parse(read(file));
  for (const auto& suite : tests["testSuites"]) {
    for (const auto& one : suite["endpointUrlTests"]) {
      std::string id = one["service"];
      for (char& c : id) c = static_cast<char>(std::toupper(c));
      const aws::Service service{.id = id, .prefix = "", .signing_name = ""};
      const auto& wanted = one["output"]["endpointUrl"];
      std::string got = configured(suite, one, service);
      // Nothing configured: the region's.
      const std::string prefix = one["service"];
      if (got.empty())
        got = *aws::endpoint({.id = id, .prefix = prefix, .signing_name = ""}, "fake-region-10", {});
      count.add(wanted.is_null() ? got.empty() : got == wanted.get<std::string>(),
                one["name"].get<std::string>() + ": " + got);
    }
  }
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || !fs::is_directory(argv[1])) {
    std::fputs("usage: conformance FOLDER   (the published suites; see tests/conformance/README.md)\n",
               stderr);
    return 2;
  }
  const fs::path root = argv[1];
  int failed = 0;
  int passed = 0;
  const auto suite = [&](const char* name, const Count& count) {
    std::printf("%-28s %4d passed %4d failed", name, count.passed, count.failed);
    for (const auto& [why, number] : count.left_out) std::printf(", %d not run: %s", number, why.c_str());
    std::printf("\n");
    passed += count.passed;
    failed += count.failed;
  };
  suite("aws/sigv4", signatures(root / "aws/sigv4"));
  suite("aws/endpoints", endpoints(root / "aws/endpoints"));
  suite("aws/profile-tests", profiles(root / "aws/profile-tests.json"));
  for (const char* protocol : {"query", "json", "json_1_0", "json_1_0-query-compatible", "rest-json"}) {
    const std::string file = std::string(protocol) + ".json";
    suite(("requests " + std::string(protocol)).c_str(),
          conformance::requests(root / "aws/protocols/input" / file));
    suite(("answers " + std::string(protocol)).c_str(),
          conformance::answers(root / "aws/protocols/output" / file));
  }
  suite("datadog", conformance::datadog(root / "datadog"));
  suite("splunk", conformance::splunk(root / "splunk"));
  std::printf("conformance: %d passed, %d failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}
