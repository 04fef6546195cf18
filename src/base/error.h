#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace wave {

/// What kind of failure it was; decides the exit status, the retry and the words shown to an operator.
enum class ErrorCode {
  invalid_argument,  ///< the caller's or user's input is wrong; retrying the same cannot help
  not_found,         ///< the thing named is not there
  unauthorized,      ///< credentials are missing, wrong or expired
  forbidden,         ///< credentials are right but may not do this
  conflict,          ///< somebody else changed or steers it
  busy,              ///< a change is under way; try at the next tick
  throttled,         ///< too many requests; see Error::retry_after
  timeout,           ///< no answer within the limit
  unavailable,       ///< refused, reset, DNS, 5xx
  bad_response,      ///< an answer that cannot be what was asked for
  no_data,           ///< a proper answer without a value in it
  limit_exceeded,    ///< one of our own limits (size, time, memory, count), or a quota of the other side
  io,                ///< disk, pipe, process
  internal,          ///< a bug of ours
};

/// The code's name as it appears in `--json` ("not_found").
std::string_view name(ErrorCode code);

/// A failure as a value. `message` is a sentence an operator can act on and never holds a secret; `context`
/// says where it happened, outermost first (`plan web`, `metric depth`, `GET http://prometheus:9090`).
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;
  bool retryable = false;                 ///< whether the same request may work later without anybody's doing
  std::optional<Duration> retry_after{};  ///< the wait that the other side asked for
  std::string hint{};                     ///< what to do about it, where that is not obvious
  std::vector<std::string> context{};

  /// `context > context: message`, one line.
  std::string text() const;
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

/// `return fail(ErrorCode::not_found, "...")`.
inline std::unexpected<Error> fail(ErrorCode code, std::string message, bool retryable = false) {
  return std::unexpected(Error{.code = code, .message = std::move(message), .retryable = retryable});
}

/// An answer that cannot be what was asked for; another may be better.
Error bad_answer(std::string message);

/// Passes an error up with one more place in front: `return within("metric " + id, result.error())`.
std::unexpected<Error> within(std::string place, Error error);

}  // namespace wave
