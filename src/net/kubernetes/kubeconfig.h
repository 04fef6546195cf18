#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "definitions/settings.h"
#include "net/http.h"

namespace wave::net::kubernetes {

/// A client-go exec plugin.
struct ExecPlugin {
  std::string api_version;
  std::string command;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;
  bool provide_cluster_info = false;
};

/// Where an API server is and how to sign in there.
struct Access {
  std::string server;
  Transport transport;
  std::string token;       ///< secret
  std::string token_file;  ///< read again for each request: bound tokens rotate
  std::string username;
  std::string password;  ///< secret
  std::optional<ExecPlugin> exec;
  std::string space;  ///< the context's namespace
};

/// The access that kubeconfig text means. `folder`: what relative paths are relative to. Empty `context`: the
/// file's current one.
struct KubeconfigFile {
  std::string folder;
  std::string text;
};
/// Files are merged as kubectl does: the first that names a thing wins.
Result<Access> parse_kubeconfig(const std::vector<KubeconfigFile>& files, const std::string& context);

/// From `metadata` (api_server_endpoint, or kubeconfig and context), else KUBECONFIG or ~/.kube/config, else
/// the service account of the pod.
Result<Access> find_access(const definitions::Settings& settings,
                           const definitions::Settings::Environment& environment);

}  // namespace wave::net::kubernetes
