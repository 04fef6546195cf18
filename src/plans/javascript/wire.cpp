#include "plans/javascript/wire.h"

namespace wave::plans::javascript {

std::string Writer::framed() && {
  const auto size = static_cast<std::uint32_t>(bytes_.size() - 4);
  std::memcpy(bytes_.data(), &size, sizeof size);
  return std::move(bytes_);
}

std::string_view Reader::next(std::size_t size) {
  if (size > left_.size()) ok_ = false;
  if (!ok_) {
    left_ = {};
    return {};
  }
  const std::string_view out = left_.substr(0, size);
  left_.remove_prefix(size);
  return out;
}

std::uint32_t framed_size(std::string_view first_four) {
  std::uint32_t size = 0;
  std::memcpy(&size, first_four.data(), sizeof size);
  return size;
}

}  // namespace wave::plans::javascript
