#include "cli/output.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "api/api.h"

namespace wave::cli {

namespace {

constexpr auto json_with_any_text = nlohmann::json::error_handler_t::replace;

nlohmann::json error_of(const Error& error, int status) {
  auto out = nlohmann::json::parse(api::error_json(error));
  if (status == exit_usage) out["error"]["code"] = "usage";
  return out;
}

}  // namespace

int fail_with(const Error& error, bool json, int status) {
  if (json) {
    print_line(error_of(error, status).dump(-1, ' ', false, json_with_any_text));
  } else {
    std::string text = coloured("error", Colour::red) + ": " + error.text() + "\n";
    if (!error.hint.empty()) text += "hint: " + error.hint + "\n";
    std::fputs(text.c_str(), stderr);
  }
  return status;
}

void print_line(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fputc('\n', stdout);
}

std::string problems_json(const std::vector<definitions::Problem>& problems) {
  auto out = nlohmann::json::array();
  for (const auto& one : problems)
    out.push_back({{"file", one.file}, {"line", one.line}, {"column", one.column}, {"message", one.message}});
  return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void print_problems(const std::vector<definitions::Problem>& errors,
                    const std::vector<definitions::Problem>& warnings) {
  std::string text;
  for (const auto& one : warnings)
    text += one.file + ":" + std::to_string(one.line) + ":" + std::to_string(one.column) +
            ": warning: " + one.message + "\n";
  for (const auto& one : errors) text += one.text() + "\n";
  std::fputs(text.c_str(), stderr);
}

int fail_invalid(const std::vector<definitions::Problem>& errors,
                 const std::vector<definitions::Problem>& warnings, bool json, const std::string& message) {
  print_problems(errors, warnings);
  const Error error{.code = ErrorCode::invalid_argument, .message = message};
  if (!json) return fail_with(error, json, exit_invalid);
  auto out = error_of(error, exit_invalid);
  out["errors"] = nlohmann::json::parse(problems_json(errors));
  print_line(out.dump(-1, ' ', false, json_with_any_text));
  return exit_invalid;
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (std::size_t line = 0; line < rows_.size(); ++line) {
    std::string text;
    for (std::size_t i = 0; i < rows_[line].size(); ++i) {
      text += rows_[line][i];
      if (i + 1 < rows_[line].size()) text += std::string(widths[i] - rows_[line][i].size() + 2, ' ');
    }
    out += (line == 0 ? coloured(text, Colour::bold) : text) + "\n";
  }
  return out;
}

std::string show(double number) {
  if (std::isnan(number)) return "unknown";
  std::array<char, 32> buffer{};
  char* end = nullptr;
  if (number == std::floor(number) && std::abs(number) < 1e15) {
    end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), static_cast<std::int64_t>(number)).ptr;
  } else {
    end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::general, 6)
              .ptr;
  }
  return {buffer.data(), end};
}

std::string show_time(UtcTime time) {
  return iso8601(std::chrono::floor<std::chrono::seconds>(time));
}

std::string coloured(const std::string& text, Colour colour) {
  static const bool terminal = ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  if (!terminal || colour == Colour::none) return text;
  static constexpr std::array codes = {"", "\033[31m", "\033[32m", "\033[33m", "\033[1m"};
  return codes[static_cast<std::size_t>(colour)] + text + "\033[0m";
}

}  // namespace wave::cli
