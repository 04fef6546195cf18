#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace wave::plans::javascript {

/// The largest message in either direction; a longer one is an error, never an allocation.
constexpr std::size_t max_message = 64u << 20;

/// Appends fields to a message. Both ends are the same program on one machine, hence the host's byte order.
class Writer {
 public:
  static constexpr bool reading = false;
  template <class... Fields>
  void operator()(const Fields&... fields) {
    (put(fields), ...);
  }
  /// The message behind its length, as it goes over the socket.
  std::string framed() &&;

 private:
  template <class T>
  void put(const T& value) {
    if constexpr (std::is_enum_v<T> || std::is_arithmetic_v<T>) {
      bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    } else {
      fields(*this, const_cast<T&>(value));
    }
  }
  void put(const std::string& text) {
    put(static_cast<std::uint32_t>(text.size()));
    bytes_.append(text);
  }
  template <class T>
  void put(const std::vector<T>& list) {
    put(static_cast<std::uint32_t>(list.size()));
    for (const T& item : list) put(item);
  }

  std::string bytes_ = std::string(4, '\0');
};

/// Takes fields out of a message that may be anything: after the first wrong byte all fields are empty and
/// `ok` is false. Lists are no longer than what is left of the message.
class Reader {
 public:
  static constexpr bool reading = true;
  explicit Reader(std::string_view bytes) : left_(bytes) {}
  template <class... Fields>
  void operator()(Fields&... fields) {
    (take(fields), ...);
  }
  /// Every byte was used and none was missing.
  bool ok() const { return ok_ && left_.empty(); }

 private:
  template <class T>
  void take(T& value) {
    if constexpr (std::is_enum_v<T> || std::is_arithmetic_v<T>) {
      const std::string_view bytes = next(sizeof value);
      if (bytes.size() != sizeof value) return;
      if constexpr (std::is_same_v<T, bool>) {
        value = bytes.front() != '\0';
      } else {
        std::memcpy(&value, bytes.data(), sizeof value);
      }
    } else {
      fields(*this, value);
    }
  }
  void take(std::string& text) {
    std::uint32_t size = 0;
    take(size);
    text = next(size);
  }
  template <class T>
  void take(std::vector<T>& list) {
    std::uint32_t size = 0;
    take(size);
    if (size > left_.size()) ok_ = false;
    if (!ok_) return;
    list.resize(size);
    for (T& item : list) take(item);
  }
  std::string_view next(std::size_t size);

  std::string_view left_;
  bool ok_ = true;
};

/// The length that a message announces in its first four bytes.
std::uint32_t framed_size(std::string_view first_four);

}  // namespace wave::plans::javascript
