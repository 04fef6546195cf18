#pragma once

#include "metrics/json_api.h"
#include "metrics/rows.h"

namespace wave::metrics {

/// A SQL statement on a Databricks warehouse: sent, waited for, cancelled when its time is over.
class DatabricksStatement {
 public:
  /// invalid_argument for a `wait_timeout` that Databricks does not take.
  static Result<DatabricksStatement> create(const definitions::Settings& settings);

  /// One series for each row. Asks before whether the warehouse runs: a statement would start it.
  Task<Result<std::vector<Series>>> run(JsonApi& api, Runtime& runtime, Duration timeout);

 private:
  explicit DatabricksStatement(const definitions::Settings& settings);
  Task<Status> check_warehouse(JsonApi& api);
  std::string body(Duration timeout) const;
  Result<std::vector<Series>> read(const JsonValue& answer) const;

  RowPicker picker_;
  std::string warehouse_;
  std::string query_;
  std::string catalog_;
  std::string schema_;
  Duration wait_;
  Duration poll_;
  bool allow_start_;
};

}  // namespace wave::metrics
