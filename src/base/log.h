#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"

namespace wave {

enum class LogLevel { debug, info, warning, error };

/// Structured logs, one line an event: logfmt (`at=... level=info event="metric recovered" metric=rps`) or
/// JSON.
///
/// Safe from any thread. Never given secrets: errors and definitions that reach it hold none.
class Log {
 public:
  using Field = std::pair<std::string_view, std::string_view>;
  using Sink = void (*)(std::string_view line);

  /// `sink` null: standard error.
  explicit Log(const Clock& clock, LogLevel lowest = LogLevel::info, bool json = false, Sink sink = nullptr)
      : clock_(clock), lowest_(lowest), json_(json), sink_(sink) {}

  void write(LogLevel level, std::string_view event, std::initializer_list<Field> fields = {}) const;
  void debug(std::string_view event, std::initializer_list<Field> fields = {}) const {
    write(LogLevel::debug, event, fields);
  }
  void info(std::string_view event, std::initializer_list<Field> fields = {}) const {
    write(LogLevel::info, event, fields);
  }
  void warning(std::string_view event, std::initializer_list<Field> fields = {}) const {
    write(LogLevel::warning, event, fields);
  }
  void error(std::string_view event, std::initializer_list<Field> fields = {}) const {
    write(LogLevel::error, event, fields);
  }

 private:
  const Clock& clock_;
  LogLevel lowest_;
  bool json_;
  Sink sink_;
};

}  // namespace wave
