#include "metrics/json_answer.h"

#include <array>
#include <charconv>
#include <cmath>

#include <simdjson.h>

#include "net/http.h"

namespace wave::metrics {
namespace {

using simdjson::internal::tape_ref;
using simdjson::internal::tape_type;

tape_ref place(const void* document, std::size_t index) {
  return {static_cast<const simdjson::dom::document*>(document), index};
}

bool starts(const tape_ref& at, tape_type type) {
  return at.tape_ref_type() == type;
}

/// The first element after the opening of a container, and where the container ends on the tape.
struct Inside {
  std::size_t begin;
  std::size_t end;
};
Inside inside(const tape_ref& container) {
  return {.begin = container.json_index + 1, .end = container.after_element() - 1};
}

/// `.name`, or `['na.me']` where the name would not be read back.
std::string key_step(std::string_view key) {
  const bool plain = !key.empty() && key.size() <= 60 && key.find_first_of(".[]'\"\n\r\t") == key.npos;
  return plain ? "." + std::string(key) : "['" + net::excerpt(key.substr(0, 60)) + "']";
}

double number_at(const tape_ref& at) {
  if (at.is_double()) return at.next_tape_value<double>();
  if (at.is_int64()) return static_cast<double>(at.next_tape_value<std::int64_t>());
  return static_cast<double>(at.next_tape_value<std::uint64_t>());
}

std::optional<std::size_t> index_of(std::string_view text) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return index;
}

}  // namespace

std::optional<double> number_of_text(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

JsonValue::JsonValue(const void* document, std::size_t index)
    : document_(document),
      index_(index),
      type_(static_cast<char>(wave::metrics::place(document, index).tape_ref_type())) {}

JsonValue JsonValue::absent(std::string_view key, std::size_t element) const {
  JsonValue out = *this;
  out.missing_ = key.data() == nullptr ? std::string_view("") : key;
  out.missing_element_ = element;
  return out;
}

JsonValue JsonValue::operator[](std::string_view key) const {
  if (!exists()) return *this;
  if (!is_object()) return absent(key, 0);
  auto members = each_member();
  while (members.next())
    if (members.key() == key) return members.value();
  return absent(key, 0);
}

JsonValue JsonValue::element(std::size_t index) const {
  if (!exists()) return *this;
  if (!is_list()) return absent({}, index);
  auto elements = each_element();
  for (std::size_t left = index; elements.next(); --left)
    if (left == 0) return elements.value();
  return absent({}, index);
}

JsonValue JsonValue::number_segment_or_key(std::string_view segment) const {
  const auto element = is_list() ? index_of(segment) : std::nullopt;
  return element ? (*this)[*element] : (*this)[segment];
}

JsonValue JsonValue::at(std::string_view path) const {
  JsonValue here = *this;
  while (!path.empty() && here.exists()) {
    if (path.front() == '[') {
      const auto close = path.find(']');
      const auto element = close == path.npos ? std::nullopt : index_of(path.substr(1, close - 1));
      if (!element) return here.absent(path, 0);
      here = here[*element];
      path.remove_prefix(close + 1);
      if (path.starts_with('.')) path.remove_prefix(1);
      continue;
    }
    std::size_t end = path.find_first_of(".[");
    JsonValue next = here.number_segment_or_key(path.substr(0, end));
    const JsonValue shortest = next;
    while (!next.exists() && end != path.npos) {
      end = path.find_first_of(".[", end + 1);
      next = here.number_segment_or_key(path.substr(0, end));
    }
    if (!next.exists()) return shortest;
    here = next;
    path.remove_prefix(std::min(end, path.size()));
    if (path.starts_with('.')) path.remove_prefix(1);
  }
  return here;
}

std::string JsonValue::where() const {
  std::string out;
  std::size_t at = 1;
  while (at < index_) {
    const tape_ref container = place(document_, at);
    const bool is_map = starts(container, tape_type::START_OBJECT);
    const auto [begin, end] = inside(container);
    std::size_t element = 0;
    std::size_t child = begin;
    for (; child < end; ++element) {
      const std::size_t value = is_map ? child + 1 : child;
      const std::size_t after = place(document_, value).after_element();
      if (index_ < after) {
        out += is_map ? key_step(place(document_, child).get_string_view())
                      : "[" + std::to_string(element) + "]";
        child = value;
        break;
      }
      child = after;
    }
    if (child >= end) break;
    at = child;
  }
  if (out.empty()) return "the answer";
  return out.starts_with('.') ? out.substr(1) : out;
}

std::string JsonValue::describe() const {
  switch (type_) {
    case 'n':
      return "null";
    case '{':
      return "an object";
    case '[':
      return "a list";
    case '"':
      return "text (\"" + excerpt() + "\")";
    case 't':
    case 'f':
      return "a boolean";
    default:
      return "a number";
  }
}

Error JsonValue::wrong(std::string_view wanted) const {
  if (exists()) return bad_answer(where() + " is " + describe() + ", not " + std::string(wanted));
  const std::string missing = missing_.empty() ? "element " + std::to_string(missing_element_)
                                               : "'" + net::excerpt(missing_.substr(0, 100)) + "'";
  const bool could_hold = missing_.empty() ? type_ == '[' : type_ == '{';
  std::string text = where() + (could_hold ? "" : " is " + describe() + " and") + " has no " + missing;
  return bad_answer(std::move(text));
}

std::string JsonValue::excerpt(std::size_t most) const {
  if (!exists()) return {};
  const tape_ref at = place(document_, index_);
  if (is_text()) return net::excerpt(at.get_string_view().substr(0, most), most);
  if (!is_number()) return describe();
  std::array<char, 32> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number_at(at));
  return {digits.data(), end};
}

Result<double> JsonValue::number() const {
  if (!is_number()) return std::unexpected(wrong("a number"));
  return number_at(place(document_, index_));
}

Result<std::optional<double>> JsonValue::number_or_null() const {
  if (is_null()) return std::nullopt;
  if (!is_number()) return std::unexpected(wrong("a number"));
  return number_at(place(document_, index_));
}

Result<std::optional<double>> JsonValue::number_or_text() const {
  if (!is_text()) return number_or_null();
  const auto value = number_of_text(place(document_, index_).get_string_view());
  if (!value) return std::unexpected(wrong("a number"));
  if (!std::isfinite(*value)) return std::nullopt;
  return *value;
}

Result<std::string_view> JsonValue::text() const {
  if (!is_text()) return std::unexpected(wrong("text"));
  return place(document_, index_).get_string_view();
}

std::string_view JsonValue::text_or(std::string_view otherwise) const {
  return is_text() ? place(document_, index_).get_string_view() : otherwise;
}

Result<bool> JsonValue::flag() const {
  if (!is_true() && !is_false()) return std::unexpected(wrong("true or false"));
  return is_true();
}

JsonWalk::JsonWalk(const void* document, std::size_t index)
    : document_(document), size_(place(document, index).scope_count()) {
  const auto [begin, end] = inside(place(document, index));
  next_ = begin;
  end_ = end;
}

bool JsonWalk::step(std::size_t to_value) {
  if (next_ >= end_) return false;
  at_ = next_;
  next_ = place(document_, at_ + to_value).after_element();
  return true;
}

JsonElements JsonValue::each_element() const {
  return is_list() ? JsonElements(document_, index_) : JsonElements();
}

Result<JsonElements> JsonValue::elements() const {
  if (!is_list()) return std::unexpected(wrong("a list"));
  return each_element();
}

JsonMembers JsonValue::each_member() const {
  return is_object() ? JsonMembers(document_, index_) : JsonMembers();
}

std::string_view JsonMembers::key() const {
  return place(document_, at_).get_string_view();
}

Result<std::vector<JsonValue>> JsonValue::list() const {
  auto elements = this->elements();
  if (!elements) return std::unexpected(std::move(elements.error()));
  std::vector<JsonValue> out;
  out.reserve(elements->size());
  while (elements->next()) out.push_back(elements->value());
  return out;
}

Result<std::vector<std::pair<std::string_view, JsonValue>>> JsonValue::members() const {
  if (!is_object()) return std::unexpected(wrong("an object"));
  std::vector<std::pair<std::string_view, JsonValue>> out;
  auto members = each_member();
  out.reserve(members.size());
  while (members.next()) out.emplace_back(members.key(), members.value());
  return out;
}

struct JsonAnswer::Parsed {
  simdjson::dom::parser parser;
};

namespace {

/// A parser keeps its buffers: the last one that was let go serves the next answer, unless it grew large.
constexpr std::size_t largest_kept = 64 * 1024;

}  // namespace

JsonAnswer::JsonAnswer(std::unique_ptr<Parsed> parsed) : parsed_(std::move(parsed)) {}
JsonAnswer::JsonAnswer(JsonAnswer&&) noexcept = default;
JsonAnswer& JsonAnswer::operator=(JsonAnswer&&) noexcept = default;
JsonAnswer::~JsonAnswer() {
  if (parsed_ && parsed_->parser.capacity() <= largest_kept) spare() = std::move(parsed_);
}

std::unique_ptr<JsonAnswer::Parsed>& JsonAnswer::spare() {
  thread_local std::unique_ptr<Parsed> kept;
  return kept;
}

Result<JsonAnswer> JsonAnswer::parse(std::string_view body) {
  auto parsed = std::move(spare());
  if (!parsed) parsed = std::make_unique<Parsed>();
  // simdjson reads in blocks and so past the end: it copies what it is given.
  const auto error = parsed->parser.parse(body.data(), body.size(), true).error();
  if (error == simdjson::SUCCESS) return JsonAnswer(std::move(parsed));
  if (body.find_first_not_of(" \t\r\n") == body.npos)
    return std::unexpected(bad_answer("the answer is empty"));
  return std::unexpected(bad_answer("the answer is not JSON: " + net::excerpt(body, 80)));
}

JsonValue JsonAnswer::root() const {
  return {&parsed_->parser.doc, 1};
}

}  // namespace wave::metrics
