#include "definitions/settings.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "definitions/load_parts.h"

namespace wave::definitions {
namespace {

constexpr std::size_t largest_secret = 1024 * 1024;
/// Shorter values are words that stand anywhere.
constexpr std::size_t kLeastSecret = 8;

struct Reference {
  std::size_t begin;
  std::size_t end;  ///< one past the brace
  bool file;
  std::string_view name;
};

/// The first reference at or after `from`. A `${` of another form is plain text.
std::optional<Reference> find_reference(std::string_view text, std::size_t from) {
  while (true) {
    const std::size_t begin = text.find("${", from);
    if (begin == std::string_view::npos) return std::nullopt;
    const std::string_view rest = text.substr(begin + 2);
    const bool file = rest.starts_with("file:");
    const std::size_t prefix = file ? 5 : 4;
    const std::size_t close = rest.find('}');
    if ((file || rest.starts_with("env:")) && close != std::string_view::npos && close > prefix)
      return Reference{.begin = begin,
                       .end = begin + 2 + close + 1,
                       .file = file,
                       .name = rest.substr(prefix, close - prefix)};
    from = begin + 2;
  }
}

Result<std::string> look_up(const Reference& reference, const Settings::Environment& environment) {
  const std::string name(reference.name);
  if (reference.file) {
    auto content = environment.file(name);
    if (!content) return within("${file:" + name + "}", content.error());
    if (content->ends_with('\n')) content->pop_back();
    if (content->ends_with('\r')) content->pop_back();
    return *content;
  }
  auto value = environment.variable(name);
  if (!value) return fail(ErrorCode::invalid_argument, "the environment variable " + name + " is not set");
  return *value;
}

/// A part of a text, as places in it.
struct Span {
  std::size_t begin;
  std::size_t end;
};

/// Of `replaced`, parts of `text`, what stands before the `@` or behind the host of a URL.
void collect_secrets(std::string_view text, const std::vector<Span>& replaced,
                     std::vector<std::string>& out) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return;
  const std::size_t authority = scheme + 3;
  const std::size_t path = std::min(text.find_first_of("/?#", authority), text.size());
  const std::size_t at = text.substr(0, path).rfind('@');
  const std::size_t user_end = at != std::string_view::npos && at > authority ? at : authority;
  for (const Span& one : replaced) {
    for (const Span& hidden : {Span{authority, user_end}, Span{path, text.size()}}) {
      const std::size_t begin = std::max(one.begin, hidden.begin);
      const std::size_t end = std::min(one.end, hidden.end);
      if (end >= begin + kLeastSecret) out.emplace_back(text.substr(begin, end - begin));
    }
  }
}

Result<std::string> replace(std::string_view text, const Settings::Environment& environment,
                            std::vector<std::string>& secrets) {
  std::string out;
  std::vector<Span> replaced;
  std::size_t at = 0;
  while (const auto reference = find_reference(text, at)) {
    out += text.substr(at, reference->begin - at);
    auto value = look_up(*reference, environment);
    if (!value) return value;
    replaced.push_back({out.size(), out.size() + value->size()});
    out += *value;
    at = reference->end;
  }
  out += text.substr(at);
  collect_secrets(out, replaced, secrets);
  return out;
}

/// Replaces in place.
struct Replacer {
  const Settings::Environment& environment;
  std::vector<std::string>& secrets;

  Status operator()(std::string& text) const {
    auto value = replace(text, environment, secrets);
    if (!value) return std::unexpected(value.error());
    text = std::move(*value);
    return {};
  }
  Status operator()(Settings::List& list) const {
    for (std::string& text : list)
      if (Status done = (*this)(text); !done) return done;
    return {};
  }
  Status operator()(Settings::Map& map) const {
    for (auto& [key, text] : map)
      if (Status done = (*this)(text); !done) return done;
    return {};
  }
  Status operator()(double&) const { return {}; }
  Status operator()(bool&) const { return {}; }
  Status operator()(Duration&) const { return {}; }
};

Result<std::string> read_secret(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
  if (!file) return fail(ErrorCode::io, "cannot read " + path);
  std::string content;
  std::array<char, 16 * 1024> buffer;
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    content.append(buffer.data(), size);
    if (content.size() > largest_secret)
      return fail(ErrorCode::limit_exceeded, path + " is larger than 1 MiB");
  }
  if (std::ferror(file.get()) != 0) return fail(ErrorCode::io, "cannot read " + path);
  return content;
}

}  // namespace

template <class T>
T Settings::value_or(std::string_view key, T otherwise) const {
  auto found = value(key);
  T* fits = found ? std::get_if<T>(&*found) : nullptr;
  return fits != nullptr ? std::move(*fits) : otherwise;
}

std::optional<Settings::Value> Settings::value(std::string_view key) const {
  if (const auto found = written_.find(key); found != written_.end()) return found->second;
  if (kind_ == nullptr) return std::nullopt;
  const auto known = std::ranges::find(kind_->keys, key, &Key::name);
  return known == kind_->keys.end() ? std::nullopt : default_of(*known);
}

bool Settings::has(std::string_view key) const {
  return value(key).has_value();
}

std::string Settings::text(std::string_view key) const {
  return value_or<std::string>(key, {});
}

double Settings::number(std::string_view key, double otherwise) const {
  return value_or(key, otherwise);
}

bool Settings::flag(std::string_view key, bool otherwise) const {
  return value_or(key, otherwise);
}

Duration Settings::duration(std::string_view key, Duration otherwise) const {
  return value_or(key, otherwise);
}

Settings::List Settings::list(std::string_view key) const {
  return value_or<List>(key, {});
}

Settings::Map Settings::map(std::string_view key) const {
  return value_or<Map>(key, {});
}

void Settings::set(std::string key, Value value) {
  written_.insert_or_assign(std::move(key), std::move(value));
}

bool Settings::same_values(const Settings& other) const {
  const auto has_all = [](const Settings& one, const Settings& another) {
    return std::ranges::all_of(one.written_,
                               [&](const auto& entry) { return another.value(entry.first) == entry.second; });
  };
  return kind_ == other.kind_ && has_all(*this, other) && has_all(other, *this);
}

Settings::Environment Settings::Environment::process() {
  return {.variable = [](const std::string& name) -> std::optional<std::string> {
            const char* value = std::getenv(name.c_str());
            return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
          },
          .file = read_secret};
}

Result<Settings> Settings::resolve(const Environment& environment) const {
  Settings out = *this;
  for (auto& [key, value] : out.written_) {
    const Status done = std::visit(Replacer{environment, out.secrets_}, value);
    if (!done) return within(key, done.error());
  }
  return out;
}

bool has_reference(std::string_view text) {
  return find_reference(text, 0).has_value();
}

}  // namespace wave::definitions
