#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "components/component.h"
#include "net/aws/aws_client.h"

namespace wave::components {

/// Scaling up and down by a number: `metadata` lists the classes of a thing, smallest first, and the value
/// `size` is the place in that list, from 1.
class Sizes {
 public:
  static constexpr const char* value = "size";

  /// For the kind's table.
  static definitions::ValueSpec spec(std::string_view key, std::string_view help);
  /// invalid_argument for a class that is listed twice.
  static Result<Sizes> create(std::string_view key, const definitions::Settings& settings);

  /// Adds the place of the class that is there. One that is not listed blocks the value.
  void add(const std::string& now, Observation& seen) const;
  /// The class at a place.
  Result<std::string> at(double size) const;

 private:
  explicit Sizes(std::string_view key) : key_(key) {}

  std::string key_;
  std::vector<std::string> names_;
};

/// A component whose `size` counts the list `key`, with a client of that service.
template <class Sized>
Result<std::unique_ptr<Component>> create_sized(const net::aws::Service& service, std::string_view key,
                                                const definitions::ComponentDefinition& definition,
                                                const definitions::Settings& settings,
                                                net::Services& services) {
  auto client = services.aws.client(service, settings);
  if (!client) return std::unexpected(client.error());
  auto sizes = Sizes::create(key, settings);
  if (!sizes) return std::unexpected(sizes.error());
  return std::make_unique<Sized>(definition, settings, std::move(*sizes), std::move(*client), services);
}

}  // namespace wave::components
