#include "net/aws/endpoints.h"

#include <algorithm>

namespace wave::net::aws {
namespace {

struct Partition {
  std::string_view region_prefix;
  std::string_view suffix;
  std::string_view dual_stack_suffix;  ///< empty: has none
};

/// botocore data/partitions.json; the last one holds every other region.
constexpr Partition partitions[] = {
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"us-gov-", "amazonaws.com", "api.aws"},
    {"us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
    {"us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
    {"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
    {"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
    {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"", "amazonaws.com", "api.aws"},
};

/// The regions of `legacy_sts` (botocore's endpoint rules of STS).
constexpr std::string_view shared_sts[] = {
    "ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "aws-global", "ca-central-1",
    "eu-central-1",   "eu-north-1", "eu-west-1",      "eu-west-2",      "eu-west-3",  "sa-east-1",
    "us-east-1",      "us-east-2",  "us-west-1",      "us-west-2"};

const Partition& partition_of(const std::string& region) {
  return *std::ranges::find_if(partitions,
                               [&](const Partition& one) { return region.starts_with(one.region_prefix); });
}

bool is_host_label(const std::string& text) {
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
         });
}

std::string service_key(std::string_view id) {
  std::string out(id);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

}  // namespace

Result<std::string> endpoint(const Service& service, const std::string& region, EndpointOptions options) {
  if (!is_host_label(region))
    return fail(ErrorCode::invalid_argument, "the region '" + region.substr(0, 64) + "' cannot be one");
  if (region == "aws-global" ||
      (options.legacy_sts && std::ranges::find(shared_sts, region) != std::end(shared_sts)))
    return "https://" + std::string(service.prefix) + ".amazonaws.com";
  const Partition& partition = partition_of(region);
  // What is special to a service holds in the commercial and the us-gov regions.
  const bool common = options.fips && partition.suffix != "amazonaws.com";
  std::string host(options.dual_stack && !service.dual_stack.empty() && !common ? service.dual_stack
                                                                                : service.prefix);
  const bool fips_anyway = region.starts_with("us-gov-") &&
                           (options.dual_stack ? service.gov_dual_stack_is_fips : service.gov_is_fips);
  if (options.fips && !fips_anyway) {
    const bool own = !service.fips.empty() && !options.dual_stack && !common;
    host = own ? std::string(service.fips) : host + "-fips";
  }
  return "https://" + host + "." + region + "." +
         std::string(options.dual_stack ? partition.dual_stack_suffix : partition.suffix);
}

bool is_aws_host(std::string_view host) {
  const auto is_below = [&](std::string_view suffix) {
    return host.size() > suffix.size() && host.ends_with(suffix) &&
           host[host.size() - suffix.size() - 1] == '.';
  };
  return std::ranges::any_of(partitions, [&](const Partition& one) {
    return is_below(one.suffix) || (!one.dual_stack_suffix.empty() && is_below(one.dual_stack_suffix));
  });
}

std::string configured_endpoint(const Service& service, const definitions::Settings::Environment& environment,
                                const Profiles& profiles, const std::string& profile) {
  const auto is_true = [](const std::string& text) {
    return text == "true" || text == "True" || text == "TRUE";
  };
  if (is_true(environment.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").value_or("")) ||
      is_true(profiles.get(profile, "ignore_configured_endpoint_urls")))
    return {};
  const auto own = environment.variable("AWS_ENDPOINT_URL_" + std::string(service.id));
  if (own && !own->empty()) return *own;
  const std::string in_services = profiles.service_endpoint(profile, service_key(service.id));
  const auto global = environment.variable("AWS_ENDPOINT_URL");
  if (global && !global->empty()) return *global;
  if (!in_services.empty()) return in_services;
  return profiles.get(profile, "endpoint_url");
}

}  // namespace wave::net::aws
