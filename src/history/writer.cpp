#include "history/writer.h"

namespace wave::history {
namespace {

std::int64_t micros(UtcTime time) {
  return time.time_since_epoch().count();
}

/// After so many tenths less than a hundredth is left.
constexpr int most_trims = 50;

UtcTime time_of(std::int64_t micros) {
  return UtcTime(Duration(micros));
}

/// Prepares, binds in order and runs to the end.
template <class... Values>
Status execute(Database& database, const char* sql, const Values&... values) {
  auto prepared = database.prepare(sql);
  if (!prepared) return std::unexpected(prepared.error());
  Statement statement(*prepared);
  int at = 0;
  (statement.bind(++at, values), ...);
  while (true) {
    const auto row = statement.step();
    if (!row) return std::unexpected(database.error("cannot be written"));
    if (!*row) return {};
  }
}

Status keep_within(Database& database, const Retention& retention, UtcTime now) {
  if (auto ok = execute(database, "DELETE FROM samples WHERE at < ?1", micros(now - retention.samples)); !ok)
    return ok;
  if (auto ok =
          execute(database, "DELETE FROM decisions WHERE last_at < ?1", micros(now - retention.decisions));
      !ok)
    return ok;
  if (auto ok = execute(database, "DELETE FROM rollups WHERE start < ?1", micros(now - retention.rollups));
      !ok)
    return ok;
  // Too large within its times: the oldest tenth of everything but states, as often as that takes.
  for (int round = 0; round < most_trims && database.used_bytes() > retention.max_bytes; ++round) {
    for (const char* trim :
         {"DELETE FROM samples WHERE at <= (SELECT min(at) + (max(at) - min(at)) / 10 FROM samples)",
          "DELETE FROM decisions WHERE id <= (SELECT min(id) + (max(id) - min(id)) / 10 FROM decisions)",
          "DELETE FROM rollups WHERE start <= (SELECT min(start) + (max(start) - min(start)) / 10 FROM "
          "rollups)"})
      if (auto ok = execute(database, trim); !ok) return ok;
  }
  return {};
}

struct Writer {
  Database& database;
  const Retention& retention;

  Status operator()(const StoredSample& sample) const {
    return execute(database, "INSERT OR REPLACE INTO samples VALUES(?1, ?2, ?3)", sample.metric_id,
                   micros(sample.at), sample.value);
  }
  Status operator()(const StoredRollup& rollup) const {
    return execute(database, "INSERT OR REPLACE INTO rollups VALUES(?1, ?2, ?3, ?4)", rollup.metric_id,
                   static_cast<std::int64_t>(rollup.step.count()), micros(rollup.start), rollup.values);
  }
  Status operator()(const StoredDecision& decision) const {
    return execute(database,
                   "INSERT INTO decisions(first_at, last_at, count, component_id, value, action, json) "
                   "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                   micros(decision.first_at), micros(decision.last_at), decision.count, decision.component_id,
                   decision.value, decision.action, decision.json);
  }
  Status operator()(const Repeat& repeat) const {
    return execute(database,
                   "UPDATE decisions SET count = count + ?1, last_at = max(last_at, ?2) WHERE id = "
                   "(SELECT max(id) FROM decisions WHERE component_id = ?3 AND value = ?4)",
                   repeat.count, micros(repeat.at), repeat.component_id, repeat.value);
  }
  Status operator()(const PutState& state) const {
    if (!state.json) return execute(database, "DELETE FROM states WHERE key = ?1", state.key);
    return execute(database, "INSERT OR REPLACE INTO states VALUES(?1, ?2)", state.key, *state.json);
  }
  Status operator()(const Retain& retain) const { return keep_within(database, retention, retain.now); }
};

}  // namespace

Status write_all(Database& database, const std::deque<Write>& writes, const Retention& retention) {
  if (auto begun = database.run("BEGIN IMMEDIATE"); !begun) return begun;
  for (const Write& write : writes) {
    auto done = std::visit(Writer{database, retention}, write);
    if (done) continue;
    (void)database.run("ROLLBACK");
    return done;
  }
  auto done = database.run("COMMIT");
  if (!done) (void)database.run("ROLLBACK");
  return done;
}

Result<std::map<std::string, std::string>> read_states(Database& database) {
  auto prepared = database.prepare("SELECT key, json FROM states");
  if (!prepared) return std::unexpected(prepared.error());
  Statement statement(*prepared);
  std::map<std::string, std::string> out;
  while (true) {
    const auto row = statement.step();
    if (!row) return std::unexpected(database.error("cannot be read"));
    if (!*row) return out;
    out.emplace(statement.text(0), statement.text(1));
  }
}

Result<std::optional<std::string>> read_state(Database& database, const std::string& key) {
  auto prepared = database.prepare("SELECT json FROM states WHERE key = ?1");
  if (!prepared) return std::unexpected(prepared.error());
  Statement statement(*prepared);
  const auto row = statement.bind(1, key).step();
  if (!row) return std::unexpected(database.error("cannot be read"));
  return *row ? std::optional(statement.text(0)) : std::nullopt;
}

Result<std::vector<StoredSample>> read_samples(Database& database, const std::string& metric_id,
                                               UtcTime since, std::size_t limit) {
  auto prepared = database.prepare(
      "SELECT at, value FROM samples WHERE metric_id = ?1 AND at > ?2 ORDER BY at DESC LIMIT ?3");
  if (!prepared) return std::unexpected(prepared.error());
  Statement statement(*prepared);
  statement.bind(1, metric_id).bind(2, micros(since)).bind(3, static_cast<std::int64_t>(limit));
  std::vector<StoredSample> out;
  while (true) {
    const auto row = statement.step();
    if (!row) return std::unexpected(database.error("cannot be read"));
    if (!*row) break;
    out.push_back({.metric_id = metric_id, .at = time_of(statement.integer(0)), .value = statement.real(1)});
  }
  return std::vector<StoredSample>(out.rbegin(), out.rend());
}

Result<std::vector<StoredRollup>> read_rollups(Database& database, const std::string& metric_id,
                                               Duration step, UtcTime since) {
  auto prepared = database.prepare(
      "SELECT start, numbers FROM rollups WHERE metric_id = ?1 AND step = ?2 AND start >= ?3 ORDER BY start");
  if (!prepared) return std::unexpected(prepared.error());
  Statement statement(*prepared);
  statement.bind(1, metric_id).bind(2, static_cast<std::int64_t>(step.count())).bind(3, micros(since));
  std::vector<StoredRollup> out;
  while (true) {
    const auto row = statement.step();
    if (!row) return std::unexpected(database.error("cannot be read"));
    if (!*row) return out;
    out.push_back({.metric_id = metric_id,
                   .start = time_of(statement.integer(0)),
                   .step = step,
                   .values = statement.numbers(1)});
  }
}

Result<std::vector<StoredDecision>> read_decisions(Database& database, const DecisionFilter& filter) {
  auto prepared = database.prepare(
      "SELECT id, first_at, last_at, count, component_id, value, action, json FROM decisions "
      "WHERE last_at >= ?1 AND (?2 = '' OR component_id = ?2) ORDER BY id DESC LIMIT ?3");
  if (!prepared) return std::unexpected(prepared.error());
  Statement statement(*prepared);
  statement.bind(1, micros(filter.since))
      .bind(2, filter.component_id.value_or(""))
      .bind(3, static_cast<std::int64_t>(filter.limit));
  std::vector<StoredDecision> out;
  while (true) {
    const auto row = statement.step();
    if (!row) return std::unexpected(database.error("cannot be read"));
    if (!*row) break;
    out.push_back({.id = statement.integer(0),
                   .first_at = time_of(statement.integer(1)),
                   .last_at = time_of(statement.integer(2)),
                   .count = statement.integer(3),
                   .component_id = statement.text(4),
                   .value = statement.text(5),
                   .action = statement.text(6),
                   .json = statement.text(7)});
  }
  return std::vector<StoredDecision>(out.rbegin(), out.rend());
}

}  // namespace wave::history
