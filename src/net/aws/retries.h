#pragma once

#include <algorithm>
#include <optional>

#include "base/error.h"

namespace wave::net::aws {

/// When a call may be tried again, as the AWS tools' "standard" mode has it: three attempts, exponential
/// back-off with full jitter, and a bucket of tokens that many failures empty, so that an API in trouble is
/// not asked three times as often. One for each service, region and identity. For the loop's thread.
class Retries {
 public:
  static constexpr int most_attempts = 3;

  /// The wait before attempt `attempt` + 1; nullopt where trying again is of no use or there were enough.
  /// `chance` is in [0, 1).
  std::optional<Duration> wait(const Error& error, int attempt, double chance);
  /// Gives tokens back: what the retry cost, or one.
  void succeeded(bool after_retry);
  double tokens() const { return tokens_; }

 private:
  static constexpr double most_tokens = 500;
  double tokens_ = most_tokens;
};

}  // namespace wave::net::aws
