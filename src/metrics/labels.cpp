#include "metrics/labels.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace wave::metrics {
namespace {

using Sizes = std::array<std::uint32_t, 2>;

Sizes sizes_at(const char* at) {
  Sizes sizes;
  std::memcpy(sizes.data(), at, sizeof sizes);
  return sizes;
}

/// What an ordinary series needs, at once.
constexpr std::size_t ordinary = 160;

}  // namespace

Labels::value_type Labels::Iterator::operator*() const {
  const auto [name, value] = sizes_at(at_);
  const char* text = at_ + sizeof(Sizes);
  return {{text, name}, {text + name, value}};
}

Labels::Iterator& Labels::Iterator::operator++() {
  const auto [name, value] = sizes_at(at_);
  at_ += sizeof(Sizes) + name + value;
  return *this;
}

Labels::Labels(std::initializer_list<value_type> labels) {
  for (const auto& [name, value] : labels) emplace(name, value);
}

bool Labels::put(std::string_view name, std::string_view value, std::size_t most) {
  if (text_.empty()) text_.reserve(std::max(ordinary, sizeof(Sizes) + name.size() + value.size()));
  auto place = begin();
  std::size_t before = 0;
  for (; place != end(); ++place, ++before) {
    const auto order = (*place).first <=> name;
    if (order == 0) return true;
    if (order > 0) break;
  }
  if ((place == end() ? before : size()) >= most) return false;
  const Sizes sizes = {static_cast<std::uint32_t>(name.size()), static_cast<std::uint32_t>(value.size())};
  std::array<char, sizeof sizes> head{};
  std::memcpy(head.data(), sizes.data(), sizeof sizes);
  if (place == end()) {
    text_.append(head.data(), head.size()).append(name).append(value);
  } else {
    std::string label(head.data(), head.size());
    label.append(name).append(value);
    text_.insert(static_cast<std::size_t>(place.at_ - text_.data()), label);
  }
  return true;
}

std::optional<std::string_view> Labels::find(std::string_view name) const {
  for (const auto& [one, value] : *this)
    if (one == name) return value;
  return std::nullopt;
}

std::size_t Labels::size() const {
  return static_cast<std::size_t>(std::distance(begin(), end()));
}

std::strong_ordering operator<=>(const Labels& one, const Labels& other) {
  return std::lexicographical_compare_three_way(one.begin(), one.end(), other.begin(), other.end());
}

Status add_label(Labels& labels, std::string_view name, std::string_view value) {
  if (labels.put(name, value, most_labels)) return {};
  return fail(ErrorCode::limit_exceeded, "a series has more than " + std::to_string(most_labels) + " labels");
}

}  // namespace wave::metrics
