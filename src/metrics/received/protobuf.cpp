#include "metrics/received/protobuf.h"

#include <bit>

namespace wave::metrics {
namespace {

enum WireType : std::uint64_t { varint_type = 0, fixed64_type = 1, bytes_type = 2, fixed32_type = 5 };

}  // namespace

bool ProtobufReader::fail() {
  is_whole_ = false;
  left_ = {};
  return false;
}

std::optional<std::uint64_t> ProtobufReader::varint() {
  std::uint64_t out = 0;
  for (unsigned shift = 0; shift < 64 && !left_.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(left_.front());
    left_.remove_prefix(1);
    out |= std::uint64_t{byte & 0x7fu} << shift;
    if ((byte & 0x80u) == 0) return out;
  }
  return std::nullopt;
}

/// Little-endian, whatever the machine is.
std::optional<std::uint64_t> ProtobufReader::fixed(std::size_t length) {
  if (left_.size() < length) return std::nullopt;
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < length; ++i)
    out |= std::uint64_t{static_cast<unsigned char>(left_[i])} << (8 * i);
  left_.remove_prefix(length);
  return out;
}

bool ProtobufReader::next() {
  bytes_ = {};
  number_ = 0;
  if (left_.empty()) return false;
  const auto tag = varint();
  if (!tag || (*tag >> 3) == 0 || (*tag >> 3) > 0x1fffffff) return fail();
  field_ = static_cast<std::uint32_t>(*tag >> 3);
  std::optional<std::uint64_t> value;
  switch (*tag & 7) {
    case varint_type:
      value = varint();
      break;
    case fixed64_type:
      value = fixed(8);
      break;
    case fixed32_type:
      value = fixed(4);
      break;
    case bytes_type:
      value = varint();
      if (!value || *value > left_.size()) return fail();
      bytes_ = left_.substr(0, *value);
      left_.remove_prefix(*value);
      return true;
    default:
      return fail();
  }
  if (!value) return fail();
  number_ = *value;
  return true;
}

double ProtobufReader::real() const {
  return std::bit_cast<double>(number_);
}

}  // namespace wave::metrics
