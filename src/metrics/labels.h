#pragma once

#include <compare>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace wave::metrics {

/// Names with their values, each name once, in the order of the names. All of them are in one buffer: an
/// answer has thousands of series, and an allocation for each label would cost more than to parse it.
class Labels {
 public:
  using value_type = std::pair<std::string_view, std::string_view>;

  /// Valid until the labels change.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Labels::value_type;
    using difference_type = std::ptrdiff_t;
    using pointer = const value_type*;
    using reference = value_type;

    Iterator() = default;
    explicit Iterator(const char* at) : at_(at) {}
    value_type operator*() const;
    Iterator& operator++();
    Iterator operator++(int) { return std::exchange(*this, Iterator(*this).operator++()); }
    friend bool operator==(Iterator, Iterator) = default;

   private:
    friend class Labels;
    const char* at_ = nullptr;
  };
  using iterator = Iterator;
  using const_iterator = Iterator;

  Labels() = default;
  Labels(std::initializer_list<value_type> labels);

  /// Does nothing where the name is there already. Costs as much as there are labels, unless the names come
  /// in their order: what an answer holds goes through `add_label`.
  void emplace(std::string_view name, std::string_view value) { put(name, value, no_limit); }
  std::optional<std::string_view> find(std::string_view name) const;

  Iterator begin() const { return Iterator(text_.data()); }
  Iterator end() const { return Iterator(text_.data() + text_.size()); }
  bool empty() const { return text_.empty(); }
  /// Counts them.
  std::size_t size() const;

  friend bool operator==(const Labels&, const Labels&) = default;
  friend std::strong_ordering operator<=>(const Labels& one, const Labels& other);

 private:
  friend Status add_label(Labels& labels, std::string_view name, std::string_view value);
  static constexpr std::size_t no_limit = -1;
  /// False where it would be more than `most`.
  bool put(std::string_view name, std::string_view value, std::size_t most);

  std::string text_;  ///< for each: the sizes of name and value, 32 bits each, then both
};

constexpr std::size_t most_labels = 256;

/// `emplace` for what others send. limit_exceeded above 256 labels.
Status add_label(Labels& labels, std::string_view name, std::string_view value);

/// For nlohmann::json.
template <class Json>
void to_json(Json& out, const Labels& labels) {
  out = Json::object();
  for (const auto& [name, value] : labels) out[std::string(name)] = value;
}

}  // namespace wave::metrics
