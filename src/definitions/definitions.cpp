#include "definitions/definitions.h"

#include <algorithm>

namespace wave::definitions {
namespace {

/// The lists are in id order.
template <class Item>
const Item* find_by_id(const std::vector<Item>& items, std::string_view id) {
  const auto found =
      std::ranges::lower_bound(items, id, {}, [](const Item& item) -> std::string_view { return item.id; });
  return found != items.end() && found->id == id ? &*found : nullptr;
}

}  // namespace

std::vector<std::string> split_choices(std::string_view choices) {
  std::vector<std::string> out;
  while (!choices.empty()) {
    const std::size_t end = choices.find('|');
    out.emplace_back(choices.substr(0, end));
    choices.remove_prefix(end == std::string_view::npos ? choices.size() : end + 1);
  }
  return out;
}

const KindTable* Catalog::find(Document document, std::string_view name) const {
  const auto& kinds = document == Document::metric ? metrics : components;
  const auto found = std::ranges::find_if(kinds, [&](const KindTable* kind) {
    return kind->name == name || (!name.empty() && kind->alias == name);
  });
  return found != kinds.end() ? *found : nullptr;
}

const MetricDefinition* Definitions::metric(std::string_view id) const {
  return find_by_id(metrics, id);
}

const ComponentDefinition* Definitions::component(std::string_view id) const {
  return find_by_id(components, id);
}

const PlanDefinition* Definitions::plan(std::string_view id) const {
  return find_by_id(plans, id);
}

std::string Problem::text() const {
  return file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + message;
}

}  // namespace wave::definitions
