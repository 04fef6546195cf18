#include "components/aws/emr.h"

#include <nlohmann/json.hpp>

#include "components/answer.h"
#include "net/aws/errors.h"

namespace wave::components {

Error emr_error(Error error) {
  if (error.code != ErrorCode::invalid_argument) return error;
  const auto says = [&](std::string_view words) { return error.message.find(words) != std::string::npos; };
  if (says("is not valid") || says("does not exist") || says("not found")) {
    error.code = ErrorCode::not_found;
  } else if (says("resizing") || says("RESIZING") || says("in progress")) {
    error.code = ErrorCode::busy;
    error.retryable = true;
  }
  return error;
}

Task<Result<std::optional<double>>> look_at_emr_cluster(net::AwsClient& client, std::string cluster,
                                                        Observation* seen) {
  const nlohmann::ordered_json body = {{"ClusterId", cluster}};
  auto answer = co_await client.json("DescribeCluster", body.dump());
  if (!answer) co_return std::unexpected(emr_error(std::move(answer.error())));
  const auto parsed = Answer::parse(answer->body);
  if (!parsed) co_return std::unexpected(parsed.error());
  const Answer found = parsed->at("Cluster");
  const std::string state = found.at("Status").text("State");
  if (state.empty()) co_return std::unexpected(bad_answer("no Status of the cluster in the answer"));
  if (state.starts_with("TERMINAT"))
    co_return fail(ErrorCode::not_found, "the EMR cluster " + cluster + " is " + state.substr(0, 64));
  if (state != "RUNNING" && state != "WAITING")
    seen->blocks.push_back({.reason = "the cluster is " + state.substr(0, 64)});
  co_return found.number("StepConcurrencyLevel");
}

}  // namespace wave::components
