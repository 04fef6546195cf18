#include "components/kubernetes/keys.h"

namespace wave::components {

using definitions::KeyType;

std::vector<definitions::Key> cluster_keys() {
  return {
      {.name = "kubeconfig",
       .help = "A kubeconfig file; without it KUBECONFIG, ~/.kube/config, or the pod's service account."},
      {.name = "context", .help = "The context of the kubeconfig; without it the current one."},
      {.name = "api_server_endpoint",
       .type = KeyType::url,
       .help = "The API server, instead of a kubeconfig."},
      {.name = "ca_cert",
       .help = "With api_server_endpoint: a PEM file (or its text) of the authorities to trust."},
      {.name = "token", .help = "With api_server_endpoint: a bearer token.", .secret = true},
      {.name = "token_file",
       .help = "With api_server_endpoint: a file that holds the token; read for each request."},
      {.name = "client_cert", .help = "With api_server_endpoint: a PEM file of the client's certificate."},
      {.name = "client_key", .help = "With api_server_endpoint: a PEM file of the client's key."},
      {.name = "insecure_skip_tls_verify",
       .type = KeyType::boolean,
       .help = "Accepts any certificate.",
       .default_value = "false"},
      {.name = "field_manager",
       .help = "The name under which changes are recorded.",
       .default_value = "wave-autoscale"},
  };
}

}  // namespace wave::components
