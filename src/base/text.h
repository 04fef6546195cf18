#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace wave {

/// How many insertions, deletions, replacements and swaps of neighbours make `a` into `b`. Texts longer than
/// 64 bytes count as far apart.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The offset of the first byte that is not part of valid UTF-8 (RFC 3629); npos when all is well.
std::size_t invalid_utf8(std::string_view text);

/// ASCII only, whatever the locale.
std::string to_lower(std::string_view text);

/// Without the blanks, tabs and line ends around it.
std::string_view trimmed(std::string_view text);

/// Two lowercase digits a byte.
std::string hex(std::string_view bytes);

/// A number that is whole, as systems write counts: `3`, `-1`.
std::string whole(double number);

/// The nearest number that has at most so many significant digits.
double rounded_to(double number, int digits);

/// The shortest decimal that reads back as the same number: `0.1`, `1e+20`, `-3`.
std::string shortest(double number);

/// The same, without an exponent where it is whole and below 1e15.
std::string format_number(double number);

/// Whether the byte continues a UTF-8 character.
constexpr bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

/// At most `most` bytes from the beginning, and no half of a UTF-8 character.
std::string_view cut(std::string_view text, std::size_t most);

/// Every `what` in the text becomes `with`, from left to right.
void replace_all(std::string& text, std::string_view what, std::string_view with);

}  // namespace wave
