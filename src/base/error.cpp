#include "base/error.h"

namespace wave {

std::string_view name(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
      return "invalid_argument";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::unauthorized:
      return "unauthorized";
    case ErrorCode::forbidden:
      return "forbidden";
    case ErrorCode::conflict:
      return "conflict";
    case ErrorCode::busy:
      return "busy";
    case ErrorCode::throttled:
      return "throttled";
    case ErrorCode::timeout:
      return "timeout";
    case ErrorCode::unavailable:
      return "unavailable";
    case ErrorCode::bad_response:
      return "bad_response";
    case ErrorCode::no_data:
      return "no_data";
    case ErrorCode::limit_exceeded:
      return "limit_exceeded";
    case ErrorCode::io:
      return "io";
    case ErrorCode::internal:
      return "internal";
  }
  return "internal";
}

std::string Error::text() const {
  std::string out;
  for (const auto& place : context) {
    if (!out.empty()) out += " > ";
    out += place;
  }
  return out.empty() ? message : out + ": " + message;
}

Error bad_answer(std::string message) {
  return {.code = ErrorCode::bad_response, .message = std::move(message), .retryable = true};
}

std::unexpected<Error> within(std::string place, Error error) {
  error.context.insert(error.context.begin(), std::move(place));
  return std::unexpected(std::move(error));
}

}  // namespace wave
