#pragma once

#include "base/runtime.h"
#include "net/http.h"

namespace wave::net {

/// How often one user asks one host. Requests take turns at an even distance, and further apart or later
/// where the host says that its limit is near or was passed. For the loop's thread.
class Budget {
 public:
  explicit Budget(Runtime& runtime) : runtime_(runtime) {}

  /// At most that many requests a minute; of several limits the lowest counts.
  void limit(double per_minute);
  /// When the next request may go; that turn is then taken.
  MonoTime reserve();
  /// What an answer says about limits: 429 with Retry-After, X-RateLimit-Limit, -Remaining and -Reset
  /// (seconds from now, or since 1970).
  void learn(const HttpResponse& answer);

 private:
  void hold(Duration wait);

  Runtime& runtime_;
  Duration distance_{0};
  MonoTime next_{};
};

}  // namespace wave::net
