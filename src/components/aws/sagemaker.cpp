#include <nlohmann/json.hpp>

#include "base/text.h"
#include "components/answer.h"
#include "components/aws/aws_component.h"
#include "components/kinds.h"
#include "definitions/common_keys.h"
#include "net/aws/errors.h"

namespace wave::components {
namespace {

using nlohmann::ordered_json;

constexpr const char* max_concurrency = "max_concurrency";
constexpr const char* provisioned_of_variant = "provisioned_concurrency";

/// SageMaker says of a thing that is not there, and of one that is busy, that the request is not valid.
Error translated(Error error) {
  if (!net::aws::has_code(error, "ValidationException")) return error;
  if (error.message.find("Could not find") != std::string::npos) error.code = ErrorCode::not_found;
  if (error.message.find("in-progress") != std::string::npos ||
      error.message.find("Cannot update") != std::string::npos) {
    error.code = ErrorCode::busy;
    error.retryable = true;
  }
  return error;
}

/// What both kinds of thing have: a status, and a reason where it failed.
void add_status(const std::string& status, const std::string& failure, Observation& seen) {
  if (!failure.empty()) seen.warnings.push_back(net::excerpt(failure));
  if (status == "InService") return;
  seen.changing =
      status == "Updating" || status == "Creating" || status == "SystemUpdating" || status == "RollingBack";
  seen.blocks.push_back({.reason = "it is " + status.substr(0, 64) + "; only what is InService is changed"});
}

class SageMakerEndpoint final : public AwsComponent {
 public:
  SageMakerEndpoint(const definitions::ComponentDefinition& definition, const definitions::Settings& settings,
                    std::unique_ptr<net::AwsClient> client)
      : AwsComponent("endpoint " + settings.text("endpoint_name"), definition),
        endpoint_(settings.text("endpoint_name")),
        variant_(settings.text("variant_name")),
        client_(std::move(client)) {}

  Status watch(const definitions::Settings& settings, net::Services& services) {
    const std::string resource = "endpoint/" + endpoint_ + "/variant/" + variant_;
    return watch_targets(
        {{.value = "desired", .target = {"sagemaker", resource, "sagemaker:variant:DesiredInstanceCount"}},
         {.value = provisioned_of_variant,
          .target = {"sagemaker", resource, "sagemaker:variant:DesiredProvisionedConcurrency"}}},
        settings, services);
  }

 private:
  Task<Result<Observation>> look() override {
    const ordered_json body = {{"EndpointName", endpoint_}};
    auto answer = co_await client_->json("DescribeEndpoint", body.dump());
    if (!answer) co_return std::unexpected(translated(std::move(answer.error())));
    const auto parsed = Answer::parse(answer->body);
    if (!parsed) co_return std::unexpected(parsed.error());
    const std::string status = parsed->text("EndpointStatus");
    if (status.empty()) co_return std::unexpected(bad_answer("no EndpointStatus in the answer"));
    for (const auto& variant : parsed->at("ProductionVariants").items()) {
      if (variant.text("VariantName") != variant_) continue;
      auto seen = read(variant);
      if (seen) add_status(status, parsed->text("FailureReason"), *seen);
      co_return seen;
    }
    co_return fail(ErrorCode::not_found, title() + " has no variant '" + variant_ + "'");
  }

  Result<Observation> read(const Answer& variant) {
    Observation seen;
    const Answer serverless = variant.at("DesiredServerlessConfig") ? variant.at("DesiredServerlessConfig")
                                                                    : variant.at("CurrentServerlessConfig");
    if (serverless) {
      const auto most = serverless.number("MaxConcurrency");
      if (!most) return std::unexpected(bad_answer("no MaxConcurrency in the answer"));
      seen.current = {{max_concurrency, *most},
                      {provisioned_of_variant, serverless.number("ProvisionedConcurrency").value_or(0)}};
      seen.system_max[provisioned_of_variant] = *most;
      if (seen.current[provisioned_of_variant] > 0)
        seen.system_min[max_concurrency] = seen.current[provisioned_of_variant];
      return seen;
    }
    const auto desired = variant.number("DesiredInstanceCount");
    if (!desired) return std::unexpected(bad_answer("no DesiredInstanceCount in the answer"));
    seen.current["desired"] = *desired;
    seen.ready = variant.number("CurrentInstanceCount");
    seen.system_min["desired"] = 1;
    if (const Answer managed = variant.at("ManagedInstanceScaling"); managed.text("Status") == "ENABLED")
      seen.steering.push_back({.who = "the variant's managed instance scaling (" +
                                      whole(managed.number("MinInstanceCount").value_or(0)) + " to " +
                                      whole(managed.number("MaxInstanceCount").value_or(0)) + ")",
                               .advice = "scale its inference components instead"});
    return seen;
  }

  /// The capacity of one variant a call.
  Task<Result<Applied>> write(Observation seen, Values wanted) override {
    ordered_json variant = {{"VariantName", variant_}};
    if (seen.current.contains(max_concurrency)) {
      if (wanted.contains("desired"))
        co_return fail(ErrorCode::invalid_argument, title() + ": a serverless variant has no instances");
      for (const auto& [value, number] : wanted) seen.current[value] = number;
      ordered_json config = {{"MaxConcurrency", static_cast<std::int64_t>(seen.current[max_concurrency])}};
      if (seen.current[provisioned_of_variant] > 0)
        config["ProvisionedConcurrency"] = static_cast<std::int64_t>(seen.current[provisioned_of_variant]);
      variant["ServerlessUpdateConfig"] = std::move(config);
    } else if (wanted.contains("desired")) {
      variant["DesiredInstanceCount"] = static_cast<std::int64_t>(wanted["desired"]);
    } else {
      co_return fail(ErrorCode::invalid_argument, title() + ": only a serverless variant has a concurrency");
    }
    const ordered_json body = {{"EndpointName", endpoint_},
                               {"DesiredWeightsAndCapacities", ordered_json::array({variant})}};
    auto answer = co_await client_->json("UpdateEndpointWeightsAndCapacities", body.dump());
    if (!answer) co_return std::unexpected(translated(std::move(answer.error())));
    co_return Applied{.request_id = std::string(answer->header("x-amzn-requestid"))};
  }

  std::string endpoint_;
  std::string variant_;
  std::unique_ptr<net::AwsClient> client_;
};

class InferenceComponent final : public AwsComponent {
 public:
  InferenceComponent(const definitions::ComponentDefinition& definition,
                     const definitions::Settings& settings, std::unique_ptr<net::AwsClient> client)
      : AwsComponent("inference component " + settings.text("inference_component_name"), definition),
        name_(settings.text("inference_component_name")),
        client_(std::move(client)) {}

  Status watch(const definitions::Settings& settings, net::Services& services) {
    return watch_targets({{.value = "desired",
                           .target = {"sagemaker", "inference-component/" + name_,
                                      "sagemaker:inference-component:DesiredCopyCount"}}},
                         settings, services);
  }

 private:
  Task<Result<Observation>> look() override {
    const ordered_json body = {{"InferenceComponentName", name_}};
    auto answer = co_await client_->json("DescribeInferenceComponent", body.dump());
    if (!answer) co_return std::unexpected(translated(std::move(answer.error())));
    const auto parsed = Answer::parse(answer->body);
    if (!parsed) co_return std::unexpected(parsed.error());
    const Answer config = parsed->at("RuntimeConfig");
    const auto desired = config.number("DesiredCopyCount");
    if (!desired) co_return std::unexpected(bad_answer("no DesiredCopyCount in the answer"));
    Observation seen{.current = {{"desired", *desired}}, .ready = config.number("CurrentCopyCount")};
    add_status(parsed->text("InferenceComponentStatus"), parsed->text("FailureReason"), seen);
    co_return seen;
  }

  Task<Result<Applied>> write(Observation, Values wanted) override {
    if (!wanted.contains("desired") || wanted.size() > 1)
      co_return fail(ErrorCode::invalid_argument, title() + ": an inference component has only copies");
    const ordered_json body = {
        {"InferenceComponentName", name_},
        {"DesiredRuntimeConfig", {{"CopyCount", static_cast<std::int64_t>(wanted["desired"])}}}};
    auto answer = co_await client_->json("UpdateInferenceComponentRuntimeConfig", body.dump());
    if (!answer) co_return std::unexpected(translated(std::move(answer.error())));
    co_return Applied{.request_id = std::string(answer->header("x-amzn-requestid"))};
  }

  std::string name_;
  std::unique_ptr<net::AwsClient> client_;
};

template <class Scaled>
Result<std::unique_ptr<Component>> make(const definitions::ComponentDefinition& definition,
                                        const definitions::Settings& settings, net::Services& services,
                                        std::unique_ptr<net::AwsClient> client) {
  auto component = std::make_unique<Scaled>(definition, settings, std::move(client));
  if (auto ok = component->watch(settings, services); !ok) return std::unexpected(ok.error());
  return component;
}

std::string problem_of_sagemaker(const definitions::Settings& metadata) {
  const bool is_variant = metadata.has("endpoint_name") && metadata.has("variant_name");
  return is_variant == metadata.has("inference_component_name") ||
                 metadata.has("endpoint_name") != metadata.has("variant_name")
             ? "give either 'endpoint_name' and 'variant_name', or 'inference_component_name'"
             : "";
}

/// Whether a variant is serverless only SageMaker tells.
std::string lacks_of_sagemaker(const definitions::Settings& metadata, std::string_view value) {
  return metadata.has("inference_component_name") && value != "desired"
             ? "an inference component has copies, which are its 'desired'"
             : "";
}

Result<std::unique_ptr<Component>> create_sagemaker(const definitions::ComponentDefinition& definition,
                                                    const definitions::Settings& settings,
                                                    net::Services& services) {
  if (auto wrong = problem_of_sagemaker(settings); !wrong.empty())
    return fail(ErrorCode::invalid_argument, std::move(wrong));
  auto client = services.aws.client(net::aws::sagemaker, settings);
  if (!client) return std::unexpected(client.error());
  return settings.has("endpoint_name")
             ? make<SageMakerEndpoint>(definition, settings, services, std::move(*client))
             : make<InferenceComponent>(definition, settings, services, std::move(*client));
}

}  // namespace

const Kind& amazon_sagemaker() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::component,
           .name = "amazon-sagemaker",
           .vendor = "aws",
           .summary = "The instances, concurrency or copies of an Amazon SageMaker endpoint.",
           .keys = definitions::join(
               {{{.name = "endpoint_name", .help = "The endpoint's name.", .example = "ranking"},
                 {.name = "variant_name", .help = "The variant of the endpoint.", .example = "AllTraffic"},
                 {.name = "inference_component_name",
                  .help = "An inference component, instead of a variant.",
                  .example = "llama-adapter"}},
                definitions::aws_keys()}),
           .values = {{.name = "desired",
                       .help = "Instances of the variant, or copies of the inference component."},
                      {.name = max_concurrency,
                       .help = "Of a serverless variant: requests at once.",
                       .lowest = 1,
                       .highest = 200},
                      {.name = provisioned_of_variant,
                       .help = "Of a serverless variant: environments kept initialised, at most "
                               "`max_concurrency`.",
                       .lowest = 1,
                       .highest = 200}},
           .ready_after = 8min,
           .problem = &problem_of_sagemaker,
           .lacks = &lacks_of_sagemaker,
           .permissions =
               "`sagemaker:DescribeEndpoint` and `sagemaker:UpdateEndpointWeightsAndCapacities` on the "
               "endpoint, or `sagemaker:DescribeInferenceComponent` and "
               "`sagemaker:UpdateInferenceComponentRuntimeConfig` on the inference component; "
               "`application-autoscaling:DescribeScalableTargets` (all resources) to see who else steers it, "
               "and `application-autoscaling:RegisterScalableTarget` with `on_conflict: raise_floor`.",
           .notes =
               "Only what is InService is changed, one variant at a time. A variant keeps one instance; "
               "copies of an inference component may be 0. Provisioned concurrency that is there cannot be "
               "taken away again by this kind (that needs another endpoint configuration), and the weight of "
               "a variant is not capacity: it is left alone."},
      .create = &create_sagemaker};
  return kind;
}

}  // namespace wave::components
