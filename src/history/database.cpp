#include "history/database.h"

#include <cstring>

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

namespace wave::history {
namespace {

/// How long one statement waits for another process to let go.
constexpr int busy_milliseconds = 250;
constexpr int most_waits_to_open = 40;

}  // namespace

Statement::~Statement() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Statement& Statement::bind(int at, std::int64_t value) {
  sqlite3_bind_int64(statement_, at, value);
  return *this;
}

Statement& Statement::bind(int at, double value) {
  sqlite3_bind_double(statement_, at, value);
  return *this;
}

Statement& Statement::bind(int at, const std::string& value) {
  sqlite3_bind_text64(statement_, at, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind(int at, const std::vector<float>& value) {
  sqlite3_bind_blob64(statement_, at, value.data(), value.size() * sizeof(float), SQLITE_TRANSIENT);
  return *this;
}

std::expected<bool, int> Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return std::unexpected(code);
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

double Statement::real(int column) const {
  return sqlite3_column_double(statement_, column);
}

std::string Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::vector<float> Statement::numbers(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  std::vector<float> out(static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)) / sizeof(float));
  if (bytes != nullptr && !out.empty()) std::memcpy(out.data(), bytes, out.size() * sizeof(float));
  return out;
}

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& path, Mode mode) {
  const int flags =
      mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  sqlite3* handle = nullptr;
  const std::string name = mode == Mode::memory ? ":memory:" : path.string();
  if (mode == Mode::read_write) {
    // What a daemon remembers is its owner's alone; SQLite would make the file for everybody to read, and
    // gives its companions the file's own mode.
    if (const int fd = ::open(name.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600); fd >= 0) ::close(fd);
  }
  const int code = sqlite3_open_v2(name.c_str(), &handle, flags | SQLITE_OPEN_FULLMUTEX, nullptr);
  std::unique_ptr<Database> made(new Database(handle));
  if (code != SQLITE_OK) return std::unexpected(made->error("cannot be opened"));
  sqlite3_busy_timeout(handle, busy_milliseconds);
  sqlite3_extended_result_codes(handle, 0);
  return made;
}

Database::~Database() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

Status Database::run_patiently(const char* sql) {
  auto done = run(sql);
  for (int i = 0; i < most_waits_to_open && !done && done.error().code == ErrorCode::busy; ++i)
    done = run(sql);
  return done;
}

Status Database::run(const char* sql) {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return std::unexpected(error("cannot be used"));
}

Result<sqlite3_stmt*> Database::prepare(const char* sql) {
  for (const auto& [text, statement] : statements_)
    if (text == sql) return statement;
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK)
    return std::unexpected(error("cannot be used"));
  statements_.emplace_back(sql, statement);
  return statement;
}

int Database::code() const {
  return sqlite3_errcode(handle_) & 0xff;
}

Error Database::error(const std::string& what) const {
  const int code = sqlite3_errcode(handle_) & 0xff;
  const bool busy = code == SQLITE_BUSY || code == SQLITE_LOCKED;
  return {.code = busy ? ErrorCode::busy : ErrorCode::io,
          .message = what + ": " + (code == SQLITE_FULL ? "the disk is full" : sqlite3_errmsg(handle_)),
          .retryable = busy || code == SQLITE_FULL || code == SQLITE_IOERR};
}

std::uint64_t Database::number(const char* sql) {
  auto statement = prepare(sql);
  if (!statement) return 0;
  Statement run(*statement);
  const auto row = run.step();
  return row && *row ? static_cast<std::uint64_t>(run.integer(0)) : 0;
}

std::uint64_t Database::bytes() {
  return number("PRAGMA page_count") * number("PRAGMA page_size");
}

std::uint64_t Database::used_bytes() {
  return (number("PRAGMA page_count") - number("PRAGMA freelist_count")) * number("PRAGMA page_size");
}

bool is_damage(int code) {
  return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

}  // namespace wave::history
