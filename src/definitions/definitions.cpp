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
