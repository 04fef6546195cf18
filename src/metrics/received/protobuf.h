#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace wave::metrics {

/// Reads the fields of one protobuf message (protobuf.dev, "Encoding") in their order, without copying. Every
/// length is checked against what is left; a group, an unknown wire type or a cut-off field ends it.
///
///   ProtobufReader message(bytes);
///   while (message.next())
///     if (message.field() == 1) name = message.bytes();
///   if (!message.is_whole()) ...
class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view bytes) : left_(bytes) {}

  /// Goes to the next field; false at the end, and where the bytes are no message.
  bool next();
  bool is_whole() const { return is_whole_; }

  std::uint32_t field() const { return field_; }
  /// Of a length-delimited field: text, bytes, or a message to read in turn. Empty for other fields.
  std::string_view bytes() const { return bytes_; }
  /// Of a varint, a fixed32 or a fixed64, as its bits are. 0 for other fields.
  std::uint64_t number() const { return number_; }
  std::int64_t signed_number() const { return static_cast<std::int64_t>(number_); }
  /// Of a fixed64 that is a double.
  double real() const;

 private:
  bool fail();
  std::optional<std::uint64_t> varint();
  std::optional<std::uint64_t> fixed(std::size_t length);

  std::string_view left_;
  std::uint32_t field_ = 0;
  std::string_view bytes_;
  std::uint64_t number_ = 0;
  bool is_whole_ = true;
};

}  // namespace wave::metrics
