#pragma once

#include "definitions/reader.h"

namespace wave::definitions {

/// Reports a number that is none of those that the value may have.
void check_choice(const Report& report, const YamlNode& node, const ValueSpec& spec, double number);

/// Reads and checks `metadata` against the kind's table. `owner` is where a missing block is reported.
Settings read_metadata(const Report& report, const YamlNode* node, const YamlNode& owner,
                       const KindTable& kind);

/// The table's default, read as a user's text would be. A map has none.
std::optional<Settings::Value> default_of(const Key& key);

/// Looks up `metric_kind` or `component_kind`; reports one that is unknown.
const KindTable* read_kind(MapReader& document, std::string_view key, Document type, const Catalog& catalog);

/// `spec` for this component: a place in a list ends where the list does. Reports a list that is not there.
ValueSpec fitted(const Report& report, const YamlNode& node, const ValueSpec& spec,
                 const ComponentDefinition& component);

/// The document's `id`; empty when it is missing or bad.
std::string read_id(MapReader& document);

/// A number or JavaScript.
std::optional<Expression> read_expression(const Report& report, const YamlNode& node, std::string_view name);

std::optional<MetricDefinition> read_metric(const Report& report, const YamlNode& node,
                                            const Catalog& catalog);
std::optional<ComponentDefinition> read_component(const Report& report, const YamlNode& node,
                                                  const Catalog& catalog);
/// Metrics and components must be in `known` already, in id order. May add limits of values that the plan
/// names.
std::optional<PlanDefinition> read_plan(const Report& report, const YamlNode& node, Definitions& known);

/// Metrics, in id order, and plans must be in `known` already.
std::optional<EventDefinition> read_event(const Report& report, const YamlNode& node,
                                          const Definitions& known);

/// The id of the metric that `node` names; reports one that does not exist. Empty when it is no text.
std::string read_metric_id(const Report& report, const YamlNode& node, const Definitions& known);
Proactive read_proactive(const Report& report, const YamlNode& node);

std::optional<Schedule> read_schedule(const Report& report, const YamlNode& node);
std::optional<Schedule> read_cron_expression(const Report& report, const YamlNode& node);
/// Reports a metric that does not exist.
Target read_target(const Report& report, const YamlNode& node, const Definitions& known);
Threshold read_threshold(const Report& report, const YamlNode& node, const Definitions& known);
Fallback read_fallback(const Report& report, const YamlNode& node);

}  // namespace wave::definitions
