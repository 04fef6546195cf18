#pragma once

#include <string>

#include "definitions/settings.h"
#include "net/aws/profiles.h"

namespace wave::net::aws {

/// What is known of an AWS API.
struct Service {
  std::string_view id;      ///< as in AWS_ENDPOINT_URL_<ID>: `AUTO_SCALING`
  std::string_view prefix;  ///< of its host name
  std::string_view signing_name;
  std::string_view version = "";  ///< of the query protocol
  std::string_view target = "";   ///< prefix of X-Amz-Target
  std::string_view json = "1.1";  ///< of the JSON protocol
};

inline constexpr Service autoscaling{"AUTO_SCALING", "autoscaling", "autoscaling", "2011-01-01"};
inline constexpr Service cloudwatch{
    "CLOUDWATCH", "monitoring", "monitoring", "2010-08-01", "GraniteServiceVersion20100801", "1.0"};
inline constexpr Service sts{"STS", "sts", "sts", "2011-06-15"};
inline constexpr Service managed_prometheus{"AMP", "aps-workspaces", "aps"};

struct EndpointOptions {
  bool fips = false;
  bool dual_stack = false;
};

/// The address of a service in a region (partition from the region's name; unknown regions are new ones).
/// invalid_argument where the partition has no such endpoints or the region cannot be part of a host name.
Result<std::string> endpoint(const Service& service, const std::string& region, EndpointOptions options);

/// An address that somebody configured, in the order of the AWS tools: AWS_ENDPOINT_URL_<ID>,
/// AWS_ENDPOINT_URL, the profile's services section, the profile. Empty when none is.
std::string configured_endpoint(const Service& service, const definitions::Settings::Environment& environment,
                                const Profiles& profiles, const std::string& profile);

}  // namespace wave::net::aws
