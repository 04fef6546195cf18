#pragma once

#include "base/virtual_runtime.h"
#include "net/aws/aws_client.h"
#include "net/process.h"
#include "net/services.h"
#include "support/fake_http.h"

namespace wave::test {

/// The world of a connector under test: a clock that the test moves, an HTTP client that it scripts, no
/// programs, and an environment of two functions.
struct TestServices {
  class NoProcesses final : public net::ProcessRunner {
   public:
    Task<Result<Output>> run(Command) override { co_return fail(ErrorCode::not_found, "none here"); }
    Result<ProcessId> start(Command, std::function<void(int)>) override {
      return fail(ErrorCode::not_found, "none here");
    }
    void signal(ProcessId, int) override {}
  };

  VirtualRuntime runtime;
  FakeHttp http{runtime};
  NoProcesses processes;
  std::map<std::string, std::string> variables;
  std::map<std::string, std::string> files;
  net::AwsClients aws{runtime,
                      http,
                      processes,
                      {.variable = [this](const std::string& name) -> std::optional<std::string> {
                         const auto found = variables.find(name);
                         return found == variables.end() ? std::nullopt : std::optional(found->second);
                       },
                       .file = [this](const std::string& path) -> Result<std::string> {
                         const auto found = files.find(path);
                         if (found == files.end()) return fail(ErrorCode::not_found, path + " is not there");
                         return found->second;
                       }}};
  net::Services services{.runtime = runtime, .http = http, .aws = aws, .processes = processes};

  /// Runs a task to its end, moving the clock as far as that takes.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    spawn(std::move(task), [&](T result) { value.emplace(std::move(result)); });
    for (int i = 0; i < 1000 && !value; ++i) {
      runtime.settle();
      if (!value && !runtime.advance_to_next(24h)) break;
    }
    return std::move(value.value());
  }
};

}  // namespace wave::test
