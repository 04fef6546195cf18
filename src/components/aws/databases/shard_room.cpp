#include "components/aws/databases/shard_room.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "components/answer.h"

namespace wave::components {
namespace {

using nlohmann::ordered_json;

constexpr double room_for_each_byte = 1.5;
constexpr double highest_load = 80;  ///< % of the engine's core
constexpr std::size_t most_queries = 500;
constexpr Duration window = 10min;
constexpr Duration period = 1min;

struct Metric {
  const char* name;
  const char* statistic;
};
constexpr Metric free_memory{"FreeableMemory", "Minimum"};
constexpr Metric used_memory{"BytesUsedForCache", "Maximum"};
constexpr Metric load{"EngineCPUUtilization", "Average"};

/// What is asked of CloudWatch, and the worst of a shard's nodes in the window.
class Figures {
 public:
  void want(const Metric& metric, const Shard& shard) {
    for (const auto& node : shard.nodes) {
      const auto dimensions = ordered_json::array({{{"Name", "CacheClusterId"}, {"Value", node}}});
      queries_.push_back(
          {{"Id", "q" + std::to_string(queries_.size())},
           {"MetricStat",
            {{"Metric",
              {{"Namespace", "AWS/ElastiCache"}, {"MetricName", metric.name}, {"Dimensions", dimensions}}},
             {"Period", std::chrono::duration_cast<std::chrono::seconds>(period).count()},
             {"Stat", metric.statistic}}}});
      of_.push_back(metric.name + shard.id);
    }
    wanted_[metric.name + shard.id] = shard.nodes.size();
  }

  std::size_t size() const { return queries_.size(); }

  std::string body(UtcTime now) const {
    const auto minutes = std::chrono::floor<std::chrono::minutes>(now).time_since_epoch();
    const auto end = std::chrono::duration_cast<std::chrono::seconds>(minutes).count();
    const auto begin = end - std::chrono::duration_cast<std::chrono::seconds>(window).count();
    return ordered_json{{"MetricDataQueries", queries_}, {"StartTime", begin}, {"EndTime", end}}.dump();
  }

  void read(const Answer& answer) {
    for (const auto& result : answer.at("MetricDataResults").items()) {
      const std::string id = result.text("Id");
      for (std::size_t i = 0; i < of_.size(); ++i)
        if (id == "q" + std::to_string(i)) add(of_[i], result.at("Values").numbers());
    }
  }

  /// Of all nodes of the shard; nothing when one does not tell.
  std::optional<double> least(const Metric& metric, const Shard& shard) const {
    const auto* all = of(metric, shard);
    return all ? std::optional(*std::ranges::min_element(*all)) : std::nullopt;
  }
  std::optional<double> most(const Metric& metric, const Shard& shard) const {
    const auto* all = of(metric, shard);
    return all ? std::optional(*std::ranges::max_element(*all)) : std::nullopt;
  }

 private:
  void add(const std::string& what, const std::vector<double>& values) {
    if (values.empty()) return;
    auto& all = told_[what];
    all.push_back(std::ranges::min(values));
    all.push_back(std::ranges::max(values));
  }

  /// Two numbers of each node.
  const std::vector<double>* of(const Metric& metric, const Shard& shard) const {
    const auto all = told_.find(metric.name + shard.id);
    const bool complete = all != told_.end() && !shard.nodes.empty() &&
                          all->second.size() == 2 * wanted_.at(metric.name + shard.id);
    return complete ? &all->second : nullptr;
  }

  ordered_json queries_ = ordered_json::array();
  std::vector<std::string> of_;  ///< by place in `queries_`: metric and shard
  std::map<std::string, std::size_t> wanted_;
  std::map<std::string, std::vector<double>> told_;
};

std::string mebibytes(double bytes) {
  return whole(std::round(bytes / 1048576)) + " MiB";
}

std::string judge(const Figures& figures, const std::vector<Shard>& stay, const std::vector<Shard>& go) {
  double moved = 0;
  for (const auto& shard : go) {
    const auto used = figures.most(used_memory, shard);
    if (!used) return "how much memory shard " + shard.id + " uses is not known";
    moved += *used;
  }
  const double needed = room_for_each_byte * moved / static_cast<double>(stay.size());
  for (const auto& shard : stay) {
    const auto room = figures.least(free_memory, shard);
    if (!room) return "how much memory shard " + shard.id + " has free is not known";
    if (*room < needed)
      return "shard " + shard.id + " has " + mebibytes(*room) + " of memory free and needs " +
             mebibytes(needed) + ", one and a half times its share of what would be moved";
  }
  for (const auto* all_shards : {&stay, &go})
    for (const auto& shard : *all_shards) {
      const auto busiest = figures.most(load, shard);
      if (!busiest) return "how busy shard " + shard.id + " is, is not known";
      if (*busiest >= highest_load)
        return "shard " + shard.id + " is busy: " + whole(std::round(*busiest)) + " % of its core";
    }
  return {};
}

}  // namespace

Task<std::string> why_shards_must_stay(net::AwsClient& cloudwatch, UtcTime now, std::vector<Shard> stay,
                                       std::vector<Shard> go) {
  Figures figures;
  for (const auto& shard : go) figures.want(used_memory, shard);
  for (const auto& shard : stay) figures.want(free_memory, shard);
  for (const auto* all_shards : {&stay, &go})
    for (const auto& shard : *all_shards) figures.want(load, shard);
  if (figures.size() > most_queries)
    co_return "it has more nodes than one call of CloudWatch tells of (" + std::to_string(figures.size()) +
        " figures, " + std::to_string(most_queries) + " at most)";
  auto answer = co_await cloudwatch.json("GetMetricData", figures.body(now));
  if (!answer) co_return "CloudWatch does not tell whether there is room: " + answer.error().text();
  const auto parsed = Answer::parse(answer->body);
  if (!parsed) co_return "CloudWatch does not tell whether there is room: " + parsed.error().text();
  figures.read(*parsed);
  co_return judge(figures, stay, go);
}

}  // namespace wave::components
