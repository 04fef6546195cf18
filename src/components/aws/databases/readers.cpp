#include "components/aws/databases/readers.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "net/aws/errors.h"

namespace wave::components {
namespace {

constexpr const char* tag_key = "managed-by";
constexpr const char* tag_value = "wa";

}  // namespace

bool has_our_tag(const XmlAnswer& tags) {
  return std::ranges::any_of(tags.items(), [](const XmlAnswer& tag) {
    return tag.text("Key") == tag_key && tag.text("Value") == tag_value;
  });
}

void add_our_tag(net::Headers& parameters) {
  parameters.emplace_back("Tags.Tag.1.Key", tag_key);
  parameters.emplace_back("Tags.Tag.1.Value", tag_value);
}

void Zones::add_next(std::size_t there, net::Headers& parameters) const {
  if (!names_.empty()) parameters.emplace_back("AvailabilityZone", names_[(there + full_) % names_.size()]);
}

void Zones::note(const Error& error) {
  if (net::aws::has_code(error, "InsufficientDBInstanceCapacity")) ++full_;
}

std::vector<DbInstance> readers_of(const std::vector<DbInstance>& instances) {
  std::vector<DbInstance> out;
  for (const auto& one : instances)
    if (!one.is_writer && !one.is_deleting()) out.push_back(one);
  return out;
}

bool has_our_name(const std::string& id, const std::string& prefix) {
  if (!id.starts_with(prefix + "-")) return false;
  const std::string number = id.substr(prefix.size() + 1);
  return !number.empty() && number.size() <= 4 && number.front() != '0' &&
         std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; });
}

std::vector<std::string> new_names(const std::vector<DbInstance>& instances, const std::string& prefix,
                                   std::size_t count) {
  std::set<std::string> taken;
  for (const auto& one : instances) taken.insert(one.id);
  std::vector<std::string> out;
  for (int number = 1; out.size() < count; ++number)
    if (std::string name = prefix + "-" + std::to_string(number); !taken.contains(name))
      out.push_back(std::move(name));
  return out;
}

std::vector<DbInstance> removable(const std::vector<DbInstance>& instances) {
  std::vector<DbInstance> out;
  for (const auto& one : readers_of(instances))
    if (one.is_ours) out.push_back(one);
  const auto first_to_go = [](const DbInstance& one) {
    return std::tuple(one.promotion_tier, !one.is_available(), one.created, one.id.size(), one.id);
  };
  std::ranges::sort(out, std::ranges::greater{}, first_to_go);
  return out;
}

}  // namespace wave::components
