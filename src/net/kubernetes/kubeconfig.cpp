#include "net/kubernetes/kubeconfig.h"

#include <filesystem>

#include <yaml-cpp/yaml.h>

namespace wave::net::kubernetes {
namespace {

constexpr std::size_t largest_file = 1u << 20;
constexpr const char* service_account = "/var/run/secrets/kubernetes.io/serviceaccount/";

std::string text_of(const YAML::Node& node, const char* key) {
  const YAML::Node value = node.IsMap() ? node[key] : YAML::Node();
  return value.IsDefined() && value.IsScalar() ? value.Scalar() : std::string();
}

struct Found {
  YAML::Node node;
  std::string folder;
};

/// The first `{name: <name>, <inner>: {...}}` in the list of that name.
Found find_named(const std::vector<std::pair<YAML::Node, std::string>>& files, const char* list,
                 const std::string& name, const char* inner) {
  for (const auto& [root, folder] : files) {
    const YAML::Node all = root[list];
    if (!all.IsDefined() || !all.IsSequence()) continue;
    for (const auto& one : all) {
      if (text_of(one, "name") == name && one[inner].IsDefined() && one[inner].IsMap())
        return {one[inner], folder};
    }
  }
  return {YAML::Node(YAML::NodeType::Undefined), {}};
}

std::string in_folder(const std::string& path, const std::string& folder) {
  if (path.empty() || path.front() == '/') return path;
  return (std::filesystem::path(folder) / path).string();
}

/// `<key>-data` in base64 wins over the file that `<key>` names.
Status read_pem(const Found& from, const char* key, std::string& pem, std::string& file) {
  const std::string data = text_of(from.node, (std::string(key) + "-data").c_str());
  if (data.empty()) {
    file = in_folder(text_of(from.node, key), from.folder);
    return {};
  }
  auto decoded = base64_decode(data);
  if (!decoded) return fail(ErrorCode::invalid_argument, std::string(key) + "-data is not base64");
  pem = std::move(*decoded);
  return {};
}

std::optional<ExecPlugin> read_exec(const YAML::Node& user, const std::string& folder) {
  const YAML::Node node = user["exec"];
  if (!node.IsDefined() || !node.IsMap()) return std::nullopt;
  ExecPlugin out{.api_version = text_of(node, "apiVersion"), .command = text_of(node, "command")};
  // A name without a slash is looked up in PATH; a relative path is relative to the file.
  if (out.command.find('/') != std::string::npos) out.command = in_folder(out.command, folder);
  if (node["args"].IsDefined() && node["args"].IsSequence())
    for (const auto& argument : node["args"])
      if (argument.IsScalar()) out.arguments.push_back(argument.Scalar());
  if (node["env"].IsDefined() && node["env"].IsSequence())
    for (const auto& variable : node["env"])
      out.environment[text_of(variable, "name")] = text_of(variable, "value");
  out.provide_cluster_info = text_of(node, "provideClusterInfo") == "true";
  return out;
}

Status read_cluster(const Found& cluster, Access& out) {
  out.server = text_of(cluster.node, "server");
  out.transport.server_name = text_of(cluster.node, "tls-server-name");
  out.transport.skip_verify = text_of(cluster.node, "insecure-skip-tls-verify") == "true";
  out.transport.proxy_url = text_of(cluster.node, "proxy-url");
  if (out.server.empty()) return fail(ErrorCode::invalid_argument, "the cluster has no 'server'");
  return read_pem(cluster, "certificate-authority", out.transport.ca_pem, out.transport.ca_file);
}

Status read_user(const Found& user, Access& out) {
  out.token = text_of(user.node, "token");
  out.token_file = in_folder(text_of(user.node, "tokenFile"), user.folder);
  out.username = text_of(user.node, "username");
  out.password = text_of(user.node, "password");
  out.exec = read_exec(user.node, user.folder);
  if (user.node["auth-provider"].IsDefined())
    return fail(ErrorCode::invalid_argument, "auth-provider is gone from Kubernetes; use exec");
  if (auto ok = read_pem(user, "client-certificate", out.transport.cert_pem, out.transport.cert_file); !ok)
    return ok;
  return read_pem(user, "client-key", out.transport.key_pem, out.transport.key_file);
}

Result<Access> in_cluster(const definitions::Settings::Environment& environment) {
  std::string host = environment.variable("KUBERNETES_SERVICE_HOST").value_or("");
  const std::string port = environment.variable("KUBERNETES_SERVICE_PORT").value_or("443");
  if (host.empty()) {
    return std::unexpected(Error{.code = ErrorCode::invalid_argument,
                                 .message = "no Kubernetes: there is no kubeconfig, and this is not a pod",
                                 .hint = "set 'kubeconfig' or KUBECONFIG"});
  }
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  Access out{.server = "https://" + host + ":" + port, .token_file = std::string(service_account) + "token"};
  out.transport.ca_file = std::string(service_account) + "ca.crt";
  if (auto space = environment.file(std::string(service_account) + "namespace")) out.space = *space;
  while (!out.space.empty() && out.space.back() == '\n') out.space.pop_back();
  return out;
}

Result<Access> explicit_access(const definitions::Settings& settings) {
  Access out{.server = settings.text("api_server_endpoint"),
             .token = settings.text("token"),
             .token_file = settings.text("token_file")};
  const std::string ca = settings.text("ca_cert");
  (ca.starts_with("-----BEGIN") ? out.transport.ca_pem : out.transport.ca_file) = ca;
  out.transport.cert_file = settings.text("client_cert");
  out.transport.key_file = settings.text("client_key");
  out.transport.skip_verify = settings.flag("insecure_skip_tls_verify");
  return out;
}

}  // namespace

Result<Access> parse_kubeconfig(const std::vector<KubeconfigFile>& files, const std::string& context) {
  try {
    std::vector<std::pair<YAML::Node, std::string>> roots;
    std::string name = context;
    for (const auto& file : files) {
      if (file.text.size() > largest_file)
        return fail(ErrorCode::limit_exceeded, "a kubeconfig is larger than 1 MiB");
      YAML::Node root = YAML::Load(file.text);
      if (!root.IsMap()) return fail(ErrorCode::invalid_argument, "a kubeconfig is not a map");
      if (name.empty()) name = text_of(root, "current-context");
      roots.emplace_back(std::move(root), file.folder);
    }
    const Found chosen = find_named(roots, "contexts", name, "context");
    if (!chosen.node.IsDefined())
      return fail(ErrorCode::not_found, "the kubeconfig has no context '" + name + "'");
    Access out{.server = {}};
    out.space = text_of(chosen.node, "namespace");
    const Found cluster = find_named(roots, "clusters", text_of(chosen.node, "cluster"), "cluster");
    if (!cluster.node.IsDefined())
      return fail(ErrorCode::not_found,
                  "the kubeconfig has no cluster '" + text_of(chosen.node, "cluster") + "'");
    if (auto ok = read_cluster(cluster, out); !ok) return std::unexpected(ok.error());
    const Found user = find_named(roots, "users", text_of(chosen.node, "user"), "user");
    if (user.node.IsDefined())
      if (auto ok = read_user(user, out); !ok) return std::unexpected(ok.error());
    return out;
  } catch (const YAML::Exception& error) {
    return fail(ErrorCode::invalid_argument,
                "line " + std::to_string(error.mark.line + 1) + ": " + error.msg);
  }
}

Result<Access> find_access(const definitions::Settings& settings,
                           const definitions::Settings::Environment& environment) {
  if (settings.has("api_server_endpoint")) return explicit_access(settings);
  std::vector<std::string> paths;
  if (settings.has("kubeconfig")) {
    paths.push_back(settings.text("kubeconfig"));
  } else {
    std::string list = environment.variable("KUBECONFIG").value_or("");
    const bool named = !list.empty();
    if (!named) list = environment.variable("HOME").value_or("") + "/.kube/config";
    for (std::size_t at = 0; at <= list.size();) {
      const auto colon = std::min(list.find(':', at), list.size());
      if (colon > at) paths.push_back(list.substr(at, colon - at));
      at = colon + 1;
    }
  }
  std::vector<KubeconfigFile> files;
  for (const auto& path : paths) {
    auto text = environment.file(path);
    if (text)
      files.push_back(
          {.folder = std::filesystem::path(path).parent_path().string(), .text = std::move(*text)});
    else if (settings.has("kubeconfig"))
      return within("kubeconfig", text.error());
  }
  if (files.empty()) return in_cluster(environment);
  auto access = parse_kubeconfig(files, settings.text("context"));
  if (!access) return within("kubeconfig", access.error());
  return access;
}

}  // namespace wave::net::kubernetes
