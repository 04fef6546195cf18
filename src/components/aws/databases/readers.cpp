#include "components/aws/databases/readers.h"

#include <algorithm>
#include <tuple>

#include "net/aws/errors.h"

namespace wave::components {
namespace {

constexpr const char* tag_key = "managed-by";
constexpr const char* tag_value = "wa";
constexpr std::size_t most_taken = 20;

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

std::string NewNames::next(const std::vector<DbInstance>& instances) const {
  for (int number = 1;; ++number) {
    std::string name = prefix_ + "-" + std::to_string(number);
    if (!taken_.contains(name) && std::ranges::find(instances, name, &DbInstance::id) == instances.end())
      return name;
  }
}

Status NewNames::skip(std::string name) {
  taken_.insert(std::move(name));
  if (taken_.size() <= most_taken) return {};
  const std::string all = std::to_string(taken_.size()) + " instances that are called " + prefix_ + "-1, " +
                          prefix_ + "-2 and so on are not its own";
  taken_.clear();
  return fail(ErrorCode::invalid_argument, all + ": rename them, or remove them");
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
