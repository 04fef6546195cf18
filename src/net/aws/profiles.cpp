#include "net/aws/profiles.h"

#include <algorithm>

#include "base/text.h"

namespace wave::net::aws {
namespace {

/// Calls `found(section, outer, key, value)`; `outer` is the key that an indented line belongs to.
template <class Found>
void each_line(std::string_view text, Found found) {
  std::string section;
  std::string outer;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view content = trimmed(line);
    if (content.empty() || content.front() == '#' || content.front() == ';') continue;
    if (content.front() == '[') {
      section = std::string(trimmed(content.substr(1, content.find(']') - 1)));
      outer.clear();
      continue;
    }
    const auto equals = content.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string key = to_lower(trimmed(content.substr(0, equals)));
    std::string_view value = trimmed(content.substr(equals + 1));
    if (const auto comment = value.find(" #"); comment != std::string_view::npos)
      value = trimmed(value.substr(0, comment));
    const bool indented = line.front() == ' ' || line.front() == '\t';
    if (!indented) outer = value.empty() ? key : "";
    found(section, indented ? outer : std::string(), key, std::string(value));
  }
}

std::string value_of(const std::map<std::string, Profiles::Section>& sections, const std::string& section,
                     std::string_view key) {
  const auto found = sections.find(section);
  if (found == sections.end()) return {};
  const auto value = found->second.find(key);
  return value == found->second.end() ? std::string() : value->second;
}

}  // namespace

Profiles Profiles::load(const definitions::Settings::Environment& environment) {
  const std::string home = environment.variable("HOME").value_or("");
  const auto read = [&](const char* variable, const char* name) -> std::string {
    const auto path = environment.variable(variable);
    auto text = environment.file(path ? *path : home + "/.aws/" + name);
    return text ? std::move(*text) : std::string();
  };
  return parse(read("AWS_CONFIG_FILE", "config"), read("AWS_SHARED_CREDENTIALS_FILE", "credentials"));
}

Profiles Profiles::parse(std::string_view config, std::string_view credentials) {
  Profiles out;
  each_line(config, [&](const std::string& section, const std::string& outer, const std::string& key,
                        std::string value) {
    if (section.starts_with("services ")) {
      if (!outer.empty())
        out.services_[std::string(trimmed(section.substr(9)))][outer][key] = std::move(value);
      return;
    }
    if (!outer.empty()) return;
    const std::string name =
        section.starts_with("profile ") ? std::string(trimmed(section.substr(8))) : section;
    out.config_[name][key] = std::move(value);
  });
  each_line(credentials, [&](const std::string& section, const std::string& outer, const std::string& key,
                             std::string value) {
    if (outer.empty()) out.credentials_[section][key] = std::move(value);
  });
  return out;
}

bool Profiles::has(const std::string& profile) const {
  return config_.contains(profile) || credentials_.contains(profile);
}

std::string Profiles::from_credentials(const std::string& profile, std::string_view key) const {
  return value_of(credentials_, profile, key);
}
std::string Profiles::from_config(const std::string& profile, std::string_view key) const {
  return value_of(config_, profile, key);
}
std::string Profiles::get(const std::string& profile, std::string_view key) const {
  const std::string value = from_credentials(profile, key);
  return value.empty() ? from_config(profile, key) : value;
}

std::string Profiles::service_endpoint(const std::string& profile, const std::string& service) const {
  const auto found = services_.find(get(profile, "services"));
  return found == services_.end() ? std::string() : value_of(found->second, service, "endpoint_url");
}

}  // namespace wave::net::aws
