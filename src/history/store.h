#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/task.h"
#include "base/time.h"

namespace wave::history {

struct StoredSample {
  std::string metric_id;
  UtcTime at;
  double value = 0;
};

/// A decision as it is kept: the JSON that `decisions --json` prints, and the columns that it is searched by.
struct StoredDecision {
  std::int64_t id = 0;
  UtcTime first_at;
  UtcTime last_at;
  std::int64_t count = 1;  ///< how often the same outcome came again
  std::string component_id;
  std::string value;
  std::string action;
  std::string json;
};

/// A stretch of a metric's regular series: `values[i]` is the mean over the step that begins at
/// `start + i * step`, NaN where nothing is known. One such stretch replaces an earlier one with the same
/// start.
struct StoredRollup {
  std::string metric_id;
  UtcTime start;
  Duration step{0};
  std::vector<float> values;
};

struct DecisionFilter {
  std::optional<std::string> component_id;
  UtcTime since{};
  std::size_t limit = 1000;
};

struct Health {
  bool writable = true;
  std::string problem;  ///< `disk full: 312 writes waiting since 09:31:02Z, 40 dropped`
  std::size_t waiting = 0;
  std::size_t dropped =
      0;  ///< samples and rollups dropped because the queue was full; states and changes are never dropped
  std::uint64_t bytes = 0;
};

struct Retention {
  Duration samples = 2h;
  Duration decisions = 14 * 24h;
  Duration rollups = 35 * 24h;
  std::uint64_t max_bytes = 2ull << 30;
};

/// Samples, decisions and state that last. Writes are queued and done by one thread of its own, so a slow
/// disk never delays a tick. A full disk or a locked file shows in `health` and never stops scaling; what
/// waits is bounded.
class Store {
 public:
  virtual ~Store() = default;
  virtual void add_samples(std::vector<StoredSample> samples) = 0;
  virtual void add_decision(StoredDecision decision) = 0;
  /// Counts `count` repetitions of the component's newest decision, the last one at `at`.
  virtual void repeat_decision(const std::string& component_id, const std::string& value, UtcTime at,
                               std::int64_t count) = 0;
  virtual void add_rollups(std::vector<StoredRollup> rollups) = 0;
  /// Raw samples are kept at least so long, however short their retention. Forgets now what is older.
  virtual void keep_samples(Duration at_least) = 0;
  virtual void put_state(std::string key, std::string json) = 0;
  virtual void erase_state(std::string key) = 0;
  /// Resolves when everything queued so far is on disk, or with the error that keeps it from there. Bounded
  /// by `limit`.
  virtual Task<Status> flush(Duration limit) = 0;

  virtual Result<std::map<std::string, std::string>> states() = 0;
  /// One of them; nothing where there is none.
  virtual Result<std::optional<std::string>> state(const std::string& key) = 0;
  virtual Result<std::vector<StoredSample>> samples(const std::string& metric_id, UtcTime since,
                                                    std::size_t limit) = 0;
  /// Those of that step that start at `since` or later, oldest first.
  virtual Result<std::vector<StoredRollup>> rollups(const std::string& metric_id, Duration step,
                                                    UtcTime since) = 0;
  virtual Result<std::vector<StoredDecision>> decisions(const DecisionFilter& filter) = 0;
  virtual Health health() const = 0;
};

}  // namespace wave::history
