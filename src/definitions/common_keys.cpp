#include "definitions/common_keys.h"

#include <algorithm>

namespace wave::definitions {
namespace {

std::vector<Key> sign_in_keys(std::string_view choices) {
  return {
      {.name = "auth",
       .type = KeyType::choice,
       .help = "How requests sign in; without it, as the other keys suggest (a token means bearer).",
       .choices = choices},
      {.name = "username", .help = "The user of basic authentication."},
      {.name = "password", .help = "The password of basic authentication.", .secret = true},
      {.name = "token", .help = "The bearer token.", .secret = true},
      {.name = "token_file", .help = "A file that holds the bearer token; read again for each request."},
  };
}

std::vector<Key> headers_key() {
  return {{.name = "headers",
           .type = KeyType::map,
           .help = "Headers that every request carries.",
           .secret = true,
           .example = "{ X-Scope-OrgID: team-a }"}};
}

}  // namespace

std::vector<Key> join(std::initializer_list<std::vector<Key>> parts) {
  std::vector<Key> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

std::vector<Key> http_keys() {
  return join({sign_in_keys("none|basic|bearer|header|oauth2"), oauth2_keys(), connection_keys()});
}

std::vector<Key> http_keys_with_sigv4() {
  return join({sign_in_keys("none|basic|bearer|header|oauth2|sigv4"), oauth2_keys(), connection_keys()});
}

std::vector<Key> oauth2_keys() {
  return {
      {.name = "token_url", .type = KeyType::url, .help = "Where OAuth 2 client credentials give a token."},
      {.name = "client_id", .help = "The client of OAuth 2 client credentials."},
      {.name = "client_secret", .help = "The secret of OAuth 2 client credentials.", .secret = true},
      {.name = "scopes", .type = KeyType::list, .help = "The scopes that the OAuth 2 token asks for."},
      {.name = "token_auth",
       .type = KeyType::choice,
       .help = "Whether the OAuth 2 client's id and secret go in the form or as basic authentication.",
       .default_value = "form",
       .choices = "form|basic"},
      {.name = "token_parameters",
       .type = KeyType::map,
       .help = "More fields of the OAuth 2 token's form, such as `audience` or `resource`.",
       .secret = true},
  };
}

std::vector<Key> connection_keys() {
  return join(
      {headers_key(),
       tls_keys(),
       {{.name = "requests_per_minute",
         .type = KeyType::number,
         .help = "The most requests that this user sends to the host, over all definitions; polling then "
                 "slows down evenly.",
         .min = 0.01}}});
}

std::vector<Key> row_keys() {
  return {
      {.name = "value_field", .help = "The column that is the value; needed where several are numbers."},
      {.name = "label_as",
       .type = KeyType::list,
       .help = "The columns that become labels; without it, all that are texts.",
       .example = "[host]"},
  };
}

std::vector<Key> tls_keys() {
  return {
      {.name = "tls_ca",
       .help = "A PEM file of the certificate authorities to trust instead of the system's.",
       .alias = "ca_file"},
      {.name = "tls_cert", .help = "A PEM file of the client's certificate.", .alias = "cert_file"},
      {.name = "tls_key", .help = "A PEM file of the client's key.", .alias = "key_file"},
      {.name = "tls_key_password",
       .help = "The password of the client's key.",
       .secret = true,
       .alias = "key_password"},
      {.name = "tls_server_name",
       .help = "The name that the server's certificate must carry, where it is not the URL's host.",
       .alias = "server_name"},
      {.name = "tls_skip_verify",
       .type = KeyType::boolean,
       .help = "Accepts any certificate. Whoever is in between can then read and change everything.",
       .default_value = "false",
       .alias = "skip_verify"},
      {.name = "proxy_url",
       .type = KeyType::url,
       .help = "The proxy to go through, instead of the environment's.",
       .example = "http://proxy:3128"},
  };
}

std::vector<Key> aws_credential_keys() {
  return {
      {.name = "region",
       .help = "The AWS region; without it AWS_REGION, then the profile's.",
       .example = "ap-northeast-2"},
      {.name = "access_key",
       .help = "The access key's id. Without it and secret_key the usual chain of AWS credentials applies.",
       .secret = true,
       .alias = "access_key_id"},
      {.name = "secret_key", .help = "The secret access key.", .secret = true, .alias = "secret_access_key"},
      {.name = "session_token", .help = "The session token of temporary keys.", .secret = true},
      {.name = "profile", .help = "A profile of the shared AWS configuration files."},
      {.name = "role_arn",
       .help = "A role to assume with the credentials found.",
       .example = "arn:aws:iam::123456789012:role/autoscaler"},
      {.name = "external_id", .help = "The external id that the role asks for."},
      {.name = "role_session_name",
       .help = "The session's name in CloudTrail.",
       .default_value = "wave-autoscale"},
  };
}

std::vector<Key> aws_keys() {
  return join({aws_credential_keys(),
               {{.name = "endpoint",
                 .type = KeyType::url,
                 .help = "Another address of the AWS API, such as a VPC endpoint or a local stand-in."}}});
}

}  // namespace wave::definitions
