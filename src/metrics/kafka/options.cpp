#include "metrics/kafka/cluster.h"

namespace wave::metrics {
namespace {

std::string protocol_of(const definitions::Settings& settings) {
  if (settings.has("security_protocol")) return settings.text("security_protocol");
  if (settings.has("sasl_mechanism")) return "SASL_SSL";
  for (const char* key : {"tls_ca", "tls_cert"})
    if (settings.has(key)) return "SSL";
  return settings.flag("tls_skip_verify") ? "SSL" : "PLAINTEXT";
}

Status need(const definitions::Settings& settings, const std::string& what,
            std::initializer_list<const char*> keys) {
  for (const char* key : keys)
    if (settings.text(key).empty()) return fail(ErrorCode::invalid_argument, what + " needs '" + key + "'");
  return {};
}

Status add_tls(const definitions::Settings& settings, std::map<std::string, std::string>& out) {
  if (settings.has("tls_cert") != settings.has("tls_key"))
    return fail(ErrorCode::invalid_argument, "'tls_cert' and 'tls_key' come together");
  if (settings.has("tls_ca")) out["ssl.ca.location"] = settings.text("tls_ca");
  if (settings.has("tls_cert")) {
    out["ssl.certificate.location"] = settings.text("tls_cert");
    out["ssl.key.location"] = settings.text("tls_key");
    if (settings.has("tls_key_password")) out["ssl.key.password"] = settings.text("tls_key_password");
  }
  const bool verify = !settings.flag("tls_skip_verify");
  out["enable.ssl.certificate.verification"] = verify ? "true" : "false";
  out["ssl.endpoint.identification.algorithm"] = verify ? "https" : "none";
  return {};
}

Status add_sasl(const definitions::Settings& settings, const std::string& protocol,
                std::map<std::string, std::string>& out) {
  const std::string mechanism = settings.text("sasl_mechanism");
  if (auto ok = need(settings, "security_protocol " + protocol, {"sasl_mechanism"}); !ok) return ok;
  if (mechanism == "AWS_MSK_IAM") {
    if (protocol != "SASL_SSL")
      return fail(ErrorCode::invalid_argument, "sasl_mechanism AWS_MSK_IAM needs security_protocol SASL_SSL");
    out["sasl.mechanism"] = "OAUTHBEARER";
    return {};
  }
  out["sasl.mechanism"] = mechanism;
  if (mechanism == "GSSAPI") {
    out["sasl.kerberos.service.name"] = settings.text("sasl_kerberos_service_name");
    // Tickets are the machine's business: librdkafka would run kinit in a shell.
    out["sasl.kerberos.min.time.before.relogin"] = "0";
    return {};
  }
  if (auto ok = need(settings, "sasl_mechanism " + mechanism, {"sasl_username", "sasl_password"}); !ok)
    return ok;
  if (mechanism == "OAUTHBEARER")
    return need(settings, "sasl_mechanism OAUTHBEARER", {"sasl_oauth_token_url"});
  out["sasl.username"] = settings.text("sasl_username");
  out["sasl.password"] = settings.text("sasl_password");
  return {};
}

}  // namespace

Result<std::map<std::string, std::string>> kafka_options(const definitions::Settings& settings) {
  const std::string protocol = protocol_of(settings);
  std::map<std::string, std::string> out = {{"bootstrap.servers", settings.text("bootstrap_servers")},
                                            {"client.id", "wave-autoscale"},
                                            {"security.protocol", protocol},
                                            {"isolation.level", settings.text("isolation_level")},
                                            {"allow.auto.create.topics", "false"},
                                            {"enable.auto.commit", "false"},
                                            {"reconnect.backoff.max.ms", "2000"},
                                            {"socket.keepalive.enable", "true"},
                                            {"log_level", "0"}};
  const bool is_tls = protocol == "SSL" || protocol == "SASL_SSL";
  const bool is_sasl = protocol.starts_with("SASL_");
  if (is_tls) {
    if (auto ok = add_tls(settings, out); !ok) return std::unexpected(ok.error());
  } else if (settings.has("tls_ca") || settings.has("tls_cert")) {
    return fail(ErrorCode::invalid_argument, "security_protocol " + protocol + " has no use for 'tls_*'");
  }
  if (is_sasl) {
    if (auto ok = add_sasl(settings, protocol, out); !ok) return std::unexpected(ok.error());
  } else if (settings.has("sasl_mechanism")) {
    return fail(ErrorCode::invalid_argument,
                "security_protocol " + protocol + " has no use for 'sasl_mechanism'");
  }
  return out;
}

}  // namespace wave::metrics
