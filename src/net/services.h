#pragma once

#include "base/runtime.h"
#include "net/http.h"
#include "net/shared.h"

namespace wave::net {

class AwsClients;
class ProcessRunner;

/// What connectors may use of the outside world.
struct Services {
  Runtime& runtime;
  HttpClient& http;
  AwsClients& aws;           ///< credentials and signed calls (net/aws)
  ProcessRunner& processes;  ///< exec plugins, credential_process, local-process
  Shared shared{};           ///< what connectors of one kind use together
};

}  // namespace wave::net
