#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "history/store.h"

namespace wave::test {

/// A store that lasts as long as the test: what a restart finds again.
class MemoryStore final : public history::Store {
 public:
  void add_samples(std::vector<history::StoredSample>) override {}
  void add_decision(history::StoredDecision decision) override { records.push_back(std::move(decision)); }
  void repeat_decision(const std::string&, const std::string&, UtcTime, std::int64_t) override {}
  void add_rollups(std::vector<history::StoredRollup> stretches) override {
    for (auto& one : stretches) rolled[{one.metric_id, one.start}] = std::move(one);
  }
  void keep_samples(Duration) override {}
  void put_state(std::string key, std::string json) override { kept[std::move(key)] = std::move(json); }
  void erase_state(std::string key) override { kept.erase(key); }
  Task<Status> flush(Duration) override { co_return Status{}; }
  Result<std::map<std::string, std::string>> states() override { return kept; }
  Result<std::optional<std::string>> state(const std::string& key) override {
    const auto found = kept.find(key);
    return found == kept.end() ? std::nullopt : std::optional(found->second);
  }
  Result<std::vector<history::StoredSample>> samples(const std::string&, UtcTime, std::size_t) override {
    return std::vector<history::StoredSample>{};
  }
  Result<std::vector<history::StoredRollup>> rollups(const std::string& metric_id, Duration step,
                                                     UtcTime since) override {
    std::vector<history::StoredRollup> out;
    for (const auto& [key, one] : rolled)
      if (key.first == metric_id && one.step == step && key.second >= since) out.push_back(one);
    return out;
  }
  Result<std::vector<history::StoredDecision>> decisions(const history::DecisionFilter&) override {
    return records;
  }
  history::Health health() const override { return {}; }

  std::map<std::string, std::string> kept;
  std::map<std::pair<std::string, UtcTime>, history::StoredRollup> rolled;
  std::vector<history::StoredDecision> records;
};

}  // namespace wave::test
