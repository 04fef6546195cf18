#pragma once

#include <deque>
#include <map>
#include <optional>
#include <variant>

#include "history/database.h"
#include "history/store.h"

namespace wave::history {

struct Repeat {
  std::string component_id;
  std::string value;
  UtcTime at;
  std::int64_t count = 0;
};
struct PutState {
  std::string key;
  std::optional<std::string> json;  ///< nullopt: erase
};
struct Retain {
  UtcTime now;
};
using Write = std::variant<StoredSample, StoredRollup, StoredDecision, Repeat, PutState, Retain>;

/// All of it in one transaction, or nothing.
Status write_all(Database& database, const std::deque<Write>& writes, const Retention& retention);

Result<std::map<std::string, std::string>> read_states(Database& database);
Result<std::optional<std::string>> read_state(Database& database, const std::string& key);
Result<std::vector<StoredSample>> read_samples(Database& database, const std::string& metric_id,
                                               UtcTime since, std::size_t limit);
Result<std::vector<StoredRollup>> read_rollups(Database& database, const std::string& metric_id,
                                               Duration step, UtcTime since);
Result<std::vector<StoredDecision>> read_decisions(Database& database, const DecisionFilter& filter);

}  // namespace wave::history
