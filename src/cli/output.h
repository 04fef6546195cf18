#pragma once

#include <string>
#include <vector>

#include "definitions/definitions.h"

namespace wave::cli {

enum ExitStatus { exit_done = 0, exit_failed = 1, exit_usage = 2, exit_invalid = 3 };

/// Prints what went wrong, with `--json` as `{"error":...}` on standard output; the code of what was typed
/// wrong (exit_usage) is `usage`. Returns the status to leave with.
int fail_with(const Error& error, bool json, int status = exit_failed);

void print_line(const std::string& text);

/// `[{"file","line","column","message"}]`
std::string problems_json(const std::vector<definitions::Problem>& problems);
/// Errors and warnings for people, on standard error.
void print_problems(const std::vector<definitions::Problem>& errors,
                    const std::vector<definitions::Problem>& warnings);

/// Prints them, and that the definitions are invalid; with `--json` as `{"error":...,"errors":[...]}`, too.
/// Returns the status to leave with.
int fail_invalid(const std::vector<definitions::Problem>& errors,
                 const std::vector<definitions::Problem>& warnings, bool json,
                 const std::string& message = "the definitions are invalid");

/// Columns as wide as they must be.
class Table {
 public:
  explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// `4`, `2.5`; `unknown` for NaN.
std::string show(double number);
/// UTC to the second, as in logs and JSON: `2026-01-31T12:00:00Z`.
std::string show_time(UtcTime time);
/// Text in a colour when standard output is a terminal (and NO_COLOR is not set).
enum class Colour { none, red, green, yellow, bold };
std::string coloured(const std::string& text, Colour colour);

}  // namespace wave::cli
