#pragma once

#include <filesystem>

#include "conformance/count.h"

namespace wave::conformance {

/// Recorded requests of Datadog's own client against ours, and the recorded answers as a metric reads them.
Count datadog(const std::filesystem::path& folder);

/// Answers that a real Splunk gave, as a metric reads them.
Count splunk(const std::filesystem::path& folder);

}  // namespace wave::conformance
