#pragma once

#include <set>

#include <nlohmann/json.hpp>

#include "components/kinds.h"
#include "support/services.h"

namespace wave::test {

/// An API server as a script: it keeps objects, gives them versions, and refuses a patch of an old one. What
/// a test adds with `on` answers instead.
class KubeWorld {
 public:
  KubeWorld();

  TestServices services;
  definitions::Settings settings;  ///< how to reach the server; add the keys of the kind
  definitions::ComponentDefinition definition;

  /// By path. A Scale is made of its object (`.../deployments/api/scale`), a list of those below it.
  std::map<std::string, nlohmann::json> objects;
  std::set<std::string> listed;  ///< plurals that the server knows: `horizontalpodautoscalers`

  /// Requests of that method, to paths that begin so.
  FakeHttp::Rule& on(const std::string& method, const std::string& path);
  /// Answers as the script does.
  net::HttpResponse serve(const net::HttpRequest& request);
  int asked(const std::string& method, const std::string& part = "") const;
  const FakeHttp::Recorded& sent(const std::string& method) const;  ///< the last one

  std::unique_ptr<components::Component> make(const components::Kind& kind);
  Result<components::Observation> observe(components::Component& component);
  Result<components::Applied> apply(components::Component& component, components::Values values,
                                    components::Values basis = {});

 private:
  std::string list(const std::string& folder) const;
  net::HttpResponse patch(const std::string& path, const nlohmann::json& changes);
};

/// A body of kind Status, as an API server's errors are.
std::string status_of(int code, const std::string& reason, const std::string& message);

}  // namespace wave::test
