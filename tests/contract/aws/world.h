#pragma once

#include <nlohmann/json.hpp>

#include "components/kinds.h"
#include "support/services.h"

namespace wave::test {

/// AWS as a script: answers by operation, at the clock and with the keys of the golden requests.
class AwsWorld {
 public:
  AwsWorld();

  TestServices services;
  definitions::Settings settings;  ///< region and keys; add those of the kind
  definitions::ComponentDefinition definition;

  /// The rule for an operation: `DescribeServices` (query and JSON protocols), or a method and the beginning
  /// of a path (`PUT /clusters/`).
  FakeHttp::Rule& on(const std::string& operation);
  /// How often it was asked.
  int asked(const std::string& operation) const;
  /// The last request of an operation.
  const FakeHttp::Recorded& sent(const std::string& operation) const;
  /// That request is byte for byte a golden one of the service's operation (any of several); a random token
  /// in the body counts as the golden file's.
  void expect_golden(const std::string& service, const std::string& operation, const std::string& rest = "");

  std::unique_ptr<components::Component> make(const components::Kind& kind);
  Result<components::Observation> observe(components::Component& component);
  Result<components::Applied> apply(components::Component& component, components::Values values,
                                    components::Values basis = {}, bool raise_floor = false);

 private:
  static bool is(const net::HttpRequest& request, const std::string& operation);
  nlohmann::json golden_;
};

}  // namespace wave::test
