#include "base/log.h"

#include <array>
#include <cstdio>

namespace wave {
namespace {

constexpr std::array<std::string_view, 4> kLevels = {"debug", "info", "warning", "error"};
constexpr std::size_t kMaxField = 2000;

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text.substr(0, kMaxField)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(byte));
      out += escape.data();
    } else {
      out += c;
    }
  }
  out += '"';
}

bool is_plain(std::string_view text) {
  if (text.empty() || text.size() > kMaxField) return false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || c == '"' || c == '=' || c == '\\') return false;
  }
  return true;
}

void append_field(std::string& out, bool json, std::string_view key, std::string_view value) {
  if (json) {
    out += out.empty() ? '{' : ',';
    append_quoted(out, key);
    out += ':';
    append_quoted(out, value);
    return;
  }
  if (!out.empty()) out += ' ';
  out += key;
  out += '=';
  if (is_plain(value)) {
    out += value;
  } else {
    append_quoted(out, value);
  }
}

}  // namespace

void Log::write(LogLevel level, std::string_view event, std::initializer_list<Field> fields) const {
  if (level < lowest_) return;
  std::string line;
  append_field(line, json_, "at", iso8601(clock_.utc()));
  append_field(line, json_, "level", kLevels[static_cast<std::size_t>(level)]);
  append_field(line, json_, "event", event);
  for (const auto& [key, value] : fields) append_field(line, json_, key, value);
  line += json_ ? "}\n" : "\n";
  if (sink_) {
    sink_(line);
  } else {
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
}

}  // namespace wave
