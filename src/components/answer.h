#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace wave::components {

/// A JSON answer read without surprises: what is missing or of another type is not there, and reading on from
/// what is not there gives nothing either. Copies are cheap; parts keep the whole alive.
class Answer {
 public:
  Answer() = default;
  /// bad_response, retryable, for what is no JSON object.
  static Result<Answer> parse(std::string_view body);

  Answer at(std::string_view key) const;
  std::vector<Answer> items() const;  ///< of a list
  std::string text(std::string_view key) const;
  std::vector<double> numbers() const;  ///< of a list
  /// Finite numbers only.
  std::optional<double> number(std::string_view key) const;
  bool flag(std::string_view key) const;
  bool has(std::string_view key) const { return at(key).node_ != nullptr; }
  bool is_object() const;
  explicit operator bool() const { return node_ != nullptr; }

 private:
  Answer(std::shared_ptr<const void> whole, const void* node) : whole_(std::move(whole)), node_(node) {}
  std::shared_ptr<const void> whole_;
  const void* node_ = nullptr;  ///< a nlohmann::json of the whole
};

}  // namespace wave::components
