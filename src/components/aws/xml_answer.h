#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/aws/aws_client.h"

namespace wave::components {

/// An XML answer of the query protocol read without surprises: what is missing gives nothing, and so does
/// reading on from it. Copies are cheap; parts keep the whole alive.
class XmlAnswer {
 public:
  XmlAnswer() = default;
  /// bad_response, retryable, for what is no XML.
  static Result<XmlAnswer> parse(const std::string& body);

  /// The first element of that name anywhere in it.
  XmlAnswer find(std::string_view name) const;
  XmlAnswer at(const char* name) const;
  std::vector<XmlAnswer> items() const;  ///< the elements directly in it
  std::string name() const;              ///< of the element
  std::string text(const char* name) const;
  std::string text() const;                              ///< its own
  std::optional<double> number(const char* name) const;  ///< finite, from 0 up
  explicit operator bool() const { return node_ != nullptr; }

 private:
  XmlAnswer(std::shared_ptr<const void> whole, void* node) : whole_(std::move(whole)), node_(node) {}
  std::shared_ptr<const void> whole_;
  void* node_ = nullptr;  ///< of the whole's tree
};

/// A read of the query protocol.
Task<Result<XmlAnswer>> ask_xml(net::AwsClient& client, std::string action, net::Headers parameters);

/// A write of the query protocol; the request id that AWS gave it, if it did.
Task<Result<std::string>> order_xml(net::AwsClient& client, std::string action, net::Headers parameters);

}  // namespace wave::components
