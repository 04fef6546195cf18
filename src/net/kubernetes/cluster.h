#pragma once

#include <memory>

#include "net/kubernetes/kubeconfig.h"
#include "net/services.h"

namespace wave::net::kubernetes {

/// One API server and the credentials for it. Belongs to one component; lives as long as the services.
class Cluster {
 public:
  static Result<std::unique_ptr<Cluster>> connect(const definitions::Settings& settings, Services& services);
  Cluster(Access access, Services& services);

  struct Request {
    std::string method = "GET";
    std::string path;  ///< with its query, percent-encoded
    std::string body{};
    std::string content_type{};
  };
  /// The body of a 2xx answer, or what the server's Status says. After a 401 credentials are renewed once.
  Task<Result<std::string>> send(Request request);

  const std::string& space() const { return access_.space; }

 private:
  Task<Result<std::string>> authorization();
  Task<Status> run_plugin();

  Access access_;
  Services& services_;
  std::shared_ptr<const Transport> transport_;
  std::string plugin_token_;
  std::optional<UtcTime> plugin_until_;
  bool plugin_ran_ = false;
};

}  // namespace wave::net::kubernetes
