#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "definitions/settings.h"

namespace wave::net::aws {

/// The shared configuration files of the AWS tools: `~/.aws/config` and `~/.aws/credentials`, or where
/// AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE point.
class Profiles {
 public:
  using Section = std::map<std::string, std::string, std::less<>>;

  static Profiles load(const definitions::Settings::Environment& environment);
  static Profiles parse(std::string_view config, std::string_view credentials);

  bool has(const std::string& profile) const;
  /// From the credentials file first, then from the configuration file; empty when absent.
  std::string get(const std::string& profile, std::string_view key) const;
  std::string from_credentials(const std::string& profile, std::string_view key) const;
  std::string from_config(const std::string& profile, std::string_view key) const;
  /// `endpoint_url` of a service in the profile's `services` section.
  std::string service_endpoint(const std::string& profile, const std::string& service) const;

 private:
  std::map<std::string, Section> config_;
  std::map<std::string, Section> credentials_;
  std::map<std::string, std::map<std::string, Section>> services_;  ///< section, service
};

}  // namespace wave::net::aws
