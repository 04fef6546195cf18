#pragma once

#include <initializer_list>

#include "components/aws/xml_answer.h"
#include "components/component.h"

namespace wave::components {

/// Whether a status stays until somebody does something about it: nothing is under way.
bool is_stuck(const std::string& status);

/// Blocks `values` while `thing` has a change that waits for its maintenance window: with ApplyImmediately,
/// ours would make that one at once, too (API references of ModifyDBInstance, ModifyDBCluster,
/// ModifyCacheCluster and ModifyReplicationGroup).
/// Returns whether there is one.
bool block_while_waiting(const XmlAnswer& thing, std::initializer_list<const char*> values,
                         Observation& seen);

}  // namespace wave::components
