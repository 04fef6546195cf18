#pragma once

#include <filesystem>

#include "conformance/count.h"

namespace wave::conformance {

/// The protocol suites that botocore carries (from the Smithy project): what our wire layer sends for the
/// parameters of a case, as far as it has the notions (labels, query, JSON, form).
Count requests(const std::filesystem::path& file);
/// Error answers: the code and the message that are read.
Count answers(const std::filesystem::path& file);

}  // namespace wave::conformance
