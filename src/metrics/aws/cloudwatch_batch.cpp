#include "metrics/aws/cloudwatch_batch.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <nlohmann/json.hpp>

namespace wave::metrics {
namespace {

using nlohmann::json;

/// Pages of one answer; each holds up to 100,800 points.
constexpr int most_pages_of_data = 50;
constexpr std::size_t most_refused = 10'000;

std::string text_of(const json& object, const char* name) {
  return object.contains(name) && object[name].is_string() ? object[name].get<std::string>() : std::string();
}

Status check_state(const json& result) {
  const std::string status = text_of(result, "StatusCode");
  if (status == "Forbidden") return fail(ErrorCode::forbidden, "CloudWatch says Forbidden for this metric");
  if (status == "InternalError") return fail(ErrorCode::unavailable, "CloudWatch says InternalError", true);
  return {};
}

/// Adds one MetricDataResult to the series of its label; a later page holds more points of the same series.
Status add_points(const json& result, std::map<Labels, CloudWatchBatch::Points>& out) {
  if (auto ok = check_state(result); !ok) return ok;
  const json none = json::array();
  const json& values = result.contains("Values") ? result["Values"] : none;
  const json& times = result.contains("Timestamps") ? result["Timestamps"] : none;
  if (!values.is_array() || !times.is_array() || values.size() != times.size())
    return std::unexpected(bad_answer("values and timestamps do not belong together"));
  if (values.empty()) return {};
  Labels labels;
  if (auto label = text_of(result, "Label"); !label.empty()) labels.emplace("label", label);
  auto& points = out[labels];
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i].is_number() || !times[i].is_number())
      return std::unexpected(bad_answer("a point is not a number"));
    const double value = values[i].get<double>();
    if (std::isfinite(value)) points.emplace_back(from_epoch_seconds(times[i].get<double>()), value);
  }
  return {};
}

/// The place in the call of `q17`.
std::optional<std::size_t> index_of(const json& result) {
  const std::string id = text_of(result, "Id");
  std::size_t index = 0;
  if (!id.starts_with('q')) return std::nullopt;
  const auto [end, error] = std::from_chars(id.data() + 1, id.data() + id.size(), index);
  if (error != std::errc{} || end != id.data() + id.size()) return std::nullopt;
  return index;
}

Status route(const json& parsed, std::vector<CloudWatchBatch::Answer>& answers) {
  if (!parsed.is_object() || !parsed.contains("MetricDataResults") || !parsed["MetricDataResults"].is_array())
    return std::unexpected(bad_answer("no MetricDataResults in the answer"));
  for (const json& result : parsed["MetricDataResults"]) {
    if (!result.is_object()) return std::unexpected(bad_answer("a result is not an object"));
    const auto index = index_of(result);
    if (!index || *index >= answers.size())
      return std::unexpected(bad_answer("a result has an Id that was not asked"));
    auto& answer = answers[*index];
    if (!answer) continue;
    if (auto ok = add_points(result, *answer); !ok) answer = std::unexpected(ok.error());
  }
  return {};
}

std::string body_of(const std::vector<std::string>& queries, CloudWatchWindow window,
                    const std::string& next) {
  json list = json::array();
  for (std::size_t i = 0; i < queries.size(); ++i) {
    json query = json::parse(queries[i], nullptr, false);
    query["Id"] = "q" + std::to_string(i);
    list.push_back(std::move(query));
  }
  json body = {{"MetricDataQueries", std::move(list)},
               {"StartTime", window.start},
               {"EndTime", window.end},
               {"ScanBy", "TimestampDescending"}};
  if (!next.empty()) body["NextToken"] = next;
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// Whether one query of several may be what the API refuses.
bool may_be_one(const Error& error) {
  return error.code == ErrorCode::invalid_argument || error.code == ErrorCode::forbidden ||
         error.code == ErrorCode::limit_exceeded;
}

}  // namespace

Task<CloudWatchBatch::Answer> CloudWatchBatch::ask(std::string query, CloudWatchWindow window,
                                                   Duration gather) {
  const auto self = shared_from_this();
  Asked asked{.query = std::move(query), .done = {}};
  const auto done = asked.done;
  if (refused_.contains(asked.query)) {
    Group alone;
    alone.push_back(std::move(asked));
    spawn(answer(std::move(alone), window));
  } else {
    auto& group = gathering_[window];
    group.push_back(std::move(asked));
    if (group.size() == most_queries) {
      send(window);
    } else if (group.size() == 1) {
      runtime_.after(gather, [self, window] { self->send(window); });
    }
  }
  auto result = co_await done;
  co_return result;
}

void CloudWatchBatch::send(CloudWatchWindow window) {
  auto group = gathering_.extract(window);
  if (group) spawn(answer(std::move(group.mapped()), window));
}

Task<void> CloudWatchBatch::answer(Group group, CloudWatchWindow window) {
  const auto self = shared_from_this();
  std::vector<Answer> answers(group.size());
  auto ok = co_await call(group, window, answers);
  if (!ok && group.size() > 1 && may_be_one(ok.error())) {
    // The API refuses the whole call for one bad query: halves find it.
    const auto middle = group.begin() + static_cast<std::ptrdiff_t>(group.size() / 2);
    spawn(answer(Group(group.begin(), middle), window));
    spawn(answer(Group(middle, group.end()), window));
    co_return;
  }
  if (!ok && may_be_one(ok.error()) && refused_.size() < most_refused) refused_.insert(group.front().query);
  if (ok && group.size() == 1) refused_.erase(group.front().query);
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (!ok) answers[i] = std::unexpected(ok.error());
    if (answers[i]) {
      for (auto& [labels, points] : *answers[i]) std::ranges::sort(points);
    }
    group[i].done.set(std::move(answers[i]));
  }
}

Task<Status> CloudWatchBatch::call(const Group& group, CloudWatchWindow window,
                                   std::vector<Answer>& answers) {
  std::vector<std::string> queries;
  for (const auto& asked : group) queries.push_back(asked.query);
  std::string next;
  for (int page = 0; page < most_pages_of_data; ++page) {
    std::string body = body_of(queries, window, next);
    auto answer = co_await client_->json("GetMetricData", std::move(body));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    const json parsed = json::parse(answer->body, nullptr, false);
    auto routed = route(parsed, answers);
    if (!routed) co_return within("GetMetricData", std::move(routed.error()));
    next = text_of(parsed, "NextToken");
    if (next.empty()) co_return Status{};
  }
  co_return within("GetMetricData",
                   bad_answer("the answer has more than " + std::to_string(most_pages_of_data) + " pages"));
}

}  // namespace wave::metrics
