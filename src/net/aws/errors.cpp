#include "net/aws/errors.h"

#include <algorithm>
#include <charconv>
#include <span>

#include <nlohmann/json.hpp>
#include <pugixml.hpp>

namespace wave::net::aws {
namespace {

/// What `x-amz-retry-after` may ask for at most.
constexpr Duration longest_asked = 5s;

struct Parsed {
  std::string code;
  std::string message;
};

struct Meaning {
  ErrorCode code;
  bool retryable;
};

struct Class {
  Meaning meaning;
  std::initializer_list<std::string_view> codes;
};

constexpr std::string_view expired[] = {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId",
                                        "UnrecognizedClientException"};
constexpr std::string_view skewed[] = {"RequestTimeTooSkewed",  "RequestExpired",
                                       "RequestInTheFuture",    "InvalidSignatureException",
                                       "SignatureDoesNotMatch", "AuthFailure"};

/// The codes of the services that are scaled, by what helps.
const Class classes[] = {
    {{ErrorCode::throttled, true},
     {"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException",
      "RequestThrottled", "TooManyRequestsException", "ProvisionedThroughputExceededException",
      "RequestLimitExceeded", "BandwidthLimitExceeded", "SlowDown", "EC2ThrottledException"}},
    {{ErrorCode::unavailable, true},
     {"InternalFailure", "InternalError", "InternalServerError", "InternalServerErrorException",
      "InternalServerException", "InternalServiceError", "InternalServiceException", "ServerException",
      "ServiceException", "ServiceUnavailable", "ServiceUnavailableException", "RequestTimeout",
      "RequestTimeoutException", "PriorRequestNotComplete", "TransactionInProgressException"}},
    {{ErrorCode::busy, true},
     {"ScalingActivityInProgress",
      "ScalingActivityInProgressFault",
      "ResourceContention",
      "ResourceContentionFault",
      "ResourceInUseException",
      "ResourceInUse",
      "ResourceConflictException",
      "ConcurrentUpdateException",
      "ConflictException",
      "UpdateInProgressException",
      "InvalidDBClusterStateFault",
      "InvalidDBInstanceState",
      "InvalidDBInstanceStateFault",
      "InvalidReplicationGroupState",
      "InvalidCacheClusterState",
      "InvalidServerlessCacheStateFault",
      "InsufficientDBInstanceCapacity",
      "InsufficientDBClusterCapacityFault",
      "InsufficientCacheClusterCapacity",
      "InsufficientStorageClusterCapacity",
      "StorageTypeNotAvailableFault"}},
    // Generic lists call the first one throttling; where capacity is set it is a quota of hours.
    {{ErrorCode::limit_exceeded, true}, {"LimitExceededException"}},
    {{ErrorCode::limit_exceeded, false},
     {"ResourceLimitExceeded", "ResourceLimitExceededException", "ServiceQuotaExceededException",
      "InstanceQuotaExceeded", "StorageQuotaExceeded", "DBClusterQuotaExceededFault",
      "NodeGroupsPerReplicationGroupQuotaExceeded", "NodeQuotaForCustomerExceeded",
      "NodeQuotaForClusterExceeded", "ClusterQuotaForCustomerExceeded",
      "ServerlessCacheQuotaForCustomerExceededFault", "OverLimit", "LimitExceeded"}},
    {{ErrorCode::forbidden, false},
     {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError",
      "UnauthorizedException", "ForbiddenException", "NotAuthorized", "InvalidSecurity",
      "ServiceLinkedRoleFailure", "KMSAccessDeniedException"}},
    {{ErrorCode::unauthorized, true},
     {"MissingAuthenticationToken", "MissingAuthenticationTokenException", "IncompleteSignature",
      "IncompleteSignatureException", "InvalidAccessKeyId", "OptInRequired"}},
    {{ErrorCode::invalid_argument, false},
     {"ValidationError", "ValidationException", "InvalidParameterValue", "InvalidParameterValueException",
      "InvalidParameterCombination", "InvalidParameterException", "InvalidParameter", "MissingParameter",
      "BadRequestException", "InvalidRequestException", "ClientException", "UnsupportedFeatureException",
      "UnsupportedOperationException", "ServiceNotActiveException", "InvalidDBClusterCapacityFault",
      "InvalidAttributeName", "InvalidAttributeValue", "SerializationException"}},
    {{ErrorCode::not_found, false},
     {"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "ResourceNotFoundException",
      "ResourceNotFound", "NotFoundException", "ObjectNotFoundException", "ClusterNotFoundException",
      "ServiceNotFoundException", "TableNotFoundException", "ProvisionedConcurrencyConfigNotFoundException",
      "DBClusterNotFoundFault", "DBInstanceNotFound", "DBInstanceNotFoundFault",
      "ReplicationGroupNotFoundFault", "CacheClusterNotFound", "ServerlessCacheNotFoundFault"}},
};

/// `aws.protocoltests#FooError:http://internal/` -> `FooError`.
std::string bare(std::string code) {
  if (const auto hash = code.find('#'); hash != std::string::npos) code = code.substr(hash + 1);
  return code.substr(0, code.find(':'));
}

Parsed parse(const HttpResponse& answer) {
  Parsed out;
  // Services that once spoke the query protocol say its code here: `AWS.SimpleQueueService.X;Sender`.
  const auto older = answer.header("x-amzn-query-error");
  out.code = older.empty() ? answer.header("x-amzn-errortype") : older.substr(0, older.find(';'));
  const auto json = nlohmann::json::parse(answer.body, nullptr, false);
  if (json.is_object()) {
    const auto field = [&](const char* name) {
      return json.contains(name) && json[name].is_string() ? json[name].get<std::string>() : std::string();
    };
    for (const char* name : {"__type", "code", "Code"})
      if (out.code.empty()) out.code = field(name);
    for (const char* name : {"message", "Message", "errorMessage"})
      if (out.message.empty()) out.message = field(name);
  } else if (out.code.empty()) {
    pugi::xml_document xml;
    xml.load_buffer(answer.body.data(), answer.body.size());
    const auto error =
        xml.find_node([](const pugi::xml_node& node) { return std::string_view(node.name()) == "Error"; });
    out.code = error.child_value("Code");
    out.message = error.child_value("Message");
  }
  out.code = bare(std::move(out.code));
  return out;
}

std::optional<Meaning> meaning_of(const Parsed& parsed) {
  // ECS says so of a rate, too.
  if (parsed.code == "ClientException" && parsed.message.find("Rate exceeded") != std::string::npos)
    return Meaning{ErrorCode::throttled, true};
  const auto is_in = [&](const auto& codes) { return std::ranges::find(codes, parsed.code) != codes.end(); };
  if (is_in(std::span(expired)) || is_in(std::span(skewed))) return Meaning{ErrorCode::unauthorized, true};
  for (const auto& one : classes)
    if (is_in(one.codes)) return one.meaning;
  return std::nullopt;
}

std::optional<Duration> asked_wait(const HttpResponse& answer) {
  const std::string_view text = answer.header("x-amz-retry-after");
  std::int64_t milliseconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), milliseconds);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || milliseconds < 0)
    return std::nullopt;
  return std::min<Duration>(std::chrono::milliseconds(std::min<std::int64_t>(milliseconds, 1'000'000)),
                            longest_asked);
}

}  // namespace

std::string code_of(const HttpResponse& answer) {
  return parse(answer).code;
}

Error error_of(const HttpResponse& answer, UtcTime now) {
  Error error{.code = ErrorCode::bad_response, .message = "HTTP " + std::to_string(answer.status)};
  if (const auto status = check_status(answer, now); !status) error = status.error();
  if (const auto wait = asked_wait(answer)) error.retry_after = wait;
  const Parsed parsed = parse(answer);
  if (parsed.code.empty()) return error;
  error.message = excerpt(parsed.code, 80);
  if (!parsed.message.empty()) error.message += ": " + excerpt(parsed.message, 300);
  if (const auto meaning = meaning_of(parsed)) {
    error.code = meaning->code;
    error.retryable = meaning->retryable;
  }
  return error;
}

bool has_code(const Error& error, std::string_view code) {
  const std::string_view message = error.message;
  return message.substr(0, message.find(':')) == code;
}

bool is_expired(const Error& error) {
  return std::ranges::any_of(expired, [&](std::string_view code) { return has_code(error, code); });
}

bool is_skew(const Error& error) {
  return std::ranges::any_of(skewed, [&](std::string_view code) { return has_code(error, code); });
}

}  // namespace wave::net::aws
