#include "components/aws/xml_answer.h"

#include <charconv>
#include <cmath>

#include <pugixml.hpp>

namespace wave::components {
namespace {

constexpr std::size_t longest_request_id = 128;

pugi::xml_node node_of(void* node) {
  return pugi::xml_node(static_cast<pugi::xml_node_struct*>(node));
}

}  // namespace

Result<XmlAnswer> XmlAnswer::parse(const std::string& body) {
  const auto whole = std::make_shared<pugi::xml_document>();
  if (!whole->load_buffer(body.data(), body.size()))
    return std::unexpected(bad_answer("the answer is not XML"));
  return XmlAnswer(whole, whole->internal_object());
}

XmlAnswer XmlAnswer::find(std::string_view name) const {
  const auto found = node_of(node_).find_node(
      [&](const pugi::xml_node& node) { return std::string_view(node.name()) == name; });
  return {whole_, found.internal_object()};
}

XmlAnswer XmlAnswer::at(const char* name) const {
  return {whole_, node_of(node_).child(name).internal_object()};
}

std::vector<XmlAnswer> XmlAnswer::items() const {
  std::vector<XmlAnswer> out;
  for (const auto& child : node_of(node_).children())
    if (child.type() == pugi::node_element) out.push_back({whole_, child.internal_object()});
  return out;
}

std::string XmlAnswer::name() const {
  return node_of(node_).name();
}

std::string XmlAnswer::text(const char* name) const {
  return node_of(node_).child_value(name);
}

std::string XmlAnswer::text() const {
  return node_of(node_).child_value();
}

std::optional<double> XmlAnswer::number(const char* name) const {
  const std::string_view text = node_of(node_).child_value(name);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = !text.empty() && error == std::errc{} && end == text.data() + text.size();
  return whole && std::isfinite(value) && value >= 0 ? std::optional(value) : std::nullopt;
}

Task<Result<XmlAnswer>> ask_xml(net::AwsClient& client, std::string action, net::Headers parameters) {
  auto answer = co_await client.query(std::move(action), std::move(parameters));
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  co_return XmlAnswer::parse(answer->body);
}

Task<Result<std::string>> order_xml(net::AwsClient& client, std::string action, net::Headers parameters) {
  auto answer = co_await client.query(std::move(action), std::move(parameters));
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  // A 2xx is a success whatever its body holds.
  const auto parsed = XmlAnswer::parse(answer->body);
  if (!parsed) co_return std::string();
  co_return parsed->find("ResponseMetadata").text("RequestId").substr(0, longest_request_id);
}

}  // namespace wave::components
