#include <set>

#include "base/text.h"
#include "definitions/describe.h"

namespace wave::definitions {
namespace {

/// `a|b` as `a`, `b`.
std::string words(std::string_view choices) {
  std::string out;
  for (const auto& word : split_choices(choices)) out += (out.empty() ? "`" : ", `") + word + "`";
  return out;
}

/// Where GitHub puts a heading.
std::string anchor(std::string_view title) {
  std::string out;
  for (const char c : title) {
    if (c == ' ') out += '-';
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-') out += c;
    if (c >= 'A' && c <= 'Z') out += static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string number_type(const Field& field) {
  std::string out = field.type == FieldType::whole ? "whole number" : "number";
  if (field.min > -1e308) out += (field.above_min ? " above " : " from ") + format_number(field.min);
  if (field.max < 1e308) out += " to " + format_number(field.max);
  return out;
}

std::string duration_type(const Field& field) {
  const std::string range =
      "duration from " + format_duration(field.shortest) + " to " + format_duration(field.longest);
  return field.choices.empty() ? range : words(field.choices) + " or a " + range;
}

std::string type_of(const Field& field) {
  switch (field.type) {
    case FieldType::constant:
      return words(field.choices);
    case FieldType::flag:
      return "`true` or `false`";
    case FieldType::whole:
    case FieldType::number:
      return number_type(field);
    case FieldType::number_or_map:
      return "number";
    case FieldType::duration:
      return duration_type(field);
    case FieldType::choice:
      return words(field.choices);
    case FieldType::choice_or_number:
      return words(field.choices) + " or a number";
    case FieldType::number_or_share:
      return "number or share";
    case FieldType::expression:
      return "number or JavaScript";
    case FieldType::expressions:
      return "map of JavaScript";
    case FieldType::kind:
      return "a kind";
    case FieldType::texts:
      return "list of texts";
    case FieldType::map:
      return "map";
    case FieldType::inner:
      return "[map](#" + anchor(field.inside->title) + ")";
    case FieldType::inner_list:
      return "list of [maps](#" + anchor(field.inside->title) + ")";
    case FieldType::text:
      break;
  }
  return "text";
}

std::string row(const std::string& name, const Field& field) {
  return "| " + name + " | " + type_of(field) + " | " +
         (field.required                ? std::string("required")
          : field.default_value.empty() ? ""
                                        : "`" + field.default_value + "`") +
         " | " + std::string(field.help) + " |\n";
}

/// The block and, behind it, those inside it; each once.
void add_block(const Block& block, std::string& out, std::set<const Block*>& told) {
  if (!told.insert(&block).second) return;
  out += (told.size() == 1 ? "# " : "\n## ") + std::string(block.title) + "\n\n" + std::string(block.about) +
         "\n\n| key | type | default | what it is |\n|---|---|---|---|\n";
  for (const Field& field : block.fields) out += row("`" + std::string(field.name) + "`", field);
  for (const Field& field : block.others) out += row(std::string(field.name), field);
  for (const auto* fields : {&block.fields, &block.others})
    for (const Field& field : *fields)
      if (field.inside != nullptr) add_block(*field.inside, out, told);
}

}  // namespace

std::string document_markdown(const Block& document) {
  std::string out;
  std::set<const Block*> told;
  add_block(document, out, told);
  return out + "\n## Example\n\n```yaml\n" + std::string(document.example) + "```\n";
}

}  // namespace wave::definitions
