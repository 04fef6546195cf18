#include "net/aws/credentials.h"

#include <algorithm>

#include <nlohmann/json.hpp>
#include <pugixml.hpp>

#include "base/text.h"
#include "net/aws/aws_client.h"
#include "net/aws/endpoints.h"
#include "net/aws/errors.h"
#include "net/url.h"

namespace wave::net::aws {
namespace {

constexpr Duration renew_before = 10min;
constexpr int deepest_source = 5;

Error none(std::string message) {
  return {
      .code = ErrorCode::unauthorized,
      .message = std::move(message),
      .retryable = true,
      .hint =
          "set access_key and secret_key, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile or a role"};
}

bool has_keys(const Credentials& one) {
  return !one.access_key.empty() && !one.secret_key.empty();
}

/// The document that containers, instances and credential_process answer with.
Result<Credentials> from_json(const std::string& text, const char* token_key) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  const auto field = [&](const char* name) {
    return json.is_object() && json.contains(name) && json[name].is_string() ? json[name].get<std::string>()
                                                                             : "";
  };
  Credentials out{.access_key = field("AccessKeyId"),
                  .secret_key = field("SecretAccessKey"),
                  .session_token = field(token_key)};
  if (!has_keys(out))
    return fail(ErrorCode::bad_response, "no AccessKeyId and SecretAccessKey in the answer", true);
  if (const std::string expires = field("Expiration"); !expires.empty()) out.expires = parse_time(expires);
  return out;
}

Result<Credentials> from_sts(const std::string& text) {
  pugi::xml_document xml;
  xml.load_buffer(text.data(), text.size());
  const pugi::xml_node found = xml.find_node(
      [](const pugi::xml_node& node) { return std::string_view(node.name()) == "Credentials"; });
  Credentials out{.access_key = found.child_value("AccessKeyId"),
                  .secret_key = found.child_value("SecretAccessKey"),
                  .session_token = found.child_value("SessionToken")};
  if (!has_keys(out)) return fail(ErrorCode::bad_response, "no credentials in the answer of STS", true);
  out.expires = parse_time(found.child_value("Expiration"));
  return out;
}

/// Words of a command line: blanks separate, single and double quotes keep together.
std::vector<std::string> words_of(const std::string& command) {
  std::vector<std::string> words;
  std::string word;
  char quote = 0;
  bool open = false;
  for (const char c : command) {
    if (quote != 0) {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '"' || c == '\'') {
      quote = c;
      open = true;
    } else if (c == ' ' || c == '\t') {
      if (open || !word.empty()) words.push_back(std::exchange(word, {}));
      open = false;
    } else {
      word += c;
    }
  }
  if (open || !word.empty()) words.push_back(word);
  return words;
}

}  // namespace

Task<Result<Credentials>> CredentialChain::get() {
  const auto self = shared_from_this();
  const auto now = around_.runtime.utc();
  if (kept_ && (!kept_->expires || now < *kept_->expires - renew_before)) co_return *kept_;
  if (renewing_) {
    OneShot<Result<Credentials>> done;
    waiting_.push_back(done);
    auto got = co_await done;
    co_return got;
  }
  renewing_ = true;
  auto found = co_await find();
  renewing_ = false;
  if (found) {
    kept_ = *found;
  } else if (kept_ && kept_->expires && around_.runtime.utc() < *kept_->expires) {
    found = *kept_;
  }
  for (const auto& one : std::exchange(waiting_, {})) one.set(found);
  co_return found;
}

Task<Result<Credentials>> CredentialChain::find() {
  auto found = co_await base();
  if (!found) co_return within("AWS credentials", std::move(found.error()));
  if (identity_.role_arn.empty()) co_return found;
  auto assumed = co_await assume(std::move(*found), identity_.role_arn, identity_.role_session_name,
                                 identity_.external_id);
  if (!assumed) co_return within("AWS credentials > role " + identity_.role_arn, std::move(assumed.error()));
  co_return assumed;
}

Task<Result<Credentials>> CredentialChain::base() {
  if (!identity_.access_key.empty() || !identity_.secret_key.empty()) {
    if (identity_.access_key.empty() || identity_.secret_key.empty())
      co_return fail(ErrorCode::invalid_argument, "access_key and secret_key belong together");
    co_return Credentials{.access_key = identity_.access_key,
                          .secret_key = identity_.secret_key,
                          .session_token = identity_.session_token};
  }
  const Credentials environment{.access_key = variable("AWS_ACCESS_KEY_ID"),
                                .secret_key = variable("AWS_SECRET_ACCESS_KEY"),
                                .session_token = variable("AWS_SESSION_TOKEN")};
  if (identity_.profile.empty() && has_keys(environment)) co_return environment;
  std::string profile = identity_.profile;
  if (profile.empty()) profile = variable("AWS_PROFILE");
  if (profile.empty()) profile = variable("AWS_DEFAULT_PROFILE");
  const bool named = !profile.empty();
  if (!named) profile = "default";
  auto profiles = Profiles::load(around_.environment);
  if (named && !profiles.has(profile))
    co_return std::unexpected(none("there is no profile '" + profile + "'"));
  auto found = co_await of_profile(std::move(profiles), profile, 0);
  if (found || found.error().code != ErrorCode::not_found) co_return found;
  if (!variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").empty() ||
      !variable("AWS_CONTAINER_CREDENTIALS_FULL_URI").empty()) {
    auto given = co_await container();
    co_return given;
  }
  if (variable("AWS_EC2_METADATA_DISABLED") == "true") co_return std::unexpected(none("none were found"));
  auto given = co_await instance();
  if (!given)
    co_return std::unexpected(
        none("none were found, and the instance metadata says: " + given.error().message));
  co_return given;
}

/// not_found: the profile holds none.
Task<Result<Credentials>> CredentialChain::of_profile(Profiles profiles, std::string profile, int depth) {
  if (depth > deepest_source) co_return fail(ErrorCode::invalid_argument, "source_profile runs in a circle");
  const std::string role = profiles.get(profile, "role_arn");
  const std::string source = profiles.get(profile, "source_profile");
  const std::string source_kind = profiles.get(profile, "credential_source");
  std::string session = profiles.get(profile, "role_session_name");
  if (session.empty()) session = identity_.role_session_name;
  if (!role.empty() && (!source.empty() || !source_kind.empty())) {
    Result<Credentials> with =
        fail(ErrorCode::invalid_argument, "credential_source '" + source_kind + "' is unknown");
    if (source == profile) {
      with = Credentials{.access_key = profiles.get(profile, "aws_access_key_id"),
                         .secret_key = profiles.get(profile, "aws_secret_access_key"),
                         .session_token = profiles.get(profile, "aws_session_token")};
    } else if (!source.empty()) {
      with = co_await of_profile(profiles, source, depth + 1);
    } else if (source_kind == "Environment") {
      with = Credentials{.access_key = variable("AWS_ACCESS_KEY_ID"),
                         .secret_key = variable("AWS_SECRET_ACCESS_KEY"),
                         .session_token = variable("AWS_SESSION_TOKEN")};
    } else if (source_kind == "EcsContainer") {
      with = co_await container();
    } else if (source_kind == "Ec2InstanceMetadata") {
      with = co_await instance();
    }
    if (!with) co_return within("profile " + profile, std::move(with.error()));
    auto assumed = co_await assume(std::move(*with), role, session, profiles.get(profile, "external_id"));
    co_return assumed;
  }
  std::string token_file = depth == 0 ? variable("AWS_WEB_IDENTITY_TOKEN_FILE") : "";
  std::string web_role = variable("AWS_ROLE_ARN");
  if (!token_file.empty() && !web_role.empty()) {
    if (const auto name = variable("AWS_ROLE_SESSION_NAME"); !name.empty()) session = name;
  } else {
    token_file = profiles.get(profile, "web_identity_token_file");
    web_role = role;
  }
  if (!token_file.empty() && !web_role.empty()) {
    auto given = co_await web_identity(token_file, web_role, session);
    co_return given;
  }
  const auto keys = [&](auto from) {
    return Credentials{.access_key = (profiles.*from)(profile, "aws_access_key_id"),
                       .secret_key = (profiles.*from)(profile, "aws_secret_access_key"),
                       .session_token = (profiles.*from)(profile, "aws_session_token")};
  };
  auto found = keys(&Profiles::from_credentials);
  if (has_keys(found)) co_return found;
  if (const auto command = profiles.get(profile, "credential_process"); !command.empty()) {
    auto given = co_await process(command);
    co_return given;
  }
  found = keys(&Profiles::from_config);
  if (has_keys(found)) co_return found;
  if (!profiles.get(profile, "sso_start_url").empty() || !profiles.get(profile, "sso_session").empty())
    co_return fail(ErrorCode::invalid_argument,
                   "profile " + profile + " signs in by SSO, which a daemon cannot; use a role or keys");
  co_return fail(ErrorCode::not_found, "profile " + profile + " holds no credentials");
}

Task<Result<HttpResponse>> CredentialChain::ask_sts(Headers form, const Credentials* with) {
  const auto profiles = Profiles::load(around_.environment);
  std::string url = configured_endpoint(sts, around_.environment, profiles,
                                        identity_.profile.empty() ? "default" : identity_.profile);
  const std::string region = identity_.region.empty() ? "us-east-1" : identity_.region;
  if (url.empty()) {
    auto regional = endpoint(sts, region, {.legacy_sts = variable("AWS_STS_REGIONAL_ENDPOINTS") == "legacy"});
    if (!regional) co_return std::unexpected(regional.error());
    url = *regional;
  }
  form.emplace_back("Version", std::string(sts.version));
  HttpRequest request{.method = "POST",
                      .url = url + (url.ends_with('/') ? "" : "/"),
                      .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
                      .body = form_encode(form),
                      .timeout = 10s,
                      .max_response_bytes = 1u << 20};
  if (with != nullptr) {
    auto ok =
        add_signature(request, *with, {.region = region, .service = "sts", .time = around_.runtime.utc()});
    if (!ok) co_return std::unexpected(ok.error());
  }
  auto answer = co_await around_.http.send(std::move(request));
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  if (answer->status >= 200 && answer->status < 300) co_return answer;
  auto error = error_of(*answer, around_.runtime.utc());
  // Its message may repeat the token that was sent.
  if (with == nullptr) error.message = error.message.substr(0, error.message.find(':'));
  co_return within("STS", std::move(error));
}

Task<Result<Credentials>> CredentialChain::assume(Credentials with, std::string role, std::string session,
                                                  std::string external_id) {
  Headers form = {{"Action", "AssumeRole"}, {"RoleArn", role}, {"RoleSessionName", session}};
  if (!external_id.empty()) form.emplace_back("ExternalId", external_id);
  auto answer = co_await ask_sts(std::move(form), &with);
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  co_return from_sts(answer->body);
}

Task<Result<Credentials>> CredentialChain::web_identity(std::string token_file, std::string role,
                                                        std::string session) {
  auto token = around_.environment.file(token_file);
  if (!token) co_return within("web identity token", std::move(token.error()));
  Headers form = {{"Action", "AssumeRoleWithWebIdentity"},
                  {"RoleArn", role},
                  {"RoleSessionName", session},
                  {"WebIdentityToken", std::string(trimmed(*token))}};
  auto answer = co_await ask_sts(std::move(form), nullptr);
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  co_return from_sts(answer->body);
}

Task<Result<Credentials>> CredentialChain::process(std::string command) {
  auto words = words_of(command);
  if (words.empty()) co_return fail(ErrorCode::invalid_argument, "credential_process is empty");
  ProcessRunner::Command run{.program = words.front(), .timeout = 30s, .max_output_bytes = 64u << 10};
  run.arguments.assign(words.begin() + 1, words.end());
  auto output = co_await around_.processes.run(std::move(run));
  if (!output) co_return within("credential_process", std::move(output.error()));
  if (output->exit_code != 0)
    co_return fail(ErrorCode::unauthorized,
                   "credential_process ended with " + std::to_string(output->exit_code), true);
  auto found = from_json(output->out, "SessionToken");
  if (!found) co_return within("credential_process", std::move(found.error()));
  co_return found;
}

Task<Result<Credentials>> CredentialChain::container() {
  const std::string relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  std::string url =
      relative.empty() ? variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") : "http://169.254.170.2" + relative;
  auto parsed = Url::parse(url);
  if (!parsed) co_return within("AWS_CONTAINER_CREDENTIALS_FULL_URI", std::move(parsed.error()));
  static constexpr std::string_view near[] = {"169.254.170.2", "169.254.170.23", "fd00:ec2::23", "localhost",
                                              "::1"};
  const bool loopback =
      parsed->host.starts_with("127.") && parsed->host.find_first_not_of("0123456789.") == std::string::npos;
  const bool trusted = parsed->scheme == "https" || loopback ||
                       std::ranges::find(near, std::string_view(parsed->host)) != std::end(near);
  if (!trusted)
    co_return fail(ErrorCode::invalid_argument,
                   "the container's credentials must not come from " + parsed->host);
  HttpRequest request{.url = url, .timeout = 2s, .max_response_bytes = 64u << 10};
  std::string token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (const auto file = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !file.empty()) {
    auto text = around_.environment.file(file);
    if (!text) co_return within("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", std::move(text.error()));
    token = std::string(trimmed(*text));
  }
  if (token.find_first_of("\r\n") != std::string::npos)
    co_return fail(ErrorCode::invalid_argument, "the container's authorization token has line breaks");
  if (!token.empty()) request.headers.emplace_back("Authorization", token);
  auto answer = co_await around_.http.send(std::move(request));
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  if (answer->status != 200)
    co_return fail(ErrorCode::unauthorized,
                   "the container's credentials: HTTP " + std::to_string(answer->status), true);
  co_return from_json(answer->body, "Token");
}

/// IMDSv2.
Task<Result<Credentials>> CredentialChain::instance() {
  std::string base = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (base.empty())
    base = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE") == "IPv6" ? "http://[fd00:ec2::254]"
                                                                        : "http://169.254.169.254";
  while (base.ends_with('/')) base.pop_back();
  const auto direct = std::make_shared<const Transport>(Transport{.proxy_url = "none"});
  HttpRequest ask{.method = "PUT",
                  .url = base + "/latest/api/token",
                  .headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}},
                  .timeout = 1s,
                  .max_response_bytes = 4096,
                  .transport = direct};
  auto token = co_await around_.http.send(std::move(ask));
  if (!token) co_return std::unexpected(std::move(token.error()));
  if (token->status != 200)
    co_return fail(ErrorCode::unauthorized, "HTTP " + std::to_string(token->status), true);
  const std::string folder = base + "/latest/meta-data/iam/security-credentials/";
  HttpRequest list{.url = folder,
                   .headers = {{"x-aws-ec2-metadata-token", std::string(trimmed(token->body))}},
                   .timeout = 1s,
                   .max_response_bytes = 4096,
                   .transport = direct};
  const Headers headers = list.headers;
  auto roles = co_await around_.http.send(std::move(list));
  if (!roles) co_return std::unexpected(std::move(roles.error()));
  const std::string role(trimmed(roles->body.substr(0, roles->body.find('\n'))));
  if (roles->status != 200 || role.empty())
    co_return fail(ErrorCode::unauthorized, "the instance has no role", true);
  HttpRequest fetch{.url = folder + percent_encode(role),
                    .headers = headers,
                    .timeout = 1s,
                    .max_response_bytes = 64u << 10,
                    .transport = direct};
  auto answer = co_await around_.http.send(std::move(fetch));
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  if (answer->status != 200)
    co_return fail(ErrorCode::unauthorized, "HTTP " + std::to_string(answer->status), true);
  co_return from_json(answer->body, "Token");
}

}  // namespace wave::net::aws
