#pragma once

#include <memory>

#include "base/loop.h"
#include "net/http.h"
#include "net/process.h"

/// The concrete parts behind the interfaces, for the one file that wires the program.
namespace wave::net {

class AwsClients;
struct AwsClientsDeleter {
  void operator()(AwsClients* clients) const;
};

std::unique_ptr<HttpClient> make_http_client(Loop& loop);
std::unique_ptr<ProcessRunner> make_process_runner(Loop& loop);
std::unique_ptr<AwsClients, AwsClientsDeleter> make_aws_clients(Runtime& runtime, HttpClient& http,
                                                                ProcessRunner& processes);

}  // namespace wave::net
