#include "components/aws/scalable_targets.h"

#include <nlohmann/json.hpp>

#include "components/answer.h"

namespace wave::components {
namespace {

using nlohmann::ordered_json;

/// ResourceIds of one DescribeScalableTargets, and targets of one page.
constexpr std::size_t most_resources = 50;
constexpr int most_pages_of_targets = 20;

using Found = std::map<std::string, Result<ScalableTarget>>;

bool is_suspended(const Answer& state) {
  return state.flag("DynamicScalingInSuspended") && state.flag("DynamicScalingOutSuspended") &&
         state.flag("ScheduledScalingSuspended");
}

/// A bound that is not told must not be taken for 0.
Result<ScalableTarget> read(const Answer& one) {
  const auto min = one.number("MinCapacity");
  const auto max = one.number("MaxCapacity");
  if (!min || !max) return std::unexpected(bad_answer("no MinCapacity and MaxCapacity in the answer"));
  return ScalableTarget{.min = *min, .max = *max, .suspended = is_suspended(one.at("SuspendedState"))};
}

Task<Result<std::map<std::string, Found>>> describe_targets(std::shared_ptr<net::AwsClient> client,
                                                            std::string space,
                                                            std::vector<std::string> resources) {
  std::map<std::string, Found> out;
  std::string next;
  for (int page = 0; page < most_pages_of_targets; ++page) {
    ordered_json body = {{"ServiceNamespace", space}, {"ResourceIds", resources}};
    if (!next.empty()) body["NextToken"] = next;
    auto answer = co_await client->json("DescribeScalableTargets", body.dump());
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    const auto parsed = Answer::parse(answer->body);
    if (!parsed) co_return std::unexpected(parsed.error());
    if (!parsed->has("ScalableTargets"))
      co_return std::unexpected(bad_answer("no ScalableTargets in the answer"));
    for (const auto& one : parsed->at("ScalableTargets").items())
      out[one.text("ResourceId")].insert_or_assign(one.text("ScalableDimension"), read(one));
    next = parsed->text("NextToken");
    if (next.empty()) co_return out;
  }
  co_return fail(ErrorCode::limit_exceeded,
                 "the list has more than " + std::to_string(most_pages_of_targets) + " pages");
}

}  // namespace

Result<std::shared_ptr<ScalableTargets>> ScalableTargets::create(const definitions::Settings& settings,
                                                                 net::Services& services) {
  auto client = services.aws.client(net::aws::application_autoscaling, settings);
  if (!client) return std::unexpected(client.error());
  return std::make_shared<ScalableTargets>(services.runtime, services.shared, std::move(*client));
}

Task<Result<std::optional<ScalableTarget>>> ScalableTargets::find(TargetName name, Duration max_age) {
  const MonoTime now = runtime_.mono();
  auto known = known_.find(name.resource);
  if (known == known_.end() || now - known->second.asked_at > max_age) {
    if (!lookup_) {
      lookup_ = shared_.get<Lookup>(client_->shared_key() + " " + name.space, [&] {
        return std::make_shared<Lookup>(
            runtime_, most_resources,
            [client = client_, space = name.space](std::vector<std::string> resources) {
              return describe_targets(client, space, std::move(resources));
            },
            net::Forbidden::all);
      });
    }
    auto found = co_await lookup_->ask(name.resource);
    // A refusal is remembered, too: what is asked again and again is refused again.
    if (!found && found.error().retryable)
      co_return within("DescribeScalableTargets", std::move(found.error()));
    Known fresh{.asked_at = now};
    if (found) {
      fresh.found = std::move(*found).value_or(Found{});
    } else {
      fresh.refusal = std::move(found.error());
    }
    known = known_.insert_or_assign(name.resource, std::move(fresh)).first;
  }
  if (known->second.refusal) co_return within("DescribeScalableTargets", Error(*known->second.refusal));
  const auto target = known->second.found.find(name.dimension);
  if (target == known->second.found.end()) co_return std::optional<ScalableTarget>();
  if (!target->second) {
    auto error = target->second.error();
    known_.erase(known);
    co_return within("DescribeScalableTargets", std::move(error));
  }
  co_return std::optional<ScalableTarget>(*target->second);
}

Task<Result<std::string>> ScalableTargets::set_bounds(TargetName name, std::optional<double> min,
                                                      std::optional<double> max) {
  ordered_json body = {
      {"ServiceNamespace", name.space}, {"ResourceId", name.resource}, {"ScalableDimension", name.dimension}};
  if (min) body["MinCapacity"] = static_cast<std::int64_t>(*min);
  if (max) body["MaxCapacity"] = static_cast<std::int64_t>(*max);
  auto answer = co_await client_->json("RegisterScalableTarget", body.dump());
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  if (const auto known = known_.find(name.resource); known != known_.end()) {
    const auto target = known->second.found.find(name.dimension);
    if (target != known->second.found.end() && target->second) {
      target->second->min = min.value_or(target->second->min);
      target->second->max = max.value_or(target->second->max);
    }
  }
  co_return std::string(answer->header("x-amzn-requestid"));
}

}  // namespace wave::components
