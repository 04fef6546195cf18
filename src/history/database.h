#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace wave::history {

/// A prepared statement in use; reset at the end.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(int at, std::int64_t value);
  Statement& bind(int at, double value);
  Statement& bind(int at, const std::string& value);
  Statement& bind(int at, const std::vector<float>& value);
  /// Runs to the next row: true; false at the end. SQLite's result code otherwise.
  std::expected<bool, int> step();
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  std::vector<float> numbers(int column) const;

 private:
  sqlite3_stmt* statement_;
};

/// One SQLite connection, for one thread at a time.
class Database {
 public:
  enum class Mode { read_write, read_only, memory };
  static Result<std::unique_ptr<Database>> open(const std::filesystem::path& path, Mode mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// One or more statements without results.
  Status run(const char* sql);
  /// The same, for up to 10 s while another process holds the file: what is stored must not be missed.
  Status run_patiently(const char* sql);
  /// The statement, prepared once for each text (which must be a literal).
  Result<sqlite3_stmt*> prepare(const char* sql);
  Error error(const std::string& what) const;
  int code() const;
  std::uint64_t bytes();       ///< of the file
  std::uint64_t used_bytes();  ///< of it that hold something

 private:
  explicit Database(sqlite3* handle) : handle_(handle) {}
  std::uint64_t number(const char* sql);
  sqlite3* handle_;
  std::vector<std::pair<const char*, sqlite3_stmt*>> statements_;
};

/// Whether that SQLite result code says that the file is no database or damaged.
bool is_damage(int code);

}  // namespace wave::history
