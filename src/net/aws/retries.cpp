#include "net/aws/retries.h"

namespace wave::net::aws {
namespace {

constexpr double retry_cost = 5;
constexpr double timeout_cost = 10;
constexpr double longest_wait = 20;  ///< seconds

}  // namespace

std::optional<Duration> Retries::wait(const Error& error, int attempt, double chance) {
  const bool helps =
      error.retryable && (error.code == ErrorCode::throttled || error.code == ErrorCode::unavailable ||
                          error.code == ErrorCode::timeout);
  const double cost = error.code == ErrorCode::timeout ? timeout_cost : retry_cost;
  if (!helps || attempt >= most_attempts || tokens_ < cost) return std::nullopt;
  tokens_ -= cost;
  const Duration backoff =
      from_seconds(chance * std::min(static_cast<double>(1 << (attempt - 1)), longest_wait));
  return std::max(backoff, error.retry_after.value_or(Duration{0}));
}

void Retries::succeeded(bool after_retry) {
  tokens_ = std::min(most_tokens, tokens_ + (after_retry ? retry_cost : 1));
}

}  // namespace wave::net::aws
