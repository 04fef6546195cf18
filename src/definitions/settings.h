#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

namespace wave::definitions {

struct KindTable;

/// The name of a file. Copies share the text: every definition holds many positions in one file.
class FileName {
 public:
  FileName() = default;
  FileName(std::string name) : name_(std::make_shared<const std::string>(std::move(name))) {}
  operator std::string() const { return name_ ? *name_ : std::string(); }

 private:
  std::shared_ptr<const std::string> name_;
};

/// Where in the user's files something stands; line and column count from 1. Line 0: unknown.
struct Position {
  FileName file;
  int line = 0;
  int column = 0;
};

/// The `metadata` of a metric or component, checked against its key table: names are the table's (aliases are
/// replaced), types fit, defaults are filled in. Text may still hold `${env:X}` and `${file:/p}` until
/// `resolve`.
class Settings {
 public:
  Settings() = default;
  /// Those of a kind that are not set have its defaults.
  explicit Settings(const KindTable& kind) : kind_(&kind) {}

  using List = std::vector<std::string>;
  using Map = std::map<std::string, std::string>;
  using Value = std::variant<std::string, double, bool, Duration, List, Map>;

  bool has(std::string_view key) const;
  /// Empty when absent.
  std::string text(std::string_view key) const;
  double number(std::string_view key, double otherwise = 0) const;
  bool flag(std::string_view key, bool otherwise = false) const;
  Duration duration(std::string_view key, Duration otherwise = Duration{0}) const;
  List list(std::string_view key) const;
  Map map(std::string_view key) const;

  void set(std::string key, Value value);
  /// Of one kind; what is left out equals its default written out.
  bool same_values(const Settings& other) const;

  /// What references point at: environment variables and files. `nullopt` when unset.
  struct Environment {
    std::function<std::optional<std::string>(const std::string& name)> variable;
    std::function<Result<std::string>(const std::string& path)> file;  ///< at most 1 MiB
    static Environment process();
  };
  /// A copy with every reference replaced (a trailing newline of a file is cut). The error names the
  /// reference, never the value.
  Result<Settings> resolve(const Environment& environment) const;
  /// After `resolve`: what references stood for in the user info, path and query of URLs, where longer than a
  /// word. Their host is no secret; operators need it in messages.
  const std::vector<std::string>& secrets() const { return secrets_; }

 private:
  template <class T>
  T value_or(std::string_view key, T otherwise) const;
  /// What was written, or the table's default.
  std::optional<Value> value(std::string_view key) const;

  const KindTable* kind_ = nullptr;  ///< lives as long as the program
  std::map<std::string, Value, std::less<>> written_;
  std::vector<std::string> secrets_;
};

/// Whether the text holds a `${env:...}` or `${file:...}`.
bool has_reference(std::string_view text);

}  // namespace wave::definitions
