#include <nlohmann/json.hpp>

#include "components/answer.h"
#include "components/aws/aws_component.h"
#include "components/aws/rest_items.h"
#include "components/kinds.h"
#include "definitions/common_keys.h"

namespace wave::components {
namespace {

using nlohmann::ordered_json;

constexpr const char* concurrency = "max_concurrency";
constexpr const char* min_pollers = "min_pollers";
constexpr const char* max_pollers = "max_pollers";
constexpr const char* mapping_path = "/2015-03-31/event-source-mappings/{}";
const RestListing mappings{.all_path = "/2015-03-31/event-source-mappings",
                           .parameters = {{"MaxItems", "100"}},
                           .list = "EventSourceMappings",
                           .name = "UUID",
                           .next = "NextMarker",
                           .next_asked = "Marker",
                           .one_path = mapping_path};

/// How a Lambda function consumes a queue.
class QueueConsumer final : public AwsComponent {
 public:
  QueueConsumer(const definitions::ComponentDefinition& definition, const definitions::Settings& settings,
                std::shared_ptr<net::AwsClient> client, net::Services& services)
      : AwsComponent("event source mapping " + settings.text("event_source_mapping_id"), definition),
        id_(settings.text("event_source_mapping_id")),
        client_(std::move(client)),
        mappings_(rest_items(mappings, client_, services)) {}

 private:
  Task<Result<Observation>> look() override {
    auto found = co_await mappings_->ask(id_);
    if (!found) co_return std::unexpected(std::move(found.error()));
    if (!*found) co_return fail(ErrorCode::not_found, "there is no " + title() + " in " + client_->region());
    co_return read(**found);
  }

  Result<Observation> read(const Answer& mapping) const {
    const std::string state = mapping.text("State");
    if (state.empty()) return std::unexpected(bad_answer("no State in the answer"));
    const std::string source = mapping.text("EventSourceArn");
    if (source.find(":sqs:") == std::string::npos)
      return fail(ErrorCode::invalid_argument,
                  title() + " does not read an SQS queue but " + net::excerpt(source));
    Observation seen;
    const Answer pollers = mapping.at("ProvisionedPollerConfig");
    if (const auto limit = mapping.at("ScalingConfig").number("MaximumConcurrency")) {
      seen.current[concurrency] = *limit;
    } else {
      // Not 0: the first limit would throttle what was free.
      seen.blocks.push_back({.value = concurrency,
                             .reason = pollers ? "its pollers are provisioned, which bound it instead"
                                               : "nothing limits it; set a limit once in AWS"});
    }
    add_pollers(pollers, seen);
    if (state == "Disabled") {
      seen.warnings.emplace_back("it is disabled: nothing is consumed");
    } else if (state != "Enabled") {
      seen.changing = true;
      seen.blocks.push_back({.reason = "it is " + state.substr(0, 64)});
    }
    return seen;
  }

  static void add_pollers(const Answer& config, Observation& seen) {
    for (const auto& [value, name] :
         {std::pair{min_pollers, "MinimumPollers"}, std::pair{max_pollers, "MaximumPollers"}}) {
      if (const auto pollers = config.number(name)) {
        seen.current[value] = *pollers;
      } else {
        seen.blocks.push_back(
            {.value = value, .reason = std::string("it has no ") + name + "; provision pollers once in AWS"});
      }
    }
    if (const auto most = seen.current.find(max_pollers); most != seen.current.end())
      seen.system_max[min_pollers] = most->second;
    if (const auto least = seen.current.find(min_pollers); least != seen.current.end())
      seen.system_min[max_pollers] = least->second;
  }

  Task<Result<Applied>> write(Observation seen, Values wanted) override {
    ordered_json body = ordered_json::object();
    if (wanted.contains(concurrency))
      body["ScalingConfig"]["MaximumConcurrency"] = static_cast<std::int64_t>(wanted[concurrency]);
    if (wanted.contains(min_pollers) || wanted.contains(max_pollers)) {
      for (const auto& [value, number] : wanted) seen.current[value] = number;
      for (const auto& [value, name] :
           {std::pair{min_pollers, "MinimumPollers"}, std::pair{max_pollers, "MaximumPollers"}})
        if (const auto pollers = seen.current.find(value); pollers != seen.current.end())
          body["ProvisionedPollerConfig"][name] = static_cast<std::int64_t>(pollers->second);
    }
    net::RestCall call{.method = "PUT", .path = mapping_path, .labels = {id_}, .body = body.dump()};
    auto answer = co_await client_->rest(std::move(call));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    co_return Applied{.request_id = std::string(answer->header("x-amzn-requestid"))};
  }

  std::string id_;
  std::shared_ptr<net::AwsClient> client_;
  std::shared_ptr<RestItems> mappings_;  ///< by UUID
};

Result<std::unique_ptr<Component>> create_sqs_consumer(const definitions::ComponentDefinition& definition,
                                                       const definitions::Settings& settings,
                                                       net::Services& services) {
  auto client = services.aws.client(net::aws::lambda, settings);
  if (!client) return std::unexpected(client.error());
  return std::make_unique<QueueConsumer>(definition, settings, std::move(*client), services);
}

}  // namespace

const Kind& amazon_sqs() {
  static const Kind kind{
      .table =
          {.document = definitions::Document::component,
           .name = "amazon-sqs",
           .vendor = "aws",
           .summary = "How many at once a Lambda function consumes of an Amazon SQS queue.",
           .keys = definitions::join({{{.name = "event_source_mapping_id",
                                        .help = "The UUID of the event source mapping of queue and function.",
                                        .required = true,
                                        .example = "14e0db71-5d35-4eb5-b481-8945cf9d10c2"}},
                                      definitions::aws_keys()}),
           .values =
               {{.name = concurrency,
                 .help = "The function's invocations at once for this queue.",
                 .lowest = 2,
                 .highest = 1000,
                 .alias = "desired"},
                {.name = min_pollers, .help = "Provisioned pollers at least.", .lowest = 2, .highest = 200},
                {.name = max_pollers, .help = "Provisioned pollers at most.", .lowest = 2, .highest = 10000}},
           .ready_after = 30s,
           .permissions =
               "`lambda:GetEventSourceMapping` and `lambda:UpdateEventSourceMapping` on the mapping; "
               "`lambda:ListEventSourceMappings` (all resources) to read many in one call.",
           .notes =
               "A queue itself has no capacity to set. What reads it, has: workers of an Auto Scaling group, "
               "of ECS or of Kubernetes are components of their own kind, which a plan scales by the metric "
               "`aws-sqs` (`target: { metric: jobs_waiting, per_unit: 50 }`); a Lambda function is scaled "
               "here.\n\nWhere nothing limits the mapping (it has no MaximumConcurrency), `max_concurrency` "
               "is held: a first limit would throttle what was free. Set one once in AWS; so too for the "
               "pollers. A limit is never taken away again."},
      .create = &create_sqs_consumer};
  return kind;
}

}  // namespace wave::components
