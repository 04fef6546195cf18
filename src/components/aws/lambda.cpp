#include <nlohmann/json.hpp>

#include "base/text.h"
#include "components/answer.h"
#include "components/aws/aws_component.h"
#include "components/kinds.h"
#include "definitions/common_keys.h"
#include "net/aws/errors.h"

namespace wave::components {
namespace {

constexpr const char* provisioned = "provisioned_concurrency";
constexpr const char* reserved = "reserved_concurrency";
/// Each operation has the date of its own API version in its path.
constexpr const char* provisioned_path = "/2019-09-30/functions/{}/provisioned-concurrency";
constexpr const char* read_reserved_path = "/2019-09-30/functions/{}/concurrency";
constexpr const char* write_reserved_path = "/2017-10-31/functions/{}/concurrency";

/// `arn:aws:lambda:eu-west-1:123456789012:function:resize` -> `resize`.
std::string bare_name(const std::string& function) {
  const auto colon = function.rfind(':');
  return colon == std::string::npos ? function : function.substr(colon + 1);
}

class LambdaFunction final : public AwsComponent {
 public:
  LambdaFunction(const definitions::ComponentDefinition& definition, const definitions::Settings& settings,
                 std::unique_ptr<net::AwsClient> client)
      : AwsComponent("function " + settings.text("function_name"), definition),
        function_(settings.text("function_name")),
        qualifier_(settings.text("qualifier")),
        client_(std::move(client)) {}

  Status watch(const definitions::Settings& settings, net::Services& services) {
    if (qualifier_.empty()) return {};
    return watch_targets({{.value = provisioned,
                           .target = {.space = "lambda",
                                      .resource = "function:" + bare_name(function_) + ":" + qualifier_,
                                      .dimension = "lambda:function:ProvisionedConcurrency"}}},
                         settings, services);
  }

 private:
  Task<Result<Observation>> look() override {
    Observation seen;
    if (!qualifier_.empty()) {
      seen.current[provisioned] = 0;
      auto ok = co_await look_for_provisioned(&seen);
      if (!ok) co_return std::unexpected(std::move(ok.error()));
    }
    net::RestCall call{.path = read_reserved_path, .labels = {function_}};
    auto answer = co_await client_->rest(std::move(call));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    const auto parsed = Answer::parse(answer->body);
    if (!parsed) co_return std::unexpected(parsed.error());
    const auto number = parsed->number("ReservedConcurrentExecutions");
    if (!number) {
      // Not 0: the first reservation would throttle what had the account's whole share.
      seen.blocks.push_back(
          {.value = reserved, .reason = "none is reserved, so nothing limits it; reserve some once in AWS"});
    } else {
      seen.current[reserved] = *number;
      seen.system_max[provisioned] = *number;
      // No plan ends what somebody did in an incident.
      if (*number == 0)
        seen.blocks.push_back(
            {.reason = "somebody switched the function off (its reserved concurrency is 0); remove or raise "
                       "the reservation in AWS"});
    }
    co_return seen;
  }

  Task<Status> look_for_provisioned(Observation* seen) {
    net::RestCall call{.path = provisioned_path, .labels = {function_}, .query = {{"Qualifier", qualifier_}}};
    auto answer = co_await client_->rest(std::move(call));
    seen->ready = 0;
    if (!answer) {
      // No configuration is a 404 that means none.
      if (net::aws::has_code(answer.error(), "ProvisionedConcurrencyConfigNotFoundException"))
        co_return Status{};
      co_return std::unexpected(std::move(answer.error()));
    }
    const auto parsed = Answer::parse(answer->body);
    if (!parsed) co_return std::unexpected(parsed.error());
    const auto requested = parsed->number("RequestedProvisionedConcurrentExecutions");
    if (!requested)
      co_return std::unexpected(bad_answer("no RequestedProvisionedConcurrentExecutions in the answer"));
    const std::string status = parsed->text("Status");
    seen->ready = parsed->number("AvailableProvisionedConcurrentExecutions").value_or(0);
    seen->current[provisioned] = *requested;
    seen->changing = status == "IN_PROGRESS";
    if (seen->changing)
      seen->blocks.push_back({.value = provisioned, .reason = "an earlier request is being processed"});
    if (status == "FAILED") {
      // What was asked for is not coming: asking again is a change.
      seen->current[provisioned] = parsed->number("AllocatedProvisionedConcurrentExecutions").value_or(0);
      seen->warnings.push_back("provisioning failed: " + net::excerpt(parsed->text("StatusReason")));
    }
    co_return Status{};
  }

  /// What is provisioned comes out of what is reserved: room first when both grow, last when both shrink.
  Task<Result<Applied>> write(Observation seen, Values wanted) override {
    const auto room = wanted.find(reserved);
    const bool room_first = room != wanted.end() && room->second > seen.current[reserved];
    Applied applied;
    Values reached;
    for (const bool is_room : {room_first, !room_first}) {
      const auto value = wanted.find(is_room ? reserved : provisioned);
      if (value == wanted.end()) continue;
      auto set = is_room ? set_reserved(value->second) : set_provisioned(value->second);
      auto done = co_await set;
      if (!done) co_return in_part(std::move(applied), std::move(reached), std::move(done.error()));
      applied.request_id = std::move(*done);
      reached.insert(*value);
    }
    co_return applied;
  }

  Task<Result<std::string>> set_provisioned(double number) {
    net::RestCall call{.method = number == 0 ? "DELETE" : "PUT",
                       .path = provisioned_path,
                       .labels = {function_},
                       .query = {{"Qualifier", qualifier_}}};
    if (number > 0) call.body = R"({"ProvisionedConcurrentExecutions":)" + whole(number) + "}";
    auto answer = co_await client_->rest(std::move(call));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    co_return std::string(answer->header("x-amzn-requestid"));
  }

  /// A reservation of 0 would switch the function off, and without one it takes from all others: a plan does
  /// neither.
  Task<Result<std::string>> set_reserved(double number) {
    net::RestCall call{.method = "PUT",
                       .path = write_reserved_path,
                       .labels = {function_},
                       .body = R"({"ReservedConcurrentExecutions":)" + whole(number) + "}"};
    auto answer = co_await client_->rest(std::move(call));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    co_return std::string(answer->header("x-amzn-requestid"));
  }

  std::string function_;
  std::string qualifier_;
  std::unique_ptr<net::AwsClient> client_;
};

std::string problem_of_lambda(const definitions::Settings& metadata) {
  return metadata.text("qualifier") == "$LATEST"
             ? "'qualifier' is an alias or a version: $LATEST has no provisioned concurrency"
             : "";
}

std::string lacks_of_lambda(const definitions::Settings& metadata, std::string_view value) {
  return value == provisioned && metadata.text("qualifier").empty()
             ? "that is an alias' or a version's; name it with 'qualifier'"
             : "";
}

Result<std::unique_ptr<Component>> create_lambda(const definitions::ComponentDefinition& definition,
                                                 const definitions::Settings& settings,
                                                 net::Services& services) {
  if (auto wrong = problem_of_lambda(settings); !wrong.empty())
    return fail(ErrorCode::invalid_argument, std::move(wrong));
  auto client = services.aws.client(net::aws::lambda, settings);
  if (!client) return std::unexpected(client.error());
  auto component = std::make_unique<LambdaFunction>(definition, settings, std::move(*client));
  if (auto ok = component->watch(settings, services); !ok) return std::unexpected(ok.error());
  return component;
}

}  // namespace

const Kind& aws_lambda() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::component,
           .name = "aws-lambda",
           .vendor = "aws",
           .summary = "The provisioned and the reserved concurrency of an AWS Lambda function.",
           .keys = definitions::join(
               {{{.name = "function_name",
                  .help = "The function's name or ARN.",
                  .required = true,
                  .example = "resize"},
                 {.name = "qualifier",
                  .help = "The alias or version that has the provisioned concurrency; never $LATEST.",
                  .example = "live"}},
                definitions::aws_keys()}),
           .values = {{.name = provisioned,
                       .help = "Environments that are kept initialised; 0 removes the configuration. Needs "
                               "`qualifier`."},
                      {.name = reserved,
                       .help = "The function's share of the account's concurrency.",
                       .lowest = 1,
                       .highest = 1000000}},
           .ready_after = 2min,
           .problem = &problem_of_lambda,
           .lacks = &lacks_of_lambda,
           .permissions =
               "`lambda:GetProvisionedConcurrencyConfig`, `lambda:PutProvisionedConcurrencyConfig` and "
               "`lambda:DeleteProvisionedConcurrencyConfig` on the alias or version, which has an ARN of its "
               "own (`arn:aws:lambda:REGION:ACCOUNT:function:resize:live`); `lambda:GetFunctionConcurrency`, "
               "and with `reserved_concurrency` `lambda:PutFunctionConcurrency`, on the function "
               "(`arn:aws:lambda:REGION:ACCOUNT:function:resize`). A policy that names only one of the two "
               "ARNs is not enough: name both. "
               "`application-autoscaling:DescribeScalableTargets` (all resources) to see who else steers it, "
               "and `application-autoscaling:RegisterScalableTarget` with `on_conflict: raise_floor`.",
           .notes =
               "Provisioned concurrency costs money while it is there. It is at most the reserved "
               "concurrency, where some is reserved, and the account keeps 100 unreserved. Allocation "
               "begins a minute or two after the request; lowering it is immediate and safe. While AWS "
               "processes a request the next one waits.\n\nWhere nothing is reserved, `reserved_concurrency` "
               "is held: a first reservation would throttle the function. Reserve some once in AWS; a "
               "plan moves it, and neither removes it nor makes it 0, which switches the function off."},
      .create = &create_lambda};
  return kind;
}

}  // namespace wave::components
