#pragma once

/// The tables. Times are microseconds since 1970, UTC; numbers are 32-bit floats of this machine's byte
/// order.
namespace wave::history {

constexpr const char* schema = R"(
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA journal_size_limit = 16777216;
PRAGMA cache_size = -2000;
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS samples(metric_id TEXT NOT NULL, at INTEGER NOT NULL, value REAL NOT NULL,
  PRIMARY KEY(metric_id, at)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rollups(metric_id TEXT NOT NULL, step INTEGER NOT NULL, start INTEGER NOT NULL,
  numbers BLOB NOT NULL, PRIMARY KEY(metric_id, step, start)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS decisions(id INTEGER PRIMARY KEY, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
  count INTEGER NOT NULL, component_id TEXT NOT NULL, value TEXT NOT NULL, action TEXT NOT NULL,
  json TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS decisions_by_component ON decisions(component_id, value, id);
CREATE INDEX IF NOT EXISTS decisions_by_time ON decisions(last_at);
CREATE TABLE IF NOT EXISTS states(key TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;
COMMIT;
)";

}  // namespace wave::history
