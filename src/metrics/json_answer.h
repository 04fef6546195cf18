#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace wave::metrics {

/// A number that is all of the text (`1`, `-2.5`, `+1.5e+06`), whatever the locale; infinities and NaN as
/// they are. Nullopt for anything else, also for white space around it and for hexadecimal.
std::optional<double> number_of_text(std::string_view text);

class JsonAnswer;
class JsonElements;
class JsonMembers;

/// One place in a JSON answer, or a place that is missing. Going further from a missing place or from a
/// place of another type gives a missing place, so that a chain needs one check at its end, whose error says
/// where the chain broke: `data.result[2] has no 'value'`.
///
/// A view: lives no longer than its JsonAnswer and the keys and paths that led to it.
class JsonValue {
 public:
  /// A member of an object; the first of equal names.
  JsonValue operator[](std::string_view key) const;
  JsonValue operator[](const char* key) const { return (*this)[std::string_view(key)]; }
  /// An element of a list, from 0.
  template <std::integral Index>
  JsonValue operator[](Index index) const {
    return element(static_cast<std::size_t>(index));
  }
  /// A path such as `aggregations.latency.value` or `rows[0].n` (`rows.0.n`). A name that holds dots is
  /// found too: the shortest that is there wins. Empty: this place.
  JsonValue at(std::string_view path) const;

  bool exists() const { return missing_.data() == nullptr; }
  bool is_null() const { return exists() && type_ == 'n'; }
  bool is_object() const { return exists() && type_ == '{'; }
  bool is_list() const { return exists() && type_ == '['; }
  bool is_text() const { return exists() && type_ == '"'; }
  bool is_number() const { return exists() && (type_ == 'l' || type_ == 'u' || type_ == 'd'); }
  bool is_true() const { return exists() && type_ == 't'; }
  bool is_false() const { return exists() && type_ == 'f'; }

  /// The value when its type is that, else an error that says where and what is there instead.
  Result<double> number() const;
  Result<std::string_view> text() const;
  Result<bool> flag() const;
  Result<std::vector<JsonValue>> list() const;
  Result<std::vector<std::pair<std::string_view, JsonValue>>> members() const;
  /// The same to go through once, in order, without a copy; empty where there is no list or object, which
  /// for `elements` is an error.
  JsonElements each_element() const;
  Result<JsonElements> elements() const;
  JsonMembers each_member() const;
  /// Nullopt for null, which never means zero. A place that is missing is an error.
  Result<std::optional<double>> number_or_null() const;
  /// A number, or a text that is one; nullopt for null, NaN and infinities.
  Result<std::optional<double>> number_or_text() const;
  /// The text when it is one, else `otherwise`: for what is only said, not calculated with.
  std::string_view text_or(std::string_view otherwise) const;

  /// `data.result[2].value`; `the answer` for the whole. Walks the answer: for messages only.
  std::string where() const;
  /// The error of this place: `<where> is text ("abc"), not <wanted>`, or what is missing.
  Error wrong(std::string_view wanted) const;
  /// Its JSON again, at most that long.
  std::string excerpt(std::size_t most = 60) const;

 private:
  friend class JsonAnswer;
  friend class JsonElements;
  friend class JsonMembers;
  JsonValue(const void* document, std::size_t index);
  JsonValue element(std::size_t index) const;
  JsonValue absent(std::string_view key, std::size_t element) const;
  JsonValue number_segment_or_key(std::string_view segment) const;
  std::string describe() const;

  const void* document_;
  std::size_t index_;  ///< on the tape; of the last place that is there
  char type_;
  std::string_view missing_{};       ///< the key that is not there; its data is null when all is there
  std::size_t missing_element_ = 0;  ///< where `missing_` is empty
};

/// A list or an object, gone through once.
class JsonWalk {
 public:
  /// How many there are in all.
  std::size_t size() const { return size_; }

 protected:
  JsonWalk() = default;
  JsonWalk(const void* document, std::size_t index);
  /// To the next, whose value is that many places further.
  bool step(std::size_t to_value);

  const void* document_ = nullptr;
  std::size_t at_ = 0;

 private:
  std::size_t next_ = 0;
  std::size_t end_ = 0;
  std::size_t size_ = 0;
};

/// The elements of a list: `while (elements.next()) use(elements.value());`
class JsonElements : public JsonWalk {
 public:
  bool next() { return step(0); }
  JsonValue value() const { return {document_, at_}; }

 private:
  friend class JsonValue;
  JsonElements() = default;
  JsonElements(const void* document, std::size_t index) : JsonWalk(document, index) {}
};

/// The members of an object, likewise.
class JsonMembers : public JsonWalk {
 public:
  bool next() { return step(1); }
  std::string_view key() const;
  JsonValue value() const { return {document_, at_ + 1}; }

 private:
  friend class JsonValue;
  JsonMembers() = default;
  JsonMembers(const void* document, std::size_t index) : JsonWalk(document, index) {}
};

/// An answer's JSON, parsed once (simdjson, about a gigabyte a second). Strict: RFC 8259, UTF-8, at most
/// 1024 levels deep, numbers that fit a double; anything else is an error.
class JsonAnswer {
 public:
  static Result<JsonAnswer> parse(std::string_view body);
  JsonAnswer(JsonAnswer&&) noexcept;
  JsonAnswer& operator=(JsonAnswer&&) noexcept;
  ~JsonAnswer();

  JsonValue root() const;
  JsonValue operator[](std::string_view key) const { return root()[key]; }

 private:
  struct Parsed;
  explicit JsonAnswer(std::unique_ptr<Parsed> parsed);
  static std::unique_ptr<Parsed>& spare();
  std::unique_ptr<Parsed> parsed_;
};

}  // namespace wave::metrics
