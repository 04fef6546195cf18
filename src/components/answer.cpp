#include "components/answer.h"

#include <cmath>

#include <nlohmann/json.hpp>

namespace wave::components {
namespace {

using nlohmann::json;

const json& at_node(const void* node) {
  return *static_cast<const json*>(node);
}

}  // namespace

Result<Answer> Answer::parse(std::string_view body) {
  const auto whole = std::make_shared<const json>(json::parse(body, nullptr, false));
  if (!whole->is_object()) return std::unexpected(bad_answer("the answer is not a JSON object"));
  const void* node = whole.get();
  return Answer(whole, node);
}

Answer Answer::at(std::string_view key) const {
  if (!is_object()) return {};
  const auto found = at_node(node_).find(key);
  if (found == at_node(node_).end() || found->is_null()) return {};
  return {whole_, &*found};
}

std::vector<Answer> Answer::items() const {
  std::vector<Answer> out;
  if (node_ == nullptr || !at_node(node_).is_array()) return out;
  for (const json& one : at_node(node_)) out.push_back(Answer(whole_, &one));
  return out;
}

std::string Answer::text(std::string_view key) const {
  const Answer found = at(key);
  return found && at_node(found.node_).is_string() ? at_node(found.node_).get<std::string>() : std::string();
}

std::optional<double> Answer::number(std::string_view key) const {
  const Answer found = at(key);
  if (!found || !at_node(found.node_).is_number()) return std::nullopt;
  const double value = at_node(found.node_).get<double>();
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::vector<double> Answer::numbers() const {
  std::vector<double> out;
  if (node_ == nullptr || !at_node(node_).is_array()) return out;
  for (const json& one : at_node(node_))
    if (one.is_number() && std::isfinite(one.get<double>())) out.push_back(one.get<double>());
  return out;
}

bool Answer::flag(std::string_view key) const {
  const Answer found = at(key);
  return found && at_node(found.node_).is_boolean() && at_node(found.node_).get<bool>();
}

bool Answer::is_object() const {
  return node_ != nullptr && at_node(node_).is_object();
}

}  // namespace wave::components
