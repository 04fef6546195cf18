#pragma once

#include <set>

#include "metrics/metric.h"
#include "net/aws/aws_client.h"

namespace wave::metrics {

/// `[start, end)` in seconds since 1970.
struct CloudWatchWindow {
  std::int64_t start = 0;
  std::int64_t end = 0;
  auto operator<=>(const CloudWatchWindow&) const = default;
};

/// Asks CloudWatch for the queries of one account and region together: those of one window that come within
/// `gather` become one call of at most 500. A query that the API refuses fails alone. For the loop's thread.
class CloudWatchBatch : public std::enable_shared_from_this<CloudWatchBatch> {
 public:
  using Points = std::vector<std::pair<UtcTime, double>>;  ///< oldest first
  using Answer = Result<std::map<Labels, Points>>;
  static constexpr std::size_t most_queries = 500;

  CloudWatchBatch(Runtime& runtime, std::unique_ptr<net::AwsClient> client)
      : runtime_(runtime), client_(std::move(client)) {}

  /// The series of one MetricDataQuery, which is JSON without its Id.
  Task<Answer> ask(std::string query, CloudWatchWindow window, Duration gather);

 private:
  struct Asked {
    std::string query;
    OneShot<Answer> done;
  };
  using Group = std::vector<Asked>;

  void send(CloudWatchWindow window);
  Task<void> answer(Group group, CloudWatchWindow window);
  Task<Status> call(const Group& group, CloudWatchWindow window, std::vector<Answer>& answers);

  Runtime& runtime_;
  std::unique_ptr<net::AwsClient> client_;
  std::map<CloudWatchWindow, Group> gathering_;
  std::set<std::string> refused_;  ///< asked alone from then on
};

}  // namespace wave::metrics
