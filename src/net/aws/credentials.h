#pragma once

#include <memory>

#include "net/aws/profiles.h"
#include "net/aws/signer.h"
#include "net/process.h"
#include "net/services.h"

namespace wave::net::aws {

/// Who a connector wants to be: its own keys, a profile, a role; or whoever the machine is.
struct Identity {
  std::string access_key;
  std::string secret_key;
  std::string session_token;
  std::string profile;
  std::string role_arn;
  std::string external_id;
  std::string role_session_name = "wave-autoscale";
  std::string region;  ///< where STS is asked
  auto operator<=>(const Identity&) const = default;
};

/// What the chain works with.
struct Surroundings {
  Runtime& runtime;
  HttpClient& http;
  ProcessRunner& processes;
  definitions::Settings::Environment environment;
};

/// Finds credentials in the order of the AWS tools (botocore's): own keys, environment, assume-role profile,
/// web identity, credentials file, credential_process, configuration file, container, instance metadata; then
/// assumes `role_arn` with them. Keeps them until 10 minutes before they expire and uses older ones that are
/// still valid when renewing fails. One renewal at a time.
class CredentialChain : public std::enable_shared_from_this<CredentialChain> {
 public:
  CredentialChain(Surroundings surroundings, Identity identity)
      : around_(std::move(surroundings)), identity_(std::move(identity)) {}

  Task<Result<Credentials>> get();
  /// Somebody refused them as expired.
  void forget() { kept_.reset(); }

 private:
  Task<Result<Credentials>> find();
  Task<Result<Credentials>> base();
  Task<Result<Credentials>> of_profile(Profiles profiles, std::string profile, int depth);
  Task<Result<Credentials>> assume(Credentials with, std::string role, std::string session,
                                   std::string external_id);
  Task<Result<Credentials>> web_identity(std::string token_file, std::string role, std::string session);
  Task<Result<Credentials>> process(std::string command);
  Task<Result<Credentials>> container();
  Task<Result<Credentials>> instance();
  Task<Result<HttpResponse>> ask_sts(Headers form, const Credentials* with);
  std::string variable(const char* name) const { return around_.environment.variable(name).value_or(""); }

  Surroundings around_;
  Identity identity_;
  std::optional<Credentials> kept_;
  std::vector<OneShot<Result<Credentials>>> waiting_;
  bool renewing_ = false;
};

}  // namespace wave::net::aws
