#include "cli/settings.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <functional>

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include "definitions/load.h"

namespace wave::cli {
namespace {

struct Setting {
  const char* name;
  const char* variable;
  const char* default_value;
  const char* help;
  std::function<bool(Configuration&, const std::string&)> set;  ///< false: not such a value
};

std::optional<std::int64_t> integer(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// `2GiB`, `512MiB`, or bytes.
std::optional<std::uint64_t> size_of(const std::string& text) {
  static constexpr std::pair<std::string_view, int> units[] = {{"GiB", 30}, {"MiB", 20}, {"KiB", 10}};
  for (const auto& [unit, shift] : units) {
    if (!text.ends_with(unit)) continue;
    const auto count = integer(text.substr(0, text.size() - unit.size()));
    if (!count || *count <= 0 || *count > (1 << 20)) return std::nullopt;
    return static_cast<std::uint64_t>(*count) << shift;
  }
  const auto bytes = integer(text);
  if (!bytes || *bytes < (1 << 20)) return std::nullopt;
  return static_cast<std::uint64_t>(*bytes);
}

bool set_duration(Duration& to, const std::string& text) {
  const auto value = parse_duration(text);
  if (!value || *value <= Duration{0}) return false;
  to = *value;
  return true;
}

bool set_level(LogLevel& to, const std::string& text) {
  static const std::map<std::string, LogLevel> levels = {{"debug", LogLevel::debug},
                                                         {"info", LogLevel::info},
                                                         {"warning", LogLevel::warning},
                                                         {"error", LogLevel::error}};
  const auto found = levels.find(text);
  if (found != levels.end()) to = found->second;
  return found != levels.end();
}

const std::vector<Setting>& table() {
  static const std::vector<Setting> all = {
      {"definitions", "WAVE_DEFINITIONS", "`wave-definitions.yaml` or `definitions/`",
       "A file or folder of definitions; `-f` wins.",
       [](Configuration& to, const std::string& text) {
         to.definitions = {text};
         return !text.empty();
       }},
      {"address", "WAVE_ADDRESS", "`127.0.0.1`",
       "The IP address that the API listens on. Others than loopback let others read.",
       [](Configuration& to, const std::string& text) {
         to.address = text;
         return !text.empty();
       }},
      {"port", "WAVE_PORT", "`3024`", "The API's port, 0 to 65535; 0 takes a free one and logs it.",
       [](Configuration& to, const std::string& text) {
         const auto value = integer(text);
         if (!value || *value < 0 || *value > 65535) return false;
         to.port = static_cast<int>(*value);
         return true;
       }},
      {"token_file", "WAVE_TOKEN_FILE", "`wave.token`",
       "Where the API's token is; made on first start, mode 0600. `WAVE_TOKEN` holds the token itself and "
       "wins.",
       [](Configuration& to, const std::string& text) {
         to.token_file = text;
         return !text.empty();
       }},
      {"database", "WAVE_DATABASE", "`wave.db`", "The SQLite file of samples, decisions and state.",
       [](Configuration& to, const std::string& text) {
         to.database = text;
         return !text.empty() && text.find("://") == std::string::npos;
       }},
      {"history_max_size", "WAVE_HISTORY_MAX_SIZE", "`2GiB`",
       "The database is kept below this: bytes, KiB, MiB or GiB; at least 1 MiB.",
       [](Configuration& to, const std::string& text) {
         const auto value = size_of(text);
         if (value) to.retention.max_bytes = *value;
         return value.has_value();
       }},
      {"keep_decisions", "WAVE_KEEP_DECISIONS", "`14d`", "How long decisions are kept.",
       [](Configuration& to, const std::string& text) { return set_duration(to.retention.decisions, text); }},
      {"keep_samples", "WAVE_KEEP_SAMPLES", "`2h`", "How long raw samples are kept, at least.",
       [](Configuration& to, const std::string& text) { return set_duration(to.retention.samples, text); }},
      {"log_level", "WAVE_LOG_LEVEL", "`info`", "debug, info, warning or error.",
       [](Configuration& to, const std::string& text) { return set_level(to.log_level, text); }},
      {"log_format", "WAVE_LOG_FORMAT", "`logfmt`", "logfmt or json; logs go to standard error.",
       [](Configuration& to, const std::string& text) {
         to.log_json = text == "json";
         return text == "json" || text == "logfmt";
       }},
  };
  return all;
}

std::unexpected<Error> wrong(const std::string& place, const std::string& message) {
  return std::unexpected(Error{.code = ErrorCode::invalid_argument, .message = place + ": " + message});
}

Status read_file(Configuration& to, const std::filesystem::path& file) {
  YAML::Node root;
  try {
    root = YAML::LoadFile(file.string());
  } catch (const YAML::BadFile&) {
    return wrong(file.string(), "cannot be read");
  } catch (const YAML::Exception& error) {
    return wrong(file.string() + ":" + std::to_string(error.mark.line + 1) + ":" +
                     std::to_string(error.mark.column + 1),
                 error.msg);
  }
  if (root.IsNull()) return {};
  if (!root.IsMap()) return wrong(file.string() + ":1:1", "must be a map of settings");
  for (const auto& entry : root) {
    const auto mark = entry.first.Mark();
    const std::string place =
        file.string() + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
    if (!entry.first.IsScalar() || !entry.second.IsScalar()) return wrong(place, "must be `setting: value`");
    const auto& name = entry.first.Scalar();
    std::vector<std::string> names;
    const Setting* found = nullptr;
    for (const auto& setting : table()) {
      names.emplace_back(setting.name);
      if (name == setting.name) found = &setting;
    }
    if (found == nullptr)
      return wrong(place, "unknown setting '" + name + "'" + definitions::did_you_mean(name, names));
    if (!found->set(to, entry.second.Scalar()))
      return wrong(place, "'" + name + "' is not right: " + found->help);
  }
  return {};
}

}  // namespace

bool Configuration::loopback() const {
  return address.starts_with("127.") || address == "::1";
}

std::string Configuration::url() const {
  const bool any = address == "0.0.0.0" || address == "::";
  const std::string host = any                                      ? "127.0.0.1"
                           : address.find(':') == std::string::npos ? address
                                                                    : "[" + address + "]";
  return "http://" + host + ":" + std::to_string(port);
}

Result<Configuration> configure(const std::filesystem::path& file,
                                const definitions::Settings::Environment& environment) {
  Configuration out;
  const std::filesystem::path here = "wave-config.yaml";
  std::error_code ignored;
  if (!file.empty() || std::filesystem::exists(here, ignored)) {
    if (auto read = read_file(out, file.empty() ? here : file); !read) return std::unexpected(read.error());
  }
  for (const auto& setting : table()) {
    const auto value = environment.variable(setting.variable);
    if (value && !setting.set(out, *value))
      return wrong(setting.variable, std::string("is not right: ") + setting.help);
  }
  if (const auto token = environment.variable("WAVE_TOKEN"); token && !token->empty()) out.token = *token;
  return out;
}

std::string configuration_markdown() {
  std::string out =
      "# Configuration\n\nSettings stand in `wave-config.yaml` in the working folder, or where `--config` "
      "points. "
      "A variable of the environment wins over the file.\n\n| setting | variable | default | what it is "
      "|\n|---|---|---|---|\n";
  for (const auto& setting : table()) {
    out += std::string("| `") + setting.name + "` | `" + setting.variable + "` | " + setting.default_value +
           " | " + setting.help + " |\n";
  }
  return out + "| | `WAVE_TOKEN` | | The API's token itself, instead of `token_file`. |\n";
}

namespace {

Result<std::string> token_in(const std::string& path) {
  auto text = definitions::Settings::Environment::process().file(path);
  if (!text) return std::unexpected(std::move(text.error()));
  while (!text->empty() && text->back() == '\n') text->pop_back();
  if (!text->empty()) return *text;
  return std::unexpected(Error{.code = ErrorCode::unauthorized,
                               .message = "the token file " + path + " is empty",
                               .hint = "delete it, and `run` makes one, or set WAVE_TOKEN"});
}

Result<std::string> random_token() {
  std::array<unsigned char, 24> random{};
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size()))
    return fail(ErrorCode::internal, "no random numbers for a token");
  static constexpr char digits[] = "0123456789abcdef";
  std::string token;
  for (const auto byte : random) {
    token += digits[byte >> 4];
    token += digits[byte & 15];
  }
  return token;
}

/// The file appears with all it holds, or not at all. Where another process was quicker, its token counts.
Result<std::string> make_token(const std::string& path) {
  auto token = random_token();
  if (!token) return token;
  std::string unfinished = path + "." + std::string(6, 'X');
  const auto failed = [&](const char* what) {
    const std::string reason = std::strerror(errno);
    ::unlink(unfinished.c_str());
    return fail(ErrorCode::io, path + " cannot be " + what + ": " + reason);
  };
  const int fd = ::mkostemp(unfinished.data(), O_CLOEXEC);  // mode 0600
  if (fd < 0) return fail(ErrorCode::io, path + " cannot be made: " + std::strerror(errno));
  const std::string line = *token + "\n";
  errno = ENOSPC;  // what a write says that is cut short
  const bool written = ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  const bool kept = written && ::fsync(fd) == 0;
  ::close(fd);
  if (!kept) return failed("written");
  // A link replaces nothing. Some file systems have none.
  if (::link(unfinished.c_str(), path.c_str()) == 0) {
    ::unlink(unfinished.c_str());
  } else if (errno != EEXIST && !std::filesystem::exists(path)) {
    if (::rename(unfinished.c_str(), path.c_str()) != 0) return failed("made");
  } else {
    ::unlink(unfinished.c_str());
    token = token_in(path);
  }
  return token;
}

}  // namespace

Result<std::string> read_token(const Configuration& configuration, bool make) {
  if (!configuration.token.empty()) return configuration.token;
  const std::string path = configuration.token_file.string();
  std::error_code none;
  const auto there = std::filesystem::symlink_status(path, none).type();
  if (there != std::filesystem::file_type::not_found) return token_in(path);
  if (make) return make_token(path);
  return std::unexpected(Error{.code = ErrorCode::unauthorized,
                               .message = "no token at " + path,
                               .hint = "set WAVE_TOKEN, or run this where the daemon runs"});
}

}  // namespace wave::cli
